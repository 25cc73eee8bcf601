//! PADDING (RFC 5780 §7.6).
bytes_attribute! {
    /// Bytes that only make the message long. They mean nothing.
    Padding = PADDING, u16::MAX as usize
}
