//! Integration tests of `sdp-proto`.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(clippy::print_stdout, reason = "a test says what it skipped")]

mod allocations;
mod cases;
mod corpus;
mod fragments;
mod grammar;
mod hostile;
mod negotiator;
mod properties;
mod shared;
mod webrtc;
