//! The driver and the agents over real sockets of the loopback interface.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where by panicking")]

mod agents;
mod authority;
#[cfg(target_os = "linux")]
mod cores;
mod driver;
#[cfg(target_os = "linux")]
mod headers;
mod machines;
mod name_server;
mod names;
mod operating;
#[cfg(target_os = "linux")]
mod packets;
#[cfg(feature = "quic")]
mod quic;
mod running;
mod serving;
mod streams;
mod tcp_agents;
mod tcp_relay;
mod tls;
