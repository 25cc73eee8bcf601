use super::{
    BindingLifetime, Filtering, LifetimeConfig, Mapping, NatProbe, NatProbeConfig, NatProbeEvent,
    NatReport,
};
use crate::{
    BindingServer, Message, MessageBuilder, MessageType, Method, OtherServer, RequestFault,
    ServerConfig,
    attribute::{ChangeRequest, Code, ErrorCode},
};
use alloc::{collections::VecDeque, string::ToString, vec, vec::Vec};
use core::{
    net::{IpAddr, SocketAddr},
    time::Duration,
};
use sans_io::{
    Input, Instant, Machine, Output, Path, SocketFault, SocketIds, SocketRequest, Verdict,
};

const INSIDE: &str = "192.0.2.1";
const OUTSIDE: &str = "203.0.113.1";
const SERVER: &str = "198.51.100.1:3478";

fn addr(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

/// A NAT in a few lines; none where the mapping is `Mapping::None`.
struct Nat {
    mapping: Mapping,
    filtering: Filtering,
    hairpin: bool,
    lifetime: Duration,
    bindings: Vec<NatBinding>,
}

struct NatBinding {
    inner: SocketAddr,
    /// What of the destination the binding is for.
    key: (Option<IpAddr>, Option<u16>),
    outer: SocketAddr,
    sent_to: Vec<SocketAddr>,
    used: Instant,
}

impl Nat {
    fn new(mapping: Mapping, filtering: Filtering) -> Self {
        let lifetime = Duration::from_secs(100_000);
        Self { mapping, filtering, hairpin: false, lifetime, bindings: vec![] }
    }

    fn out(&mut self, now: Instant, from: SocketAddr, to: SocketAddr) -> SocketAddr {
        let key = match self.mapping {
            Mapping::AddressDependent => (Some(to.ip()), None),
            Mapping::AddressAndPortDependent => (Some(to.ip()), Some(to.port())),
            _ => (None, None),
        };
        let lifetime = self.lifetime;
        self.bindings.retain(|b| now.saturating_since(b.used) < lifetime);
        let known = self.bindings.iter().position(|b| b.inner == from && b.key == key);
        let index = known.unwrap_or_else(|| {
            let port = 50_000 + self.bindings.len() as u16 + (now.as_millis() % 1000) as u16 * 10;
            let outer = if self.mapping == Mapping::None {
                from
            } else {
                SocketAddr::new(OUTSIDE.parse().unwrap(), port)
            };
            self.bindings.push(NatBinding { inner: from, key, outer, sent_to: vec![], used: now });
            self.bindings.len() - 1
        });
        let binding = &mut self.bindings[index];
        binding.used = now;
        binding.sent_to.push(to);
        binding.outer
    }

    fn back(&mut self, now: Instant, from: SocketAddr, to: SocketAddr) -> Option<SocketAddr> {
        let lifetime = self.lifetime;
        let binding = self
            .bindings
            .iter()
            .find(|b| b.outer == to && now.saturating_since(b.used) < lifetime)?;
        let allowed = match self.filtering {
            Filtering::EndpointIndependent | Filtering::Unknown => true,
            Filtering::AddressDependent => binding.sent_to.iter().any(|a| a.ip() == from.ip()),
            Filtering::AddressAndPortDependent => binding.sent_to.contains(&from),
        };
        allowed.then_some(binding.inner)
    }
}

fn server(response_port: bool) -> BindingServer {
    let other =
        OtherServer { primary: addr(SERVER), alternate: addr("198.51.100.2:3479"), response_port };
    BindingServer::new(ServerConfig { other: Some(other), ..ServerConfig::default() }, [2; 32])
}

/// Runs a probe behind a NAT, with 20 ms one way, until it says something.
fn run(
    config: NatProbeConfig,
    nat: &mut Nat,
    server: &mut BindingServer,
) -> (NatProbeEvent, Instant) {
    run_with(config, nat, |now, path, bytes| answer(server, now, path, bytes))
}

/// The same with any server: what it answers where, to what came where.
fn run_with(
    config: NatProbeConfig,
    nat: &mut Nat,
    mut server: impl FnMut(Instant, Path, &[u8]) -> Option<(Path, Vec<u8>)>,
) -> (NatProbeEvent, Instant) {
    let mut probe = NatProbe::new(config, &mut SocketIds::root(), [1; 32]);
    let mut now = Instant::from_secs(1);
    let mut port = 40_000;
    let mut wire: VecDeque<(Instant, Path, Vec<u8>)> = VecDeque::new();
    loop {
        let wake = loop {
            match probe.poll_output() {
                Output::Socket(SocketRequest::Bind { id, local }) => {
                    port += 1;
                    let local = SocketAddr::new(local.ip(), port);
                    let _ = probe.handle_input(now, Input::Socket { id, state: Ok(local) });
                }
                Output::Socket(_) | Output::Lookup(_) => {}
                Output::Transmit(sent) => {
                    let arrives = now.saturating_add(Duration::from_millis(40));
                    let outer = nat.out(now, sent.path.local(), sent.path.remote());
                    let back = if sent.path.remote().ip() == outer.ip() {
                        nat.hairpin.then(|| (sent.path.remote(), outer, sent.payload.to_vec()))
                    } else {
                        server(now, Path::udp(sent.path.remote(), outer), &sent.payload)
                            .map(|(path, bytes)| (path.remote(), path.local(), bytes))
                    };
                    if let Some((to, from, bytes)) = back
                        && let Some(inner) = nat.back(now, from, to)
                    {
                        wire.push_back((arrives, Path::udp(inner, from), bytes));
                    }
                }
                Output::Event(event) => return (event, now),
                Output::Timeout(at) => break at,
            }
        };
        let arrival = wire.front().map(|(at, ..)| *at);
        let next = [wake, arrival].into_iter().flatten().min().expect("the probe sleeps for ever");
        now = now.max(next);
        if arrival.is_some_and(|at| at <= now) {
            let (_, path, bytes) = wire.pop_front().unwrap();
            let _ = probe.handle_input(now, Input::received(path, &bytes));
        } else {
            probe.handle_timeout(now);
        }
    }
}

fn answer(
    server: &mut BindingServer,
    now: Instant,
    path: Path,
    bytes: &[u8],
) -> Option<(Path, Vec<u8>)> {
    match server.handle_input(now, Input::received(path, bytes)) {
        Verdict::Send(packet) => Some((packet.path, packet.to_vec())),
        _ => match server.poll_output() {
            Output::Transmit(sent) => Some((sent.path, sent.payload.to_vec())),
            _ => None,
        },
    }
}

fn config() -> NatProbeConfig {
    NatProbeConfig::new(INSIDE.parse().unwrap(), addr(SERVER))
}

fn report(nat: &mut Nat) -> (NatReport, Instant) {
    match run(config(), nat, &mut server(true)) {
        (NatProbeEvent::Done(report), at) => (report, at),
        (other, _) => panic!("{other:?}"),
    }
}

const MAPPINGS: [Mapping; 4] = [
    Mapping::None,
    Mapping::EndpointIndependent,
    Mapping::AddressDependent,
    Mapping::AddressAndPortDependent,
];
const FILTERINGS: [Filtering; 3] = [
    Filtering::EndpointIndependent,
    Filtering::AddressDependent,
    Filtering::AddressAndPortDependent,
];

#[test]
fn every_mapping_and_filtering_is_told() {
    for mapping in MAPPINGS {
        for filtering in FILTERINGS {
            for hairpin in [false, true] {
                let mut nat = Nat { hairpin, ..Nat::new(mapping, filtering) };
                let (report, at) = report(&mut nat);
                assert_eq!((report.mapping, report.filtering), (mapping, filtering));
                assert_eq!(report.other, Some(addr("198.51.100.2:3479")));
                assert_eq!(report.local.ip().to_string(), INSIDE);
                assert_eq!(report.keeps_port(), mapping == Mapping::None);
                // Behind a NAT that maps by destination, what the server saw leads back only where
                // everybody is let in: the sockets send to each other from other bindings.
                let expected = match (mapping, filtering) {
                    (Mapping::None, _) => None,
                    (Mapping::EndpointIndependent, _) | (_, Filtering::EndpointIndependent) => {
                        Some(hairpin)
                    }
                    (_, _) => Some(false),
                };
                assert_eq!(report.hairpin, expected, "{mapping:?} {filtering:?} {hairpin}");
                assert!(at < Instant::from_secs(13), "{at:?}");
            }
        }
    }
}

#[test]
fn server_that_does_not_answer_is_a_failure() {
    let mut nat = Nat::new(Mapping::EndpointIndependent, Filtering::EndpointIndependent);
    let config = NatProbeConfig::new(INSIDE.parse().unwrap(), addr("198.51.100.77:1"));
    let limiter = crate::LimiterConfig { burst: 0, per_second: 0, ..Default::default() };
    let mut server = BindingServer::new(ServerConfig { limiter, ..Default::default() }, [2; 32]);
    let (event, _) = run(config, &mut nat, &mut server);
    assert_eq!(event, NatProbeEvent::Failed(RequestFault::TimedOut));
}

#[test]
fn server_with_one_address_tells_less() {
    let mut nat = Nat::new(Mapping::AddressDependent, Filtering::AddressDependent);
    let mut server = BindingServer::new(ServerConfig::default(), [2; 32]);
    let (event, _) = run(config(), &mut nat, &mut server);
    let NatProbeEvent::Done(report) = event else { panic!("{event:?}") };
    assert_eq!((report.mapping, report.filtering), (Mapping::Unknown, Filtering::Unknown));
    assert!(report.mapped.is_some());
}

#[test]
fn socket_that_does_not_open_is_a_failure() {
    let mut probe = NatProbe::new(config(), &mut SocketIds::root(), [1; 32]);
    let Output::Socket(SocketRequest::Bind { id, .. }) = probe.poll_output() else {
        panic!("no socket");
    };
    let state = Err(SocketFault::Denied);
    let _ = probe.handle_input(Instant::ZERO, Input::Socket { id, state });
    let outputs: Vec<_> = core::iter::from_fn(|| {
        Some(probe.poll_output()).filter(|o| !matches!(o, Output::Timeout(_)))
    })
    .collect();
    assert!(outputs.contains(&Output::Event(NatProbeEvent::NoSocket(SocketFault::Denied))));
    let closed = outputs.iter().filter(|o| matches!(o, Output::Socket(SocketRequest::Close(_))));
    assert_eq!(closed.count(), 1, "the other one is given back");
    assert_eq!(probe.poll_output(), Output::Timeout(None));
}

#[test]
fn lifetime_is_found_between_two_bounds() {
    for (real_s, expected) in [
        (5, BindingLifetime::Under(Duration::from_secs(15))),
        (10_000, BindingLifetime::Over(Duration::from_secs(600))),
        (30, BindingLifetime::Between(Duration::from_secs(15), Duration::from_secs(30))),
        (100, BindingLifetime::Between(Duration::from_secs(90), Duration::from_secs(105))),
    ] {
        let mut nat = Nat::new(Mapping::EndpointIndependent, Filtering::EndpointIndependent);
        nat.lifetime = Duration::from_secs(real_s);
        let config = NatProbeConfig { lifetime: Some(LifetimeConfig::default()), ..config() };
        let (event, at) = run(config, &mut nat, &mut server(true));
        let NatProbeEvent::Done(report) = event else { panic!("{event:?}") };
        assert_eq!(report.lifetime, Some(expected), "{real_s} s");
        assert!(at < Instant::from_secs(45 * 60), "{at:?}");
    }
}

#[test]
fn lifetime_is_unknown_where_response_port_is_not_honoured() {
    let mut nat = Nat::new(Mapping::EndpointIndependent, Filtering::EndpointIndependent);
    let config = NatProbeConfig { lifetime: Some(LifetimeConfig::default()), ..config() };
    let (event, _) = run(config, &mut nat, &mut server(false));
    let NatProbeEvent::Done(report) = event else { panic!("{event:?}") };
    assert_eq!(report.lifetime, Some(BindingLifetime::Unknown));
}

#[test]
fn questions_are_paced() {
    let mut probe = NatProbe::new(config(), &mut SocketIds::root(), [1; 32]);
    let mut nat = Nat::new(Mapping::AddressAndPortDependent, Filtering::AddressAndPortDependent);
    let mut server = server(true);
    let mut now = Instant::from_secs(1);
    let mut begun: Vec<(crate::TransactionId, Instant)> = vec![];
    for _ in 0..400 {
        match probe.poll_output() {
            Output::Socket(SocketRequest::Bind { id, local }) => {
                let local = SocketAddr::new(local.ip(), 40_000 + id.0 as u16);
                let _ = probe.handle_input(now, Input::Socket { id, state: Ok(local) });
            }
            Output::Transmit(sent) => {
                let id = crate::Message::parse(&sent.payload).unwrap().transaction_id();
                if begun.iter().all(|(known, _)| *known != id) {
                    begun.push((id, now));
                }
                let outer = nat.out(now, sent.path.local(), sent.path.remote());
                let there = Path::udp(sent.path.remote(), outer);
                if let Some((path, bytes)) = answer(&mut server, now, there, &sent.payload)
                    && let Some(inner) = nat.back(now, path.local(), path.remote())
                {
                    let back = Path::udp(inner, path.local());
                    let _ = probe.handle_input(now, Input::received(back, &bytes));
                }
            }
            Output::Timeout(Some(at)) => {
                now = at;
                probe.handle_timeout(now);
            }
            _ => {}
        }
    }
    assert!(begun.len() >= 6, "{}", begun.len());
    // The hairpin test, with an ID of its own, is no transaction with the server.
    for pair in begun[..6].windows(2) {
        assert!(pair[1].1.saturating_since(pair[0].1) >= Duration::from_millis(100));
    }
}

#[test]
fn search_that_begins_at_nothing_ends() {
    for (shortest, longest) in [(Duration::ZERO, 60), (Duration::from_nanos(1), 60)] {
        let longest = Duration::from_secs(longest);
        let search = LifetimeConfig { shortest, longest, precision: Duration::ZERO };
        let mut nat = Nat::new(Mapping::EndpointIndependent, Filtering::EndpointIndependent);
        let config = NatProbeConfig { lifetime: Some(search), ..config() };
        let (event, _) = run(config, &mut nat, &mut server(true));
        let NatProbeEvent::Done(report) = event else { panic!("{event:?}") };
        assert_eq!(report.lifetime, Some(BindingLifetime::Over(longest)));
    }
}

/// An error response to a request.
fn error_to(request: &Message<'_>) -> Vec<u8> {
    let mut buffer = [0; 64];
    let kind = MessageType::error(Method::BINDING);
    MessageBuilder::new(&mut buffer, kind, request.transaction_id())
        .with(&ErrorCode::from(Code::SERVER_ERROR))
        .finish()
        .unwrap()
        .to_vec()
}

/// A server that has another address, and cannot send from there: its answer to who asks for that
/// is an error.
#[test]
fn refusal_says_nothing_of_the_filtering() {
    for refuses in [[true, false], [false, true], [true, true]] {
        let mut whole = server(true);
        let half = |now, path: Path, bytes: &[u8]| {
            let message = Message::parse(bytes).unwrap();
            let change = message.get::<ChangeRequest>().unwrap_or_default();
            if !(change.change_port && refuses[usize::from(!change.change_ip)]) {
                return answer(&mut whole, now, path, bytes);
            }
            Some((path, error_to(&message)))
        };
        let filtering = Filtering::AddressDependent;
        let mut nat = Nat::new(Mapping::EndpointIndependent, filtering);
        let (event, _) = run_with(config(), &mut nat, half);
        let NatProbeEvent::Done(report) = event else { panic!("{event:?}") };
        assert_eq!(report.filtering, Filtering::Unknown, "{refuses:?}");
    }
}

/// Whom a stranger reaches lets everybody in, whatever became of the other question.
#[test]
fn stranger_that_gets_in_settles_the_filtering() {
    let mut whole = server(true);
    let half = |now, path: Path, bytes: &[u8]| {
        let message = Message::parse(bytes).unwrap();
        let change = message.get::<ChangeRequest>().unwrap_or_default();
        if change != (ChangeRequest { change_ip: false, change_port: true }) {
            return answer(&mut whole, now, path, bytes);
        }
        Some((path, error_to(&message)))
    };
    let mut nat = Nat::new(Mapping::EndpointIndependent, Filtering::EndpointIndependent);
    let (event, _) = run_with(config(), &mut nat, half);
    let NatProbeEvent::Done(report) = event else { panic!("{event:?}") };
    assert_eq!(report.filtering, Filtering::EndpointIndependent);
}
