//! REQUESTED-ADDRESS-FAMILY (RFC 8656 §18.6).
use super::AddressFamily;

fixed_attribute! {
    /// The family of the relayed address, by its number: a server answers one that it does not know
    /// with 440.
    RequestedAddressFamily(u8) = REQUESTED_ADDRESS_FAMILY, 4, |[v, ..]| v, |v| [v, 0, 0, 0]
}

impl RequestedAddressFamily {
    /// IPv4.
    pub const V4: Self = Self(1);
    /// IPv6.
    pub const V6: Self = Self(2);

    /// The family, if the number means one.
    pub const fn family(self) -> Option<AddressFamily> {
        AddressFamily::from_number(self.0)
    }
}
