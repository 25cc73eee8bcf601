//! The Binding server: it answers requests alone, to where they came from, within its budget.
use crate::{
    craft::{self, Words},
    drive::{Heard, Subject, drive},
    script::Script,
};
use sans_io::{Instant, Path, Transport};
use std::{collections::VecDeque, net::SocketAddr, sync::LazyLock};
use stun_proto::{
    AttributeType, BindingServer, Class, Key, LimiterConfig, Message, Method, OtherServer,
    ServerConfig,
};

const ATTRIBUTES: [AttributeType; 8] = [
    AttributeType::CHANGE_REQUEST,
    AttributeType::RESPONSE_PORT,
    AttributeType::PADDING,
    AttributeType::USERNAME,
    AttributeType::PRIORITY,
    AttributeType::SOFTWARE,
    AttributeType::MAPPED_ADDRESS,
    AttributeType::CHANGED_ADDRESS,
];
const BURST: u32 = 4096;
const PER_SECOND: u32 = 1024;

static LOCALS: LazyLock<[SocketAddr; 2]> = LazyLock::new(|| {
    ["198.51.100.1:3478", "198.51.100.2:3479"].map(|text| text.parse().expect("an address"))
});
static REMOTES: LazyLock<[SocketAddr; 3]> = LazyLock::new(|| {
    ["192.0.2.1:40000", "[2001:db8::1]:9", "203.0.113.7:1"]
        .map(|text| text.parse().expect("an address"))
});
static KEYS: LazyLock<Vec<Key>> = LazyLock::new(|| vec![Key::new(b"any")]);

struct Server {
    machine: BindingServer,
    other: bool,
    /// What came and may still be answered.
    asked: VecDeque<(Path, Vec<u8>)>,
    /// Bytes sent to each of the remotes over UDP.
    bytes: [usize; 3],
}

impl Server {
    fn new(script: &mut Script<'_>) -> Self {
        let other = script.flag();
        let response_port = script.flag();
        let pair = OtherServer { primary: LOCALS[0], alternate: LOCALS[1], response_port };
        let config = ServerConfig {
            limiter: LimiterConfig {
                buckets: 8,
                burst: BURST,
                per_second: PER_SECOND,
                ..LimiterConfig::default()
            },
            classic: !script.one_in(4),
            software: script.one_in(4).then(|| "server".into()),
            other: other.then_some(pair),
            max_queue: 3,
        };
        let machine = BindingServer::new(config, [1; 32]);
        Self { machine, other, asked: VecDeque::new(), bytes: [0; 3] }
    }
}

impl Subject for Server {
    type Machine = BindingServer;
    const DRAIN_MAX: usize = 8;

    fn machine(&mut self) -> &mut BindingServer {
        &mut self.machine
    }

    fn paths(&self) -> Vec<Path> {
        let udp = LOCALS.iter().flat_map(|l| REMOTES.iter().map(|r| Path::udp(*l, *r)));
        udp.chain([Path::new(Transport::Tcp, LOCALS[0], REMOTES[0])]).collect()
    }

    fn craft(&mut self, _: Instant, _: Path, script: &mut Script<'_>, heard: &[Heard]) -> Vec<u8> {
        if script.one_in(6) {
            return classic(script);
        }
        let words = Words {
            addresses: &*REMOTES,
            texts: &["user", "server"],
            keys: &KEYS,
            methods: &[Method::BINDING, Method::BINDING, Method::ALLOCATE],
            attributes: &ATTRIBUTES,
        };
        craft::message(script, &words, heard)
    }

    fn receiving(&mut self, path: &Path, bytes: &[u8]) {
        self.asked.push_back((*path, bytes.to_vec()));
        if self.asked.len() > 8 {
            self.asked.pop_front();
        }
    }

    fn sent(&mut self, now: Instant, heard: &Heard) {
        // Cookie and transaction ID.
        let id = heard.bytes.get(4..20).expect("an answer has a header");
        // Only with RFC 5780 may it answer from elsewhere, or to another port.
        let other = self.other;
        let goes_back = |path: &Path| {
            let same_host = path.remote().ip() == heard.path.remote().ip();
            *path == heard.path || other && same_host && path.transport() == heard.path.transport()
        };
        let mut asked = self.asked.iter().rev();
        let cause = asked.find(|(path, bytes)| {
            goes_back(path) && bytes.starts_with(&[0, 1]) && bytes.get(4..20) == Some(id)
        });
        let (path, _) = cause.expect("an answer has a Binding request of the same transaction");
        if let Ok(answer) = Message::parse(&heard.bytes) {
            assert_eq!(answer.method(), Method::BINDING);
            assert!(matches!(answer.class(), Class::Success | Class::Error));
            assert_eq!(answer.malformed(), None, "what is sent is well-formed");
        }
        let client = REMOTES.iter().position(|remote| remote.ip() == path.remote().ip());
        if let (Some(client), Transport::Udp) = (client, path.transport()) {
            self.bytes[client] += heard.bytes.len();
            let budget = u64::from(BURST) + u64::from(PER_SECOND) * (now.as_millis() + 1) / 1000;
            assert!(self.bytes[client] as u64 <= budget, "{} bytes sent", self.bytes[client]);
        }
    }
}

/// A request of RFC 3489: 16 bytes of ID, no cookie.
fn classic(script: &mut Script<'_>) -> Vec<u8> {
    let mut bytes = vec![0, 1, 0, 0];
    bytes.extend_from_slice(&[script.number(); 16]);
    for _ in 0..script.below(5) {
        let kind: u16 = script.choose(&[3, 2, 6, 8, 0x7777, 0x8022]);
        let value = script.bytes(24);
        bytes.extend_from_slice(&kind.to_be_bytes());
        bytes.extend_from_slice(&(value.len() as u16).to_be_bytes());
        bytes.extend_from_slice(value);
        if script.flag() {
            bytes.resize(bytes.len().next_multiple_of(4), 0);
        }
    }
    let length = if script.one_in(8) { script.number() } else { bytes.len() as u16 - 20 };
    bytes[2..4].copy_from_slice(&length.to_be_bytes());
    bytes
}

/// Requests of this century and of the last, and what is none.
pub fn stun_server(data: &[u8]) {
    let mut script = Script::new(data);
    let mut server = Server::new(&mut script);
    drive(&mut server, &mut script);
}
