use super::*;
use alloc::{format, string::String};
use core::net::{Ipv4Addr, Ipv6Addr};
use proptest::prelude::*;

/// The IPv4 registry of IANA, written out again so that a slip in the table shows.
const SPECIAL_V4: [&str; 17] = [
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.0.0.0/29",
    "192.0.2.0/24",
    "192.88.99.0/24",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/4",
    "240.0.0.0/4",
    "255.255.255.255/32",
];

const SPECIAL_V6: [&str; 18] = [
    "::/128",
    "::1/128",
    "::ffff:0:0/96",
    "64:ff9b:1::/48",
    "100::/64",
    "100:0:0:1::/64",
    "2001:1::1/128",
    "2001:2::/48",
    "2001:4:112::/48",
    "2001:20::/28",
    "2001:30::/28",
    "2001:db8::/32",
    "3fff::/20",
    "5f00::/16",
    "fc00::/7",
    "fe80::/10",
    "fec0::/10",
    "ff00::/8",
];

fn embeddings(v4: Ipv4Addr) -> [(&'static str, Ipv6Addr); 8] {
    let [a, b, c, d] = v4.octets();
    let (high, low) = (u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d]));
    [
        ("mapped", v4.to_ipv6_mapped()),
        ("compatible", Ipv6Addr::new(0, 0, 0, 0, 0, 0, high, low)),
        ("translated", Ipv6Addr::new(0, 0, 0, 0, 0xffff, 0, high, low)),
        ("nat64", Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, high, low)),
        ("6to4", Ipv6Addr::new(0x2002, high, low, 0, 0, 0, 0, 1)),
        ("teredo client", Ipv6Addr::new(0x2001, 0, 0x0808, 0x0808, 0, 0, !high, !low)),
        ("teredo server", Ipv6Addr::new(0x2001, 0, high, low, 0, 0, !0x0808, !0x0808)),
        ("isatap", Ipv6Addr::new(0x2a00, 1, 2, 3, 0, 0x5efe, high, low)),
    ]
}

#[test]
fn special_ranges_are_denied_from_end_to_end() {
    let policy = PeerPolicy::global_only();
    for range in SPECIAL_V4.into_iter().chain(SPECIAL_V6) {
        let range: IpPrefix = range.parse().unwrap();
        assert!(!policy.allows(range.first()), "{range}");
        assert!(!policy.allows(range.last()), "{range}");
    }
}

#[test]
fn the_neighbours_of_special_ranges_are_allowed() {
    let policy = PeerPolicy::global_only();
    let public = [
        "1.0.0.0",
        "9.255.255.255",
        "11.0.0.0",
        "100.63.255.255",
        "100.128.0.0",
        "126.255.255.255",
        "128.0.0.0",
        "169.253.255.255",
        "169.255.0.0",
        "172.15.255.255",
        "172.32.0.0",
        "191.255.255.255",
        "192.0.1.0",
        "192.0.3.0",
        "192.88.98.255",
        "192.88.100.0",
        "192.167.255.255",
        "192.169.0.0",
        "198.17.255.255",
        "198.20.0.0",
        "198.51.99.255",
        "198.51.101.0",
        "203.0.112.255",
        "203.0.114.0",
        "223.255.255.255",
        "2001:200::",
        "2001:db7:ffff::",
        "2001:db9::",
        "2400::1",
        "2a00::1",
        "3ffe::",
        "3fff:1000::",
    ];
    for address in public {
        assert!(policy.allows(address.parse().unwrap()), "{address}");
    }
}

#[test]
fn an_embedded_address_is_judged_by_what_is_inside() {
    let policy = PeerPolicy::global_only();
    for (name, address) in embeddings(Ipv4Addr::new(8, 8, 4, 4)) {
        let routed =
            matches!(name, "nat64" | "6to4" | "teredo client" | "teredo server" | "isatap");
        assert_eq!(policy.allows(address.into()), routed, "{name} {address}");
    }
    for range in SPECIAL_V4 {
        let range: IpPrefix = range.parse().unwrap();
        for end in [range.first(), range.last()] {
            let IpAddr::V4(v4) = end else { unreachable!("the list is of IPv4") };
            for (name, address) in embeddings(v4) {
                assert!(!policy.allows(address.into()), "{name} {address}");
            }
        }
    }
}

#[test]
fn allowing_all_of_ipv6_allows_no_more_of_ipv4() {
    let policy = PeerPolicy::global_only().allow("::/0".parse().unwrap());
    assert!(policy.allows("fd00::1".parse().unwrap()));
    for (name, address) in embeddings(Ipv4Addr::LOCALHOST) {
        assert!(!policy.allows(address.into()), "{name}");
    }
    let policy = policy.allow("127.0.0.0/8".parse().unwrap());
    for (name, address) in embeddings(Ipv4Addr::LOCALHOST) {
        assert!(policy.allows(address.into()), "{name}");
    }
}

#[test]
fn loopback_is_allowed_by_its_own_name() {
    let policy = PeerPolicy::global_only().allow("::1".parse().unwrap());
    assert!(policy.allows(Ipv6Addr::LOCALHOST.into()));
    assert!(!policy.allows(Ipv6Addr::UNSPECIFIED.into()));
    assert!(!policy.allows(Ipv4Addr::LOCALHOST.into()));
}

#[test]
fn a_denied_prefix_is_denied_whatever_allows_it() {
    let policy = PeerPolicy::global_only()
        .deny("8.8.0.0/16".parse().unwrap())
        .allow("8.8.8.8".parse().unwrap());
    for address in ["8.8.8.8", "64:ff9b::8.8.8.8", "2002:808:808::1"] {
        assert!(!policy.allows(address.parse().unwrap()), "{address}");
    }
    assert!(policy.allows("8.9.8.8".parse().unwrap()));
}

proptest! {
    #[test]
    fn no_embedding_of_a_denied_address_is_allowed(
        bits in any::<u32>(),
        allow in proptest::option::of((any::<u32>(), 0u8..=32)),
    ) {
        let mut policy = PeerPolicy::global_only();
        if let Some((address, bits)) = allow {
            let text: String = format!("{}/{bits}", Ipv4Addr::from(address));
            if let Ok(prefix) = text.parse() {
                policy = policy.allow(prefix);
            }
        }
        let v4 = Ipv4Addr::from(bits);
        for (name, address) in embeddings(v4) {
            if policy.allows(address.into()) {
                prop_assert!(policy.allows(v4.into()), "{name} {address}");
            }
        }
    }
}
