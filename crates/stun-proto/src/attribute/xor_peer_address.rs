//! XOR-PEER-ADDRESS (RFC 8656 §18.3).
address_attribute! {
    /// A peer's address as the TURN server sees it.
    XorPeerAddress = XOR_PEER_ADDRESS, xor
}
