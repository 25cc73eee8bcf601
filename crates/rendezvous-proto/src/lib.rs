//! Mailboxes where two who share a code leave each other messages, as a pure state machine.
//!
//! Somebody opens a mailbox and is told its number; somebody else claims it by that number; from then
//! on each gets what the other puts there. A mailbox takes two ends and no third, a few messages,
//! lives some minutes, and leaves nothing behind. What the messages say is between the ends: the server
//! sees a number, sizes and times. Who claims a mailbox has used it up, right or wrong, so whoever
//! guesses what two have agreed on has one guess.
//!
//! The messages travel over a stream that something else makes secure, TLS above all.
//!
//! ```
//! use rendezvous_proto::{Config, Rendezvous, ToClient, ToServer};
//! use sans_io::{Input, Instant, Machine, Output, Path, SocketId, Transport};
//!
//! let mut server = Rendezvous::new(Config::default(), [7; 32]);
//! let (now, local) = (Instant::from_secs(1), "192.0.2.1:443".parse()?);
//! let alice = Path::new(Transport::Tls, local, "198.51.100.1:5000".parse()?);
//! let accepted = Input::Accepted { listener: SocketId(0), path: alice };
//! let _ = server.handle_input(now, accepted);
//!
//! let open = ToServer::Open.encode();
//! let _ = server.handle_input(now, Input::Received { path: alice, meta: Default::default(), bytes: &open });
//! let Output::Transmit(answer) = server.poll_output() else { panic!("no answer") };
//! assert!(matches!(ToClient::decode(&answer.payload)?, ToClient::Opened(1..)));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(test)]
extern crate std;

mod mailbox;
mod server;
mod wire;

pub use server::{Config, Rendezvous, RendezvousEvent};
pub use wire::{
    Closing, MESSAGE_MAX, MailboxName, Malformed, RefusedClaim, ToClient, ToServer, stream_frame,
};

/// What is spoken, where one port is for several things (RFC 7301).
pub const ALPN: &[u8] = b"spool-rendezvous/1";
