//! Client and server through the contract, in virtual time.
#![expect(clippy::unwrap_used, reason = "what a test builds on must hold, or the test fails")]

mod admin;
mod allocate;
mod auth;
mod client;
mod common;
mod config;
mod desk;
mod hostile;
mod keeping;
mod laws;
mod lifetimes;
mod net;
mod pacing;
mod patience;
mod permission;
mod play;
mod policy;
mod quota;
mod relay;
mod streams;
