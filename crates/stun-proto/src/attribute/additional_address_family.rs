//! ADDITIONAL-ADDRESS-FAMILY (RFC 8656 §18.11).
use super::AddressFamily;

fixed_attribute! {
    /// Asks for a second relayed address, of the family with this number; only IPv6 is valid.
    AdditionalAddressFamily(u8) = ADDITIONAL_ADDRESS_FAMILY, 4, |[v, ..]| v, |v| [v, 0, 0, 0]
}

impl AdditionalAddressFamily {
    /// IPv4.
    pub const V4: Self = Self(1);
    /// IPv6.
    pub const V6: Self = Self(2);

    /// The family, if the number means one.
    pub const fn family(self) -> Option<AddressFamily> {
        AddressFamily::from_number(self.0)
    }
}
