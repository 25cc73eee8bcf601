//! REQUESTED-TRANSPORT (RFC 8656 §18.8).
fixed_attribute! {
    /// What the relay is to speak to peers: an IP protocol number.
    RequestedTransport(u8) = REQUESTED_TRANSPORT, 4, |[v, ..]| v, |v| [v, 0, 0, 0]
}

impl RequestedTransport {
    /// TCP (RFC 6062).
    pub const TCP: Self = Self(6);
    /// UDP.
    pub const UDP: Self = Self(17);
}
