//! TCP: handshakes through NATs, order, loss as delay, resets.
use bytes::Bytes;
use core::time::Duration;
use nat_sim::{
    Behaviour, Chance, Dependence, Host, HostId, Link, LinuxNat, MachineId, Nat, Preset,
    RouterInput, TcpTimes, UnsolicitedSyn, World,
};
use sans_io::{
    Clock, Frame, Input, Instant, Machine, Output, Path, PathFault, SocketFault, SocketId,
    SocketRequest, Transmit, Transport, Verdict,
};
use std::{collections::VecDeque, net::SocketAddr};

const MS: Duration = Duration::from_millis(1);

/// Frames of a length byte and so many bytes.
#[derive(Default)]
struct Framed {
    clock: Clock,
    queue: VecDeque<Output<Event>>,
    refuses: bool,
    next_id: u64,
}

#[derive(Clone, Debug, PartialEq)]
enum Event {
    Open(SocketAddr),
    Failed(SocketFault),
    Accepted(Path),
    Got(Path, Vec<u8>),
    Lost(PathFault),
}

impl Framed {
    fn request(&mut self, now: Instant, request: impl FnOnce(SocketId) -> SocketRequest) {
        self.clock.tick(now);
        self.next_id += 1;
        self.queue.push_back(Output::Socket(request(SocketId(self.next_id))));
    }

    fn listen(&mut self, now: Instant, local: SocketAddr) {
        self.request(now, |id| SocketRequest::Listen { id, local });
    }

    fn connect(&mut self, now: Instant, local: Option<SocketAddr>, remote: SocketAddr) {
        let (transport, server_name) = (Transport::Tcp, None);
        self.request(now, |id| SocketRequest::Connect {
            id,
            transport,
            local,
            remote,
            server_name,
        });
    }

    fn say(&mut self, now: Instant, path: Path, text: &[u8]) {
        self.clock.tick(now);
        let mut frame = vec![text.len() as u8];
        frame.extend_from_slice(text);
        self.queue.push_back(Output::Transmit(Transmit::new(path, Bytes::from(frame))));
    }
}

impl Machine for Framed {
    type Event = Event;

    fn handle_input<'a>(&mut self, now: Instant, input: Input<'a>) -> Verdict<'a> {
        self.clock.tick(now);
        let event = match input {
            Input::Received { path, bytes, .. } => Event::Got(path, bytes[1..].to_vec()),
            Input::Socket { state: Ok(local), .. } => Event::Open(local),
            Input::Socket { state: Err(fault), .. } => Event::Failed(fault),
            Input::Accepted { .. } if self.refuses => return Verdict::Unclaimed,
            Input::Accepted { path, .. } => Event::Accepted(path),
            Input::PathFailed { fault, .. } => Event::Lost(fault),
            Input::LookedUp { .. } | Input::Timeout => return Verdict::Consumed,
        };
        self.queue.push_back(Output::Event(event));
        Verdict::Consumed
    }

    fn poll_output(&mut self) -> Output<Event> {
        self.queue.pop_front().unwrap_or(Output::Timeout(None))
    }

    fn frame(&self, _: &Path, buffer: &[u8]) -> Frame {
        let len = usize::from(buffer[0]) + 1;
        if len <= buffer.len() { Frame::Whole(len) } else { Frame::Need(len) }
    }
}

struct Lab {
    world: World,
}

impl Lab {
    fn events(&mut self, machine: MachineId) -> Vec<Event> {
        self.world.take_events::<Framed>(machine).into_iter().map(|(_, event)| event).collect()
    }

    fn host(&mut self, host: Host) -> MachineId {
        let host = self.world.add_host(host).unwrap();
        self.world.install(host, Framed::default())
    }

    fn at(&self, host: HostId, port: u16) -> SocketAddr {
        SocketAddr::new(self.world.address(host), port)
    }

    fn listen(&mut self, machine: MachineId, port: u16) -> SocketAddr {
        let local = self.at(machine.host, port);
        self.world.with(machine, |m: &mut Framed, now| m.listen(now, local));
        assert_eq!(self.events(machine), [Event::Open(local)]);
        local
    }

    fn connect(&mut self, machine: MachineId, port: u16, remote: SocketAddr) -> SocketAddr {
        let local = self.at(machine.host, port);
        self.world.with(machine, |m: &mut Framed, now| m.connect(now, Some(local), remote));
        local
    }

    fn run(&mut self, ms: u32) {
        self.world.run_for(MS * ms);
    }
}

fn lab() -> Lab {
    Lab { world: World::new(3) }
}

fn tcp(local: SocketAddr, remote: SocketAddr) -> Path {
    Path::new(Transport::Tcp, local, remote)
}

#[test]
fn a_connection_opens_carries_frames_both_ways_and_ends() {
    let mut lab = lab();
    let (client, server) = (lab.host(Host::on_internet()), lab.host(Host::on_internet()));
    let remote = lab.listen(server, 80);
    let local = lab.connect(client, 0, remote);
    let start = lab.world.now();
    let open = |event: &Event| matches!(event, Event::Open(_));
    let at = lab.world.run_until_event::<Framed>(client, start.saturating_add(MS * 999), open);
    assert_eq!(at, Some(start.saturating_add(MS * 50)), "one round trip");
    let Event::Open(opened) = lab.events(client)[0] else { panic!("open") };
    assert_eq!(opened.ip(), local.ip());
    lab.run(25);
    assert_eq!(lab.events(server), [Event::Accepted(tcp(remote, opened))]);
    let there = tcp(opened, remote);
    lab.world.with(client, |m: &mut Framed, now| {
        m.say(now, there, b"one");
        m.say(now, there, b"two");
    });
    lab.world.with(server, |m: &mut Framed, now| m.say(now, tcp(remote, opened), b"three"));
    lab.run(25);
    let back = tcp(remote, opened);
    let got = |path, text: &[u8]| Event::Got(path, text.to_vec());
    assert_eq!(lab.events(server), [got(back, b"one"), got(back, b"two")]);
    assert_eq!(lab.events(client), [got(there, b"three")]);
    lab.world.with(client, |m: &mut Framed, _| {
        m.queue.push_back(Output::Socket(SocketRequest::Hangup(there)));
    });
    lab.run(25);
    assert_eq!(lab.events(server), [Event::Lost(PathFault::Ended)]);
}

#[test]
fn loss_shows_as_delay_and_nothing_is_lost_or_reordered() {
    let mut lab = lab();
    let bad = Link::after(MS * 10)
        .with_loss(Chance::percent(20))
        .with_duplication(Chance::percent(10))
        .with_reordering(Chance::percent(20), MS * 15);
    let client = lab.host(Host::on_internet().over(bad));
    let server = lab.host(Host::on_internet());
    let remote = lab.listen(server, 80);
    let local = lab.connect(client, 5000, remote);
    lab.run(20_000);
    assert_eq!(lab.events(client), [Event::Open(local)]);
    let path = tcp(local, remote);
    let texts: Vec<Vec<u8>> = (0..2_000_u16).map(|n| [n.to_be_bytes(); 100].concat()).collect();
    for text in &texts {
        lab.world.with(client, |m: &mut Framed, now| m.say(now, path, text));
    }
    lab.run(600_000);
    let got: Vec<_> = lab.events(server).into_iter().skip(1).collect();
    let want: Vec<_> = texts.into_iter().map(|t| Event::Got(tcp(remote, local), t)).collect();
    assert!(got == want, "{} of {}", got.len(), want.len());
}

#[test]
fn closed_and_silent_ports_fail_differently() {
    let mut lab = lab();
    let (client, server) = (lab.host(Host::on_internet()), lab.host(Host::on_internet()));
    let closed = lab.at(server.host, 81);
    lab.connect(client, 5000, closed);
    lab.run(50);
    assert_eq!(lab.events(client), [Event::Failed(SocketFault::Refused)]);
    lab.world.set_up(server.host, false);
    lab.connect(client, 5000, closed);
    lab.run(126_999);
    assert_eq!(lab.events(client), []);
    lab.run(1);
    assert_eq!(lab.events(client), [Event::Failed(SocketFault::TimedOut)], "after 127 s");
}

#[test]
fn a_machine_that_refuses_a_connection_gets_no_bytes() {
    let mut lab = lab();
    let (client, server) = (lab.host(Host::on_internet()), lab.host(Host::on_internet()));
    let remote = lab.listen(server, 80);
    lab.world.with(server, |m: &mut Framed, _| m.refuses = true);
    let local = lab.connect(client, 5000, remote);
    lab.run(60);
    lab.world.with(client, |m: &mut Framed, now| m.say(now, tcp(local, remote), b"x"));
    lab.run(1_000);
    assert_eq!(lab.events(server), []);
    assert_eq!(lab.events(client), [Event::Open(local), Event::Lost(PathFault::Ended)]);
}

/// Two hosts behind NATs that keep ports connect to each other from port 5000, one later.
fn simultaneous_open(nat: &dyn Fn() -> Nat, skew_ms: u32) -> [Vec<Event>; 2] {
    let mut lab = lab();
    let nats = [0, 1].map(|_| lab.world.add_nat(nat()).unwrap());
    let hosts = nats.map(|nat| lab.host(Host::behind(nat)));
    let outside = nats.map(|nat| SocketAddr::new(lab.world.outside_addresses(nat)[0], 5000));
    lab.connect(hosts[0], 5000, outside[1]);
    lab.run(skew_ms);
    lab.connect(hosts[1], 5000, outside[0]);
    lab.run(10_000);
    hosts.map(|host| lab.events(host))
}

#[test]
fn simultaneous_open_works_unless_a_nat_answers_the_syn() {
    let open = |events: &[Vec<Event>; 2]| events.iter().all(|e| matches!(e[..], [Event::Open(_)]));
    let cone = |unsolicited_syn| {
        move || {
            let nat = Behaviour {
                ports: nat_sim::PortChoice::Preserving,
                unsolicited_syn,
                ..Behaviour::of(Dependence::Endpoint, Dependence::AddressAndPort)
            };
            Nat::new(nat)
        }
    };
    for skew_ms in [0, 20, 200] {
        let silent = simultaneous_open(&cone(UnsolicitedSyn::Drop), skew_ms);
        assert!(open(&silent), "{skew_ms} ms: {silent:?}");
        let patient = simultaneous_open(&cone(UnsolicitedSyn::ErrorAfterSixSeconds), skew_ms);
        assert!(open(&patient), "{skew_ms} ms: {patient:?}");
        // As measured: routers that drop are fine, others refuse a SYN that comes too early.
        assert!(open(&simultaneous_open(&|| Nat::of(Preset::Linux), skew_ms)));
        let accepting =
            || Nat::new(LinuxNat { input: RouterInput::Accept, ..LinuxNat::masquerade() });
        assert_eq!(open(&simultaneous_open(&accepting, skew_ms)), skew_ms < 25, "{skew_ms} ms");
    }
    let hasty = simultaneous_open(&cone(UnsolicitedSyn::Error), 200);
    assert_eq!(hasty[0], [Event::Failed(SocketFault::Refused)]);
    let random = simultaneous_open(&|| Nat::of(Preset::LinuxRandom), 0);
    assert!(!open(&random));
}

#[test]
fn an_unsolicited_syn_is_answered_after_six_seconds() {
    let mut lab = lab();
    let nat = lab.world.add_nat(Nat::of(Preset::Rfc4787)).unwrap();
    let stranger = lab.host(Host::on_internet());
    let outside = SocketAddr::new(lab.world.outside_addresses(nat)[0], 5000);
    lab.connect(stranger, 5000, outside);
    lab.run(6_000);
    assert_eq!(lab.events(stranger), []);
    lab.run(50);
    assert_eq!(lab.events(stranger), [Event::Failed(SocketFault::Refused)]);
}

#[test]
fn an_idle_connection_outlives_the_transitory_time_only_once_established() {
    let secs = Duration::from_secs;
    let tcp_times = TcpTimes { established: secs(600), opening: secs(60), closing: secs(60) };
    let nat = Behaviour {
        tcp: tcp_times,
        ..Behaviour::of(Dependence::Endpoint, Dependence::AddressAndPort)
    };
    for (idle_secs, alive) in [(599, true), (601, false)] {
        let mut lab = lab();
        let nat = lab.world.add_nat(Nat::new(nat.clone())).unwrap();
        let client = lab.host(Host::behind(nat));
        let server = lab.host(Host::on_internet());
        let remote = lab.listen(server, 80);
        lab.connect(client, 5000, remote);
        lab.run(100);
        let Some(Event::Accepted(back)) = lab.events(server).pop() else { panic!("accepted") };
        assert_eq!(back.remote().ip(), lab.world.outside_addresses(nat)[0]);
        lab.world.run_for(secs(idle_secs));
        lab.events(client);
        lab.world.with(server, |m: &mut Framed, now| m.say(now, back, b"still there?"));
        lab.run(100);
        assert_eq!(lab.events(client).len(), usize::from(alive), "{idle_secs} s");
    }
}

#[test]
fn only_tcp_to_443_passes_a_firewall_that_allows_nothing_else() {
    let mut lab = lab();
    let nat = lab.world.add_nat(Nat::of(Preset::Tcp443)).unwrap();
    let client = lab.host(Host::behind(nat));
    let server = lab.host(Host::on_internet());
    let (https, other) = (lab.listen(server, 443), lab.listen(server, 3478));
    let local = lab.connect(client, 5000, https);
    lab.connect(client, 5001, other);
    lab.run(1_000);
    assert_eq!(lab.events(client), [Event::Open(local)]);
}
