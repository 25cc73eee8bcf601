//! The TURN server: it relays for those who logged in, to peers that they may reach, and to others
//! it sends little.
use crate::{
    craft::{self, Words},
    drive::{Heard, Subject, drive},
    script::Script,
};
use sans_io::{Instant, Path, SocketIds, Transport};
use std::{
    net::{IpAddr, SocketAddr},
    sync::LazyLock,
    time::Duration,
};
use stun_proto::{
    AttributeType, Credentials, Entropy, Integrity, Key, Message, MessageBuilder, MessageType,
    Method, Nonces, SecurityFeatures, TransactionId,
    attribute::{
        Algorithm, ChannelNumber, Data, DontFragment, EvenPort, Lifetime, Nonce, PasswordAlgorithm,
        PasswordAlgorithms, Realm, RequestedAddressFamily, RequestedTransport, ReservationToken,
        Username, XorPeerAddress,
    },
};
use turn_proto::{PeerPolicy, RelayAddress, TurnServer, TurnServerConfig, Users};

const SEED: [u8; 32] = [1; 32];
const METHODS: [Method; 7] = [
    Method::ALLOCATE,
    Method::REFRESH,
    Method::CREATE_PERMISSION,
    Method::CHANNEL_BIND,
    Method::BINDING,
    Method::SEND,
    Method::CONNECT,
];
const ATTRIBUTES: [AttributeType; 16] = [
    AttributeType::USERNAME,
    AttributeType::REALM,
    AttributeType::NONCE,
    AttributeType::REQUESTED_TRANSPORT,
    AttributeType::LIFETIME,
    AttributeType::XOR_PEER_ADDRESS,
    AttributeType::CHANNEL_NUMBER,
    AttributeType::DATA,
    AttributeType::EVEN_PORT,
    AttributeType::RESERVATION_TOKEN,
    AttributeType::DONT_FRAGMENT,
    AttributeType::REQUESTED_ADDRESS_FAMILY,
    AttributeType::ADDITIONAL_ADDRESS_FAMILY,
    AttributeType::PASSWORD_ALGORITHM,
    AttributeType::PASSWORD_ALGORITHMS,
    AttributeType::MOBILITY_TICKET,
];
const MAX_ALLOCATIONS: usize = 3;
/// What an answer to somebody who has not logged in may be at most, in bytes: a 401.
const STRANGER_MAX: usize = 84;

static LISTENER: LazyLock<SocketAddr> = LazyLock::new(|| address("9.9.9.1:3478"));
static ADDRESSES: LazyLock<Vec<SocketAddr>> = LazyLock::new(|| {
    [
        "8.8.8.8:1",
        "8.8.8.8:2",
        "8.8.4.4:1",
        "10.0.0.1:1",
        "[2a00::9]:1",
        "9.9.9.2:49152",
        "[::ffff:10.0.0.1]:7",
    ]
    .map(address)
    .into()
});
static ALICE: LazyLock<[Key; 2]> = LazyLock::new(|| {
    let alice = Credentials::new("alice", "wonderland").expect("prepared text");
    [Algorithm::Md5, Algorithm::Sha256]
        .map(|algorithm| alice.long_term_key("turn", algorithm).expect("a realm"))
});
static KEYS: LazyLock<Vec<Key>> = LazyLock::new(|| {
    let [md5, sha256] = &*ALICE;
    vec![md5.clone(), sha256.clone(), Key::new(b"wrong")]
});
/// The server's own: the second secret that it draws of its seed, after the key of its hash maps.
static NONCES: LazyLock<Nonces> = LazyLock::new(|| {
    let mut entropy = Entropy::new(SEED);
    let _: [u8; 16] = entropy.secret();
    let features = SecurityFeatures { password_algorithms: true, username_anonymity: true };
    Nonces::new(entropy.secret(), Duration::from_secs(3600), features)
});
static USERS: LazyLock<Users> = LazyLock::new(|| {
    Users::new("turn")
        .with("alice", "wonderland")
        .expect("a user")
        .with("bob", "b")
        .expect("a user")
});
static POLICY: LazyLock<PeerPolicy> = LazyLock::new(PeerPolicy::global_only);

fn address(text: &str) -> SocketAddr {
    text.parse().expect("an address")
}

fn ip(text: &str) -> IpAddr {
    text.parse().expect("an address")
}

struct Server {
    machine: TurnServer,
    /// Whether a message came that was signed with a right key.
    signed: bool,
}

impl Server {
    fn new(script: &mut Script<'_>) -> Self {
        let mut config = TurnServerConfig::new(USERS.clone(), POLICY.clone())
            .with_listener(*LISTENER)
            .with_relay(RelayAddress::new(ip("9.9.9.2")))
            .with_relay(RelayAddress::new(ip("2a00::2")));
        config.max_allocations = MAX_ALLOCATIONS;
        config.max_allocations_per_user = 2;
        config.max_permissions = 3;
        config.max_channels = 2;
        config.max_queue = 8;
        config.can_set_dont_fragment = script.flag();
        config.max_bytes_per_second =
            script.one_in(4).then_some(std::num::NonZeroU32::MIN.saturating_add(2000));
        let machine = TurnServer::new(config, SocketIds::root(), SEED).expect("it is valid");
        Self { machine, signed: false }
    }

    /// A request of somebody who knows the password and the nonce: mostly as it should be.
    fn request(now: Instant, path: Path, script: &mut Script<'_>) -> Vec<u8> {
        let method = METHODS[script.below(4)];
        let id = TransactionId([script.number(); 12]);
        let mut buffer = [0; 1024];
        let mut message = MessageBuilder::new(&mut buffer, MessageType::request(method), id);
        let mut peers = |message: &mut MessageBuilder<'_>, count: usize| {
            for _ in 0..count {
                message.push(&XorPeerAddress(script.choose(&ADDRESSES)));
            }
        };
        match method {
            Method::CREATE_PERMISSION => {
                peers(&mut message, 2);
            }
            Method::CHANNEL_BIND => {
                peers(&mut message, 1);
                message.push(&ChannelNumber(0x3FFF + script.below(5) as u16));
            }
            Method::REFRESH => {
                message.push(&Lifetime(script.choose(&[0, 600, 1, 3600, u32::MAX])));
            }
            _ => Self::allocate(&mut message, script),
        }
        let nonce = NONCES.issue(now, path.remote());
        let user = if script.one_in(16) { "bob" } else { "alice" };
        let message = message.with(&Username(user)).with(&Realm("turn")).with(&Nonce(&nonce));
        let [md5, sha256] = &*ALICE;
        let signed = if script.flag() {
            message.sign(md5, Integrity::Sha1)
        } else {
            message
                .with(&PasswordAlgorithms::SHA256_MD5)
                .with(&PasswordAlgorithm::from(Algorithm::Sha256))
                .sign(sha256, Integrity::Sha256)
        };
        signed.finish().map(<[u8]>::to_vec).unwrap_or_default()
    }

    fn allocate(message: &mut MessageBuilder<'_>, script: &mut Script<'_>) {
        message.push(&if script.one_in(8) {
            RequestedTransport::TCP
        } else {
            RequestedTransport::UDP
        });
        match script.below(8) {
            4 => message.push(&EvenPort { reserve: script.flag() }),
            5 => message.push(&ReservationToken([script.number(); 8])),
            6 => message.push(&RequestedAddressFamily(script.below(4) as u8)),
            7 => message.push(&DontFragment),
            _ => {}
        }
        if script.one_in(4) {
            message.push(&Lifetime(script.number()));
        }
    }

    fn channel_data(script: &mut Script<'_>) -> Vec<u8> {
        let data = script.bytes(40);
        let mut bytes = vec![0x40, script.below(4) as u8, 0, data.len() as u8];
        bytes.extend_from_slice(data);
        if script.flag() {
            bytes.resize(bytes.len().next_multiple_of(4), 0);
        }
        bytes
    }
}

/// A Send or Data indication.
pub(crate) fn indication(method: Method, peers: &[SocketAddr], script: &mut Script<'_>) -> Vec<u8> {
    let mut buffer = [0; 256];
    let kind = MessageType::indication(method);
    let mut message = MessageBuilder::new(&mut buffer, kind, TransactionId([9; 12]));
    if !script.one_in(8) {
        message.push(&XorPeerAddress(script.choose(peers)));
    }
    if script.one_in(8) {
        message.push(&DontFragment);
    }
    match script.below(8) {
        0 => {}
        1 => message.push_raw(AttributeType::ICMP, &script.number::<u64>().to_be_bytes()),
        _ => message.push(&Data(script.bytes(64))),
    }
    message.finish().map(<[u8]>::to_vec).unwrap_or_default()
}

impl Subject for Server {
    type Machine = TurnServer;
    const DRAIN_MAX: usize = 64;

    fn machine(&mut self) -> &mut TurnServer {
        &mut self.machine
    }

    fn paths(&self) -> Vec<Path> {
        vec![
            Path::udp(*LISTENER, ADDRESSES[0]),
            Path::udp(*LISTENER, address("7.7.7.8:1000")),
            Path::new(Transport::Tcp, *LISTENER, address("7.7.7.7:1000")),
            Path::udp(address("6.6.6.6:6"), address("7.7.7.7:1000")),
        ]
    }

    fn craft(
        &mut self,
        now: Instant,
        path: Path,
        script: &mut Script<'_>,
        heard: &[Heard],
    ) -> Vec<u8> {
        match script.below(8) {
            0..4 => Self::request(now, path, script),
            4 => Self::channel_data(script),
            5 => indication(Method::SEND, &ADDRESSES, script),
            _ => {
                let words = Words {
                    addresses: &ADDRESSES,
                    texts: &["alice", "turn", "bob", ""],
                    keys: &KEYS,
                    methods: &METHODS,
                    attributes: &ATTRIBUTES,
                };
                craft::message(script, &words, heard)
            }
        }
    }

    fn receiving(&mut self, _: &Path, bytes: &[u8]) {
        if let Ok(message) = Message::parse(bytes) {
            self.signed |= ALICE.iter().any(|key| message.verify(key).is_ok());
        }
    }

    fn sent(&mut self, _: Instant, heard: &Heard) {
        let (local, remote) = (heard.path.local(), heard.path.remote());
        if local == *LISTENER {
            if !self.signed {
                let len = heard.bytes.len();
                assert!(len <= STRANGER_MAX, "{len} bytes to somebody who has not logged in");
            }
            return;
        }
        // From a relayed address: only to peers that the policy allows.
        assert!([ip("9.9.9.2"), ip("2a00::2")].contains(&local.ip()), "sent from {local}");
        let own = [ip("9.9.9.1"), ip("9.9.9.2"), ip("2a00::2")].contains(&remote.ip());
        assert!(POLICY.allows(remote.ip()), "relayed to {remote}");
        assert!(!own || remote.port() >= 49_152, "relayed to a socket of its own, {remote}");
        assert!(self.signed, "relayed for somebody who has not logged in");
    }

    fn end(&mut self, _: Instant) {
        assert!(self.machine.allocations() <= MAX_ALLOCATIONS, "more than configured");
    }
}

/// Requests of users and of others, data in both directions, sockets that open and do not.
pub fn turn_server(data: &[u8]) {
    let mut script = Script::new(data);
    let mut server = Server::new(&mut script);
    drive(&mut server, &mut script);
}
