//! The STUN client: whatever servers answer, each request ends in one event, and in time.
use crate::{
    craft::{self, Words},
    drive::{Heard, Subject, drive},
    script::Script,
};
use sans_io::{Instant, Machine, Output, Path, Transport};
use std::{
    collections::{BTreeMap, BTreeSet},
    net::SocketAddr,
    sync::LazyLock,
};
use stun_proto::{
    AttributeType, Auth, BindingRequest, ClientConfig, ClientEvent, Credentials, Integrity, Key,
    Message, Method, RequestId, StunClient,
    attribute::{Algorithm, ChangeRequest},
};

const TEXTS: [&str; 5] = ["realm", "user", "other", "\"realm\"", ""];
const ATTRIBUTES: [AttributeType; 14] = [
    AttributeType::XOR_MAPPED_ADDRESS,
    AttributeType::MAPPED_ADDRESS,
    AttributeType::REALM,
    AttributeType::NONCE,
    AttributeType::PASSWORD_ALGORITHMS,
    AttributeType::PASSWORD_ALGORITHM,
    AttributeType::ALTERNATE_SERVER,
    AttributeType::ALTERNATE_DOMAIN,
    AttributeType::ERROR_CODE,
    AttributeType::OTHER_ADDRESS,
    AttributeType::RESPONSE_ORIGIN,
    AttributeType::CHANGED_ADDRESS,
    AttributeType::SOFTWARE,
    AttributeType::UNKNOWN_ATTRIBUTES,
];
const MAX_REQUESTS: usize = 6;
/// What a request lasts that nobody answers: the first wait is 60 s at most (RFC 6298 §2.5), and
/// doubles six times before the last one of 16 times as long.
const ENDS_WITHIN_S: u64 = 60 * (63 + 16);

static ADDRESSES: LazyLock<Vec<SocketAddr>> = LazyLock::new(|| {
    [
        "198.51.100.1:3478",
        "198.51.100.2:3478",
        "198.51.100.7:3478",
        "[2001:db8::7]:3478",
        "0.0.0.0:0",
    ]
    .map(|text| text.parse().expect("an address"))
    .into()
});
static CREDENTIALS: LazyLock<Credentials> =
    LazyLock::new(|| Credentials::new("user", "pass").expect("prepared text"));
static KEYS: LazyLock<Vec<Key>> = LazyLock::new(|| {
    let long = |realm, algorithm| CREDENTIALS.long_term_key(realm, algorithm).expect("a realm");
    vec![
        CREDENTIALS.short_term_key(),
        long("realm", Algorithm::Md5),
        long("realm", Algorithm::Sha256),
        long("other", Algorithm::Md5),
        long("other", Algorithm::Sha256),
        Key::new(b"wrong"),
    ]
});

struct Client {
    machine: StunClient,
    paths: Vec<Path>,
    /// Requests that were neither answered nor cancelled.
    open: BTreeSet<RequestId>,
    /// How many transmissions each transaction had.
    sendings: BTreeMap<[u8; 12], usize>,
    retries: usize,
}

impl Client {
    fn new(script: &mut Script<'_>) -> Self {
        let auth = match script.below(5) {
            0 => Auth::None,
            1 => short_term(None),
            2 => short_term(Some(Integrity::Sha256)),
            _ => Auth::LongTerm(CREDENTIALS.clone()),
        };
        let here = "192.0.2.1:40000".parse().expect("an address");
        let mut paths: Vec<Path> = ADDRESSES[..3].iter().map(|to| Path::udp(here, *to)).collect();
        paths.push(Path::new(Transport::Tcp, here, ADDRESSES[0]));
        let config = ClientConfig {
            auth,
            max_requests: MAX_REQUESTS,
            max_servers: 3,
            fingerprint: script.one_in(4),
            software: script.one_in(4).then(|| "client".into()),
            ..ClientConfig::default()
        };
        let retries = config.retransmit.max_sends as usize;
        let machine = StunClient::new(config, [1; 32]);
        Self { machine, paths, open: BTreeSet::new(), sendings: BTreeMap::new(), retries }
    }
}

fn short_term(integrity: Option<Integrity>) -> Auth {
    let key = Box::new(CREDENTIALS.short_term_key());
    Auth::ShortTerm { username: "user".into(), key, integrity }
}

impl Subject for Client {
    type Machine = StunClient;
    const DRAIN_MAX: usize = 64;

    fn machine(&mut self) -> &mut StunClient {
        &mut self.machine
    }

    fn paths(&self) -> Vec<Path> {
        self.paths.clone()
    }

    fn craft(&mut self, _: Instant, _: Path, script: &mut Script<'_>, heard: &[Heard]) -> Vec<u8> {
        let words = Words {
            addresses: &ADDRESSES,
            texts: &TEXTS,
            keys: &KEYS,
            methods: &[Method::BINDING],
            attributes: &ATTRIBUTES,
        };
        craft::message(script, &words, heard)
    }

    fn command(&mut self, now: Instant, script: &mut Script<'_>) {
        if script.one_in(6) {
            let request = RequestId(script.below(30) as u64);
            self.machine.cancel(now, request);
            // An event that was already queued may still come.
            self.open.remove(&request);
            return;
        }
        let change = script.below(16);
        let ask = BindingRequest {
            change: ChangeRequest { change_ip: change == 15, change_port: change >= 14 },
            response_port: script.one_in(16).then_some(9),
            padding: if script.one_in(16) { script.number() } else { 0 },
            path: script.choose(&self.paths),
        };
        if let Ok(request) = self.machine.request(now, ask) {
            assert!(self.open.insert(request), "{request:?} was given twice");
        }
        assert!(self.machine.in_flight() <= MAX_REQUESTS, "more in flight than configured");
    }

    fn sent(&mut self, _: Instant, heard: &Heard) {
        let request = Message::parse(&heard.bytes).expect("what is sent can be read");
        let sendings = self.sendings.entry(request.transaction_id().0).or_default();
        *sendings += 1;
        let most = if heard.path.transport().is_stream() { 1 } else { self.retries };
        assert!(*sendings <= most, "one transaction was sent {sendings} times");
    }

    fn event(&mut self, event: ClientEvent) {
        let (ClientEvent::Bound(stun_proto::Binding { request, .. })
        | ClientEvent::Failed { request, .. }) = event;
        self.open.remove(&request);
    }

    /// Nobody answers any more: all must end.
    fn end(&mut self, now: Instant) {
        let limit = now.saturating_add(std::time::Duration::from_secs(ENDS_WITHIN_S));
        let mut now = now;
        loop {
            match self.machine.poll_output() {
                Output::Transmit(transmit) => {
                    self.sent(
                        now,
                        &Heard { path: transmit.path, bytes: transmit.payload.to_vec() },
                    );
                }
                Output::Event(event) => self.event(event),
                Output::Timeout(None) => break,
                Output::Timeout(Some(wake)) => {
                    assert!(wake <= limit, "a request waits until {wake:?}");
                    now = wake;
                    self.machine.handle_timeout(now);
                }
                other => panic!("a client asks for {other:?}"),
            }
        }
        assert_eq!(self.machine.in_flight(), 0, "idle, and yet something is in flight");
        assert!(self.open.is_empty(), "{:?} never ended", self.open);
    }
}

/// Requests, cancellations, answers right and wrong, silence.
pub fn stun_client(data: &[u8]) {
    let mut script = Script::new(data);
    let mut client = Client::new(&mut script);
    drive(&mut client, &mut script);
}
