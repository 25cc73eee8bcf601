//! ICE-CONTROLLED (RFC 8445 §7.1.3).
fixed_attribute! {
    /// The sender is controlled; its tie-breaker.
    IceControlled(u64) = ICE_CONTROLLED, 8, u64::from_be_bytes, u64::to_be_bytes
}
