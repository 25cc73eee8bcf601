//! Many ICE sessions behind one socket: whoever knows the password of one and keeps no rules gets no
//! path of another, and nothing that is not for it.
use crate::{
    asked::Asked,
    craft::{self, Words},
    drive::{Heard, Subject, drive},
    ice_agent::{NEXT_PWD, PWD, check},
    script::Script,
};
use ice_proto::{
    Candidate, CandidateKind, IceConfig, IceCredentials, IceMux, IceSession, IceState,
    Implementation, MuxConfig, Profile, Restarts, Role, SessionId,
};
use sans_io::{Instant, Path, SocketIds};
use std::{
    collections::{BTreeMap, BTreeSet},
    net::{IpAddr, SocketAddr},
    sync::LazyLock,
    time::Duration,
};
use stun_proto::{
    AttributeType, Class, Integrity, Key, LimiterConfig, Message, MessageBuilder, MessageType,
    Method, TransactionId,
    attribute::{Code, ErrorCode, XorMappedAddress},
};

const ATTRIBUTES: [AttributeType; 6] = [
    AttributeType::USERNAME,
    AttributeType::PRIORITY,
    AttributeType::ICE_CONTROLLED,
    AttributeType::ICE_CONTROLLING,
    AttributeType::USE_CANDIDATE,
    AttributeType::XOR_MAPPED_ADDRESS,
];
const METHODS: [Method; 2] = [Method::BINDING, Method::ALLOCATE];
const SESSIONS_MAX: usize = 4;
const LOCALS_MAX: usize = 6;
const REMOTES_MAX: usize = 4;
const PAIRS_MAX: usize = 8;

/// Addresses of peers, of a server, and of our own as others see it.
static ADDRESSES: LazyLock<Vec<SocketAddr>> = LazyLock::new(|| {
    [
        "203.0.113.1:6000",
        "203.0.113.1:6001",
        "203.0.113.2:6000",
        "198.51.100.9:3478",
        "192.0.2.1:3479",
        "203.0.113.77:1",
    ]
    .map(|text| text.parse().expect("an address"))
    .into()
});

/// What peers sign with, before and after they restarted.
static PEER_KEYS: LazyLock<[Key; 2]> =
    LazyLock::new(|| [PWD, NEXT_PWD].map(|pwd| Key::new(pwd.as_bytes())));

/// What a session goes by.
struct Name {
    session: SessionId,
    credentials: IceCredentials,
    key: Key,
}

struct Mux {
    machine: IceMux,
    implementation: Implementation,
    restarts: Restarts,
    /// By username fragment; also those of before.
    names: BTreeMap<String, Name>,
    /// Those of sessions that there are, in the order in which they came.
    recent: Vec<String>,
    /// Where somebody has shown the password of which session.
    shown: BTreeSet<(SessionId, Path)>,
    /// Where an answer came that the password of a peer signs.
    answered: BTreeSet<Path>,
    /// Requests that may be answered.
    asked: Asked,
    closed: bool,
}

impl Mux {
    fn new(script: &mut Script<'_>) -> Self {
        let asks = script.flag();
        let gathering = IceConfig {
            stun_servers: if asks { vec![ADDRESSES[3]] } else { vec![] },
            ..IceConfig::default()
        };
        let strangers = LimiterConfig { buckets: 2, burst: 600, ..LimiterConfig::default() };
        let config = MuxConfig { gathering, port: 3479, sessions_max: SESSIONS_MAX, strangers };
        let machine = IceMux::new(&config, [3; 32], SocketIds::root()).expect("it is valid");
        let mut this = Self {
            machine,
            implementation: script.choose(&[Implementation::Full, Implementation::Lite]),
            restarts: script.choose(&[Restarts::OnRequest, Restarts::WhenNeeded]),
            names: BTreeMap::new(),
            recent: Vec::new(),
            shown: BTreeSet::new(),
            answered: BTreeSet::new(),
            asked: Asked::default(),
            closed: false,
        };
        for _ in 0..2 {
            this.add(Instant::from_secs(1), script);
        }
        this
    }

    fn add(&mut self, now: Instant, script: &mut Script<'_>) {
        let config = IceConfig {
            role: script.choose(&[Role::Controlling, Role::Controlled]),
            profile: script.choose(&[Profile::Responsive, Profile::Strict]),
            implementation: self.implementation,
            restarts: self.restarts,
            local_candidates_max: LOCALS_MAX,
            remote_candidates_max: REMOTES_MAX,
            pairs_max: PAIRS_MAX,
            early_checks_max: 4,
            ..IceConfig::default()
        };
        let full = self.machine.len() >= SESSIONS_MAX || self.closed;
        // By the time of the command a closed one may have made room.
        if let Err(error) = self.machine.add(now, &config) {
            assert!(full, "there was room: {error}");
        }
        self.note();
    }

    /// Takes note of what sessions go by.
    fn note(&mut self) {
        self.recent.clear();
        for id in self.machine.sessions() {
            let Some(session) = self.machine.session(id) else { continue };
            let credentials = session.local_credentials();
            let ufrag = credentials.ufrag.to_string();
            self.recent.push(ufrag.clone());
            let known = self.names.get(&ufrag);
            assert!(known.is_none_or(|known| known.session == id), "{ufrag} is taken");
            if known.is_none() {
                let key = Key::new(credentials.pwd.as_bytes());
                let credentials = credentials.clone();
                self.names.insert(ufrag, Name { session: id, credentials, key });
            }
        }
    }

    /// One of the sessions that there are.
    fn pick(&self, script: &mut Script<'_>) -> Option<SessionId> {
        let ids: Vec<SessionId> = self.machine.sessions().collect();
        script.pick(&ids).copied()
    }

    /// A check of the peer of a session, or of one that was.
    fn check(&self, script: &mut Script<'_>) -> Vec<u8> {
        let id = TransactionId([script.number(); 12]);
        let all: Vec<&String> = self.names.keys().collect();
        let old = script.one_in(6);
        let ufrag = if old {
            script.choose(&all)
        } else {
            let Some(ufrag) = script.pick(&self.recent) else { return Vec::new() };
            ufrag
        };
        let Some(name) = self.names.get(ufrag) else { return Vec::new() };
        let role = self.machine.session(name.session).map_or(Role::Controlled, IceSession::role);
        let sender = if script.one_in(3) { "next" } else { "peer" };
        // Sometimes with the password of another one.
        let other = script.one_in(8).then(|| script.choose(&all));
        let key = other.and_then(|other| self.names.get(other)).map_or(&name.key, |n| &n.key);
        check(script, id, &format!("{}:{sender}", name.credentials.ufrag), key, role)
    }

    /// An answer to what the mux asked of a peer or of the server.
    fn answer(script: &mut Script<'_>, heard: &[Heard]) -> Option<Vec<u8>> {
        let back = script.below(8).min(heard.len().saturating_sub(1));
        let asked = heard.get(heard.len().checked_sub(1 + back)?)?;
        let request = Message::parse(&asked.bytes).ok()?;
        if request.class() != Class::Request {
            return None;
        }
        let mut buffer = [0; 256];
        let code = script
            .one_in(6)
            .then(|| script.choose(&[Code::ROLE_CONFLICT, Code::FORBIDDEN, Code::BAD_REQUEST]));
        let method = request.method();
        let kind = code.map_or(MessageType::success(method), |_| MessageType::error(method));
        let mut message = MessageBuilder::new(&mut buffer, kind, request.transaction_id());
        if let Some(code) = code {
            message.push(&ErrorCode::from(code));
        } else {
            let ours = asked.path.local();
            let mapped = if script.one_in(3) { script.choose(&ADDRESSES) } else { ours };
            message.push(&XorMappedAddress(mapped));
        }
        if request.integrity().is_none() {
            return message.finish().ok().map(<[u8]>::to_vec);
        }
        let username = request.value(AttributeType::USERNAME).unwrap_or_default();
        let key = &PEER_KEYS[usize::from(username.starts_with(b"next:"))];
        message.sign(key, Integrity::Sha1).fingerprint().finish().ok().map(<[u8]>::to_vec)
    }

    fn run(&mut self, now: Instant, script: &mut Script<'_>) {
        let kind = script.below(24);
        match kind {
            0..3 => {
                let ips: [IpAddr; 2] = [[192, 0, 2, 1].into(), [192, 0, 2, 2].into()];
                let _ = self.machine.gather(now, &ips[..=script.below(2)]);
                return;
            }
            3 => return self.add(now, script),
            4 => {
                let ips: [IpAddr; 2] = [[192, 0, 2, 1].into(), [192, 0, 2, 2].into()];
                let _ = self.machine.on_network_change(now, &ips[script.below(2)..]);
                return;
            }
            5 if script.one_in(16) => {
                self.machine.close(now);
                self.closed = true;
                return;
            }
            _ => {}
        }
        if let Some(id) = self.pick(script) {
            self.run_session(now, id, kind, script);
        }
    }

    fn run_session(&mut self, now: Instant, id: SessionId, kind: usize, script: &mut Script<'_>) {
        let mux = &mut self.machine;
        match kind {
            6..10 => {
                let credentials = IceCredentials::new("peer", PWD).expect("long enough");
                let _ = mux.set_remote_credentials(now, id, credentials);
            }
            10 => {
                let credentials = IceCredentials::new("next", NEXT_PWD).expect("long enough");
                let _ = mux.set_remote_credentials(now, id, credentials);
            }
            11..15 => {
                let kinds = [CandidateKind::Host, CandidateKind::ServerReflexive];
                let (kind, address) = (script.choose(&kinds), script.choose(&ADDRESSES));
                let priority = script.choose(&[0x7e00_01ff, 0x6400_01ff, 1, 0]);
                let candidate = Candidate { kind, priority, ..Candidate::host(address) };
                let _ = mux.add_remote_candidate(now, id, candidate);
            }
            15 => {
                let wanted = Duration::from_millis(script.number::<u8>().into());
                mux.set_remote_pacing(now, id, script.flag().then_some(wanted));
            }
            16 => mux.end_of_remote_candidates(now, id),
            17 => drop(mux.restart(now, id).cloned()),
            18 if script.one_in(4) => mux.close_session(now, id),
            18 if script.one_in(4) => drop(mux.remove(now, id)),
            19 => mux.description_sent(now, id),
            20 if script.one_in(4) => mux.set_remote_lite(now, id, script.flag()),
            _ => {
                let data = script.bytes(40);
                if let Ok(packet) = mux.send(now, id, data) {
                    let path = packet.path;
                    assert_eq!(packet.payload, data);
                    assert_eq!(mux.session_at(&path), Some(id), "sent over another one's path");
                }
            }
        }
    }

    fn check_bounds(&self) {
        let mux = &self.machine;
        assert!(mux.len() <= SESSIONS_MAX, "too many sessions");
        for id in mux.sessions() {
            let Some(session) = mux.session(id) else { continue };
            assert!(session.local_candidates().count() <= LOCALS_MAX, "too many local candidates");
            assert!(session.remote_candidates().count() <= REMOTES_MAX, "too many of the peer");
            assert!(session.pairs().count() <= PAIRS_MAX, "too many pairs");
            if matches!(session.state(), IceState::Connected | IceState::Completed) {
                assert!(mux.selected_pair(id).is_some(), "{} without a pair", session.state());
            }
        }
    }

    /// A path is of a session that there is, and to which its peer has spoken there.
    fn check_owner(&self, path: &Path) {
        if let Some(owner) = self.machine.session_at(path) {
            assert!(self.machine.session(owner).is_some(), "{path} is of nobody any more");
            let shown = self.shown.contains(&(owner, *path)) || self.answered.contains(path);
            assert!(shown, "{path} was given away");
        }
    }
}

impl Subject for Mux {
    type Machine = IceMux;
    const DRAIN_MAX: usize = 600;
    const LATE_MAX: usize = 8;

    fn machine(&mut self) -> &mut IceMux {
        &mut self.machine
    }

    fn paths(&self) -> Vec<Path> {
        [0, 1, 2, 3].map(|remote| Path::udp(ADDRESSES[4], ADDRESSES[remote])).into()
    }

    fn craft(
        &mut self,
        _: Instant,
        path: Path,
        script: &mut Script<'_>,
        heard: &[Heard],
    ) -> Vec<u8> {
        self.check_owner(&path);
        match script.below(8) {
            0..3 => self.check(script),
            3..6 => Self::answer(script, heard).unwrap_or_default(),
            6 => b"data".to_vec(),
            _ => {
                let keys: Vec<Key> = self.names.values().map(|name| name.key.clone()).collect();
                let names: Vec<String> =
                    self.recent.iter().map(|ufrag| format!("{ufrag}:peer")).collect();
                let texts: Vec<&str> = names.iter().map(String::as_str).chain(["peer"]).collect();
                let words = Words {
                    addresses: &ADDRESSES,
                    texts: &texts,
                    keys: &keys,
                    methods: &METHODS,
                    attributes: &ATTRIBUTES,
                };
                craft::message(script, &words, heard)
            }
        }
    }

    fn command(&mut self, now: Instant, script: &mut Script<'_>) {
        self.run(now, script);
        self.note();
    }

    fn receiving(&mut self, path: &Path, bytes: &[u8]) {
        self.note();
        let Ok(message) = Message::parse(bytes) else { return };
        if message.class() != Class::Request {
            if PEER_KEYS.iter().any(|key| message.verify(key).is_ok()) {
                self.answered.insert(*path);
            }
            return;
        }
        self.asked.note(path, &message);
        let username = message.value(AttributeType::USERNAME).unwrap_or_default();
        let ours = username.split(|byte| *byte == b':').next().unwrap_or_default();
        let name = core::str::from_utf8(ours).ok().and_then(|ours| self.names.get(ours));
        if let Some(name) = name.filter(|name| message.verify(&name.key).is_ok()) {
            self.shown.insert((name.session, *path));
        }
    }

    fn sent(&mut self, _: Instant, heard: &Heard) {
        let Ok(message) = Message::parse(&heard.bytes) else { return };
        self.asked.check(&heard.path, &message);
    }

    fn rested(&mut self) {
        self.note();
        self.check_bounds();
        for path in self.paths() {
            self.check_owner(&path);
        }
    }

    fn end(&mut self, now: Instant) {
        self.machine.close(now);
    }
}

/// Sessions that come and go, and peers that mix them up.
pub fn ice_mux(data: &[u8]) {
    let mut script = Script::new(data);
    let mut mux = Mux::new(&mut script);
    drive(&mut mux, &mut script);
}
