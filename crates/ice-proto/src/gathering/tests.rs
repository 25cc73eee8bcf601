use super::{GatherError, Gathered, Gathering};
use crate::{Candidate, CandidateKind, GatheringFault, IceConfig, Policy, TurnServer};
use alloc::{vec, vec::Vec};
use core::net::{IpAddr, SocketAddr};
use sans_io::{Instant, Path, SocketFault, SocketId, SocketIds, SocketRequest};
use stun_proto::{
    Credentials, Entropy, Message, MessageBuilder, MessageType, Method,
    attribute::{Code, ErrorCode, MappedAddress, XorMappedAddress},
};

const STUN: &str = "198.51.100.1:3478";
const TURN: &str = "198.51.100.2:3478";
const MAPPED: &str = "203.0.113.5:777";

fn at(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

fn gathering(policy: Policy) -> Gathering {
    let server = TurnServer { address: at(TURN), username: "u".into(), password: "p".into() };
    let config = IceConfig {
        policy,
        stun_servers: vec![at(STUN)],
        turn_servers: vec![server],
        ..IceConfig::default()
    };
    let accounts = vec![Credentials::new("u", "p").unwrap()];
    Gathering::new(&config, accounts, SocketIds::root(), Entropy::new([1; 32]))
}

/// Opens sockets at these addresses, with port 5000.
fn open(gathering: &mut Gathering, addresses: &[&str]) {
    let ips: Vec<IpAddr> = addresses.iter().map(|text| text.parse().unwrap()).collect();
    gathering.start(&ips).unwrap();
    let outputs: Vec<Gathered> = core::iter::from_fn(|| gathering.poll(Instant::ZERO)).collect();
    for output in outputs {
        let Gathered::Socket(SocketRequest::Bind { id, local }) = output else {
            panic!("{output:?}")
        };
        gathering.on_socket(id, Ok(SocketAddr::new(local.ip(), 5000)));
    }
}

fn candidates(gathering: &mut Gathering) -> Vec<Candidate> {
    core::iter::from_fn(|| gathering.poll(Instant::ZERO))
        .filter_map(|output| match output {
            Gathered::Local(local) if local.signalled => Some(local.candidate),
            _ => None,
        })
        .collect()
}

/// Takes a slot, and the request that it lets go.
fn request(gathering: &mut Gathering) -> (Path, Vec<u8>) {
    assert!(gathering.wants_slot());
    assert!(gathering.take_slot(Instant::ZERO));
    loop {
        match gathering.poll(Instant::ZERO) {
            Some(Gathered::Transmit(path, bytes)) => return (path, bytes.to_vec()),
            Some(_) => {}
            None => panic!("a slot sends something"),
        }
    }
}

fn binding_response(
    request: &[u8],
    write: impl FnOnce(&mut MessageBuilder<'_>),
    ok: bool,
) -> Vec<u8> {
    let id = Message::parse(request).unwrap().transaction_id();
    let mut buffer = [0; 128];
    let method = Method::BINDING;
    let kind = if ok { MessageType::success(method) } else { MessageType::error(method) };
    let mut message = MessageBuilder::new(&mut buffer, kind, id);
    write(&mut message);
    message.finish().unwrap().to_vec()
}

fn respond(gathering: &mut Gathering, path: Path, response: &[u8]) -> bool {
    gathering.on_response(Instant::ZERO, path, &Message::parse(response).unwrap())
}

#[test]
fn each_address_is_a_host_candidate_and_priorities_are_unique() {
    let mut gathering = gathering(Policy::All);
    open(&mut gathering, &["10.0.0.1", "10.0.0.2", "2001:db8::1"]);
    let found = candidates(&mut gathering);
    let ips: Vec<_> = found.iter().map(|candidate| candidate.address.ip()).collect();
    let wanted: Vec<IpAddr> =
        ["2001:db8::1", "10.0.0.1", "10.0.0.2"].map(|ip| ip.parse().unwrap()).into();
    assert_eq!(ips, wanted);
    assert!(found.windows(2).all(|two| two[0].priority > two[1].priority));
    assert!(found.windows(2).all(|two| two[0].foundation != two[1].foundation));
}

#[test]
fn forbidden_and_known_addresses_are_passed_over() {
    let mut gathering = gathering(Policy::All);
    open(&mut gathering, &["10.0.0.1", "fec0::1", "::10.0.0.9", "10.0.0.1"]);
    assert_eq!(candidates(&mut gathering).len(), 1);
    gathering.start(&["10.0.0.1".parse().unwrap()]).unwrap();
    assert!(gathering.poll(Instant::ZERO).is_none());
}

#[test]
fn addresses_that_name_no_interface_are_refused() {
    let mut gathering = gathering(Policy::All);
    let any: IpAddr = "0.0.0.0".parse().unwrap();
    assert_eq!(gathering.start(&[any]), Err(GatherError::Address(any)));
    let many: Vec<IpAddr> = (0..17).map(|n| IpAddr::from([10, 0, 0, n])).collect();
    assert_eq!(gathering.start(&many), Err(GatherError::TooManyAddresses));
    assert!(gathering.poll(Instant::ZERO).is_none());
}

#[test]
fn a_mapped_address_is_a_server_reflexive_candidate() {
    let mut gathering = gathering(Policy::All);
    open(&mut gathering, &["10.0.0.1"]);
    let host = candidates(&mut gathering)[0];
    let (path, question) = request(&mut gathering);
    assert_eq!(path, Path::udp(at("10.0.0.1:5000"), at(STUN)));
    let response = binding_response(&question, |m| m.push(&XorMappedAddress(at(MAPPED))), true);
    // From another server it is not an answer.
    let elsewhere = Path::udp(path.local(), at(TURN));
    assert!(!respond(&mut gathering, elsewhere, &response));
    assert!(respond(&mut gathering, path, &response));
    assert!(!respond(&mut gathering, path, &response), "once");
    let found = candidates(&mut gathering)[0];
    assert_eq!((found.kind, found.address), (CandidateKind::ServerReflexive, at(MAPPED)));
    assert_eq!(found.related, Some(host.address));
    assert_ne!(found.foundation, host.foundation);
    assert!(found.priority < host.priority);
}

#[test]
fn a_server_of_rfc_3489_is_understood() {
    let mut gathering = gathering(Policy::All);
    open(&mut gathering, &["10.0.0.1"]);
    candidates(&mut gathering);
    let (path, question) = request(&mut gathering);
    let response = binding_response(&question, |m| m.push(&MappedAddress(at(MAPPED))), true);
    assert!(respond(&mut gathering, path, &response));
    assert_eq!(candidates(&mut gathering)[0].address, at(MAPPED));
}

#[test]
fn a_server_that_refuses_or_babbles_is_reported() {
    for (code, fault) in
        [(Some(Code::SERVER_ERROR), GatheringFault::Refused(500)), (None, GatheringFault::Broken)]
    {
        let mut gathering = gathering(Policy::All);
        open(&mut gathering, &["10.0.0.1"]);
        candidates(&mut gathering);
        let (path, question) = request(&mut gathering);
        let response = binding_response(
            &question,
            |message| {
                if let Some(code) = code {
                    message.push(&ErrorCode::from(code));
                }
            },
            code.is_none(),
        );
        assert!(respond(&mut gathering, path, &response));
        let Some(Gathered::Failed(failure)) = gathering.poll(Instant::ZERO) else {
            panic!("no failure")
        };
        assert_eq!((failure.server, failure.fault), (Some(at(STUN)), fault));
    }
}

#[test]
fn a_relay_gives_two_candidates_and_a_relay_at_our_own_address_none() {
    let mut gathering = gathering(Policy::All);
    open(&mut gathering, &["10.0.0.1"]);
    candidates(&mut gathering);
    let base = at("10.0.0.1:5000");
    gathering.allocated(Instant::ZERO, base, (0, 0), (at("198.51.100.2:50000"), at(MAPPED)));
    let found = candidates(&mut gathering);
    let kinds: Vec<_> = found.iter().map(|candidate| candidate.kind).collect();
    assert_eq!(kinds, [CandidateKind::ServerReflexive, CandidateKind::Relayed]);
    assert_eq!(found[1].related, Some(at(MAPPED)));
    // RFC 8445 §5.1.1.2: a relayed candidate that is a host candidate is discarded.
    gathering.allocated(Instant::ZERO, base, (0, 0), (base, at(MAPPED)));
    let kinds: Vec<_> = candidates(&mut gathering).iter().map(|c| c.kind).collect();
    assert_eq!(kinds, [CandidateKind::ServerReflexive]);
}

#[test]
fn under_policy_relay_only_turn_servers_are_asked() {
    let mut gathering = gathering(Policy::Relay);
    open(&mut gathering, &["10.0.0.1"]);
    assert!(candidates(&mut gathering).is_empty());
    let (path, question) = request(&mut gathering);
    assert_eq!(path.remote(), at(TURN));
    assert_eq!(Message::parse(&question).unwrap().method(), Method::ALLOCATE);
    assert!(!gathering.wants_slot());
}

#[test]
fn servers_of_another_family_or_beyond_loopback_are_not_asked() {
    let mut gathering = gathering(Policy::All);
    open(&mut gathering, &["2001:db8::1", "127.0.0.1"]);
    candidates(&mut gathering);
    assert!(!gathering.wants_slot());
    assert!(gathering.completed());
    assert!(!gathering.completed(), "told once");
}

#[test]
fn a_socket_that_does_not_open_is_reported_and_does_not_hold_up() {
    let mut gathering = gathering(Policy::All);
    gathering.start(&["10.0.0.1".parse().unwrap()]).unwrap();
    assert!(gathering.poll(Instant::ZERO).is_some());
    assert!(!gathering.completed());
    gathering.on_socket(SocketId(0), Err(SocketFault::Unavailable));
    let Some(Gathered::Failed(failure)) = gathering.poll(Instant::ZERO) else {
        panic!("no failure")
    };
    assert_eq!(failure.fault, GatheringFault::Socket(SocketFault::Unavailable));
    assert!(gathering.completed());
}
