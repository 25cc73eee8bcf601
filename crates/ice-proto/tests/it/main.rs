//! Whole agents through their public contract, in virtual time.
#![expect(clippy::unwrap_used, reason = "what a test builds on must hold, or the test fails")]

mod bases;
mod bounds;
mod choice;
mod consent;
mod ends;
mod hostile;
mod laws;
mod limits;
mod lite;
mod loss;
mod lost;
mod meshes;
mod mux;
mod mux_alike;
mod mux_laws;
mod nats;
mod network;
mod parts;
mod peers;
mod relays;
mod restart;
mod roles;
mod support;
mod tcp;
mod tcp_laws;
mod tcp_relays;
mod tcp_wire;
mod trickle;
mod unreachable;
mod waiting;
mod weather;
mod wire;
mod worlds;
