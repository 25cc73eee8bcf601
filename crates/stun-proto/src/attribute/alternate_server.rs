//! ALTERNATE-SERVER (RFC 8489 §14.15).
address_attribute! {
    /// Another server to try.
    AlternateServer = ALTERNATE_SERVER, plain
}
