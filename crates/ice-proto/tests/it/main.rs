//! Whole agents through their public contract, in virtual time.
mod bounds;
mod loss;
mod nats;
mod support;
