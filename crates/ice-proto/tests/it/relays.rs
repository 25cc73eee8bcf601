//! Sessions through relays whose servers refuse, forget, or want a login for everything.
use crate::support::{PEER, Puppet, Relay, relay_config};
use core::{net::SocketAddr, time::Duration};
use ice_proto::{
    CandidatePolicy, GatheringFault, IceConfig, IceEvent, IceState, RestartReason, Role,
};
use sans_io::{Path, Transmit};
use stun_proto::{
    Class, Integrity, Message, MessageBuilder, MessageType, Method, TransactionId,
    attribute::{Code, Data, XorMappedAddress, XorPeerAddress},
};

const SERVER: &str = "198.51.100.1:3478";
const RELAYED: &str = "198.51.100.9:50000";

const fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

fn at(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

const YES: fn() -> Relay = || Relay::Yes(at(RELAYED));

/// The peer's answers to what came to it through the relay since the last call, the same way back.
fn answer_through_relay(puppet: &mut Puppet) {
    for sent in puppet.take_sent() {
        let Some(check) = inner(&sent).filter(|check| check.class() == Class::Request) else {
            continue;
        };
        let mut buffer = [0; 128];
        let kind = MessageType::success(Method::BINDING);
        let answer = MessageBuilder::new(&mut buffer, kind, check.transaction_id())
            .with(&XorMappedAddress(at(RELAYED)))
            .sign(&Puppet::peer_key(), Integrity::Sha1)
            .fingerprint()
            .finish()
            .unwrap();
        let mut buffer = [0; 256];
        let kind = MessageType::indication(Method::DATA);
        let bytes = MessageBuilder::new(&mut buffer, kind, TransactionId([9; 12]))
            .with(&XorPeerAddress(at(PEER)))
            .with(&Data(answer))
            .finish()
            .unwrap()
            .to_vec();
        puppet.receive(Path::udp(sent.path.local(), at(SERVER)), &bytes);
    }
}

/// The message that is wrapped for the relay.
fn inner(sent: &Transmit) -> Option<Message<'_>> {
    if sent.path.remote() != at(SERVER) {
        return None;
    }
    let bytes = match turn_proto::ChannelData::parse(&sent.payload) {
        Ok(channel) => channel.data,
        Err(_) => Message::parse(&sent.payload).ok()?.get::<Data<'_>>()?.0,
    };
    Message::parse(bytes).ok()
}

/// Passes time, with a server that answers so and a peer that answers everything.
fn go_on(puppet: &mut Puppet, seconds: u64, server: impl Fn(&Transmit, Method) -> Relay) {
    for _ in 0..10 * seconds {
        puppet.serve(Duration::from_millis(100), &server);
        answer_through_relay(puppet);
    }
}

/// An agent whose selected pair begins at its relay.
fn in_a_call() -> Puppet {
    let config = IceConfig { policy: CandidatePolicy::Relay, ..IceConfig::default() };
    let mut puppet = Puppet::new(relay_config(&[SERVER], config));
    puppet.serve(secs(1), |_, _| YES());
    puppet.tell(PEER);
    puppet.meet();
    go_on(&mut puppet, 5, |_, _| YES());
    assert_eq!(puppet.agent.state(), IceState::Completed, "{}", puppet.agent.explain());
    puppet.events.clear();
    puppet
}

fn why(reason: RestartReason) -> [IceEvent; 2] {
    [IceEvent::RestartNeeded(reason), IceEvent::StateChanged(IceState::Failed)]
}

/// How often it refuses is counted over all requests of the method.
fn refuses_some(method: Method, code: Code, times: usize) -> impl Fn(&Transmit, Method) -> Relay {
    let left = core::cell::Cell::new(times);
    move |_, asked| {
        if asked == method && left.get() > 0 {
            left.set(left.get() - 1);
            return Relay::No(code);
        }
        YES()
    }
}

#[test]
fn an_error_of_a_server_that_may_pass_ends_no_call() {
    for code in [Code::SERVER_ERROR, Code::INSUFFICIENT_CAPACITY] {
        for method in [Method::REFRESH, Method::CREATE_PERMISSION, Method::CHANNEL_BIND] {
            for times in [1, 2, 4] {
                let mut puppet = in_a_call();
                go_on(&mut puppet, 1300, refuses_some(method, code, times));
                let state = puppet.agent.state();
                assert_eq!(state, IceState::Completed, "{method:?} {code:?} {times}");
                assert!(puppet.events.is_empty(), "{method:?} {code:?}: {:?}", puppet.events);
                assert!(puppet.agent.send(puppet.now, b"x").is_ok());
            }
        }
    }
}

#[test]
fn a_server_that_gives_the_relay_up_ends_the_call_at_once_and_with_the_true_reason() {
    for (method, code) in [
        (Method::REFRESH, Code::ALLOCATION_MISMATCH),
        (Method::REFRESH, Code::FORBIDDEN),
        (Method::CREATE_PERMISSION, Code::ALLOCATION_MISMATCH),
        (Method::CREATE_PERMISSION, Code::FORBIDDEN),
    ] {
        let mut puppet = in_a_call();
        let start = puppet.now;
        while puppet.agent.state() == IceState::Completed {
            go_on(&mut puppet, 1, refuses_some(method, code, usize::MAX));
            assert!(puppet.now.saturating_since(start) < secs(700));
        }
        let ends = puppet.events.iter().filter(|event| {
            matches!(event, IceEvent::RestartNeeded(_) | IceEvent::StateChanged(_))
        });
        let ends: Vec<IceEvent> = ends.cloned().collect();
        assert_eq!(ends, why(RestartReason::PathLost), "{method:?} {code:?}");
    }
}

#[test]
fn a_server_that_wants_a_login_for_binding_is_not_reported() {
    for code in [Code::UNAUTHENTICATED, Code::BAD_REQUEST, Code::SERVER_ERROR] {
        let mut puppet = Puppet::new(relay_config(&[SERVER], IceConfig::default()));
        let asked = puppet.serve(secs(590), |_, method| match method {
            Method::BINDING => Relay::No(code),
            _ => YES(),
        });
        let bindings = asked.iter().filter(|(_, method)| *method == Method::BINDING).count();
        assert!((35..=42).contains(&bindings), "{bindings}: the mapping is kept alive");
        let failed = |event: &&IceEvent| matches!(event, IceEvent::GatheringFailed(_));
        assert_eq!(puppet.events.iter().filter(failed).count(), 0, "{:?}", puppet.events);
        assert!(!puppet.agent.explain().to_string().contains("refused with"));
        assert_eq!(puppet.agent.local_candidates().count(), 2);
    }
}

#[test]
fn a_stun_server_that_wants_a_login_is_reported_once() {
    let stun_servers = vec![at(SERVER)];
    let mut puppet = Puppet::new(IceConfig { stun_servers, ..IceConfig::default() });
    let asked = puppet.serve(secs(120), |_, _| Relay::No(Code::UNAUTHENTICATED));
    assert_eq!(asked.len(), 1);
    let faults: Vec<_> = puppet
        .events
        .iter()
        .filter_map(|event| match event {
            IceEvent::GatheringFailed(failure) => Some(failure.fault),
            _ => None,
        })
        .collect();
    assert_eq!(faults, [GatheringFault::Refused(401)]);
}

#[test]
fn a_permission_that_is_refused_fails_its_pair_and_no_other() {
    let config = IceConfig { role: Role::Controlling, ..IceConfig::default() };
    let mut puppet = Puppet::new(relay_config(&[SERVER], config));
    puppet.serve(secs(1), |_, _| YES());
    puppet.tell(PEER);
    puppet.meet();
    puppet.serve(secs(1), |_, method| match method {
        Method::CREATE_PERMISSION => Relay::No(Code::FORBIDDEN),
        _ => YES(),
    });
    let states: Vec<_> = puppet.agent.pairs().map(|pair| pair.state).collect();
    use ice_proto::{PairFailure, PairState};
    assert_eq!(states, [PairState::InProgress, PairState::Failed(PairFailure::Relay)]);
}
