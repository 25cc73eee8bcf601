//! The TURN client: whatever a server answers, an allocation is told of once and ends once, and all
//! requests end.
use crate::{
    craft::{self, Words},
    drive::{Heard, Subject, drive},
    script::Script,
    turn_server::indication,
};
use sans_io::{Instant, Machine, Output, Path, Transport};
use std::{net::SocketAddr, sync::LazyLock, time::Duration};
use stun_proto::{
    AttributeType, Class, Credentials, Integrity, Key, Message, MessageBuilder, MessageType,
    Method,
    attribute::{
        Algorithm, Code, ErrorCode, Lifetime, Nonce, PasswordAlgorithms, Realm, XorMappedAddress,
        XorRelayedAddress,
    },
};
use turn_proto::{TurnClient, TurnClientConfig, TurnEvent};

const METHODS: [Method; 5] = [
    Method::ALLOCATE,
    Method::REFRESH,
    Method::CREATE_PERMISSION,
    Method::CHANNEL_BIND,
    Method::DATA,
];
const ATTRIBUTES: [AttributeType; 12] = [
    AttributeType::XOR_RELAYED_ADDRESS,
    AttributeType::XOR_MAPPED_ADDRESS,
    AttributeType::LIFETIME,
    AttributeType::ERROR_CODE,
    AttributeType::REALM,
    AttributeType::NONCE,
    AttributeType::PASSWORD_ALGORITHMS,
    AttributeType::XOR_PEER_ADDRESS,
    AttributeType::DATA,
    AttributeType::ICMP,
    AttributeType::ALTERNATE_SERVER,
    AttributeType::ADDRESS_ERROR_CODE,
];
const MAX_PERMISSIONS: usize = 2;
const MAX_CHANNELS: usize = 3;

static ADDRESSES: LazyLock<Vec<SocketAddr>> = LazyLock::new(|| {
    ["8.8.8.8:1", "8.8.8.8:2", "8.8.4.4:1", "[2a00::9]:1", "9.9.9.2:50000", "0.0.0.0:0"]
        .map(|text| text.parse().expect("an address"))
        .into()
});
static ALICE: LazyLock<Credentials> =
    LazyLock::new(|| Credentials::new("alice", "wonderland").expect("prepared text"));
static KEYS: LazyLock<Vec<Key>> = LazyLock::new(|| {
    let key = |algorithm| ALICE.long_term_key("turn", algorithm).expect("a realm");
    vec![key(Algorithm::Md5), key(Algorithm::Sha256), Key::new(b"wrong")]
});

struct Client {
    machine: TurnClient,
    path: Path,
    allocated: bool,
}

impl Client {
    fn new(script: &mut Script<'_>) -> Self {
        let transport = script.choose(&[Transport::Udp, Transport::Udp, Transport::Tcp]);
        let here = "7.7.7.7:1000".parse().expect("an address");
        let there = "9.9.9.1:3478".parse().expect("an address");
        let path = Path::new(transport, here, there);
        let mut config = TurnClientConfig::new(path, ALICE.clone());
        config.paced = script.one_in(4);
        config.max_permissions = MAX_PERMISSIONS;
        config.max_channels = MAX_CHANNELS;
        Self { machine: TurnClient::new(config, [1; 32]), path, allocated: false }
    }

    /// The answer of a server that means well, most of the time.
    fn answer(script: &mut Script<'_>, heard: &[Heard]) -> Option<Vec<u8>> {
        let back = script.below(4).min(heard.len().saturating_sub(1));
        let asked = heard.get(heard.len().checked_sub(1 + back)?)?;
        let request = Message::parse(&asked.bytes).ok()?;
        let method = request.method();
        let challenged = request.integrity().is_none() || script.one_in(12);
        let mut buffer = [0; 512];
        let id = request.transaction_id();
        if challenged {
            let kind = MessageType::error(method);
            let mut message = MessageBuilder::new(&mut buffer, kind, id);
            let code = script.choose(&[Code::UNAUTHENTICATED, Code::STALE_NONCE]);
            message.push(&ErrorCode::from(code));
            message.push(&Realm("turn"));
            let modern = script.flag();
            let nonce: &[u8] = if modern { b"obMatJos2gAAAnonce" } else { b"plain" };
            message.push(&Nonce(nonce));
            if modern {
                message.push(&PasswordAlgorithms::SHA256_MD5);
            }
            return message.finish().ok().map(<[u8]>::to_vec);
        }
        let mut message = MessageBuilder::new(&mut buffer, MessageType::success(method), id);
        match method {
            Method::ALLOCATE => {
                message.push(&XorRelayedAddress(ADDRESSES[4]));
                message.push(&XorMappedAddress(ADDRESSES[0]));
                message.push(&Lifetime(script.choose(&[600, 60, 0, 3600, 1, u32::MAX])));
            }
            Method::REFRESH => {
                let asked = request.get::<Lifetime>().map_or(600, |lifetime| lifetime.0);
                message.push(&Lifetime(asked));
            }
            _ => {}
        }
        let modern = request.integrity() == Some(Integrity::Sha256);
        let signed = if modern {
            message.sign(&KEYS[1], Integrity::Sha256)
        } else {
            message.sign(&KEYS[0], Integrity::Sha1)
        };
        signed.finish().ok().map(<[u8]>::to_vec)
    }

    /// It has nothing more to wait for. An allocation that is left outlasts time itself, as four of
    /// the longest after one another do.
    fn assert_ended(&mut self) {
        if self.machine.relayed().is_some() {
            let last = Instant::FAR.saturating_sub(Duration::from_nanos(1));
            self.machine.handle_timeout(last);
            assert!(self.machine.relayed().is_some(), "it ends, and nothing waits for that");
        }
    }

    fn run(&mut self, now: Instant, script: &mut Script<'_>) {
        let peer = script.choose(&ADDRESSES);
        let before = self.machine.relayed();
        match script.below(16) {
            0..4 => {
                if self.machine.allocate(now).is_ok() {
                    assert_eq!(self.machine.relayed(), None, "allocated before the answer");
                }
            }
            4..6 => {
                let _ = self.machine.create_permission(now, &[peer.ip()]);
            }
            6 => {
                let all: Vec<_> = ADDRESSES.iter().map(SocketAddr::ip).collect();
                let count = script.below(6);
                let _ = self.machine.create_permission(now, &all[..count]);
            }
            7..10 => drop(self.machine.bind_channel(now, peer)),
            10 => self.machine.forget_peer(now, peer.ip()),
            11 => {
                let data = script.bytes(60);
                if let Ok(packet) = self.machine.send(now, peer, data) {
                    assert!(before.is_some(), "sent without an allocation");
                    assert_eq!((packet.path, packet.payload), (self.path, data));
                }
            }
            12 => drop(self.machine.refresh(now)),
            13 | 14 => drop(self.machine.release_request(now)),
            _ if script.one_in(4) => self.machine.close(now),
            _ => self.machine.handle_timeout(now),
        }
    }
}

impl Subject for Client {
    type Machine = TurnClient;
    /// As documented: twice as many as there may be permissions and channels, and a hundred more.
    const DRAIN_MAX: usize = 2 * (MAX_PERMISSIONS + MAX_CHANNELS) + 100;

    fn machine(&mut self) -> &mut TurnClient {
        &mut self.machine
    }

    fn paths(&self) -> Vec<Path> {
        let elsewhere = "6.6.6.6:6".parse().expect("an address");
        vec![self.path, self.path, self.path, Path::udp(self.path.local(), elsewhere)]
    }

    fn craft(&mut self, _: Instant, _: Path, script: &mut Script<'_>, heard: &[Heard]) -> Vec<u8> {
        match script.below(8) {
            0..4 => Self::answer(script, heard).unwrap_or_default(),
            4 => indication(Method::DATA, &ADDRESSES, script),
            5 => {
                let data = script.bytes(40);
                [&[0x40, script.below(4) as u8, 0, data.len() as u8], data].concat()
            }
            _ => {
                let words = Words {
                    addresses: &ADDRESSES,
                    texts: &["turn", "alice", "other"],
                    keys: &KEYS,
                    methods: &METHODS,
                    attributes: &ATTRIBUTES,
                };
                craft::message(script, &words, heard)
            }
        }
    }

    fn command(&mut self, now: Instant, script: &mut Script<'_>) {
        self.run(now, script);
    }

    fn sent(&mut self, _: Instant, heard: &Heard) {
        let request = Message::parse(&heard.bytes).expect("what is sent can be read");
        assert_eq!((request.class(), heard.path), (Class::Request, self.path));
        assert_eq!(request.malformed(), None, "what is sent is well-formed");
    }

    fn event(&mut self, event: TurnEvent) {
        match event {
            TurnEvent::Allocated { .. } => {
                assert!(!self.allocated, "allocated twice");
                self.allocated = true;
            }
            TurnEvent::Lost { .. } => {
                assert!(self.allocated, "lost what there never was");
                self.allocated = false;
            }
            TurnEvent::Closed => self.allocated = false,
            TurnEvent::Failed { .. }
            | TurnEvent::Refreshed { .. }
            | TurnEvent::Moved { .. }
            | TurnEvent::MoveFailed { .. }
            | TurnEvent::Connected { .. }
            | TurnEvent::ConnectionFailed { .. }
            | TurnEvent::ConnectionEnded { .. }
            | TurnEvent::ConnectionAttempted { .. }
            | TurnEvent::PermissionInstalled { .. }
            | TurnEvent::PermissionFailed { .. }
            | TurnEvent::ChannelBound { .. }
            | TurnEvent::ChannelFailed { .. }
            | TurnEvent::PeerUnreachable { .. } => {}
        }
    }

    /// Nobody answers any more: the client gives up, and rests.
    fn end(&mut self, now: Instant) {
        let mut now = now;
        for _ in 0..20_000 {
            match self.machine.poll_output() {
                Output::Timeout(None) => return self.assert_ended(),
                Output::Timeout(Some(wake)) => {
                    now = now.max(wake);
                    self.machine.handle_timeout(now);
                    while self.machine.release_request(now) {}
                }
                Output::Event(event) => self.event(event),
                Output::Transmit(_) | Output::Socket(_) => {}
                Output::Lookup(lookup) => panic!("a client asks for {lookup:?}"),
            }
        }
        // A server may grant an allocation for 136 years, for which the client keeps trying.
        assert!(self.machine.relayed().is_some(), "nobody answers, and it never rests");
    }
}

/// An allocation from its beginning to its end.
pub fn turn_client(data: &[u8]) {
    let mut script = Script::new(data);
    let mut client = Client::new(&mut script);
    drive(&mut client, &mut script);
}
