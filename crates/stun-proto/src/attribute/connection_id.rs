//! CONNECTION-ID (RFC 6062 §6.2.1).
fixed_attribute! {
    /// Names a TCP connection between relay and peer.
    ConnectionId(u32) = CONNECTION_ID, 4, u32::from_be_bytes, u32::to_be_bytes
}
