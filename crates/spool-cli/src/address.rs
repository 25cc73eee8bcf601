//! Addresses of flags.
use std::net::SocketAddr;

/// An address of this computer, or of a port on it, for clap.
pub(crate) fn with_port(text: &str) -> Result<SocketAddr, &'static str> {
    text.parse().map_err(|_| "ADDRESS:PORT is wanted, as 192.0.2.1:3478 or [2001:db8::1]:3478")
}
