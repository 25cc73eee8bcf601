//! Client and server through the contract, in virtual time.
#![expect(clippy::unwrap_used, reason = "what a test builds on must hold, or the test fails")]

mod admin;
mod allocate;
mod auth;
mod client;
mod common;
mod config;
mod desk;
mod families;
mod hostile;
mod keeping;
mod laws;
mod lifetimes;
mod mobility;
mod net;
mod pacing;
mod patience;
mod permission;
mod play;
mod policy;
mod quota;
mod realms;
mod relay;
mod streams;
mod tcp_client;
mod tcp_relay;
mod third_party;
mod worlds;
