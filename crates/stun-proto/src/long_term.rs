//! The long-term credential mechanism, both sides (RFC 8489 §9.2).
mod client;
mod server;
#[cfg(test)]
mod tests;

pub use client::{Attempt, AuthFault, Discard, Login, LongTermClient, ResponseCheck};
pub use server::{Authenticated, LongTermServer, Refusal, UserId};
