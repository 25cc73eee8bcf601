//! DATA (RFC 8656 §18.4).
bytes_attribute! {
    /// What a peer sent, or is to get.
    Data = DATA, u16::MAX as usize
}
