//! Gathering through its public contract.
use super::{GatherError, Gathering, GatheringEvent};
use crate::{
    Candidate, CandidateKind, CandidatePolicy, GatheringFault, IceConfig, RelayServer,
    ids::{HostId, ServerId},
};
use alloc::{vec, vec::Vec};
use core::{
    net::{IpAddr, SocketAddr},
    time::Duration,
};
use sans_io::{
    Input, Instant, Machine, Output, PacketMeta, Path, SocketFault, SocketId, SocketIds,
    SocketRequest, Verdict,
};
use stun_proto::{
    Message, MessageBuilder, MessageType, Method,
    attribute::{Code, ErrorCode, MappedAddress, RequestedAddressFamily, XorMappedAddress},
};

const STUN: &str = "198.51.100.1:3478";
const TURN: &str = "198.51.100.2:3478";
const MAPPED: &str = "203.0.113.5:777";
const TA: Duration = Duration::from_millis(5);

fn at(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

fn gathering(policy: CandidatePolicy) -> Gathering {
    let server = RelayServer {
        address: at(TURN),
        transport: crate::RelayTransport::Udp,
        username: "u".into(),
        password: "p".into(),
    };
    let config = IceConfig {
        policy,
        stun_servers: vec![at(STUN)],
        turn_servers: vec![server],
        ..IceConfig::default()
    };
    Gathering::new(&config, SocketIds::root(), [1; 32]).unwrap()
}

/// What it has to say.
fn drain(gathering: &mut Gathering) -> Vec<Output<GatheringEvent>> {
    let next = || match gathering.poll_output() {
        Output::Timeout(_) => None,
        output => Some(output),
    };
    core::iter::from_fn(next).collect()
}

fn events(gathering: &mut Gathering) -> Vec<GatheringEvent> {
    let outputs = drain(gathering).into_iter();
    outputs
        .filter_map(|output| if let Output::Event(e) = output { Some(e) } else { None })
        .collect()
}

/// Opens sockets at these addresses, with port 5000.
fn open(gathering: &mut Gathering, addresses: &[&str]) {
    let ips: Vec<IpAddr> = addresses.iter().map(|text| text.parse().unwrap()).collect();
    gathering.gather(Instant::ZERO, &ips).unwrap();
    for output in drain(gathering) {
        let Output::Socket(SocketRequest::Bind { id, local }) = output else {
            panic!("{output:?}")
        };
        let state = Ok(SocketAddr::new(local.ip(), 5000));
        let opened = gathering.handle_input(Instant::ZERO, Input::Socket { id, state });
        assert_eq!(opened, Verdict::Consumed);
    }
}

fn candidates(gathering: &mut Gathering) -> Vec<Candidate> {
    let found = events(gathering).into_iter().filter_map(|event| match event {
        GatheringEvent::Candidate(local) if local.signalled => Some(local.candidate),
        _ => None,
    });
    found.collect()
}

/// Takes a slot, and the request that it lets go.
fn request(gathering: &mut Gathering) -> (Path, Vec<u8>) {
    assert!(gathering.wants_slot());
    assert!(gathering.take_slot(Instant::ZERO, TA));
    let sent = drain(gathering).into_iter().find_map(|output| match output {
        Output::Transmit(transmit) => Some((transmit.path, transmit.payload.to_vec())),
        _ => None,
    });
    sent.expect("a slot sends something")
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

fn respond(gathering: &mut Gathering, now: Instant, path: Path, response: &[u8]) -> bool {
    gathering.handle_input(now, Input::received(path, response)) == Verdict::Consumed
}

#[test]
fn each_address_is_a_host_candidate_and_priorities_are_unique() {
    let mut gathering = gathering(CandidatePolicy::All);
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
    let mut gathering = gathering(CandidatePolicy::All);
    open(&mut gathering, &["10.0.0.1", "fec0::1", "::10.0.0.9", "10.0.0.1"]);
    assert_eq!(candidates(&mut gathering).len(), 1);
    gathering.gather(Instant::ZERO, &["10.0.0.1".parse().unwrap()]).unwrap();
    let bound = drain(&mut gathering);
    assert!(!bound.iter().any(|output| matches!(output, Output::Socket(_))), "{bound:?}");
}

#[test]
fn addresses_that_name_no_interface_are_refused() {
    let mut gathering = gathering(CandidatePolicy::All);
    let any: IpAddr = "0.0.0.0".parse().unwrap();
    assert_eq!(gathering.gather(Instant::ZERO, &[any]), Err(GatherError::Address(any)));
    let many: Vec<IpAddr> = (0..17).map(|n| IpAddr::from([10, 0, 0, n])).collect();
    assert_eq!(gathering.gather(Instant::ZERO, &many), Err(GatherError::TooManyAddresses));
    assert!(drain(&mut gathering).is_empty());
}

#[test]
fn the_limit_counts_the_addresses_that_are_in_use() {
    let mut gathering = gathering(CandidatePolicy::All);
    let all: Vec<IpAddr> = (0..17).map(|n| IpAddr::from([10, 0, 0, n])).collect();
    assert_eq!(gathering.gather(Instant::ZERO, &all[..16]), Ok(()));
    assert_eq!(gathering.gather(Instant::ZERO, &all[16..]), Err(GatherError::TooManyAddresses));
}

#[test]
fn an_address_family_that_the_host_lacks_is_asked_of_the_relay() {
    // Loopback leads nowhere.
    for (ipv4, asks_ipv6) in [("10.0.0.1", true), ("127.0.0.1", false)] {
        let address = at("[2001:db8::53]:3478");
        let server = RelayServer {
            address,
            transport: crate::RelayTransport::Udp,
            username: "u".into(),
            password: "p".into(),
        };
        let config = IceConfig { turn_servers: vec![server], ..IceConfig::default() };
        let mut gathering = Gathering::new(&config, SocketIds::root(), [1; 32]).unwrap();
        open(&mut gathering, &[ipv4, "2001:db8::1"]);
        candidates(&mut gathering);
        let (path, question) = request(&mut gathering);
        assert_eq!(path.remote(), address);
        let family = Message::parse(&question).unwrap().get::<RequestedAddressFamily>();
        assert_eq!(family == Some(RequestedAddressFamily::V6), asks_ipv6, "beside {ipv4}");
    }
}

#[test]
fn an_answer_of_another_method_answers_nothing() {
    let mut gathering = gathering(CandidatePolicy::All);
    open(&mut gathering, &["10.0.0.1"]);
    candidates(&mut gathering);
    let (path, question) = request(&mut gathering);
    let id = Message::parse(&question).unwrap().transaction_id();
    let mut buffer = [0; 64];
    let mut refresh = MessageBuilder::new(&mut buffer, MessageType::success(Method::REFRESH), id);
    refresh.push(&XorMappedAddress(at(MAPPED)));
    assert!(!respond(&mut gathering, Instant::ZERO, path, refresh.finish().unwrap()));
    assert_eq!(candidates(&mut gathering), []);
}

#[test]
fn a_mapped_address_is_a_server_reflexive_candidate() {
    let mut gathering = gathering(CandidatePolicy::All);
    open(&mut gathering, &["10.0.0.1"]);
    let host = candidates(&mut gathering)[0];
    let (path, question) = request(&mut gathering);
    assert_eq!(path, Path::udp(at("10.0.0.1:5000"), at(STUN)));
    let response = binding_response(&question, |m| m.push(&XorMappedAddress(at(MAPPED))), true);
    // From another server it is not an answer.
    let elsewhere = Path::udp(path.local(), at(TURN));
    assert!(!respond(&mut gathering, Instant::ZERO, elsewhere, &response));
    assert!(respond(&mut gathering, Instant::ZERO, path, &response));
    assert!(!respond(&mut gathering, Instant::ZERO, path, &response), "once");
    let found = candidates(&mut gathering)[0];
    assert_eq!((found.kind, found.address), (CandidateKind::ServerReflexive, at(MAPPED)));
    assert_eq!(found.related, Some(host.address));
    assert_ne!(found.foundation, host.foundation);
    assert!(found.priority < host.priority);
}

#[test]
fn a_server_of_rfc_3489_is_understood() {
    let mut gathering = gathering(CandidatePolicy::All);
    open(&mut gathering, &["10.0.0.1"]);
    candidates(&mut gathering);
    let (path, question) = request(&mut gathering);
    let response = binding_response(&question, |m| m.push(&MappedAddress(at(MAPPED))), true);
    assert!(respond(&mut gathering, Instant::ZERO, path, &response));
    assert_eq!(candidates(&mut gathering)[0].address, at(MAPPED));
}

#[test]
fn a_server_that_refuses_or_babbles_is_reported() {
    for (code, fault) in
        [(Some(Code::SERVER_ERROR), GatheringFault::Refused(500)), (None, GatheringFault::Broken)]
    {
        let mut gathering = gathering(CandidatePolicy::All);
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
        assert!(respond(&mut gathering, Instant::ZERO, path, &response));
        let told = events(&mut gathering);
        let Some(GatheringEvent::Failed(failure)) = told.first() else { panic!("{told:?}") };
        assert_eq!((failure.server, failure.fault), (Some(at(STUN)), fault));
    }
}

#[test]
fn a_relay_gives_two_candidates_and_a_relay_at_our_own_address_none() {
    let mut gathering = gathering(CandidatePolicy::All);
    open(&mut gathering, &["10.0.0.1"]);
    candidates(&mut gathering);
    let base = at("10.0.0.1:5000");
    let key = super::GatherKey { host: HostId(0), server: ServerId(1) };
    let path = Path::udp(base, at(TURN));
    let allocated = |gathering: &mut Gathering, relayed: SocketAddr, mapped: &str| {
        let answer = gathering.mappings.keep(Instant::ZERO, path, key, at(mapped));
        gathering.mapping_learned(path, answer);
        gathering.relayed_candidate(key, relayed, at(mapped));
        candidates(gathering)
    };
    let found = allocated(&mut gathering, at("198.51.100.2:50000"), MAPPED);
    let kinds: Vec<_> = found.iter().map(|candidate| candidate.kind).collect();
    assert_eq!(kinds, [CandidateKind::ServerReflexive, CandidateKind::Relayed]);
    assert_eq!(found[1].related, Some(at(MAPPED)));
    // RFC 8445 §5.1.1.2: a relayed candidate that is a host candidate is discarded.
    let found = allocated(&mut gathering, base, "203.0.113.5:778");
    let kinds: Vec<_> = found.iter().map(|candidate| candidate.kind).collect();
    assert_eq!(kinds, [CandidateKind::ServerReflexive]);
}

#[test]
fn under_policy_relay_only_turn_servers_are_asked() {
    let mut gathering = gathering(CandidatePolicy::Relay);
    open(&mut gathering, &["10.0.0.1"]);
    assert!(candidates(&mut gathering).is_empty());
    let (path, question) = request(&mut gathering);
    assert_eq!(path.remote(), at(TURN));
    assert_eq!(Message::parse(&question).unwrap().method(), Method::ALLOCATE);
    assert!(!gathering.wants_slot());
}

#[test]
fn servers_of_another_family_or_beyond_loopback_are_not_asked() {
    let mut gathering = gathering(CandidatePolicy::All);
    open(&mut gathering, &["2001:db8::1", "127.0.0.1"]);
    candidates(&mut gathering);
    assert!(!gathering.wants_slot());
}

#[test]
fn the_end_is_told_once() {
    let mut gathering = gathering(CandidatePolicy::All);
    open(&mut gathering, &["127.0.0.1"]);
    let complete = |events: &[GatheringEvent]| {
        events.iter().filter(|event| **event == GatheringEvent::Complete).count()
    };
    assert_eq!(complete(&events(&mut gathering)), 1);
    gathering.handle_timeout(Instant::from_secs(9));
    assert_eq!(complete(&events(&mut gathering)), 0);
}

#[test]
fn a_socket_that_does_not_open_is_reported_and_does_not_hold_up() {
    let mut gathering = gathering(CandidatePolicy::All);
    gathering.gather(Instant::ZERO, &["10.0.0.1".parse().unwrap()]).unwrap();
    assert!(events(&mut gathering).is_empty());
    let state = Err(SocketFault::Unavailable);
    let _ = gathering.handle_input(Instant::ZERO, Input::Socket { id: SocketId(0), state });
    let told = events(&mut gathering);
    let [GatheringEvent::Failed(failure), GatheringEvent::Complete] = &told[..] else {
        panic!("{told:?}")
    };
    assert_eq!(failure.fault, GatheringFault::Socket(SocketFault::Unavailable));
}

/// A socket whose server has said how it sees it.
fn mapped() -> (Gathering, Path) {
    let mut gathering = gathering(CandidatePolicy::All);
    open(&mut gathering, &["10.0.0.1"]);
    candidates(&mut gathering);
    let (path, question) = request(&mut gathering);
    let response = binding_response(&question, |m| m.push(&XorMappedAddress(at(MAPPED))), true);
    assert!(respond(&mut gathering, Instant::ZERO, path, &response));
    candidates(&mut gathering);
    (gathering, path)
}

/// The keepalive that is due after fifteen seconds.
fn keepalive(gathering: &mut Gathering, now: Instant, path: Path) -> Vec<u8> {
    gathering.handle_timeout(now);
    let sent = drain(gathering).into_iter().find_map(|output| match output {
        Output::Transmit(transmit) if transmit.path == path => Some(transmit.payload.to_vec()),
        _ => None,
    });
    sent.expect("a keepalive")
}

#[test]
fn a_mapping_that_changed_takes_the_place_of_the_old_one() {
    let (mut gathering, path) = mapped();
    let now = Instant::from_secs(15);
    let question = keepalive(&mut gathering, now, path);
    let other = "203.0.113.6:778";
    let response = binding_response(&question, |m| m.push(&XorMappedAddress(at(other))), true);
    assert!(respond(&mut gathering, now, path, &response));
    let told = events(&mut gathering);
    let [GatheringEvent::MappingLost { mapped, .. }, GatheringEvent::Candidate(found)] = &told[..]
    else {
        panic!("{told:?}")
    };
    assert_eq!((*mapped, found.candidate.address), (at(MAPPED), at(other)));
}

#[test]
fn a_mapping_that_another_server_still_sees_is_not_lost() {
    let stun_servers = vec![at(STUN), at("198.51.100.9:3478")];
    let config = IceConfig { stun_servers, ..IceConfig::default() };
    let mut gathering = Gathering::new(&config, SocketIds::root(), [1; 32]).unwrap();
    open(&mut gathering, &["10.0.0.1"]);
    let answer = |gathering: &mut Gathering, now, (path, question): (Path, Vec<u8>), shown| {
        let response = binding_response(&question, |m| m.push(&XorMappedAddress(at(shown))), true);
        assert!(respond(gathering, now, path, &response));
    };
    let asked = [request(&mut gathering), request(&mut gathering)];
    let path = asked[0].0;
    for question in asked {
        answer(&mut gathering, Instant::ZERO, question, MAPPED);
    }
    candidates(&mut gathering);
    let now = Instant::from_secs(15);
    let again = (path, keepalive(&mut gathering, now, path));
    answer(&mut gathering, now, again, "203.0.113.6:778");
    let told = events(&mut gathering);
    assert!(matches!(told[..], [GatheringEvent::Candidate(_)]), "{told:?}");
}

#[test]
fn the_more_is_asked_the_later_a_question_is_repeated() {
    let server = |n| RelayServer {
        address: SocketAddr::from(([198, 51, 100, n], 3478)),
        transport: crate::RelayTransport::Udp,
        username: "u".into(),
        password: "p".into(),
    };
    let turn_servers = vec![server(2), server(3), server(4)];
    let config = IceConfig { stun_servers: vec![at(STUN)], turn_servers, ..IceConfig::default() };
    let mut gathering = Gathering::new(&config, SocketIds::root(), [1; 32]).unwrap();
    open(&mut gathering, &["10.0.0.1"]);
    candidates(&mut gathering);
    assert!(gathering.take_slot(Instant::ZERO, Duration::from_millis(500)));
    drain(&mut gathering);
    let Output::Timeout(again) = gathering.poll_output() else { panic!("it was drained") };
    assert_eq!(again, Some(Instant::from_secs(2)));
}

#[test]
fn a_server_that_refuses_keepalives_is_not_reported() {
    let (mut gathering, path) = mapped();
    for round in 1..5 {
        let now = Instant::from_secs(15 * round);
        let question = keepalive(&mut gathering, now, path);
        let code = ErrorCode::from(Code::UNAUTHENTICATED);
        let response = binding_response(&question, |m| m.push(&code), false);
        assert!(respond(&mut gathering, now, path, &response));
        assert_eq!(events(&mut gathering), [], "round {round}");
    }
}

#[test]
fn how_far_a_server_is_shows_in_the_time_to_live_and_the_round_trip() {
    let mut gathering = gathering(CandidatePolicy::All);
    open(&mut gathering, &["10.0.0.1"]);
    candidates(&mut gathering);
    assert_eq!((gathering.hops_to_server(), gathering.rtt_to_server()), (None, None));
    let (path, question) = request(&mut gathering);
    let response = binding_response(&question, |m| m.push(&XorMappedAddress(at(MAPPED))), true);
    let meta = PacketMeta { ttl: Some(57), ..PacketMeta::default() };
    let input = Input::Received { path, meta, bytes: &response };
    assert_eq!(gathering.handle_input(Instant::from_millis(40), input), Verdict::Consumed);
    assert_eq!(gathering.hops_to_server(), Some(7));
    assert_eq!(gathering.rtt_to_server(), Some(Duration::from_millis(40)));
}

#[test]
fn slots_of_addresses_that_are_gone_are_used_again() {
    let mut gathering = gathering(CandidatePolicy::All);
    for round in 0..100_u8 {
        let ip = IpAddr::from([10, 0, 1, round]);
        gathering.gather(Instant::ZERO, &[ip]).unwrap();
        let id = SocketId(round.into());
        let state = Ok(SocketAddr::new(ip, 5000));
        let _ = gathering.handle_input(Instant::ZERO, Input::Socket { id, state });
        let state = Err(SocketFault::Lost);
        let _ = gathering.handle_input(Instant::ZERO, Input::Socket { id, state });
        let lost = GatheringEvent::BaseLost(crate::Base::udp(SocketAddr::new(ip, 5000)));
        assert!(events(&mut gathering).contains(&lost));
    }
    assert_eq!(gathering.hosts().count(), 1);
}

#[test]
fn what_happens_at_addresses_of_others_is_not_claimed() {
    let mut gathering = gathering(CandidatePolicy::All);
    open(&mut gathering, &["10.0.0.1"]);
    let fault = sans_io::PathFault::Unreachable { kind: 3, code: 3 };
    for (local, ours) in [("10.0.0.1:5000", true), ("10.0.0.2:5000", false)] {
        let path = Path::udp(at(local), at(STUN));
        let verdict = gathering.handle_input(Instant::ZERO, Input::PathFailed { path, fault });
        assert_eq!(verdict == Verdict::Consumed, ours, "{local}");
        let verdict = gathering.handle_input(Instant::ZERO, Input::received(path, b"data"));
        assert_eq!(verdict, Verdict::Unclaimed);
    }
    let id = SocketId(77);
    let foreign = Input::Socket { id, state: Err(SocketFault::Lost) };
    assert_eq!(gathering.handle_input(Instant::ZERO, foreign), Verdict::Unclaimed);
}

#[test]
fn a_server_that_gave_nothing_is_kept_once_with_the_newest_fault() {
    let mut gathering = gathering(CandidatePolicy::All);
    let local = at("10.0.0.1:5000");
    let failure =
        |server: &str, fault| crate::GatheringFailure { local, server: Some(at(server)), fault };
    gathering.fail(failure(STUN, GatheringFault::TimedOut));
    gathering.fail(failure(TURN, GatheringFault::Broken));
    gathering.fail(failure(STUN, GatheringFault::Refused(500)));
    let kept: Vec<_> = gathering.failures().copied().collect();
    let wanted =
        [failure(TURN, GatheringFault::Broken), failure(STUN, GatheringFault::Refused(500))];
    assert_eq!(kept, wanted);
}
