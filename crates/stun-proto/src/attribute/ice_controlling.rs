//! ICE-CONTROLLING (RFC 8445 §7.1.3).
fixed_attribute! {
    /// The sender is controlling; its tie-breaker.
    IceControlling(u64) = ICE_CONTROLLING, 8, u64::from_be_bytes, u64::to_be_bytes
}
