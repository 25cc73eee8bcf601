//! Whom a relay reaches (RFC 8656 §10.2, §11.2, §12.2, §21.1.7).
use crate::desk::{self, Desk, LISTENER, Outcome, PEER, User, address, udp};
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use sans_io::Path;
use stun_proto::{
    MessageBuilder, Method,
    attribute::{Lifetime, RequestedAddressFamily, XorRelayedAddress},
};
use turn_proto::{IpPrefix, PeerPolicy};

/// Special-purpose addresses of IPv4 by IANA, and those that other servers were seen to let
/// through.
const SPECIAL_V4: [&str; 18] = [
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "169.254.169.254/32",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.0.2.0/24",
    "192.88.99.0/24",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/4",
    "239.255.255.250/32",
    "240.0.0.0/4",
    "255.255.255.255/32",
];

const SPECIAL_V6: [&str; 16] = [
    "::/128",
    "::1/128",
    "::ffff:0:0/96",
    "64:ff9b:1::/48",
    "100::/64",
    "100:0:0:1::/64",
    "2001:2::/48",
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

fn embeddings(v4: Ipv4Addr) -> [Ipv6Addr; 8] {
    let [a, b, c, d] = v4.octets();
    let (high, low) = (u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d]));
    [
        v4.to_ipv6_mapped(),
        Ipv6Addr::new(0, 0, 0, 0, 0, 0, high, low),
        Ipv6Addr::new(0, 0, 0, 0, 0xffff, 0, high, low),
        Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, high, low),
        Ipv6Addr::new(0x2002, high, low, 0, 0, 0, 0, 1),
        Ipv6Addr::new(0x2001, 0, 0x0808, 0x0808, 0, 0, !high, !low),
        Ipv6Addr::new(0x2001, 0, high, low, 0, 0, !0x0808, !0x0808),
        Ipv6Addr::new(0x2a00, 1, 2, 3, 0, 0x5efe, high, low),
    ]
}

/// Ends of every special range, and their embeddings.
fn special_addresses() -> Vec<IpAddr> {
    let mut all = Vec::new();
    for range in SPECIAL_V4.iter().chain(&SPECIAL_V6) {
        let range: IpPrefix = range.parse().unwrap();
        for end in [range.first(), range.last()] {
            all.push(end);
            if let IpAddr::V4(v4) = end {
                all.extend(embeddings(v4).map(IpAddr::V6));
            }
        }
    }
    all
}

fn user_of_family(desk: &mut Desk, v6: bool) -> User {
    let mut user = if v6 { User::bob() } else { User::alice() };
    let answer = user.ask(desk, Method::ALLOCATE, |request: &mut MessageBuilder<'_>| {
        udp(request);
        if v6 {
            request.push(&RequestedAddressFamily::V6);
        }
    });
    assert_eq!(answer.get::<XorRelayedAddress>().unwrap().0.is_ipv6(), v6);
    user
}

#[test]
fn special_addresses_are_refused_in_every_request_and_embedding() {
    let mut desk = Desk::new();
    let mut v4 = user_of_family(&mut desk, false);
    let mut v6 = user_of_family(&mut desk, true);
    let addresses = special_addresses();
    assert!(addresses.len() > 300);
    for address in addresses {
        let peer = SocketAddr::new(address, 80);
        let user = if address.is_ipv4() { &mut v4 } else { &mut v6 };
        assert_eq!(user.permit(&mut desk, &[peer]), 403, "CreatePermission {address}");
        assert_eq!(user.bind(&mut desk, 0x4000, peer), 403, "ChannelBind {address}");
        assert_eq!(user.send_to(&mut desk, peer, b"x"), Outcome::Dropped, "Send {address}");
        // Together with an allowed one as well.
        if address.is_ipv4() {
            assert_eq!(user.permit(&mut desk, &[self::address(PEER), peer]), 403);
            assert_eq!(user.send_to(&mut desk, self::address(PEER), b"x"), Outcome::Dropped);
        }
    }
}

#[test]
fn what_is_named_is_allowed() {
    let mut config = desk::config();
    config.peers = PeerPolicy::global_only().allow("192.168.1.0/24".parse().unwrap());
    let mut desk = Desk::with(config);
    let mut alice = user_of_family(&mut desk, false);
    assert_eq!(alice.permit(&mut desk, &[address("192.168.1.5:1")]), 0);
    assert_eq!(alice.permit(&mut desk, &[address("192.168.2.5:1")]), 403);
    alice.send_to(&mut desk, address("192.168.1.5:1"), b"x").forwarded();
}

#[test]
fn the_listener_is_no_peer() {
    // Also where the relay address is the listener's own.
    let mut config = desk::config();
    config.listeners.push(address("9.9.9.2:3478"));
    config.listeners.push(address("9.9.9.2:50000"));
    let mut desk = Desk::with(config);
    let mut alice = user_of_family(&mut desk, false);
    assert_eq!(alice.permit(&mut desk, &[address(LISTENER)]), 403, "another address of ours");
    assert_eq!(alice.permit(&mut desk, &[address("9.9.9.2:0")]), 0, "for other relayed addresses");
    for peer in ["9.9.9.2:3478", "9.9.9.2:50000", "9.9.9.2:22", "9.9.9.2:0", LISTENER] {
        assert_eq!(alice.send_to(&mut desk, address(peer), b"x"), Outcome::Dropped, "{peer}");
        assert_eq!(alice.bind(&mut desk, 0x4000, address(peer)), 403, "{peer}");
    }
    let relayed = User::bob().allocate(&mut desk);
    alice.send_to(&mut desk, relayed, b"x").forwarded();
}

/// A resolver, for example, that happened to get a port of the range for itself.
#[test]
fn a_port_of_the_range_that_is_no_relay_is_reached_by_nobody() {
    let mut desk = Desk::new();
    let mut alice = user_of_family(&mut desk, false);
    let mine = desk.last_bind().1;
    let mut bob = User::bob();
    let relayed = bob.allocate(&mut desk);
    let other = SocketAddr::new(relayed.ip(), relayed.port() ^ 1);
    assert_eq!(alice.permit(&mut desk, &[other]), 0, "other relayed addresses have this address");
    assert_eq!(alice.bind(&mut desk, 0x4000, relayed), 0);
    assert_eq!(alice.bind(&mut desk, 0x4001, other), 0, "it may become one");
    let (near, far) = (Path::udp(mine, relayed), Path::udp(mine, other));
    let channel = |number: u8| [&[0x40, number, 0, 1][..], b"x"].concat();
    alice.send_to(&mut desk, relayed, b"x").forwarded();
    desk.packet(alice.path, &channel(0)).forwarded();
    desk.packet(near, b"x").forwarded();
    assert_eq!(alice.send_to(&mut desk, other, b"x"), Outcome::Dropped);
    assert_eq!(desk.packet(alice.path, &channel(1)), Outcome::Dropped);
    assert_eq!(desk.packet(far, b"x"), Outcome::Dropped, "nor does it reach anybody");
    // as soon as the relay is gone, its port is anybody's
    let end = |request: &mut MessageBuilder<'_>| request.push(&Lifetime(0));
    assert_eq!(bob.ask(&mut desk, Method::REFRESH, end).code(), 0);
    assert_eq!(desk.packet(alice.path, &channel(0)), Outcome::Dropped);
}

/// 10.0.0.0/8 is meant for the hosts of a network, not for the services of this one.
#[test]
fn addresses_of_this_host_are_no_peers_unless_each_is_named() {
    let mut config = desk::config();
    config.peers = PeerPolicy::global_only()
        .allow("10.0.0.0/8".parse().unwrap())
        .allow("10.0.0.3/32".parse().unwrap());
    config.own =
        ["10.0.0.2", "10.0.0.3", "1.2.3.4", "2a00::9"].map(|ip| ip.parse().unwrap()).into();
    let mut desk = Desk::with(config);
    let mut v4 = user_of_family(&mut desk, false);
    let mut v6 = user_of_family(&mut desk, true);
    assert_eq!(v4.permit(&mut desk, &[address("10.0.0.1:53")]), 0);
    assert_eq!(v4.permit(&mut desk, &[address("10.0.0.3:53")]), 0, "it is named");
    for own in ["10.0.0.2:53", "1.2.3.4:53", "[2a00::9]:53", "[64:ff9b::102:304]:53"].map(address) {
        let user = if own.is_ipv4() { &mut v4 } else { &mut v6 };
        assert_eq!(user.permit(&mut desk, &[own]), 403, "{own}");
        assert_eq!(user.bind(&mut desk, 0x4000, own), 403, "{own}");
    }
}

/// A relay that could send to itself would turn one packet into endless ones.
#[test]
fn a_relay_may_reach_itself_but_not_loop() {
    let mut desk = Desk::new();
    let mut alice = User::alice();
    let relayed = alice.allocate(&mut desk);
    assert_eq!(alice.permit(&mut desk, &[relayed]), 0);
    let (path, bytes) = alice.send_to(&mut desk, relayed, b"x").forwarded();
    // It comes back to its own relayed address, and from there goes to the client, where it ends.
    let (path, _) = desk.packet(path.reversed(), &bytes).forwarded();
    assert_eq!(path, alice.path);
}
