//! OTHER-ADDRESS (RFC 5780 §7.4).
address_attribute! {
    /// Where a response comes from when both address and port are to change.
    OtherAddress = OTHER_ADDRESS, plain
}
