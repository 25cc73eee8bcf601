//! RESPONSE-PORT (RFC 5780 §7.5).
fixed_attribute! {
    /// The port that the response is to be sent to.
    ResponsePort(u16) = RESPONSE_PORT, 4, |[a, b, ..]| u16::from_be_bytes([a, b]), |v| [(v >> 8) as u8, v as u8, 0, 0]
}
