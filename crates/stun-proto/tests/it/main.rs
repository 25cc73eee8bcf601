//! The crate from outside: vectors of the RFCs, properties, laws, and what it allocates.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod allocations;
mod discovery;
mod laws;
mod lossy;
mod messages;
mod registry;
mod vectors;
