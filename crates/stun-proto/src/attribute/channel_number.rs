//! CHANNEL-NUMBER (RFC 8656 §18.1).
fixed_attribute! {
    /// The number of a channel.
    ChannelNumber(u16) = CHANNEL_NUMBER, 4, |[a, b, ..]| u16::from_be_bytes([a, b]), |v| [(v >> 8) as u8, v as u8, 0, 0]
}
