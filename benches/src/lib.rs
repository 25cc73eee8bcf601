//! Benchmarks of this workspace, side by side with its peers: `cargo bench -p benches`.
//!
//! [`Suite`] is what a bench target fills and runs; [`messages`] and [`descriptions`] are the
//! inputs that all of them share. The `README.md` beside this says how to read the results.

mod clock;
pub mod descriptions;
mod instructions;
pub mod messages;
mod suite;
mod table;

pub use clock::busy;
pub use instructions::instructions_of;
pub use suite::{Job, Suite};
