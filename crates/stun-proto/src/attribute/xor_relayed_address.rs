//! XOR-RELAYED-ADDRESS (RFC 8656 §18.5).
address_attribute! {
    /// The address that a TURN server allocated to the client.
    XorRelayedAddress = XOR_RELAYED_ADDRESS, xor
}
