//! Connects two devices behind NATs: the tokio adapter over the protocol machines.
#![forbid(unsafe_code)]

mod clock;
pub mod driver;
pub mod interfaces;
