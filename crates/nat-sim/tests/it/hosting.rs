//! Machines on hosts: time, sockets, names, verdicts.
use bytes::Bytes;
use core::time::Duration;
use nat_sim::{DropCause, Happening, Host, Jump, Link, MachineId, Peer, World};
use sans_io::{
    Clock, Input, Instant, LookupAnswer, LookupFault, LookupId, LookupKind, LookupRequest, Machine,
    Output, Packet, Path, PathFault, SocketFault, SocketId, SocketRequest, Verdict,
};
use std::net::SocketAddr;

const MS: Duration = Duration::from_millis(1);

/// Does what its script says at the start, wakes at the deadlines, and logs its inputs.
#[derive(Default)]
struct Script {
    clock: Clock,
    outputs: Vec<Output<String>>,
    deadlines: Vec<Instant>,
    claims: &'static [u8],
    forward_to: Option<Path>,
}

impl Machine for Script {
    type Event = String;

    fn handle_input<'a>(&mut self, now: Instant, input: Input<'a>) -> Verdict<'a> {
        let now = self.clock.tick(now);
        self.deadlines.retain(|at| *at > now);
        if let Input::Received { path, bytes, .. } = input {
            if !bytes.starts_with(self.claims) {
                return Verdict::Unclaimed;
            }
            if let Some(to) = self.forward_to {
                return Verdict::Send(Packet::new(to, &bytes[1..]).with_head(b"head"));
            }
            return Verdict::Deliver { path, bytes: &bytes[1..] };
        }
        self.outputs.push(Output::Event(format!("{input:?}")));
        Verdict::Consumed
    }

    fn poll_output(&mut self) -> Output<String> {
        if self.outputs.is_empty() {
            return Output::Timeout(self.deadlines.iter().min().copied());
        }
        self.outputs.remove(0)
    }
}

fn pair() -> (World, MachineId, MachineId) {
    let mut world = World::new(1);
    let a = world.add_host(Host::on_internet().named("a")).unwrap();
    let b = world.add_host(Host::on_internet().named("b")).unwrap();
    let (a, b) = (world.install_peer(a, 1), world.install_peer(b, 2));
    (world, a, b)
}

#[test]
fn two_hosts_on_the_internet_are_exactly_25_ms_apart() {
    let (mut world, a, b) = pair();
    let to = world.peer_address(b);
    let start = world.now();
    world.with(a, |peer: &mut Peer, now| peer.send(now, to, "x"));
    let at = world.run_until_event::<Peer>(b, start.saturating_add(MS * 100), |_| true);
    assert_eq!(at, Some(start.saturating_add(MS * 25)));
}

#[test]
fn machines_wake_exactly_at_their_deadlines_and_only_then() {
    let mut world = World::new(1);
    let host = world.add_host(Host::on_internet()).unwrap();
    let at = |ms| World::START.saturating_add(MS * ms);
    let script = Script { deadlines: vec![at(70), at(10), at(30)], ..Script::default() };
    world.install(host, script);
    world.run_for(MS * 100);
    let woken = world.take_events::<Script>(host);
    let times: Vec<_> = woken.iter().map(|(at, _)| *at).collect();
    assert_eq!(times, [at(10), at(30), at(70)]);
    assert!(woken.iter().all(|(_, event)| event == "Timeout"));
}

#[test]
fn a_deadline_that_moves_later_wakes_once() {
    let mut world = World::new(1);
    let host = world.add_host(Host::on_internet()).unwrap();
    let at = |ms| World::START.saturating_add(MS * ms);
    world.install(host, Script { deadlines: vec![at(10)], ..Script::default() });
    world.with(host, |script: &mut Script, _| script.deadlines = vec![at(40)]);
    world.run_for(MS * 100);
    let events = world.take_events::<Script>(host);
    assert_eq!(events, [(at(40), "Timeout".to_owned())]);
}

/// When a machine with deadlines at 10, 30 and 70 ms wakes, if its clock jumps by 50 ms at 20 ms.
fn wakes_with(jump: Jump) -> Vec<u128> {
    let mut world = World::new(1);
    let host = world.add_host(Host::on_internet()).unwrap();
    let at = |ms| World::START.saturating_add(MS * ms);
    let script = Script { deadlines: vec![at(70), at(10), at(30)], ..Script::default() };
    world.install(host, script);
    world.after(MS * 20, move |world| world.jump_clock(host, jump));
    world.run_for(MS * 200);
    let woken = world.take_events::<Script>(host);
    woken.iter().map(|(at, _)| at.saturating_since(World::START).as_millis()).collect()
}

#[test]
fn a_clock_that_jumps_brings_deadlines_near_or_puts_them_off() {
    assert_eq!(wakes_with(Jump::Ahead(MS * 30)), [10, 20, 40]);
    assert_eq!(wakes_with(Jump::Ahead(MS * 50)), [10, 20]);
    assert_eq!(wakes_with(Jump::Back(MS * 50)), [10, 80, 120]);
}

#[test]
fn sockets_open_where_asked_or_say_why_not() {
    let mut world = World::new(1);
    let host = world.add_host(Host::on_internet()).unwrap();
    let ip = world.address(host);
    let bind = |id, local: &str| {
        let local: SocketAddr = local.parse().unwrap();
        Output::Socket(SocketRequest::Bind { id: SocketId(id), local })
    };
    let outputs = vec![
        bind(1, "0.0.0.0:80"),
        bind(2, "0.0.0.0:80"),
        bind(3, "0.0.0.0:0"),
        bind(4, "9.9.9.9:1"),
        bind(5, "[::]:1"),
    ];
    let id = world.install(host, Script { outputs, ..Script::default() });
    let said: Vec<_> = world.take_events::<Script>(host).into_iter().map(|e| e.1).collect();
    assert!(said[0].contains(&format!("Ok({ip}:80)")), "{said:?}");
    assert!(said[1].contains("InUse"), "{said:?}");
    assert!(said[2].contains(&format!("Ok({ip}:")), "{said:?}");
    assert!(said[3].contains("Unavailable") && said[4].contains("Unavailable"), "{said:?}");
    assert_eq!(world.open(id, SocketAddr::new(ip, 80)), Err(SocketFault::InUse));
    world.with(host, |script: &mut Script, _| {
        script.outputs.push(Output::Socket(SocketRequest::Close(SocketId(1))));
    });
    assert_eq!(world.open(id, SocketAddr::new(ip, 80)), Ok(SocketAddr::new(ip, 80)));
}

#[test]
fn names_are_looked_up_in_the_table() {
    let mut world = World::new(1);
    world.set_lookup_delay(MS * 15);
    let host = world.add_host(Host::on_internet()).unwrap();
    let answer = LookupAnswer::Address("192.0.2.7".parse().unwrap());
    world.add_name("stun.example", LookupKind::Address, answer);
    let ask = |id, name: &str| {
        let (id, kind) = (LookupId(id), LookupKind::Address);
        Output::Lookup(LookupRequest { id, kind, name: name.into() })
    };
    let outputs = vec![ask(1, "STUN.example"), ask(2, "nowhere.example")];
    world.install(host, Script { outputs, ..Script::default() });
    world.run_for(MS * 20);
    let events = world.take_events::<Script>(host);
    assert!(events.iter().all(|(at, _)| *at == World::START.saturating_add(MS * 15)));
    assert!(events[0].1.contains("192.0.2.7"), "{events:?}");
    assert!(events[1].1.contains(&format!("{:?}", LookupFault::NotFound)), "{events:?}");
}

#[test]
fn what_one_machine_does_not_claim_is_offered_to_the_next() {
    let (mut world, a, b) = pair();
    let host = b.host;
    let local = SocketAddr::new(world.address(host), 99);
    let first = world.install(host, Script { claims: b"1", ..Script::default() });
    let second = world.install(host, Script { claims: b"2", ..Script::default() });
    world.open(first, local).unwrap();
    for text in ["1one", "2two", "3"] {
        world.with(a, |peer: &mut Peer, now| peer.send(now, local, text));
    }
    world.run_for(MS * 30);
    let got = world.take_delivered(host);
    let got: Vec<_> = got.iter().map(|d| (d.machine, &d.bytes[..])).collect();
    assert_eq!(got, [(first, &b"one"[..]), (second, &b"two"[..])]);
    assert_eq!(world.host_stats(host).dropped(DropCause::Unclaimed), 1);
}

#[test]
fn a_forward_verdict_is_sent_on_with_its_head() {
    let (mut world, a, b) = pair();
    let relay = world.add_host(Host::on_internet()).unwrap();
    let local = SocketAddr::new(world.address(relay), 99);
    let to = Path::udp(local, world.peer_address(b));
    let script = Script { claims: b"1", forward_to: Some(to), ..Script::default() };
    let script = world.install(relay, script);
    world.open(script, local).unwrap();
    world.with(a, |peer: &mut Peer, now| peer.send(now, local, "1tail"));
    world.run_for(MS * 50);
    let heard = world.take_events::<Peer>(b);
    assert_eq!(heard[0].1.bytes, Bytes::from("headtail"));
    assert_eq!((heard[0].0, heard[0].1.from), (World::START.saturating_add(MS * 50), local));
}

#[test]
fn a_closed_port_answers_with_an_icmp_error() {
    let (mut world, a, b) = pair();
    let mut to = world.peer_address(b);
    to.set_port(9);
    world.with(a, |peer: &mut Peer, now| peer.send(now, to, "x"));
    world.run_for(MS * 50);
    let heard = world.take_events::<Peer>(a);
    assert_eq!(heard[0].1.fault, Some(PathFault::Unreachable { kind: 3, code: 3 }));
    assert_eq!(heard[0].1.from, to);
    assert_eq!(world.host_stats(b.host).dropped(DropCause::NoSocket), 1);
}

/// Three routers on its own link, eight in the internet, two on the other link.
#[test]
fn a_packet_goes_as_far_as_its_ttl_and_its_sender_is_told_when_it_ends() {
    let mut world = World::new(1);
    world.keep_log();
    let near = Link::after(MS * 2).with_hops(3);
    let a = world.add_host(Host::on_internet().over(near)).unwrap();
    let b = world.add_host(Host::on_internet().over(Link::after(MS * 2).with_hops(2))).unwrap();
    let (a, b) = (world.install_peer(a, 1), world.install_peer(b, 2));
    let to = world.peer_address(b);
    for ttl in [13, 14] {
        world.with(a, |peer: &mut Peer, now| peer.send_with_ttl(now, to, ttl, "x"));
        world.run_for(MS * 50);
    }
    let told = world.take_events::<Peer>(a);
    let at = World::START.saturating_add(MS * 4); // there and back over its own link
    assert_eq!(told.len(), 1);
    assert_eq!((told[0].0, told[0].1.from), (at, to));
    assert_eq!(told[0].1.fault, Some(PathFault::TimeExceeded));
    let arrived = world.log().iter().filter(|entry| entry.happening == Happening::Received);
    let left: Vec<u8> = arrived.map(|entry| entry.packet.ttl).collect();
    assert_eq!(left, [1]);
    world.with(a, |peer: &mut Peer, now| peer.send(now, to, "x"));
    world.run_for(MS * 50);
    assert_eq!(world.log().last().unwrap().packet.ttl, 64 - 13);
    world.set_links(a.host, near.with_hops(0), near);
    world.with(a, |peer: &mut Peer, now| peer.send(now, to, "x"));
    world.run_for(MS * 50);
    assert_eq!(world.log().last().unwrap().packet.ttl, 64 - 10);
}

#[test]
fn only_packets_that_may_not_be_fragmented_are_too_big() {
    let mut world = World::new(1);
    let narrow = Host::on_internet().over(Link::after(MS).with_mtu(1280));
    let a = world.add_host(narrow).unwrap();
    let b = world.add_host(Host::on_internet()).unwrap();
    let (a, b) = (world.install_peer(a, 1), world.install_peer(b, 2));
    let path = Path::udp(world.peer_address(a), world.peer_address(b));
    let big = [0; 1400];
    world.transmit(a.host, &Packet::new(path, &big));
    let meta = sans_io::PacketMeta { dont_fragment: true, ..Default::default() };
    world.transmit(a.host, &Packet::new(path, &big).with_meta(meta));
    world.run_for(MS * 50);
    assert_eq!(world.take_events::<Peer>(b).len(), 1);
    let heard = world.take_events::<Peer>(a);
    assert_eq!(heard[0].1.fault, Some(PathFault::TooBig { mtu: 1280 }));
}

#[test]
fn callbacks_run_at_their_time_and_in_order() {
    let (mut world, a, b) = pair();
    let to = world.peer_address(b);
    for (ms, text) in [(20, "third"), (10, "first"), (10, "second")] {
        world.after(MS * ms, move |world| {
            world.with(a, |peer: &mut Peer, now| peer.send(now, to, text));
        });
    }
    world.run_for(MS * 60);
    let heard = world.take_events::<Peer>(b);
    let heard: Vec<_> = heard
        .iter()
        .map(|(at, h)| (at.saturating_since(World::START).as_millis(), &h.bytes[..]))
        .collect();
    assert_eq!(heard, [(35, &b"first"[..]), (35, b"second"), (45, b"third")]);
}

#[test]
fn a_host_without_a_socket_cannot_send() {
    let mut world = World::new(1);
    let host = world.add_host(Host::on_internet()).unwrap();
    let path = Path::udp(SocketAddr::new(world.address(host), 5), "192.0.2.1:1".parse().unwrap());
    world.transmit(host, &Packet::new(path, b"x"));
    assert_eq!(world.stats().dropped(DropCause::NotOurs), 1);
}
