//! NOMINATION (draft-thatcher-ice-renomination §4).
fixed_attribute! {
    /// A nomination in an order of its own: the largest of 24 bits wins.
    Nomination(u32) = NOMINATION, 4, |v| u32::from_be_bytes(v) & 0x00FF_FFFF, |v| (v & 0x00FF_FFFF).to_be_bytes()
}
