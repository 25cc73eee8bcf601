//! The simulator, through its public interface.
#![expect(clippy::unwrap_used, reason = "a helper that fails fails its test")]
mod behaviour;
mod conformance;
mod determinism;
mod hosting;
mod linux;
mod streams;
mod twin;
