//! The ICE agent: against a peer and servers that know the passwords and keep no rules, it stays
//! within its bounds, answers only where it was asked, and nominates only while it controls.
use crate::{
    asked::Asked,
    craft::{self, Words},
    drive::{Heard, Subject, drive},
    script::Script,
    turn_server::indication,
};
use ice_proto::{
    Candidate, CandidateKind, CandidatePolicy, CandidateTransport, IceAgent, IceConfig,
    IceCredentials, IceState, Implementation, Profile, RelayServer, RestartSockets, Restarts, Role,
    TcpCandidates, TcpType,
};
use sans_io::{Instant, Path, SocketIds, Transport};
use std::{
    net::{IpAddr, SocketAddr},
    sync::LazyLock,
    time::Duration,
};
use stun_proto::{
    AttributeType, Class, Credentials, Integrity, Key, Message, MessageBuilder, MessageType,
    Method, TransactionId,
    attribute::{
        Algorithm, Code, ErrorCode, IceControlled, IceControlling, Lifetime, Nonce, Priority,
        Realm, UseCandidate, Username, XorMappedAddress, XorRelayedAddress,
    },
};

/// The password of a peer.
pub(crate) const PWD: &str = "peerpasswordpeerpassword";
/// That of a peer after it restarted.
pub(crate) const NEXT_PWD: &str = "nextpasswordnextpassword";
const ATTRIBUTES: [AttributeType; 9] = [
    AttributeType::USERNAME,
    AttributeType::PRIORITY,
    AttributeType::ICE_CONTROLLED,
    AttributeType::ICE_CONTROLLING,
    AttributeType::USE_CANDIDATE,
    AttributeType::NOMINATION,
    AttributeType::XOR_MAPPED_ADDRESS,
    AttributeType::ERROR_CODE,
    AttributeType::NETWORK_COST,
];
const METHODS: [Method; 4] =
    [Method::BINDING, Method::BINDING, Method::ALLOCATE, Method::CREATE_PERMISSION];
const LOCALS_MAX: usize = 8;
const REMOTES_MAX: usize = 4;
const PAIRS_MAX: usize = 8;

/// The peer's addresses, the server, the relay, our own, and our own as others see it.
static ADDRESSES: LazyLock<Vec<SocketAddr>> = LazyLock::new(|| {
    [
        "203.0.113.1:6000",
        "203.0.113.1:6001",
        "203.0.113.2:6000",
        "198.51.100.9:3478",
        "198.51.100.9:50000",
        "192.0.2.1:40001",
        "203.0.113.77:1",
        "[2001:db8::9]:6000",
    ]
    .map(|text| text.parse().expect("an address"))
    .into()
});
static RELAY_KEY: LazyLock<Key> = LazyLock::new(|| {
    let account = Credentials::new("user", "secret").expect("prepared text");
    account.long_term_key("sim", Algorithm::Md5).expect("a realm")
});

/// What the peer is met over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Carrier {
    Udp,
    /// Connections, with frames of RFC 4571.
    Tcp,
}

struct Agent {
    machine: IceAgent,
    carrier: Carrier,
    /// What requests to it are signed with; then what its own are; then the relay's; then wrong; then
    /// what requests were signed with before it restarted, and what its own are after the peer did.
    keys: Vec<Key>,
    /// The user name of a right request, and of one before the restart.
    usernames: [String; 2],
    /// Requests that may be answered.
    asked: Asked,
    /// Whether it ever controlled.
    controlled_once: bool,
    closed: bool,
    /// Closed, and all that had been queued before was sent.
    silent: bool,
}

impl Agent {
    fn new(carrier: Carrier, script: &mut Script<'_>) -> Self {
        let relay = RelayServer {
            address: ADDRESSES[3],
            transport: ice_proto::RelayTransport::Udp,
            username: "user".into(),
            password: "secret".into(),
        };
        let full = !script.one_in(8);
        let all = full && script.one_in(8);
        let tcp = match carrier {
            Carrier::Udp => TcpCandidates::None,
            Carrier::Tcp if full => script.choose(&[
                TcpCandidates::All,
                TcpCandidates::ActiveAndPassive,
                TcpCandidates::Active,
            ]),
            Carrier::Tcp => TcpCandidates::Passive,
        };
        let config = IceConfig {
            role: script.choose(&[Role::Controlling, Role::Controlled]),
            profile: script.choose(&[Profile::Responsive, Profile::Strict, Profile::Hasty]),
            implementation: if full { Implementation::Full } else { Implementation::Lite },
            tcp,
            unproven_connections_max: 2,
            restarts: script.choose(&[Restarts::OnRequest, Restarts::WhenNeeded]),
            policy: if all { CandidatePolicy::Relay } else { CandidatePolicy::All },
            stun_servers: if full && script.flag() { vec![ADDRESSES[3]] } else { vec![] },
            turn_servers: if full && script.flag() { vec![relay] } else { vec![] },
            local_candidates_max: LOCALS_MAX,
            remote_candidates_max: REMOTES_MAX,
            pairs_max: PAIRS_MAX,
            early_checks_max: 4,
            ..IceConfig::default()
        };
        let machine = IceAgent::new(config, [3; 32], SocketIds::root()).expect("it is valid");
        let ours = machine.local_credentials();
        let keys = vec![
            Key::new(ours.pwd.as_bytes()),
            Key::new(PWD.as_bytes()),
            RELAY_KEY.clone(),
            Key::new(b"wrong"),
            Key::new(ours.pwd.as_bytes()),
            Key::new(NEXT_PWD.as_bytes()),
        ];
        let usernames = [0, 1].map(|_| format!("{}:peer", ours.ufrag));
        let controlled_once = machine.role() == Role::Controlling;
        let asked = Asked::default();
        Self {
            machine,
            carrier,
            keys,
            usernames,
            asked,
            controlled_once,
            closed: false,
            silent: false,
        }
    }

    /// A check of the peer, mostly as it should be.
    fn check(&self, script: &mut Script<'_>) -> Vec<u8> {
        let id = TransactionId([script.number(); 12]);
        let former = usize::from(script.one_in(4));
        let sender = if script.one_in(3) { ":next" } else { ":peer" };
        let username = self.usernames[former].replace(":peer", sender);
        check(script, id, &username, &self.keys[4 * former], self.machine.role())
    }

    /// An answer to what the agent asked of its peer or of a server.
    fn answer(&self, script: &mut Script<'_>, heard: &[Heard]) -> Option<Vec<u8>> {
        let back = script.below(8).min(heard.len().saturating_sub(1));
        let asked = heard.get(heard.len().checked_sub(1 + back)?)?;
        let request = Message::parse(message_in(&asked.path, &asked.bytes)?).ok()?;
        if request.class() != Class::Request {
            return None;
        }
        let method = request.method();
        let mut buffer = [0; 256];
        let id = request.transaction_id();
        let code = script.one_in(6).then(|| {
            script.choose(&[
                Code::ROLE_CONFLICT,
                Code::FORBIDDEN,
                Code::BAD_REQUEST,
                Code::ALLOCATION_MISMATCH,
            ])
        });
        if method != Method::BINDING && request.integrity().is_none() {
            let kind = MessageType::error(method);
            let message = MessageBuilder::new(&mut buffer, kind, id)
                .with(&ErrorCode::from(Code::UNAUTHENTICATED))
                .with(&Realm("sim"))
                .with(&Nonce(b"nonce"));
            return message.finish().ok().map(<[u8]>::to_vec);
        }
        let kind = code.map_or(MessageType::success(method), |_| MessageType::error(method));
        let mut message = MessageBuilder::new(&mut buffer, kind, id);
        match (code, method) {
            (Some(code), _) => message.push(&ErrorCode::from(code)),
            (None, Method::BINDING) => {
                let mapped =
                    if script.one_in(3) { script.choose(&ADDRESSES) } else { asked.path.local() };
                message.push(&XorMappedAddress(mapped));
            }
            (None, Method::ALLOCATE) => {
                message.push(&XorRelayedAddress(ADDRESSES[4]));
                message.push(&XorMappedAddress(ADDRESSES[6]));
                message.push(&Lifetime(600));
            }
            (None, Method::REFRESH) => {
                message.push(&Lifetime(request.get::<Lifetime>().map_or(600, |asked| asked.0)));
            }
            (None, _) => {}
        }
        if method == Method::BINDING && request.integrity().is_none() {
            return message.finish().ok().map(<[u8]>::to_vec);
        }
        let username = request.value(AttributeType::USERNAME).unwrap_or_default();
        let key = match method {
            Method::BINDING if username.starts_with(b"next:") => &self.keys[5],
            Method::BINDING => &self.keys[1],
            _ => &self.keys[2],
        };
        let signed = message.sign(key, Integrity::Sha1);
        signed.fingerprint().finish().ok().map(<[u8]>::to_vec)
    }

    /// What the peer says, mostly as it should be.
    fn message(&self, script: &mut Script<'_>, heard: &[Heard]) -> Vec<u8> {
        match script.below(8) {
            0..2 => self.check(script),
            2..6 => self.answer(script, heard).unwrap_or_default(),
            6 if script.flag() => indication(Method::DATA, &ADDRESSES, script),
            _ => {
                let words = Words {
                    addresses: &ADDRESSES,
                    texts: &[&self.usernames[0], &self.usernames[1], "peer", "sim"],
                    keys: &self.keys,
                    methods: &METHODS,
                    attributes: &ATTRIBUTES,
                };
                craft::message(script, &words, heard)
            }
        }
    }

    /// What a candidate of the peer is over.
    fn transport(&self, script: &mut Script<'_>) -> CandidateTransport {
        match self.carrier {
            Carrier::Udp => CandidateTransport::Udp,
            Carrier::Tcp => CandidateTransport::Tcp(script.choose(&[
                TcpType::Passive,
                TcpType::SimultaneousOpen,
                TcpType::Active,
            ])),
        }
    }

    fn run(&mut self, now: Instant, script: &mut Script<'_>) {
        let drawn = script.below(24);
        let transport =
            if (6..11).contains(&drawn) { self.transport(script) } else { CandidateTransport::Udp };
        let agent = &mut self.machine;
        match drawn {
            0..3 => {
                let ips: [IpAddr; 3] =
                    [[192, 0, 2, 1].into(), [192, 0, 2, 2].into(), [127, 0, 0, 1].into()];
                let _ = agent.gather(now, &ips[..=script.below(3)]);
            }
            3..6 => {
                let ufrag = if script.one_in(8) { "othr" } else { "peer" };
                let credentials = IceCredentials::new(ufrag, PWD).expect("they are long enough");
                let _ = agent.set_remote_credentials(now, credentials);
            }
            6..11 => {
                let kind = script.choose(&[
                    CandidateKind::Host,
                    CandidateKind::ServerReflexive,
                    CandidateKind::Relayed,
                ]);
                let address = script.choose(&ADDRESSES);
                let priority = script.choose(&[0x7e00_01ff, 0x6400_01ff, 1, 0, u32::MAX]);
                let candidate = Candidate { kind, priority, transport, ..Candidate::host(address) };
                let _ = agent.add_remote_candidate(now, candidate);
            }
            11 => agent
                .set_remote_pacing(now, Some(Duration::from_millis(script.number::<u8>().into()))),
            12 => agent.set_remote_pacing(now, None),
            13 | 14 => agent.end_of_remote_candidates(now),
            15 if script.one_in(4) => {
                agent.set_role(now, script.choose(&[Role::Controlling, Role::Controlled]));
            }
            16 if script.one_in(4) => agent.set_remote_lite(now, script.flag()),
            17 if script.one_in(8) => {
                agent.close(now);
                self.closed = true;
            }
            20 => {
                let credentials = IceCredentials::new("next", NEXT_PWD).expect("long enough");
                let _ = agent.set_remote_credentials(now, credentials);
            }
            21 => {
                let sockets = script.choose(&[RestartSockets::Kept, RestartSockets::Renewed]);
                assert_eq!(agent.restart_from(now, sockets).is_none(), self.closed);
            }
            22 => {
                let ips: [IpAddr; 2] = [[192, 0, 2, 1].into(), [192, 0, 2, 2].into()];
                let _ = agent.on_network_change(now, &ips[script.below(2)..]);
            }
            23 => {
                let ufrag = script.choose(&["peer", "next"]);
                let candidate = Candidate::host(script.choose(&ADDRESSES));
                let _ = agent.add_remote_candidate_of(now, ufrag, candidate);
                agent.end_of_remote_candidates_of(now, ufrag);
            }
            18 if script.flag() => agent.description_sent(now),
            18 => drop(agent.explain().to_string()),
            _ => {
                let data = script.bytes(40);
                if let Ok(packet) = agent.send(now, data) {
                    assert_eq!(packet.payload, data);
                    assert!(agent.selected_pair().is_some(), "sent without a pair");
                }
            }
        }
    }

    /// The peer signs with the newest credentials from now on, and sometimes with those before.
    fn note_restart(&mut self) {
        let ours = self.machine.local_credentials();
        let username = format!("{}:peer", ours.ufrag);
        if username != self.usernames[0] {
            let key = Key::new(ours.pwd.as_bytes());
            self.keys[4] = core::mem::replace(&mut self.keys[0], key);
            self.usernames[1] = core::mem::replace(&mut self.usernames[0], username);
        }
    }

    fn check_bounds(&mut self) {
        let agent = &self.machine;
        self.controlled_once |= agent.role() == Role::Controlling;
        assert!(agent.local_candidates().count() <= LOCALS_MAX, "too many local candidates");
        assert!(agent.remote_candidates().count() <= REMOTES_MAX, "too many remote candidates");
        assert!(agent.pairs().count() <= PAIRS_MAX, "too many pairs");
        if matches!(agent.state(), IceState::Connected | IceState::Completed) {
            assert!(agent.selected_pair().is_some(), "{} without a pair", agent.state());
        }
        assert_eq!(agent.state() == IceState::Closed, self.closed);
    }
}

impl Subject for Agent {
    type Machine = IceAgent;
    const DRAIN_MAX: usize = 200;
    const LATE_MAX: usize = 8;

    fn machine(&mut self) -> &mut IceAgent {
        &mut self.machine
    }

    /// Those of the first socket that it opens, see [`World`](crate::world).
    fn paths(&self) -> Vec<Path> {
        let local = ADDRESSES[5];
        let transport = match self.carrier {
            Carrier::Udp => Transport::Udp,
            Carrier::Tcp => Transport::Tcp,
        };
        [0, 1, 2, 3, 3].map(|remote| Path::new(transport, local, ADDRESSES[remote])).into()
    }

    fn craft(
        &mut self,
        _: Instant,
        path: Path,
        script: &mut Script<'_>,
        heard: &[Heard],
    ) -> Vec<u8> {
        let message = self.message(script, heard);
        if path.transport() == Transport::Udp || script.one_in(16) {
            return message;
        }
        // What it is too long for is broken anyhow.
        let length = u16::try_from(message.len()).unwrap_or(u16::MAX);
        [&length.to_be_bytes()[..], &message].concat()
    }

    fn command(&mut self, now: Instant, script: &mut Script<'_>) {
        self.run(now, script);
        self.note_restart();
        self.controlled_once |= self.machine.role() == Role::Controlling;
    }

    fn rested(&mut self) {
        self.note_restart();
        self.check_bounds();
        self.silent = self.closed;
    }

    fn receiving(&mut self, path: &Path, bytes: &[u8]) {
        self.controlled_once |= self.machine.role() == Role::Controlling;
        let message = message_in(path, bytes).and_then(|bytes| Message::parse(bytes).ok());
        if let Some(message) = message {
            self.asked.note(path, &message);
        }
    }

    fn sent(&mut self, _: Instant, heard: &Heard) {
        self.controlled_once |= self.machine.role() == Role::Controlling;
        let Some(bytes) = message_in(&heard.path, &heard.bytes) else {
            panic!("what goes over a connection is in a frame")
        };
        let Ok(message) = Message::parse(bytes) else { return };
        let nominates = message.has(AttributeType::USE_CANDIDATE);
        assert!(!nominates || self.controlled_once, "a controlled agent nominates");
        self.asked.check(&heard.path, &message);
        let server = heard.path.remote() == ADDRESSES[3];
        let refuses = message.class() == Class::Error;
        assert!(
            !self.silent || server || refuses,
            "a closed agent speaks to {} {message:?}",
            heard.path.remote()
        );
    }

    fn end(&mut self, now: Instant) {
        let _ = self.machine.explain().to_string();
        self.machine.close(now);
    }
}

/// A check for an agent in this role, mostly as it should be.
pub(crate) fn check(
    script: &mut Script<'_>,
    id: TransactionId,
    username: &str,
    key: &Key,
    role: Role,
) -> Vec<u8> {
    let mut buffer = [0; 256];
    let kind = MessageType::request(Method::BINDING);
    let mut message = MessageBuilder::new(&mut buffer, kind, id);
    message.push(&Username(username));
    message.push(&Priority(script.choose(&[0x6e00_01ff, 1, 0, u32::MAX, 0x7e00_00ff])));
    let conflict = script.one_in(8);
    let tiebreaker = script.choose(&[0, u64::MAX]);
    if (role == Role::Controlled) ^ conflict {
        message.push(&IceControlling(tiebreaker));
    } else {
        message.push(&IceControlled(tiebreaker));
    }
    if script.one_in(4) {
        message.push(&UseCandidate);
    }
    let signed = message.sign(key, Integrity::Sha1);
    signed.fingerprint().finish().map(<[u8]>::to_vec).unwrap_or_default()
}

/// A message as it is without the frame that it travels in over a connection.
fn message_in<'a>(path: &Path, bytes: &'a [u8]) -> Option<&'a [u8]> {
    if path.transport() == Transport::Udp {
        return Some(bytes);
    }
    let (length, message) = bytes.split_first_chunk()?;
    (usize::from(u16::from_be_bytes(*length)) == message.len()).then_some(message)
}

/// Gathering, checks, answers, nominations and commands in any order.
pub fn ice_agent(data: &[u8]) {
    run(Carrier::Udp, data);
}

/// The same over connections, which come and go.
pub fn ice_tcp(data: &[u8]) {
    run(Carrier::Tcp, data);
}

fn run(carrier: Carrier, data: &[u8]) {
    let mut script = Script::new(data);
    let mut agent = Agent::new(carrier, &mut script);
    drive(&mut agent, &mut script);
}
