//! TURN (RFC 8656) client and server as pure state machines.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(test)]
extern crate std;

mod channel;
mod channel_data;
mod client;
mod framing;
mod lifetime;
mod policy;
mod prefix;
mod seeded;
mod server;

pub use channel::ChannelNumber;
pub use channel_data::{CHANNEL_DATA_HEADER, ChannelData, ChannelDataError};
pub use client::{
    AllocateError, NotAllocated, PeerError, SendError, TurnClient, TurnClientConfig, TurnEvent,
    TurnFault,
};
pub use framing::stream_frame;
pub use lifetime::{CHANNEL_LIFETIME, DEFAULT_LIFETIME, MAX_LIFETIME, PERMISSION_LIFETIME};
pub use policy::PeerPolicy;
pub use prefix::{IpPrefix, PrefixError};
pub use server::{
    AllocationEnd, ConfigError, RelayAddress, TurnServer, TurnServerConfig, TurnServerEvent, Users,
};
