//! The laws of sans-io, for the client and the server.
use sans_io::{
    Instant, Machine, Path, SocketIds, Transmit, Transport,
    laws::{Flood, Rng, Subject, check, cuts},
};
use stun_proto::{
    Auth, BindingRequest, BindingServer, ClientConfig, Credentials, Integrity, Key, LifetimeConfig,
    Message, MessageBuilder, MessageType, Method, NatProbe, NatProbeConfig, OtherServer, RequestId,
    Resolver, ServerConfig, StunClient, TransactionId,
    attribute::{
        AlternateServer, ChangeRequest, Code, ErrorCode, Nonce, OtherAddress, PasswordAlgorithms,
        Realm, ResponsePort, XorMappedAddress,
    },
};

const PASSWORD: &[u8] = b"pass";

fn addr(text: &str) -> std::net::SocketAddr {
    text.parse().unwrap()
}

/// Noise, or something that begins like STUN.
fn noise(rng: &mut Rng) -> Vec<u8> {
    let len = rng.below(80) as usize;
    let mut bytes: Vec<u8> = (0..len).map(|_| rng.bits() as u8).collect();
    if rng.one_in(2) && bytes.len() >= 20 {
        bytes[0] &= 0x01;
        bytes[2..4].copy_from_slice(&((len - 20) as u16).to_be_bytes());
        bytes[4..8].copy_from_slice(&stun_proto::MAGIC_COOKIE);
    }
    bytes
}

struct Client(fn() -> Auth);

impl Client {
    /// An answer to one of the requests that were sent: right, wrong, or of another's.
    fn answer(rng: &mut Rng, request: &Transmit) -> Option<Vec<u8>> {
        let id = Message::parse(&request.payload).ok()?.transaction_id();
        let mut buffer = [0; 256];
        let code = [
            None,
            None,
            Some(Code::UNAUTHENTICATED),
            Some(Code::STALE_NONCE),
            Some(Code::TRY_ALTERNATE),
            Some(Code::SERVER_ERROR),
        ][rng.below(6) as usize];
        let kind = match code {
            Some(_) => MessageType::error(Method::BINDING),
            None => MessageType::success(Method::BINDING),
        };
        let mut builder = MessageBuilder::new(&mut buffer, kind, id);
        match code {
            Some(code) => builder.push(&ErrorCode::from(code)),
            None => builder.push(&XorMappedAddress(addr("203.0.113.1:5"))),
        }
        match code {
            Some(Code::TRY_ALTERNATE) => builder.push(&AlternateServer(addr("198.51.100.7:3478"))),
            Some(Code::UNAUTHENTICATED | Code::STALE_NONCE) => {
                builder.push(&Realm(if rng.one_in(3) { "other" } else { "realm" }));
                builder.push(&Nonce(b"obMatJos2gAAAnonce"));
                if !rng.one_in(4) {
                    builder.push(&PasswordAlgorithms::SHA256_MD5);
                }
            }
            _ => {}
        }
        let key = if rng.one_in(4) { Key::new(b"wrong") } else { Key::new(PASSWORD) };
        let bytes = match rng.below(3) {
            0 => builder.finish(),
            1 => builder.sign(&key, Integrity::Sha1).finish(),
            _ => builder.sign(&key, Integrity::Sha256).fingerprint().finish(),
        };
        bytes.ok().map(<[u8]>::to_vec)
    }
}

#[derive(Clone, Debug)]
enum Command {
    Request(BindingRequest),
    Cancel(RequestId),
}

impl Subject for Client {
    type Machine = StunClient;
    type Command = Command;
    const DRAIN_MAX: usize = 64;
    const LATE_MAX: usize = 4;

    fn build(&self) -> StunClient {
        let config = ClientConfig {
            auth: (self.0)(),
            max_requests: 6,
            max_servers: 3,
            fingerprint: true,
            ..ClientConfig::default()
        };
        StunClient::new(config, [1; 32])
    }

    fn paths(&self) -> Vec<Path> {
        let here = addr("192.0.2.1:40000");
        let mut paths: Vec<Path> = ["198.51.100.1:3478", "198.51.100.2:3478", "198.51.100.7:3478"]
            .iter()
            .map(|there| Path::udp(here, addr(there)))
            .collect();
        paths.push(Path::new(Transport::Tcp, here, addr("198.51.100.1:3478")));
        paths
    }

    fn bytes(&self, rng: &mut Rng, sent: &[Transmit]) -> Vec<u8> {
        let asked = rng.pick(sent).filter(|_| rng.below(5) > 0).cloned();
        asked.and_then(|asked| Self::answer(rng, &asked)).unwrap_or_else(|| noise(rng))
    }

    fn command(&self, rng: &mut Rng) -> Command {
        if rng.one_in(5) {
            return Command::Cancel(RequestId(rng.below(30)));
        }
        let paths = self.paths();
        let path = paths[rng.below(4) as usize];
        let change = ChangeRequest { change_ip: rng.one_in(8), change_port: false };
        Command::Request(BindingRequest { change, ..BindingRequest::new(path) })
    }

    fn run(
        &self,
        machine: &mut StunClient,
        now: Instant,
        command: &Command,
    ) -> Result<String, String> {
        match command {
            Command::Request(ask) => machine
                .request(now, *ask)
                .map(|id| format!("{id:?}"))
                .map_err(|error| error.to_string()),
            Command::Cancel(id) => {
                machine.cancel(now, *id);
                Ok("cancelled".into())
            }
        }
    }
}

fn short_term() -> Auth {
    Auth::ShortTerm { username: "user".into(), key: Box::new(Key::new(PASSWORD)), integrity: None }
}

fn long_term() -> Auth {
    Auth::LongTerm(Credentials::new("user", "pass").unwrap())
}

#[test]
fn client_keeps_the_laws() {
    for auth in [Auth::default as fn() -> Auth, short_term, long_term] {
        for seed in 0..150 {
            check(&Client(auth), seed, 120).unwrap();
        }
    }
}

#[test]
fn client_stays_within_its_bounds() {
    for auth in [Auth::default as fn() -> Auth, short_term, long_term] {
        let client = Client(auth);
        let mut flood = Flood::new(&client);
        flood.run(2_000);
        let more = allocation_counter::measure(|| flood.run(6_000)).bytes_current;
        assert!(more < 8_192, "{more} bytes more");
    }
}

struct Server;

impl Subject for Server {
    type Machine = BindingServer;
    type Command = ();
    const DRAIN_MAX: usize = 64;
    const LATE_MAX: usize = 4;

    fn build(&self) -> BindingServer {
        let other = OtherServer {
            primary: addr("198.51.100.1:3478"),
            alternate: addr("198.51.100.2:3479"),
            response_port: true,
        };
        BindingServer::new(ServerConfig { other: Some(other), ..ServerConfig::default() }, [1; 32])
    }

    fn paths(&self) -> Vec<Path> {
        let mut paths = Vec::new();
        for local in ["198.51.100.1:3478", "198.51.100.2:3479"] {
            for remote in ["192.0.2.1:40000", "[2001:db8::1]:9"] {
                paths.push(Path::udp(addr(local), addr(remote)));
                paths.push(Path::new(Transport::Tcp, addr(local), addr(remote)));
            }
        }
        paths
    }

    fn bytes(&self, rng: &mut Rng, _: &[Transmit]) -> Vec<u8> {
        if rng.one_in(4) {
            return noise(rng);
        }
        request(rng)
    }

    fn command(&self, _: &mut Rng) {}

    /// There are no commands; each would run the timers.
    fn run(&self, machine: &mut BindingServer, now: Instant, (): &()) -> Result<String, String> {
        machine.handle_timeout(now);
        Ok(String::new())
    }
}

/// A request, with the odd attribute.
fn request(rng: &mut Rng) -> Vec<u8> {
    let mut buffer = [0; 256];
    let id = TransactionId([rng.bits() as u8; 12]);
    let mut builder = MessageBuilder::new(&mut buffer, MessageType::request(Method::BINDING), id);
    if rng.one_in(3) {
        builder.push(&ChangeRequest { change_ip: rng.one_in(2), change_port: rng.one_in(2) });
    }
    if rng.one_in(5) {
        builder.push(&ResponsePort(9));
    }
    for _ in 0..rng.below(3) * rng.below(8) {
        builder.push_raw(stun_proto::AttributeType(0x7000 | rng.bits() as u16 & 0xFF), &[]);
    }
    builder.finish().unwrap().to_vec()
}

#[test]
fn server_keeps_the_laws() {
    for seed in 0..150 {
        check(&Server, seed, 120).unwrap();
    }
}

#[test]
fn server_stays_within_its_bounds() {
    let mut flood = Flood::new(&Server);
    flood.run(2_000);
    let more = allocation_counter::measure(|| flood.run(6_000)).bytes_current;
    assert!(more < 8_192, "{more} bytes more");
}

#[test]
fn server_reads_a_stream_however_it_is_cut() {
    let path = Path::new(Transport::Tcp, addr("198.51.100.1:3478"), addr("192.0.2.1:40000"));
    for seed in 0..50 {
        let mut rng = Rng::new(seed);
        let stream: Vec<u8> = (0..10).flat_map(|_| request(&mut rng)).collect();
        cuts(&Server, path, &stream, seed).unwrap();
    }
}

/// Sends a probe its own requests back, now and then, and answers with or without another address.
struct Probe;

impl Subject for Probe {
    type Machine = NatProbe;
    type Command = ();
    const DRAIN_MAX: usize = 64;
    const LATE_MAX: usize = 4;

    fn build(&self) -> NatProbe {
        let server = addr("198.51.100.1:3478");
        let lifetime = Some(LifetimeConfig::default());
        let config =
            NatProbeConfig { lifetime, ..NatProbeConfig::new(addr("192.0.2.1:0").ip(), server) };
        NatProbe::new(config, &mut SocketIds::root(), [1; 32])
    }

    fn paths(&self) -> Vec<Path> {
        ["198.51.100.1:3478", "198.51.100.2:3478", "198.51.100.2:3479", "203.0.113.1:5"]
            .map(|remote| Path::udp(addr("192.0.2.1:1"), addr(remote)))
            .into()
    }

    fn bytes(&self, rng: &mut Rng, sent: &[Transmit]) -> Vec<u8> {
        let Some(asked) = rng.pick(sent).cloned() else { return noise(rng) };
        if rng.one_in(8) {
            return asked.payload.to_vec();
        }
        let Ok(message) = Message::parse(&asked.payload) else { return noise(rng) };
        let mut buffer = [0; 128];
        let mapped = addr(["203.0.113.1:5", "203.0.113.1:6"][rng.below(2) as usize]);
        let kind = MessageType::success(Method::BINDING);
        let mut builder = MessageBuilder::new(&mut buffer, kind, message.transaction_id());
        builder.push(&XorMappedAddress(mapped));
        if !rng.one_in(4) {
            builder.push(&OtherAddress(addr("198.51.100.2:3479")));
        }
        builder.finish().unwrap().to_vec()
    }

    fn command(&self, _: &mut Rng) {}

    /// There are no commands; each would run the timers.
    fn run(&self, machine: &mut NatProbe, now: Instant, (): &()) -> Result<String, String> {
        machine.handle_timeout(now);
        Ok(String::new())
    }
}

#[test]
fn probe_keeps_the_laws() {
    for seed in 0..300 {
        check(&Probe, seed, 150).unwrap();
    }
}

#[test]
fn probe_stays_within_its_bounds() {
    let mut flood = Flood::new(&Probe);
    flood.run(2_000);
    let more = allocation_counter::measure(|| flood.run(6_000)).bytes_current;
    assert!(more < 8_192, "{more} bytes more");
}

struct Names;

impl Subject for Names {
    type Machine = Resolver;
    type Command = ();
    const DRAIN_MAX: usize = 65;
    const LATE_MAX: usize = 4;

    fn build(&self) -> Resolver {
        let uri = "turn:example.org".parse().unwrap();
        let supported = [Transport::Tls, Transport::Tcp, Transport::Udp];
        Resolver::new(&uri, &supported, 0, [1; 32]).unwrap()
    }

    fn paths(&self) -> Vec<Path> {
        vec![Path::udp(addr("192.0.2.1:1"), addr("198.51.100.1:3478"))]
    }

    fn bytes(&self, rng: &mut Rng, _: &[Transmit]) -> Vec<u8> {
        noise(rng)
    }

    fn command(&self, _: &mut Rng) {}

    /// There are no commands; each would run the timers.
    fn run(&self, machine: &mut Resolver, now: Instant, (): &()) -> Result<String, String> {
        machine.handle_timeout(now);
        Ok(String::new())
    }
}

#[test]
fn resolver_keeps_the_laws() {
    for seed in 0..300 {
        check(&Names, seed, 100).unwrap();
    }
}
