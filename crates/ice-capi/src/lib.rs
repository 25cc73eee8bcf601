//! The C ABI of [`ice_proto::IceAgent`]: `include/spool_ice.h` is generated from what stands here, and the
//! README of this crate says how a program uses it.
//!
//! # Rules
//!
//! - It calls nobody back, starts no thread, opens no socket, reads no clock and keeps nothing outside of its
//!   agents. One agent is used by one thread at a time; different agents by different threads at once.
//! - Each function that can fail returns a [`Status`]; [`spool_ice_error`](calls::spool_ice_error) says it in
//!   words. What fails because of an argument has not touched the agent.
//! - A pointer that is null, not aligned, or has an impossible length is answered with
//!   [`Status::BadPointer`] or [`Status::BadLength`]. What cannot be seen from here is the caller's part, as
//!   everywhere in C: that a pointer which is neither points to as much as is said, and that an agent was not
//!   freed before.
//! - What the caller gives is read during the call and not kept. What an agent gives, texts and bytes, is the
//!   agent's, and there until the same function is called with it again, or it is freed; an [`Output`] may
//!   also point into the bytes that the caller gave in the same call.
//! - A bug of this library is answered with [`Status::Panicked`], then and from then on: the agent can only be
//!   freed. No panic passes into the caller.
#![deny(unsafe_op_in_unsafe_fn)]
#![expect(unsafe_code, reason = "pointers of C; each use says why it holds")]

mod address;
mod agent;
pub mod calls;
mod config;
mod output;
mod raw;
mod status;
#[cfg(target_family = "wasm")]
pub mod wasm;

pub use address::{ADDRESS_TEXT_MAX, Address};
pub use agent::{Agent, State};
pub use config::{Config, Policy, Restarts, Role, Sockets, TurnServer};
pub use output::{Event, Output, OutputKind};
pub use status::{SocketFault, Status};

/// The version of this interface. It changes with everything that a program compiled before would not
/// understand; compare it with [`spool_ice_abi_version`](calls::spool_ice_abi_version).
pub const ABI_VERSION: u32 = 1;
