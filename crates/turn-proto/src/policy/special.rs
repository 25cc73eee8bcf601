//! The special-purpose address registries of IANA (RFC 6890), as far as a relay must not reach
//! there.
use crate::IpPrefix;
use core::net::{IpAddr, Ipv4Addr};

/// IPv4 addresses that are not other people's public unicast addresses.
pub(super) const V4: [IpPrefix; 15] = [
    IpPrefix::v4([0, 0, 0, 0], 8),       // "this network", RFC 791
    IpPrefix::v4([10, 0, 0, 0], 8),      // private use, RFC 1918
    IpPrefix::v4([100, 64, 0, 0], 10),   // shared address space of carriers, RFC 6598
    IpPrefix::v4([127, 0, 0, 0], 8),     // loopback, RFC 1122
    IpPrefix::v4([169, 254, 0, 0], 16),  // link local, RFC 3927
    IpPrefix::v4([172, 16, 0, 0], 12),   // private use, RFC 1918
    IpPrefix::v4([192, 0, 0, 0], 24),    // protocol assignments, RFC 6890
    IpPrefix::v4([192, 0, 2, 0], 24),    // documentation, RFC 5737
    IpPrefix::v4([192, 88, 99, 0], 24),  // 6to4 relays, withdrawn by RFC 7526
    IpPrefix::v4([192, 168, 0, 0], 16),  // private use, RFC 1918
    IpPrefix::v4([198, 18, 0, 0], 15),   // benchmarking, RFC 2544
    IpPrefix::v4([198, 51, 100, 0], 24), // documentation, RFC 5737
    IpPrefix::v4([203, 0, 113, 0], 24),  // documentation, RFC 5737
    IpPrefix::v4([224, 0, 0, 0], 4),     // multicast, RFC 5771
    IpPrefix::v4([240, 0, 0, 0], 4),     // reserved, and the broadcast address
];

/// Parts of IPv6's global unicast space that are not other people's public unicast addresses.
/// What lies outside of that space is denied without a list.
pub(super) const V6: [IpPrefix; 3] = [
    IpPrefix::v6([0x2001, 0, 0, 0], 23), // protocol assignments, RFC 2928: Teredo, ORCHID, …
    IpPrefix::v6([0x2001, 0xdb8, 0, 0], 32), // documentation, RFC 3849
    IpPrefix::v6([0x3fff, 0, 0, 0], 20), // documentation, RFC 9637
];

/// All that has been handed out as global unicast (RFC 4291).
pub(super) const V6_GLOBAL: IpPrefix = IpPrefix::v6([0x2000, 0, 0, 0], 3);
/// The well-known prefix of NAT64 (RFC 6052), as good as the IPv4 address inside.
pub(super) const NAT64: IpPrefix = IpPrefix::v6([0x64, 0xff9b, 0, 0], 96);
/// Teredo (RFC 4380), as good as the IPv4 addresses inside.
pub(super) const TEREDO: IpPrefix = IpPrefix::v6([0x2001, 0, 0, 0], 32);

const SIX_TO_FOUR: IpPrefix = IpPrefix::v6([0x2002, 0, 0, 0], 16);
const MAPPED: [u16; 6] = [0, 0, 0, 0, 0, 0xffff];
const COMPATIBLE: [u16; 6] = [0; 6];
const TRANSLATED: [u16; 6] = [0, 0, 0, 0, 0xffff, 0];

/// The IPv4 addresses that packets to `address` may end at: those inside IPv4-mapped, -compatible
/// (RFC 4291) and -translated (RFC 2765) addresses, NAT64, 6to4 (RFC 3056), Teredo (the
/// server and the client) and ISATAP (RFC 5214).
pub(super) fn embedded(address: IpAddr) -> [Option<Ipv4Addr>; 2] {
    let IpAddr::V6(v6) = address else { return [None; 2] };
    if v6.is_unspecified() || v6.is_loopback() {
        return [None; 2]; // in the place of 0.0.0.0 and 0.0.0.1, but they never stood for these
    }
    let words = v6.segments();
    let at = |word: usize| {
        let [a, b] = words[word].to_be_bytes();
        let [c, d] = words[word + 1].to_be_bytes();
        Ipv4Addr::new(a, b, c, d)
    };
    let [top @ .., _, _] = words;
    let last_four = top == MAPPED
        || top == COMPATIBLE
        || top == TRANSLATED
        || NAT64.contains(address)
        || (matches!(top[4], 0 | 0x200) && top[5] == 0x5efe);
    if last_four {
        [Some(at(6)), None]
    } else if SIX_TO_FOUR.contains(address) {
        [Some(at(1)), None]
    } else if TEREDO.contains(address) {
        [Some(at(2)), Some(Ipv4Addr::from(!u32::from(at(6))))]
    } else {
        [None; 2]
    }
}
