//! DONT-FRAGMENT (RFC 8656 §18.9).
flag_attribute! {
    /// The relayed packet is to have the DF bit.
    DontFragment = DONT_FRAGMENT
}
