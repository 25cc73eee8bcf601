//! The laws of sans-io.
use core::cell::RefCell;
use core::net::SocketAddr;
use core::time::Duration;
use ice_proto::{
    Candidate, CandidateKind, IceAgent, IceConfig, IceCredentials, IceState, Implementation,
    Profile, RelayServer, RestartSockets, Restarts, Role,
};
use sans_io::{
    Input, Instant, Machine, Output, Path, SocketId, SocketIds, Transmit, Verdict,
    laws::{Flood, Rng, Subject, check},
};
use stun_proto::{
    Class, Credentials as Account, Integrity, Key, Message, MessageBuilder, MessageType, Method,
    TransactionId,
    attribute::{
        Algorithm, Code, Data, ErrorCode, IceControlled, IceControlling, Lifetime, Nonce, Priority,
        Realm, UseCandidate, Username, XorMappedAddress, XorPeerAddress, XorRelayedAddress,
    },
};

pub(crate) const LOCAL: &str = "192.0.2.1:5000";
pub(crate) const SERVER: &str = "198.51.100.9:3478";
pub(crate) const PEERS: [&str; 3] = ["203.0.113.1:6000", "203.0.113.1:6001", "203.0.113.2:6000"];
pub(crate) const PWD: &str = "peerpasswordpeerpassword";
/// That of the peer after it restarted.
const NEXT_PWD: &str = "nextpasswordnextpassword";

pub(crate) fn address(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

pub(crate) fn peer(rng: &mut Rng) -> SocketAddr {
    address(rng.pick(&PEERS).copied().unwrap_or(PEERS[0]))
}

struct Agent {
    role: Role,
    profile: Profile,
    /// Whether it has a socket from the start.
    open: bool,
    implementation: Implementation,
    restarts: Restarts,
    /// What the peer signs with: the newest, and those before.
    ours: RefCell<[IceCredentials; 2]>,
}

#[derive(Clone, Debug)]
enum Command {
    Gather(u8),
    Credentials(bool),
    NextCredentials,
    Restart(RestartSockets),
    Network(u8),
    CandidateOf(&'static str),
    Candidate(SocketAddr, CandidateKind, u32),
    Pacing(Option<Duration>),
    End,
    Role(Role),
    Lite,
    Send,
    Close,
}

impl Agent {
    fn new(role: Role, profile: Profile, open: bool) -> Self {
        let none = || IceCredentials::new("none", PWD).unwrap();
        let (implementation, restarts) = (Implementation::Full, Restarts::OnRequest);
        let ours = RefCell::new([none(), none()]);
        Self { role, profile, open, implementation, restarts, ours }
    }

    fn lite(role: Role) -> Self {
        Self { implementation: Implementation::Lite, ..Self::new(role, Profile::Responsive, false) }
    }

    fn restarting(role: Role) -> Self {
        Self { restarts: Restarts::WhenNeeded, ..Self::new(role, Profile::Responsive, false) }
    }

    fn request(&self, rng: &mut Rng) -> Vec<u8> {
        let former = usize::from(rng.one_in(4));
        request(rng, &self.ours.borrow()[former], self.role)
    }

    fn indication(rng: &mut Rng) -> Vec<u8> {
        let mut buffer = [0; 128];
        let id = TransactionId([7; 12]);
        let kind = MessageType::indication(Method::DATA);
        let builder = MessageBuilder::new(&mut buffer, kind, id);
        builder.with(&XorPeerAddress(peer(rng))).with(&Data(b"data")).finish().unwrap().to_vec()
    }
}

/// A request of the peer, most often as it should be.
pub(crate) fn request(rng: &mut Rng, ours: &IceCredentials, role: Role) -> Vec<u8> {
    let id = TransactionId([rng.bits() as u8; 12]);
    let theirs = if rng.one_in(9) { "othr" } else { "peer" };
    let username = format!("{}:{theirs}", ours.ufrag);
    let mut buffer = [0; 256];
    let kind = MessageType::request(Method::BINDING);
    let mut message = MessageBuilder::new(&mut buffer, kind, id);
    if !rng.one_in(20) {
        message.push(&Username(&username));
    }
    message.push(&Priority(1 + rng.below(1 << 30) as u32));
    let tiebreaker = if rng.one_in(2) { rng.bits() } else { u64::MAX * rng.below(2) };
    // Most often no conflict.
    let conflict = rng.one_in(8);
    if (role == Role::Controlled) ^ conflict {
        message.push(&IceControlling(tiebreaker));
    } else {
        message.push(&IceControlled(tiebreaker));
    }
    if rng.one_in(4) {
        message.push(&UseCandidate);
    }
    if rng.one_in(20) {
        message.push_raw(stun_proto::AttributeType(0x7ABC), &[1]);
    }
    let key = if rng.one_in(12) { Key::new(b"wrong") } else { Key::new(ours.pwd.as_bytes()) };
    message.sign(&key, Integrity::Sha1).fingerprint().finish().unwrap().to_vec()
}

/// An answer to one of the requests that were sent: right, wrong, or of another's.
pub(crate) fn answer(rng: &mut Rng, sent: &[Transmit]) -> Option<Vec<u8>> {
    let request = Message::parse(&rng.pick(sent)?.payload).ok()?;
    if request.class() != Class::Request {
        return None;
    }
    if request.method() != Method::BINDING {
        return relay_answer(rng, &request);
    }
    let mut buffer = [0; 256];
    let codes = [Code::ROLE_CONFLICT, Code::FORBIDDEN, Code::UNAUTHENTICATED, Code::SERVER_ERROR];
    let code = if rng.one_in(4) { rng.pick(&codes).copied() } else { None };
    let kind =
        code.map_or(MessageType::success(Method::BINDING), |_| MessageType::error(Method::BINDING));
    let mut message = MessageBuilder::new(&mut buffer, kind, request.transaction_id());
    match code {
        Some(code) => message.push(&ErrorCode::from(code)),
        None if rng.one_in(9) => {}
        None => {
            let mapped = if rng.one_in(3) { peer(rng) } else { address(LOCAL) };
            message.push(&XorMappedAddress(mapped));
        }
    }
    if request.integrity().is_none() || code == Some(Code::UNAUTHENTICATED) {
        return message.finish().ok().map(<[u8]>::to_vec);
    }
    let username = request.value(stun_proto::AttributeType::USERNAME).unwrap_or_default();
    let pwd = if username.starts_with(b"next:") { NEXT_PWD } else { PWD };
    let key = Key::new(if rng.one_in(12) { b"wrong" } else { pwd.as_bytes() });
    message.sign(&key, Integrity::Sha1).fingerprint().finish().ok().map(<[u8]>::to_vec)
}

fn relay_answer(rng: &mut Rng, request: &Message<'_>) -> Option<Vec<u8>> {
    let method = request.method();
    let refused = request.integrity().is_none() || rng.one_in(6);
    let kind = if refused { MessageType::error(method) } else { MessageType::success(method) };
    let mut buffer = [0; 256];
    let mut message = MessageBuilder::new(&mut buffer, kind, request.transaction_id());
    if request.integrity().is_none() {
        message.push(&ErrorCode::from(Code::UNAUTHENTICATED));
        message.push(&Realm("sim"));
        message.push(&Nonce(b"nonce"));
        return message.finish().ok().map(<[u8]>::to_vec);
    }
    if refused {
        let codes = [Code::FORBIDDEN, Code::ALLOCATION_QUOTA_REACHED, Code::ALLOCATION_MISMATCH];
        message.push(&ErrorCode::from(*rng.pick(&codes)?));
    } else if method == Method::ALLOCATE {
        message.push(&XorRelayedAddress(address("198.51.100.9:50000")));
        message.push(&XorMappedAddress(address("203.0.113.77:1")));
        message.push(&Lifetime(600));
    } else if method == Method::REFRESH {
        message.push(&Lifetime(request.get::<Lifetime>().map_or(600, |asked| asked.0)));
    }
    let account = Account::new("user", "secret").ok()?;
    let key = account.long_term_key("sim", Algorithm::Md5).ok()?;
    message.sign(&key, Integrity::Sha1).finish().ok().map(<[u8]>::to_vec)
}

impl Subject for Agent {
    type Machine = IceAgent;
    type Command = Command;
    const DRAIN_MAX: usize = 200;
    const LATE_MAX: usize = 8;

    fn build(&self) -> IceAgent {
        let relay = RelayServer {
            address: address(SERVER),
            transport: ice_proto::RelayTransport::Udp,
            username: "user".into(),
            password: "secret".into(),
        };
        let full = self.implementation == Implementation::Full;
        let config = IceConfig {
            role: self.role,
            profile: self.profile,
            implementation: self.implementation,
            restarts: self.restarts,
            stun_servers: if full { vec![address(SERVER)] } else { Vec::new() },
            turn_servers: if full { vec![relay] } else { Vec::new() },
            local_candidates_max: 8,
            remote_candidates_max: 4,
            pairs_max: 8,
            early_checks_max: 4,
            ..IceConfig::default()
        };
        let mut agent = IceAgent::new(config, [3; 32], SocketIds::root()).unwrap();
        let ours = agent.local_credentials().clone();
        *self.ours.borrow_mut() = [ours.clone(), ours];
        if self.open {
            agent.gather(Instant::ZERO, &[address(LOCAL).ip()]).unwrap();
            let opened = Input::Socket { id: SocketId(0), state: Ok(address(LOCAL)) };
            assert_eq!(agent.handle_input(Instant::ZERO, opened), Verdict::Consumed);
        }
        agent
    }

    fn paths(&self) -> Vec<Path> {
        let ours = PEERS.into_iter().chain([SERVER, SERVER]);
        let mut paths: Vec<Path> =
            ours.map(|remote| Path::udp(address(LOCAL), address(remote))).collect();
        paths.push(Path::udp(address("192.0.2.9:9"), address(PEERS[0])));
        paths
    }

    fn bytes(&self, rng: &mut Rng, sent: &[Transmit]) -> Vec<u8> {
        match rng.below(8) {
            0 => (0..rng.below(40)).map(|_| rng.bits() as u8).collect(),
            1 => b"data".to_vec(),
            2 => Self::indication(rng),
            3 | 4 => self.request(rng),
            _ => answer(rng, sent).unwrap_or_default(),
        }
    }

    fn command(&self, rng: &mut Rng) -> Command {
        match rng.below(40) {
            0 | 1 => Command::Gather(rng.below(4) as u8),
            2..8 => Command::Credentials(!rng.one_in(9)),
            8..16 => {
                let kinds =
                    [CandidateKind::Host, CandidateKind::ServerReflexive, CandidateKind::Relayed];
                let kind = kinds[rng.below(3) as usize];
                Command::Candidate(peer(rng), kind, rng.below(1 << 31) as u32)
            }
            16..20 => Command::Pacing((!rng.one_in(3)).then(|| Duration::from_millis(5))),
            20..24 => Command::End,
            24 => Command::Role(if rng.one_in(2) { Role::Controlling } else { Role::Controlled }),
            25 => Command::Lite,
            27 => Command::NextCredentials,
            28 => Command::Restart(if rng.one_in(2) {
                RestartSockets::Kept
            } else {
                RestartSockets::Renewed
            }),
            29 => Command::Network(rng.below(4) as u8),
            30 => Command::CandidateOf(if rng.one_in(2) { "peer" } else { "next" }),
            26 if rng.one_in(4) => Command::Close,
            _ => Command::Send,
        }
    }

    fn run(&self, agent: &mut IceAgent, now: Instant, command: &Command) -> Result<String, String> {
        let text = |error: &dyn core::fmt::Display| error.to_string();
        match command {
            Command::Gather(last) => {
                let ips = [[192, 0, 2, 1].into(), [192, 0, 2, *last].into(), [127, 0, 0, 1].into()];
                let count = usize::from(*last).min(3);
                agent.gather(now, &ips[..count]).map_err(|e| text(&e))?;
            }
            Command::Credentials(right) => {
                let ufrag = if *right { "peer" } else { "othr" };
                let credentials = IceCredentials::new(ufrag, PWD).unwrap();
                agent.set_remote_credentials(now, credentials).map_err(|e| text(&e))?;
            }
            Command::Candidate(address, kind, priority) => {
                let candidate =
                    Candidate { kind: *kind, priority: *priority, ..Candidate::host(*address) };
                agent.add_remote_candidate(now, candidate).map_err(|e| text(&e))?;
            }
            Command::NextCredentials => {
                let credentials = IceCredentials::new("next", NEXT_PWD).unwrap();
                agent.set_remote_credentials(now, credentials).map_err(|e| text(&e))?;
            }
            Command::Restart(sockets) => {
                agent.restart_from(now, *sockets).ok_or("closed")?;
            }
            Command::Network(last) => {
                let ips = [[192, 0, 2, 1].into(), [192, 0, 2, *last].into()];
                agent.on_network_change(now, &ips).map_err(|e| text(&e))?;
            }
            Command::CandidateOf(ufrag) => {
                let candidate = Candidate::host(address(PEERS[0]));
                agent.add_remote_candidate_of(now, ufrag, candidate).map_err(|e| text(&e))?;
                agent.end_of_remote_candidates_of(now, ufrag);
            }
            Command::Pacing(pacing) => agent.set_remote_pacing(now, *pacing),
            Command::End => agent.end_of_remote_candidates(now),
            Command::Role(role) => agent.set_role(now, *role),
            Command::Lite => agent.set_remote_lite(now, true),
            Command::Send => {
                return agent
                    .send(now, b"data")
                    .map(|packet| format!("{packet:?}"))
                    .map_err(|e| text(&e));
            }
            Command::Close => agent.close(now),
        }
        let mut ours = self.ours.borrow_mut();
        if ours[0] != *agent.local_credentials() {
            let newest = agent.local_credentials().clone();
            ours[1] = core::mem::replace(&mut ours[0], newest);
        }
        Ok(String::new())
    }
}

#[test]
fn an_agent_keeps_the_laws() {
    for role in [Role::Controlling, Role::Controlled] {
        for profile in [Profile::Strict, Profile::Responsive] {
            let subject = Agent::new(role, profile, false);
            for seed in 0..100 {
                check(&subject, seed, 250)
                    .map_err(|e| format!("{role} {profile:?}: {e:?}"))
                    .unwrap();
            }
        }
        for subject in [Agent::lite(role), Agent::restarting(role)] {
            for seed in 0..100 {
                check(&subject, seed, 250)
                    .map_err(|e| {
                        format!("{role} {:?} {:?}: {e:?}", subject.implementation, subject.restarts)
                    })
                    .unwrap();
            }
        }
    }
}

#[test]
fn the_inputs_of_the_laws_reach_deep() {
    // A checker whose runs never connect would check little.
    let mut reached = [0; 4];
    for seed in 0..60 {
        let subject = Agent::new(Role::Controlling, Profile::Responsive, true);
        let mut agent = subject.build();
        let mut rng = Rng::new(seed);
        let (mut now, mut sent, paths) = (Instant::from_secs(1), Vec::new(), subject.paths());
        let (mut connected, mut completed, mut relayed) = (false, false, false);
        let mut restarted = false;
        for _ in 0..400 {
            now = now.saturating_add(Duration::from_millis(rng.below(60)));
            if rng.one_in(5) {
                drop(subject.run(&mut agent, now, &subject.command(&mut rng)));
            }
            let bytes = subject.bytes(&mut rng, &sent);
            let path = *rng.pick(&paths).unwrap();
            let _ = agent.handle_input(now, Input::received(path, &bytes));
            loop {
                match agent.poll_output() {
                    Output::Transmit(transmit) => sent.push(transmit),
                    Output::Timeout(_) => break,
                    _ => {}
                }
            }
            let extra = sent.len().saturating_sub(16);
            sent.drain(..extra);
            connected |= agent.state() == IceState::Connected;
            completed |= agent.state() == IceState::Completed;
            relayed |= agent.local_candidates().any(|c| c.kind == CandidateKind::Relayed);
            restarted |= agent.is_restarting() && agent.selected_pair().is_some();
        }
        reached = [
            reached[0] + u32::from(connected),
            reached[1] + u32::from(completed),
            reached[2] + u32::from(relayed),
            reached[3] + u32::from(restarted),
        ];
    }
    assert!(reached.iter().all(|count| *count >= 5), "{reached:?} of 60");
}

#[test]
fn a_flood_leaves_nothing_behind() {
    for role in [Role::Controlling, Role::Controlled] {
        let subject = Agent::new(role, Profile::Responsive, true);
        let mut flood = Flood::new(&subject);
        flood.run(4_000);
        let more = allocation_counter::measure(|| flood.run(8_000)).bytes_current;
        assert!(more < 16_384, "{role}: {more} bytes more");
    }
}

#[test]
fn an_agent_explains_itself_at_any_time() {
    let subject = Agent::new(Role::Controlling, Profile::Responsive, true);
    let mut agent = subject.build();
    let before = agent.explain().to_string();
    assert!(before.ends_with("the description of the peer has not arrived"), "{before}");
    agent.close(Instant::ZERO);
    assert!(agent.explain().to_string().ends_with("the agent was closed"));
}
