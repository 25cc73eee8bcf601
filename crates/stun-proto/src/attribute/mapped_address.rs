//! MAPPED-ADDRESS (RFC 8489 §14.1).
address_attribute! {
    /// The client's address as the server saw it, in clear: for RFC 3489 clients only.
    MappedAddress = MAPPED_ADDRESS, plain
}
