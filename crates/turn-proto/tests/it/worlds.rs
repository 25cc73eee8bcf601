//! Client and server in a simulated network: behind NATs, with loss, on the move, over TCP.
use crate::desk::users;
use core::{net::SocketAddr, time::Duration};
use nat_sim::{Chance, Host, HostId, Link, MachineId, Nat, NatId, Peer, Preset, World};
use sans_io::{
    Frame, Input, Instant, Machine, Output, Path, PathFault, SocketId, SocketIds, SocketRequest,
    Transport, Verdict,
};
use std::collections::VecDeque;
use stun_proto::Credentials;
use turn_proto::{
    PeerPolicy, RelayAddress, TurnClient, TurnClientConfig, TurnEvent, TurnServer, TurnServerConfig,
};

const MS: Duration = Duration::from_millis(1);
const SECOND: Duration = Duration::from_secs(1);

/// A client that connects to its server first, if it is to be over TCP.
struct Phone {
    config: TurnClientConfig,
    client: Option<TurnClient>,
    dial: Option<SocketRequest>,
}

const DIAL: SocketId = SocketId(1 << 40);

impl Phone {
    fn new(config: TurnClientConfig) -> Self {
        let path = config.path;
        let stream = path.transport().is_stream();
        let dial = stream.then(|| SocketRequest::Connect {
            id: DIAL,
            transport: path.transport(),
            local: Some(path.local()),
            remote: path.remote(),
            server_name: None,
        });
        let client = (!stream).then(|| TurnClient::new(config.clone(), [3; 32]));
        Self { config, client, dial }
    }

    fn client(&mut self) -> &mut TurnClient {
        self.client.as_mut().unwrap()
    }
}

impl Machine for Phone {
    type Event = TurnEvent;

    fn handle_input<'a>(&mut self, now: Instant, input: Input<'a>) -> Verdict<'a> {
        match (input, &mut self.client) {
            (Input::Socket { id: DIAL, state: Ok(_) }, client) => {
                let mut made = TurnClient::new(self.config.clone(), [3; 32]);
                made.allocate(now).unwrap();
                *client = Some(made);
                Verdict::Consumed
            }
            (input, Some(client)) => client.handle_input(now, input),
            (_, None) => Verdict::Consumed,
        }
    }

    fn poll_output(&mut self) -> Output<TurnEvent> {
        match (self.dial.take(), &mut self.client) {
            (Some(dial), _) => Output::Socket(dial),
            (None, Some(client)) => client.poll_output(),
            (None, None) => Output::Timeout(None),
        }
    }

    fn frame(&self, path: &Path, buffer: &[u8]) -> Frame {
        self.client.as_ref().map_or(Frame::Whole(buffer.len()), |client| client.frame(path, buffer))
    }
}

/// A host that speaks plain TCP: it keeps what it gets.
#[derive(Default)]
struct Plain {
    queue: VecDeque<SocketRequest>,
    paths: Vec<Path>,
    got: Vec<u8>,
    ended: usize,
}

impl Machine for Plain {
    type Event = ();

    fn handle_input<'a>(&mut self, _: Instant, input: Input<'a>) -> Verdict<'a> {
        match input {
            Input::Received { bytes, .. } => self.got.extend_from_slice(bytes),
            Input::Accepted { path, .. } => self.paths.push(path),
            Input::PathFailed { path, fault: PathFault::Ended | PathFault::Reset } => {
                self.ended += 1;
                self.queue.push_back(SocketRequest::Hangup(path));
            }
            _ => {}
        }
        Verdict::Consumed
    }

    fn poll_output(&mut self) -> Output<()> {
        self.queue.pop_front().map_or(Output::Timeout(None), Output::Socket)
    }
}

/// A server that listens for connections too.
struct Site {
    server: TurnServer,
    listen: Option<SocketRequest>,
}

impl Machine for Site {
    type Event = ();

    fn handle_input<'a>(&mut self, now: Instant, input: Input<'a>) -> Verdict<'a> {
        self.server.handle_input(now, input)
    }

    fn poll_output(&mut self) -> Output<()> {
        let listen = self.listen.take().map(Output::Socket);
        listen.unwrap_or_else(|| self.server.poll_output().map(drop))
    }

    fn frame(&self, path: &Path, buffer: &[u8]) -> Frame {
        self.server.frame(path, buffer)
    }
}

struct Lab {
    world: World,
    server: MachineId,
    listener: SocketAddr,
}

impl Lab {
    fn new(seed: u64, change: impl FnOnce(&mut TurnServerConfig)) -> Self {
        let mut world = World::new(seed);
        let host = world.add_host(Host::on_internet().named("server")).unwrap();
        let ip = world.address(host);
        let listener = SocketAddr::new(ip, 3478);
        // The simulator's internet is made of documentation addresses.
        let policy = PeerPolicy::global_only().allow("203.0.113.0/24".parse().unwrap());
        let mut config = TurnServerConfig::new(users(), policy)
            .with_listener(listener)
            .with_relay(RelayAddress::new(ip));
        change(&mut config);
        let machine = TurnServer::new(config, SocketIds::root(), [1; 32]).unwrap();
        let listen = SocketRequest::Listen { id: DIAL, local: listener };
        let server = world.install(host, Site { server: machine, listen: Some(listen) });
        world.open(server, listener).unwrap();
        Self { world, server, listener }
    }

    fn phone(
        &mut self,
        host: HostId,
        transport: Transport,
        config: impl FnOnce(TurnClientConfig) -> TurnClientConfig,
    ) -> MachineId {
        let local = SocketAddr::new(self.world.address(host), 4000);
        let login = Credentials::new("alice", "wonderland").unwrap();
        let path = Path::new(transport, local, self.listener);
        let config = config(TurnClientConfig::new(path, login));
        let phone = self.world.install(host, Phone::new(config));
        if transport == Transport::Udp {
            self.world.open(phone, local).unwrap();
            self.world.with(phone, |phone: &mut Phone, now| phone.client().allocate(now).unwrap());
        }
        phone
    }

    fn events(&mut self, phone: MachineId) -> Vec<TurnEvent> {
        self.world.take_events::<Phone>(phone).into_iter().map(|(_, event)| event).collect()
    }

    fn wait(&mut self, phone: MachineId, what: impl Fn(&TurnEvent) -> bool) -> TurnEvent {
        for _ in 0..600 {
            let found = self.events(phone).into_iter().find(&what);
            if let Some(event) = found {
                return event;
            }
            self.world.run_for(100 * MS);
        }
        panic!("it never happened")
    }

    fn send(&mut self, phone: MachineId, peer: SocketAddr, data: &[u8]) {
        let packet = self.world.with(phone, |phone: &mut Phone, now| {
            let packet = phone.client().send(now, peer, data).unwrap();
            (packet.path, packet.to_vec())
        });
        self.world.transmit(phone.host, &sans_io::Packet::new(packet.0, &packet.1));
    }

    fn allocations(&self) -> usize {
        self.world.machine::<Site>(self.server).server.allocations()
    }
}

fn lossy(percent: u32) -> Link {
    Link::after(20 * MS).with_loss(Chance::percent(percent))
}

fn home(lab: &mut Lab) -> (NatId, HostId) {
    let nat = lab.world.add_nat(Nat::of(Preset::PortRestrictedCone)).unwrap();
    let host = lab.world.add_host(Host::behind(nat)).unwrap();
    (nat, host)
}

fn peer(lab: &mut Lab) -> (MachineId, SocketAddr) {
    let host = lab.world.add_host(Host::on_internet().named("peer")).unwrap();
    let peer = lab.world.install_peer(host, 5000);
    (peer, lab.world.peer_address(peer))
}

fn heard(lab: &mut Lab, peer: MachineId) -> usize {
    lab.world.take_events::<Peer>(peer).len()
}

/// A phone walks from one network to the next for an hour, each of them lossy, behind a NAT of its
/// own, and is reached under the one address.
#[test]
fn allocation_survives_roaming_with_loss() {
    let mut lab = Lab::new(1, |config| config.mobility = true);
    let (peer, peer_at) = peer(&mut lab);
    let first = lab.world.add_nat(Nat::of(Preset::PortRestrictedCone).over(lossy(10))).unwrap();
    let host = lab.world.add_host(Host::behind(first).named("phone")).unwrap();
    let phone = lab.phone(host, Transport::Udp, TurnClientConfig::with_mobility);
    let TurnEvent::Allocated { relayed, .. } =
        lab.wait(phone, |event| matches!(event, TurnEvent::Allocated { .. }))
    else {
        unreachable!()
    };
    lab.world.with(phone, |phone: &mut Phone, now| {
        phone.client().bind_channel(now, peer_at).unwrap();
    });
    lab.wait(phone, |event| matches!(event, TurnEvent::ChannelBound { .. }));
    for walk in 0..12_u16 {
        let nat = lab.world.add_nat(Nat::of(Preset::Symmetric).over(lossy(10))).unwrap();
        lab.world.roam(host, Host::behind(nat)).unwrap();
        let local = SocketAddr::new(lab.world.address(host), 4001 + walk);
        lab.world.open(phone, local).unwrap();
        let to = Path::udp(local, lab.listener);
        // Once in a while the first try finds no network.
        loop {
            lab.world.with(phone, |phone: &mut Phone, now| phone.client().rebind(now, to).unwrap());
            let done = |event: &TurnEvent| {
                matches!(event, TurnEvent::Moved { .. } | TurnEvent::MoveFailed { .. })
            };
            match lab.wait(phone, done) {
                TurnEvent::Moved { .. } => break,
                other => assert!(matches!(other, TurnEvent::MoveFailed { .. })),
            }
        }
        // Whoever has a call keeps his NAT awake; lost is what the loss takes.
        for _ in 0..20 {
            lab.send(phone, peer_at, b"out");
            lab.world.run_for(15 * SECOND);
        }
        for event in lab.events(phone) {
            let kept = matches!(event, TurnEvent::Refreshed { .. });
            assert!(kept, "walk {walk}: {event:?}");
        }
        lab.world.take_delivered(host);
        heard(&mut lab, peer);
        for _ in 0..30 {
            lab.send(phone, peer_at, b"out");
            lab.world.with(peer, |peer: &mut Peer, now| peer.send(now, relayed, "in"));
            lab.world.run_for(SECOND);
        }
        assert!(lab.world.take_delivered(host).len() > 15, "walk {walk}");
        assert!(heard(&mut lab, peer) > 15, "walk {walk}");
        assert_eq!(lab.allocations(), 1);
    }
}

/// A NAT that restarts gives the client another address, of which it knows nothing until the server
/// knows it no more.
#[test]
fn allocation_is_found_again_behind_a_nat_that_forgot_it() {
    for mobile in [true, false] {
        let mut lab = Lab::new(2, |config| config.mobility = true);
        let (nat, host) = home(&mut lab);
        let phone =
            lab.phone(
                host,
                Transport::Udp,
                |config| {
                    if mobile { config.with_mobility() } else { config }
                },
            );
        lab.wait(phone, |event| matches!(event, TurnEvent::Allocated { .. }));
        let (peer, peer_at) = peer(&mut lab);
        lab.world.with(phone, |phone: &mut Phone, now| {
            phone.client().create_permission(now, &[peer_at.ip()]).unwrap();
        });
        lab.wait(phone, |event| matches!(event, TurnEvent::PermissionInstalled { .. }));
        for _ in 0..3 {
            lab.world.rebind_nat(nat).unwrap();
            lab.world.run_for(600 * SECOND);
            let events = lab.events(phone);
            let lost = events.iter().any(|event| matches!(event, TurnEvent::Lost { .. }));
            let moved = events.iter().any(|event| matches!(event, TurnEvent::Moved { .. }));
            assert_eq!((moved, lost), (mobile, !mobile), "{events:?}");
            if !mobile {
                break;
            }
            heard(&mut lab, peer);
            lab.send(phone, peer_at, b"out");
            lab.world.run_for(SECOND);
            assert_eq!((heard(&mut lab, peer), lab.allocations()), (1, 1));
        }
    }
}

fn bytes(seed: u8, count: usize) -> Vec<u8> {
    (0..count).map(|at| (at as u8).wrapping_mul(31).wrapping_add(seed)).collect()
}

/// A megabyte each way through loss, over a connection that the client asked for and over one that the
/// peer made, before the client has come for it.
#[test]
fn streams_are_relayed_byte_for_byte_through_loss() {
    for incoming in [false, true] {
        let mut lab = Lab::new(3, |config| config.tcp_relay = true);
        let nat = lab.world.add_nat(Nat::of(Preset::PortRestrictedCone).over(lossy(2))).unwrap();
        let host = lab.world.add_host(Host::behind(nat)).unwrap();
        let phone = lab.phone(host, Transport::Tcp, TurnClientConfig::with_tcp_relay);
        let allocated = lab.wait(phone, |event| matches!(event, TurnEvent::Allocated { .. }));
        let TurnEvent::Allocated { relayed, .. } = allocated else { unreachable!() };
        let far = lab.world.add_host(Host::on_internet().over(lossy(2))).unwrap();
        let mut at = SocketAddr::new(lab.world.address(far), 80);
        let request = if incoming {
            at.set_port(0);
            let (id, transport, local, server_name) = (SocketId(1), Transport::Tcp, None, None);
            SocketRequest::Connect { id, transport, local, remote: relayed, server_name }
        } else {
            SocketRequest::Listen { id: SocketId(1), local: at }
        };
        lab.world.with(phone, |phone: &mut Phone, now| {
            phone.client().create_permission(now, &[at.ip()]).unwrap();
        });
        lab.wait(phone, |event| matches!(event, TurnEvent::PermissionInstalled { .. }));
        let plain = Plain { queue: [request].into(), ..Plain::default() };
        let plain = lab.world.install(far, plain);
        let data = bytes(7, 1 << 20);
        let say = |lab: &mut Lab, path: Path| {
            for part in data.chunks(30_000) {
                lab.world.transmit(far, &sans_io::Packet::new(path, part));
            }
        };
        if incoming {
            let told = |event: &TurnEvent| matches!(event, TurnEvent::ConnectionAttempted { .. });
            let TurnEvent::ConnectionAttempted { attempt } = lab.wait(phone, told) else {
                unreachable!()
            };
            at = attempt.peer;
            say(&mut lab, Path::new(Transport::Tcp, at, relayed));
            lab.world.run_for(5 * SECOND);
            assert!(lab.world.take_delivered(host).is_empty(), "it waits");
            lab.world.with(phone, |phone: &mut Phone, now| {
                phone.client().accept(now, attempt).unwrap();
            });
        } else {
            lab.world
                .with(phone, |phone: &mut Phone, now| phone.client().connect(now, at).unwrap());
        }
        lab.wait(phone, |event| matches!(event, TurnEvent::Connected { .. }));
        if !incoming {
            let path = lab.world.machine::<Plain>(plain).paths[0];
            say(&mut lab, path);
        }
        for part in bytes(9, 1 << 20).chunks(30_000) {
            lab.send(phone, at, part);
        }
        lab.world.run_for(600 * SECOND);
        let got = lab.world.take_delivered(host);
        let got: Vec<u8> = got.iter().flat_map(|delivery| delivery.bytes.to_vec()).collect();
        assert!(got == data, "{} bytes of {}", got.len(), data.len());
        assert!(lab.world.machine::<Plain>(plain).got == bytes(9, 1 << 20));
        // The peer hears of the end, and the server keeps nothing.
        lab.world.with(phone, |phone: &mut Phone, now| phone.client().disconnect_peer(now, at));
        lab.world.run_for(60 * SECOND);
        assert_eq!(lab.world.machine::<Plain>(plain).ended, 1);
    }
}
