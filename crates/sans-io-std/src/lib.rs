//! What a program has to bring when it drives the machines of this workspace itself: the time, seeds
//! that nobody can guess, and, where plain threads will do, a driver.
//!
//! - [`StdClock`] gives the time as machines count it, time asleep included.
//! - [`seed`] asks the operating system for a seed. A machine with a seed that is known, or used twice,
//!   has passwords that are known.
//! - [`Driver`] runs any [`Machine`](sans_io::Machine) that speaks UDP, on the thread that calls it.
//!   Under tokio take `spool` instead, which does TCP, TLS and batches as well; for any other runtime
//!   the loop is the six steps of [`sans_io`], and `examples/smol.rs` is such a loop to copy.
//!
//! Machines do not depend on this crate: they get time and seeds as arguments.
#![forbid(unsafe_code)]

mod clock;
mod driver;
mod names;
mod seed;
mod sleep;
mod sockets;

pub use clock::StdClock;
pub use driver::{Driver, Happening};
pub use seed::{SeedError, seed};
pub use sleep::time_asleep;
pub use sockets::local_ip_towards;
