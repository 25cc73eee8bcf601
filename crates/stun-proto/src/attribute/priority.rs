//! PRIORITY (RFC 8445 §7.1.1).
fixed_attribute! {
    /// The priority of a peer-reflexive candidate that this check would discover.
    Priority(u32) = PRIORITY, 4, u32::from_be_bytes, u32::to_be_bytes
}
