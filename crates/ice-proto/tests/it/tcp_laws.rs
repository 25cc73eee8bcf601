//! The laws of sans-io for an agent with candidates over TCP.
use crate::{
    laws::{PEERS, PWD, SERVER, answer, peer, request},
    support::{PASSIVE, TcpPuppet, at, framed, unframed, wire},
};
use core::time::Duration;
use core::{cell::RefCell, fmt::Write as _};
use ice_proto::{
    Candidate, CandidateTransport, IceAgent, IceConfig, IceCredentials, IceState, Implementation,
    RelayServer, RelayTransport, RestartSockets, Role, TcpCandidates, TcpType,
};
use sans_io::{
    Input, Instant, Machine, NextFrame, Output, Path, SocketId, SocketIds, SocketRequest, Transmit,
    Transport, Verdict,
    laws::{Flood, Rng, Subject, check},
    next_frame,
};

/// An agent whose listeners are open from the start.
struct Agent {
    role: Role,
    implementation: Implementation,
    ours: RefCell<IceCredentials>,
}

impl Agent {
    fn new(role: Role, implementation: Implementation) -> Self {
        let ours = RefCell::new(IceCredentials::new("none", PWD).unwrap());
        Self { role, implementation, ours }
    }
}

#[derive(Clone, Debug)]
enum Command {
    Gather(u8),
    Credentials,
    Candidate(Candidate),
    End,
    Restart(RestartSockets),
    Network(u8),
    Send(usize),
    Close,
}

fn tcp_type(rng: &mut Rng) -> TcpType {
    let all = [TcpType::Active, TcpType::Passive, TcpType::SimultaneousOpen];
    rng.pick(&all).copied().unwrap_or(TcpType::Passive)
}

impl Subject for Agent {
    type Machine = IceAgent;
    type Command = Command;
    const DRAIN_MAX: usize = 200;
    const LATE_MAX: usize = 8;

    fn build(&self) -> IceAgent {
        let relay = RelayServer {
            address: at(SERVER),
            transport: RelayTransport::Tcp,
            username: "user".into(),
            password: "secret".into(),
        };
        let full = self.implementation == Implementation::Full;
        let config = IceConfig {
            role: self.role,
            implementation: self.implementation,
            tcp: TcpCandidates::All,
            turn_servers: if full { vec![relay] } else { Vec::new() },
            local_candidates_max: 12,
            remote_candidates_max: 6,
            pairs_max: 8,
            early_checks_max: 4,
            unproven_connections_max: 3,
            ..IceConfig::default()
        };
        let mut agent = IceAgent::new(config, [3; 32], SocketIds::root()).unwrap();
        *self.ours.borrow_mut() = agent.local_credentials().clone();
        agent.gather(Instant::ZERO, &[at(PASSIVE).ip()]).unwrap();
        let mut port = 7_000;
        loop {
            match agent.poll_output() {
                Output::Socket(
                    SocketRequest::Bind { id, local } | SocketRequest::Listen { id, local },
                ) => {
                    let state = Ok(core::net::SocketAddr::new(local.ip(), port));
                    let opened = agent.handle_input(Instant::ZERO, Input::Socket { id, state });
                    assert_eq!(opened, Verdict::Consumed);
                    port += 1;
                }
                Output::Timeout(_) => return agent,
                _ => {}
            }
        }
    }

    fn paths(&self) -> Vec<Path> {
        let ports = PEERS
            .into_iter()
            .flat_map(|peer| [PASSIVE, "192.0.2.1:7002"].map(|local| wire(local, peer)));
        let udp = [Path::udp(at("192.0.2.1:7000"), at(PEERS[0]))];
        ports.chain(udp).collect()
    }

    fn bytes(&self, rng: &mut Rng, sent: &[Transmit]) -> Vec<u8> {
        let framed_ones = sent.iter().filter(|sent| {
            sent.path.transport() == Transport::Tcp && sent.path.remote() != at(SERVER)
        });
        let inner: Vec<Transmit> =
            framed_ones.map(|sent| Transmit::new(sent.path, sent.payload.slice(2..))).collect();
        let bytes = match rng.below(9) {
            0 => (0..rng.below(40)).map(|_| rng.bits() as u8).collect(),
            1 => b"data".to_vec(),
            2..5 => request(rng, &self.ours.borrow(), self.role),
            _ => answer(rng, &inner).unwrap_or_default(),
        };
        // To a relay there are no such frames.
        let to_relay = sent.iter().filter(|sent| sent.path.remote() == at(SERVER));
        let to_relay: Vec<Transmit> = to_relay.cloned().collect();
        match rng.below(30) {
            0 => bytes,
            1..8 => answer(rng, &to_relay).unwrap_or_default(),
            _ => framed(&bytes),
        }
    }

    fn command(&self, rng: &mut Rng) -> Command {
        match rng.below(30) {
            0 | 1 => Command::Gather(rng.below(4) as u8),
            2..8 => Command::Credentials,
            8..18 => {
                let transport = if rng.one_in(5) {
                    CandidateTransport::Udp
                } else {
                    CandidateTransport::Tcp(tcp_type(rng))
                };
                let priority = 1 + rng.below(1 << 30) as u32;
                Command::Candidate(Candidate { transport, priority, ..Candidate::host(peer(rng)) })
            }
            18 => Command::End,
            19 => Command::Restart(RestartSockets::Kept),
            20 => Command::Restart(RestartSockets::Renewed),
            21 => Command::Network(rng.below(4) as u8),
            22 if rng.one_in(4) => Command::Close,
            _ => Command::Send(rng.below(70_000) as usize),
        }
    }

    fn run(&self, agent: &mut IceAgent, now: Instant, command: &Command) -> Result<String, String> {
        let text = |error: &dyn core::fmt::Display| error.to_string();
        match command {
            Command::Gather(last) => {
                let ips = [[192, 0, 2, 1].into(), [192, 0, 2, *last].into()];
                agent.gather(now, &ips).map_err(|e| text(&e))?;
            }
            Command::Credentials => {
                let credentials = IceCredentials::new("peer", PWD).unwrap();
                agent.set_remote_credentials(now, credentials).map_err(|e| text(&e))?;
            }
            Command::Candidate(candidate) => {
                agent.add_remote_candidate(now, *candidate).map_err(|e| text(&e))?;
            }
            Command::End => agent.end_of_remote_candidates(now),
            Command::Restart(sockets) => {
                agent.restart_from(now, *sockets).ok_or("closed")?;
            }
            Command::Network(last) => {
                let ips = [[192, 0, 2, 1].into(), [192, 0, 2, *last].into()];
                agent.on_network_change(now, &ips).map_err(|e| text(&e))?;
            }
            Command::Send(length) => {
                let data = vec![7; *length];
                return agent
                    .send(now, &data)
                    .map(|packet| format!("{} {}", packet.path, packet.len()))
                    .map_err(|e| text(&e));
            }
            Command::Close => agent.close(now),
        }
        *self.ours.borrow_mut() = agent.local_credentials().clone();
        Ok(String::new())
    }
}

#[test]
fn an_agent_with_tcp_keeps_the_laws() {
    for role in [Role::Controlling, Role::Controlled] {
        for implementation in [Implementation::Full, Implementation::Lite] {
            let subject = Agent::new(role, implementation);
            for seed in 0..40 {
                check(&subject, seed, 250)
                    .map_err(|e| format!("{role} {implementation:?}: {e:?}"))
                    .unwrap();
            }
        }
    }
}

#[test]
fn the_inputs_of_these_laws_reach_deep() {
    let (mut connected, mut completed, mut data) = (0, 0, 0);
    for seed in 0..60 {
        let subject = Agent::new(Role::Controlling, Implementation::Full);
        let mut agent = subject.build();
        let mut rng = Rng::new(seed);
        let (mut now, mut sent, mut paths) = (Instant::from_secs(1), Vec::new(), subject.paths());
        let mut reached = [false; 3];
        let mut port = 40_000;
        for _ in 0..400 {
            now = now.saturating_add(Duration::from_millis(rng.below(60)));
            if rng.one_in(5) {
                drop(subject.run(&mut agent, now, &subject.command(&mut rng)));
            }
            let path = *rng.pick(&paths).unwrap();
            if rng.one_in(8) {
                let _ = agent.handle_input(now, Input::Accepted { listener: SocketId(1), path });
            }
            let bytes = subject.bytes(&mut rng, &sent);
            let verdict = agent.handle_input(now, Input::received(path, &bytes));
            reached[2] |= matches!(verdict, Verdict::Deliver { .. });
            let mut opened = Vec::new();
            loop {
                match agent.poll_output() {
                    Output::Transmit(transmit) => sent.push(transmit),
                    Output::Socket(SocketRequest::Connect { id, local, remote, .. }) => {
                        port += 1;
                        let local = core::net::SocketAddr::new(local.unwrap().ip(), port);
                        opened.push((id, local));
                        paths.push(Path::new(Transport::Tcp, local, remote));
                    }
                    Output::Timeout(_) => break,
                    _ => {}
                }
            }
            for (id, local) in opened {
                let _ = agent.handle_input(now, Input::Socket { id, state: Ok(local) });
            }
            let extra = sent.len().saturating_sub(16);
            sent.drain(..extra);
            reached[0] |= agent.state() == IceState::Connected;
            reached[1] |= agent.state() == IceState::Completed;
        }
        connected += u32::from(reached[0]);
        completed += u32::from(reached[1]);
        data += u32::from(reached[2]);
    }
    assert!(connected >= 5 && completed >= 5 && data >= 5, "{connected} {completed} {data} of 60");
}

#[test]
fn a_flood_over_tcp_leaves_nothing_behind() {
    for role in [Role::Controlling, Role::Controlled] {
        let subject = Agent::new(role, Implementation::Full);
        let mut flood = Flood::new(&subject);
        flood.run(4_000);
        let more = allocation_counter::measure(|| flood.run(8_000)).bytes_current;
        assert!(more < 16_384, "{role}: {more} bytes more");
    }
}

/// Reads a stream in pieces of the sizes that `size` gives, and tells everything that came of it.
fn read(stream: &[u8], path: Path, mut size: impl FnMut() -> usize) -> String {
    let mut puppet = TcpPuppet::told(Role::Controlled, TcpType::Active, "203.0.113.1:9");
    assert_eq!(puppet.accept(0, "203.0.113.1:6001"), path);
    let (mut buffer, mut left, mut log) = (Vec::new(), stream, String::new());
    while !left.is_empty() {
        let (piece, rest) = left.split_at(size().min(left.len()));
        left = rest;
        buffer.extend_from_slice(piece);
        loop {
            let whole = match next_frame(&puppet.agent, &path, &buffer) {
                NextFrame::Frame { frame, .. } => frame.len(),
                NextFrame::Need(_) => break,
                NextFrame::Broken => return log + "broken",
            };
            let frame: Vec<u8> = buffer.drain(..whole).collect();
            let read = puppet.stream(path, &frame);
            writeln!(log, "{read:?} {:?} {:?}", puppet.sent, puppet.events).unwrap();
            if puppet.hung_up.contains(&path) {
                return log + "hung up";
            }
        }
    }
    log
}

#[test]
fn where_a_stream_is_cut_makes_no_difference() {
    let path = wire(PASSIVE, "203.0.113.1:6001");
    // The credentials are those of any agent of this seed.
    let mut source = TcpPuppet::new(Role::Controlled);
    let check = source.request(Role::Controlling, false, None);
    assert!(!unframed(&check).is_empty());
    let guess = source.request(Role::Controlling, false, Some(b"a guess"));
    let long = framed(&[9; 9_000]);
    let empty = framed(b"");
    let streams = [
        [&check[..], &long, &empty, &check, &framed(b"data")].concat(),
        [&guess[..], &guess, &check, &long].concat(),
        [&guess[..], &long, &check].concat(),
        [&empty[..], &framed(b"data"), &check].concat(),
    ];
    for (n, stream) in streams.iter().enumerate() {
        let whole = read(stream, path, || stream.len());
        assert_ne!(whole, "", "{n}");
        for seed in 0..50 {
            let mut rng = Rng::new(seed);
            let cut = read(stream, path, || 1 + rng.below(900) as usize);
            assert_eq!(cut, whole, "stream {n}, seed {seed}");
        }
        assert_eq!(read(stream, path, || 1), whole, "stream {n}, byte by byte");
    }
}
