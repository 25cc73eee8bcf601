//! A network without IPv4 that reaches IPv4 through a NAT64.
use core::{net::IpAddr, time::Duration};
use nat_sim::{
    BadPref64, Behaviour, Dependence, DropCause, Hairpin, Host, HostId, IpPacket, Link, MachineId,
    Nat, NatId, Peer, Pref64, Preset, TopologyError, World, observe,
};
use sans_io::{Packet, PacketMeta, Path, PathFault};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

const SEC: Duration = Duration::from_secs(1);
const OWN: &str = "2001:db8:64::/64";

/// A phone and a tablet behind a NAT64, and a server that has both families.
struct Lab {
    world: World,
    nat: NatId,
    phone: HostId,
    server: HostId,
    reflector: MachineId,
}

impl Lab {
    fn new(prefix: Pref64) -> Self {
        let mut world = World::new(3);
        let nat = Nat::of(Preset::Nat64).with_nat64(prefix).over(Link::default());
        let nat = world.add_nat(nat).unwrap();
        let phone = world.add_host(Host::behind(nat)).unwrap();
        let server = world.add_host(Host::on_internet().dual_stack()).unwrap();
        let reflector = world.install_peer(server, 3478);
        Self { world, nat, phone, server, reflector }
    }

    /// What comes to a peer within a second.
    fn faults(&mut self, peer: MachineId) -> Vec<(SocketAddr, Option<PathFault>)> {
        self.world.run_for(SEC);
        let heard = self.world.take_events::<Peer>(peer);
        heard.into_iter().map(|(_, heard)| (heard.from, heard.fault)).collect()
    }
}

#[test]
fn addresses_are_embedded_as_the_rfc_shows() {
    // RFC 6052 §2.4, table 2.
    let address = Ipv4Addr::new(192, 0, 2, 33);
    let table = [
        ("2001:db8::/32", "2001:db8:c000:221::"),
        ("2001:db8:100::/40", "2001:db8:1c0:2:21::"),
        ("2001:db8:122::/48", "2001:db8:122:c000:2:2100::"),
        ("2001:db8:122:300::/56", "2001:db8:122:3c0:0:221::"),
        ("2001:db8:122:344::/64", "2001:db8:122:344:c0:2:2100::"),
        ("2001:db8:122:344::/96", "2001:db8:122:344::192.0.2.33"),
        ("64:ff9b::/96", "64:ff9b::192.0.2.33"),
    ];
    for (prefix, embedded) in table {
        let parsed: Pref64 = prefix.parse().unwrap();
        let embedded: Ipv6Addr = embedded.parse().unwrap();
        assert_eq!(parsed.embed(address), embedded, "{prefix}");
        assert_eq!(parsed.extract(embedded), Some(address), "{prefix}");
        assert_eq!(parsed.to_string(), prefix);
        // What follows the address does not matter.
        let suffix = if prefix.ends_with("/96") { 0 } else { 0xFF };
        let odd = Ipv6Addr::from_bits(embedded.to_bits() | suffix);
        assert_eq!(parsed.extract(odd), Some(address), "{prefix}");
        assert_eq!(parsed.extract("2002::1".parse().unwrap()), None);
    }
    assert_eq!(table[6].0.parse(), Ok(Pref64::WELL_KNOWN));
    for bad in ["2001:db8::/33", "2001:db8::1/96", "2001:db8:0:0:ff00::/96", "10.0.0.0/8", "x", ""]
    {
        assert_eq!(bad.parse::<Pref64>(), Err(BadPref64), "{bad}");
    }
}

#[test]
fn hosts_without_ipv4_reach_ipv4_and_ipv6_servers() {
    for prefix in [Pref64::WELL_KNOWN, OWN.parse().unwrap()] {
        let mut lab = Lab::new(prefix);
        assert!(lab.world.addresses(lab.phone).iter().all(IpAddr::is_ipv6));
        let peer = lab.world.install_peer(lab.phone, 5000);
        let seen = lab.world.ask(peer, lab.reflector).unwrap();
        assert_eq!(seen.ip(), lab.world.outside_addresses(lab.nat)[0]);
        assert_eq!(seen.port() % 2, 0, "parity is kept");
        let [v4, v6] = [0, 1].map(|n| lab.world.addresses(lab.server)[n]);
        assert!(lab.world.ping(lab.phone, v4).is_some(), "echo, translated");
        assert!(lab.world.ping(lab.phone, v6).is_some(), "echo, not translated");
        let at_v6 = lab.world.install(lab.server, Peer::at((v6, 9).into()));
        assert_eq!(lab.world.ask(peer, at_v6), Some(lab.world.peer_address(peer)));
        assert_eq!(lab.world.ping(lab.server, seen.ip()), None, "a NAT64 answers for nobody");
    }
}

#[test]
fn a_nat64_behaves_as_the_rfc_asks() {
    let seen = observe(1, vec![Nat::of(Preset::Nat64)]).unwrap();
    assert_eq!(seen.mapping, Some(Dependence::Endpoint));
    assert_eq!(seen.filtering, Some(Dependence::Address));
    assert!(seen.preserves_parity && !seen.overloads && seen.icmp_arrives);
    let open = Nat::new(Behaviour::recommended()).with_nat64(Pref64::WELL_KNOWN);
    let seen = observe(1, vec![open]).unwrap();
    assert_eq!(seen.filtering, Some(Dependence::Endpoint));
    assert_eq!(seen.hairpin, Hairpin::ExternalSource);
}

#[test]
fn errors_are_translated_with_what_fits() {
    let mut lab = Lab::new(Pref64::WELL_KNOWN);
    let peer = lab.world.install_peer(lab.phone, 5000);
    let mut closed = lab.world.peer_address(lab.reflector);
    closed.set_port(9);
    let closed = lab.world.address_for(lab.phone, closed);
    lab.world.with(peer, |peer: &mut Peer, now| peer.send(now, closed, "x"));
    let unreachable = PathFault::Unreachable { kind: 1, code: 4 };
    assert_eq!(lab.faults(peer), [(closed, Some(unreachable))], "3/3 became 1/4");

    // The IPv4 link takes 1,280 bytes, so 1,300 of IPv6 fit.
    let narrow = Link::default().with_mtu(1280);
    lab.world.set_links(lab.nat, narrow, narrow);
    let open = lab.world.address_for(lab.phone, lab.world.peer_address(lab.reflector));
    let path = Path::udp(lab.world.peer_address(peer), open);
    for (payload, passes) in [(1_252, true), (1_253, false)] {
        let packet = [0; 1_400];
        let packet = Packet::new(path, &packet[..payload]).with_meta(PacketMeta::default());
        lab.world.transmit(lab.phone, &packet);
        let told = lab.faults(peer);
        let want = [(open, Some(PathFault::TooBig { mtu: 1300 }))];
        assert_eq!(told, if passes { &want[..0] } else { &want }, "{payload}");
    }

    // An error from the inside shows the server what it sent, and how it is called outside.
    let seen = lab.world.ask(peer, lab.reflector).unwrap();
    lab.world.with(peer, |peer: &mut Peer, now| peer.close(now));
    lab.world.take_events::<Peer>(lab.reflector);
    lab.world.with(lab.reflector, |peer: &mut Peer, now| peer.send(now, seen, "late"));
    let unreachable = PathFault::Unreachable { kind: 3, code: 3 };
    assert_eq!(lab.faults(lab.reflector), [(seen, Some(unreachable))]);
}

#[test]
fn what_would_go_round_in_circles_is_dropped() {
    let mut lab = Lab::new(Pref64::WELL_KNOWN);
    let server = lab.world.peer_address(lab.reflector);
    let from = lab.world.address_for(lab.phone, SocketAddr::new([192, 0, 2, 9].into(), 7));
    let to = lab.world.address_for(lab.phone, server);
    lab.world.inject(lab.phone, IpPacket::udp(from, to, "loop".into()));
    lab.world.run_for(SEC);
    assert_eq!(lab.world.nat_stats(lab.nat).dropped(DropCause::Blocked), 1);
}

#[test]
fn the_inside_takes_no_ipv4_addresses() {
    let mut lab = Lab::new(Pref64::WELL_KNOWN);
    let address = [10, 0, 1, 9].into();
    let error = lab.world.add_host(Host::behind(lab.nat).with_address(address)).unwrap_err();
    assert_eq!(error, TopologyError::Ipv6Only { address });
}

#[test]
fn a_phone_without_ipv4_meets_whom_a_restricted_cone_meets() {
    let mut world = World::new(1);
    let mut behind = |preset| {
        let nat = world.add_nat(Nat::of(preset)).unwrap();
        world.add_host(Host::behind(nat)).unwrap()
    };
    let (phone, other) = (behind(Preset::Nat64), behind(Preset::Nat64));
    let (home, strict) = (behind(Preset::PortRestrictedCone), behind(Preset::Symmetric));
    assert!(world.direct_path_possible(phone, home));
    assert!(world.direct_path_possible(phone, strict));
    assert!(world.direct_path_possible(phone, other));
}
