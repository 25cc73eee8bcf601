//! The simulator, through its public interface.
#![expect(clippy::unwrap_used, reason = "a helper that fails fails its test")]
mod behaviour;
mod capture;
mod conformance;
mod determinism;
mod examples;
mod hosting;
mod laws;
mod linux;
mod memory;
mod nat64;
mod oracle;
mod ping;
mod population;
mod product;
mod scenario;
mod streams;
mod twin;
