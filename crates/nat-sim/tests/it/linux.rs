//! What Linux routers do that no combination of RFC 4787 behaviours does.
use core::time::Duration;
use nat_sim::{
    ForwardRule, Host, Link, LinuxNat, MachineId, Nat, Observer, Peer, RouterInput, SourceRule,
    World,
};
use std::net::SocketAddr;

const MS: Duration = Duration::from_millis(1);

/// Two hosts behind a NAT each, 40 ms apart, which have learned their outside addresses.
struct Punch {
    world: World,
    peers: [MachineId; 2],
    mapped: [SocketAddr; 2],
    /// Where each side last heard the other.
    heard: [Option<SocketAddr>; 2],
}

impl Punch {
    fn new(models: [LinuxNat; 2], seed: u64) -> Self {
        let mut world = World::new(seed);
        let server = world.add_host(Host::on_internet().over(Link::after(MS * 20))).unwrap();
        let server = world.install_peer(server, 3478);
        let peers = models.map(|model| {
            let nat = world.add_nat(Nat::new(model).over(Link::after(MS * 20))).unwrap();
            let host = world.add_host(Host::behind(nat)).unwrap();
            world.install_peer(host, 0)
        });
        let mapped = peers.map(|peer| world.ask(peer, server).unwrap());
        Self { world, peers, mapped, heard: [None; 2] }
    }

    /// Both send to where the other is thought to be, 8 times, the second side later by
    /// `skew`. Whether each heard the other.
    fn connects(&mut self, skew: Duration) -> bool {
        for round in 0..8 {
            for side in [0, 1] {
                let (peer, to) = (self.peers[side], self.mapped[1 - side]);
                let at = MS * 120 * round + skew * side as u32;
                self.world.after(at, move |world| {
                    world.with(peer, |peer: &mut Peer, now| peer.send(now, to, "punch"));
                });
            }
        }
        self.world.run_for(MS * 2_000);
        self.heard = self.peers.map(|peer| {
            let heard = self.world.take_events::<Peer>(peer);
            let punch = heard.iter().rev().find(|(_, heard)| &heard.bytes[..] == b"punch");
            punch.map(|(_, heard)| heard.from)
        });
        self.heard.iter().all(Option::is_some)
    }

    /// Tries again, the second side towards where it last heard the first.
    fn follow(&mut self) -> bool {
        let Some(from) = self.heard[1] else { return false };
        self.mapped[0] = from;
        self.connects(Duration::ZERO)
    }

    /// Both send a packet that passes their own NAT and dies on the internet.
    fn prime(&mut self) {
        for side in [0, 1] {
            let to = self.mapped[1 - side];
            self.world.with(self.peers[side], |peer: &mut Peer, now| {
                peer.send_with_ttl(now, to, 3, "prime");
            });
        }
        self.world.run_for(MS);
    }
}

fn router(input: RouterInput) -> LinuxNat {
    LinuxNat { input, ..LinuxNat::masquerade() }
}

#[test]
fn routers_that_accept_early_packets_never_let_late_punchers_through() {
    for input in [RouterInput::Drop, RouterInput::Reject, RouterInput::Accept] {
        for skew_ms in [0, 15, 30, 50, 80, 120] {
            let mut punch = Punch::new([router(input), router(input)], 1);
            let connected = punch.connects(MS * skew_ms);
            // Measured on a kernel: only more skew than the one-way delay of 40 ms, and only where
            // the input chain accepts.
            let poisoned = input == RouterInput::Accept && skew_ms > 40;
            assert_eq!(connected, !poisoned, "{input:?}, {skew_ms} ms");
            if poisoned {
                assert!(!punch.connects(Duration::ZERO), "the retry keeps the blockade alive");
            }
        }
    }
}

#[test]
fn a_packet_that_dies_beyond_its_own_nat_prevents_the_poisoning() {
    let open = router(RouterInput::Accept);
    let mut punch = Punch::new([open.clone(), open], 1);
    punch.prime();
    assert!(punch.connects(MS * 120));
}

#[test]
fn random_ports_meet_only_nats_that_filter_less_than_address_and_port() {
    let forward = |forward| LinuxNat { forward, ..LinuxNat::masquerade() };
    let range = LinuxNat { source: SourceRule::Range(40_000..=40_063), ..LinuxNat::masquerade() };
    let others = [
        (LinuxNat::masquerade(), false),
        (LinuxNat::random(), false),
        (range, false),
        (forward(ForwardRule::FirstHost), true),
        (forward(ForwardRule::FullCone), true),
        (forward(ForwardRule::AddressRestricted), true),
    ];
    for (other, want) in others {
        let mut punch = Punch::new([LinuxNat::random(), other.clone()], 1);
        let first_round = punch.connects(Duration::ZERO);
        assert!(!first_round, "the random side is not where it seemed to be");
        // Whoever was heard is answered where it was heard.
        let connected = punch.follow();
        assert_eq!(connected, want, "{other:?}");
    }
}

#[test]
fn timeouts_are_the_kernels() {
    let secs = Duration::from_secs;
    let model =
        LinuxNat { udp_timeout: secs(3), udp_timeout_stream: secs(6), ..LinuxNat::masquerade() };
    // (packets from the inside and answers at these times, how long it lives after the last)
    let cases: [(&str, &[u64], u64); 3] = [
        ("unreplied", &[], 3_000),
        ("answered at once", &[200], 3_000),
        ("two-way for 2.8 s", &[700, 1_400, 2_100, 2_800], 6_000),
    ];
    for (name, answers_ms, lives_ms) in cases {
        for (late, want) in [(false, true), (true, false)] {
            let mut lab = Observer::new(1, vec![Nat::new(model.clone())]).unwrap();
            let server = lab.servers[0][0];
            let socket = lab.open(0, 5000);
            let start = lab.world.now();
            let mapped = lab.seen_by(socket, server).unwrap();
            let mut last = start;
            for ms in answers_ms {
                last = start.saturating_add(MS * u32::try_from(*ms).unwrap());
                lab.world.run_until(last);
                lab.world.with(server, |peer: &mut Peer, now| peer.send(now, mapped, "a"));
            }
            let end = last.saturating_add(Duration::from_millis(lives_ms));
            let probe = if late { end } else { end.saturating_sub(MS) };
            lab.world.run_until(probe);
            assert_eq!(lab.reaches(server, mapped, socket), want, "{name}, late: {late}");
        }
    }
}

#[test]
fn colliding_ports_stay_in_their_class() {
    for (port, class) in
        [(100, 1..=511), (600, 600..=1023), (777, 600..=1023), (5000, 1024..=65535)]
    {
        let mut lab = Observer::new(1, vec![Nat::new(LinuxNat::masquerade())]).unwrap();
        let server = lab.servers[0][0];
        let (one, two) = (lab.open(0, port), lab.open(1, port));
        assert_eq!(lab.seen_by(one, server).unwrap().port(), port);
        let second = lab.seen_by(two, server).unwrap().port();
        assert!(second != port && class.contains(&second), "{port} became {second}");
        let again = lab.seen_by(two, lab.servers[1][1]).unwrap().port();
        assert_eq!(again, second, "the new port is kept towards others");
    }
}

#[test]
fn a_full_block_drops_what_does_not_fit() {
    let source = SourceRule::Blocks { first: 10_000, size: 64 };
    let model = LinuxNat { source, ..LinuxNat::masquerade() };
    let mut lab = Observer::new(1, vec![Nat::new(model)]).unwrap();
    let server = lab.servers[0][0];
    let mut ports = std::collections::BTreeSet::new();
    let mut dropped = 0;
    for n in 0..90 {
        let socket = lab.open(1, 20_000 + n);
        match lab.seen_by(socket, server) {
            Some(seen) => assert!(ports.insert(seen.port())),
            None => dropped += 1,
        }
    }
    assert_eq!((ports.len(), dropped), (64, 26));
    assert!(ports.iter().all(|port| (10_064..10_128).contains(port)), "the second host's block");
}
