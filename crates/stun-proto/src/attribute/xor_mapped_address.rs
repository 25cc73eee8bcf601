//! XOR-MAPPED-ADDRESS (RFC 8489 §14.2).
address_attribute! {
    /// The client's address as the server saw it.
    XorMappedAddress = XOR_MAPPED_ADDRESS, xor
}
