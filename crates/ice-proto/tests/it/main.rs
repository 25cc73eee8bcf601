//! Whole agents through their public contract, in virtual time.
mod bounds;
mod laws;
mod loss;
mod lost;
mod meshes;
mod nats;
mod roles;
mod support;
mod waiting;
