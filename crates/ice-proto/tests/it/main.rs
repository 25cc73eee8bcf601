//! Whole agents through their public contract, in virtual time.
mod bounds;
mod laws;
mod loss;
mod nats;
mod support;
