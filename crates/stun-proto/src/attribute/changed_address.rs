//! CHANGED-ADDRESS, for RFC 3489 clients (RFC 3489 §11.2.3).
address_attribute! {
    /// Where a response comes from when both address and port are to change; OTHER-ADDRESS took its
    /// place.
    ChangedAddress = CHANGED_ADDRESS, plain
}
