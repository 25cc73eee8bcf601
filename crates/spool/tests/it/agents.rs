//! Two agents over the loopback interface.
use spool::{
    Agent, AgentBuilder, BuildError, CandidatePolicy, Connection, DescribeError, Finding, Outcome,
    RemoteDescriptionError, SendError, SignalError, Signals, TurnService,
};
use std::{net::IpAddr, net::Ipv4Addr, time::Duration};

const HOST: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

fn builder() -> AgentBuilder {
    Agent::builder().address(HOST)
}

/// No step of these tests may take longer than five seconds.
async fn bounded<F: Future>(future: F) -> F::Output {
    tokio::time::timeout(Duration::from_secs(5), future).await.unwrap()
}

/// Exchanges the descriptions.
async fn introduce(alice: &mut Agent, bob: &mut Agent) {
    let offer = bounded(alice.local_description()).await.unwrap();
    bob.set_remote_description(&offer).await.unwrap();
    let answer = bounded(bob.local_description()).await.unwrap();
    alice.set_remote_description(&answer).await.unwrap();
}

async fn meet(alice: AgentBuilder, bob: AgentBuilder) -> (Connection, Connection) {
    let (mut alice, mut bob) = (alice.build().await.unwrap(), bob.build().await.unwrap());
    introduce(&mut alice, &mut bob).await;
    let (alice, bob) = bounded(async { tokio::join!(alice.connected(), bob.connected()) }).await;
    (alice.unwrap(), bob.unwrap())
}

#[tokio::test]
async fn datagrams_of_every_length_cross() {
    let (alice, mut bob) = meet(builder(), builder()).await;
    for len in [0_usize, 1, 1200, 1500, 9000, 65_507] {
        let datagram: Vec<u8> = (0..len).map(|index| index as u8).collect();
        alice.send(&datagram).await.unwrap();
        assert_eq!(bounded(bob.recv()).await.unwrap(), datagram);
    }
    assert_eq!(alice.send(&vec![0; 65_508]).await, Err(SendError::TooLong(65_508)));
    assert_eq!(alice.try_send(&vec![0; 65_508]), Err(SendError::TooLong(65_508)));
}

#[tokio::test]
async fn both_ends_agree_on_the_path_and_know_how_long_it_takes() {
    let (mut alice, mut bob) = meet(builder(), builder()).await;
    bounded(alice.settled()).await.unwrap();
    bounded(bob.settled()).await.unwrap();
    assert_eq!((alice.local(), alice.remote()), (bob.remote(), bob.local()));
    assert!(alice.is_direct() && bob.is_direct());
    assert!(alice.rtt().is_some_and(|rtt| rtt < Duration::from_secs(1)));
}

#[tokio::test]
async fn nothing_is_lost_that_is_sent_one_by_one() {
    let (alice, mut bob) = meet(builder(), builder()).await;
    for number in 0..500_u32 {
        alice.try_send(&number.to_be_bytes()).unwrap();
        assert_eq!(bounded(bob.recv()).await.unwrap()[..], number.to_be_bytes());
    }
    assert_eq!(bob.overflows(), 0);
}

#[tokio::test]
async fn a_reader_that_does_not_read_loses_datagrams_and_is_told_how_many() {
    let (alice, bob) = meet(builder(), builder()).await;
    let mut sent = 0_u64;
    // each send is handed to the system before the next, and the loopback interface is lossless
    // as long as its buffer holds
    bounded(async {
        while bob.overflows() < 10 {
            alice.send(b"unread").await.unwrap();
            sent += 1;
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert!(sent > 1024, "{sent} were enough to overflow the queue");
}

#[tokio::test]
async fn a_connection_that_is_closed_sends_no_more() {
    let (alice, mut bob) = meet(builder(), builder()).await;
    alice.send(b"last words").await.unwrap();
    alice.close().await;
    assert_eq!(&bounded(bob.recv()).await.unwrap()[..], b"last words");
}

#[tokio::test]
async fn with_the_policy_relay_everything_goes_through_the_server() {
    let server = TurnService::builder()
        .listen((HOST, 0).into())
        .relay(HOST)
        .user("alice", "wonderland")
        .allow_peer("127.0.0.0/8".parse().unwrap())
        .start()
        .await
        .unwrap();
    let address = server.listeners()[0].to_string();
    let relayed = || builder().turn(&address, "alice", "wonderland").policy(CandidatePolicy::Relay);
    let (mut alice, mut bob) = meet(relayed(), relayed()).await;
    bounded(alice.settled()).await.unwrap();
    assert!(!alice.is_direct());
    alice.send(&[7; 1200]).await.unwrap();
    assert_eq!(bounded(bob.recv()).await.unwrap()[..], [7; 1200]);
    bob.send(&[8; 1200]).await.unwrap();
    assert_eq!(bounded(alice.recv()).await.unwrap()[..], [8; 1200]);
    server.stop().await;
}

#[tokio::test]
async fn descriptions_in_the_wrong_place_are_refused() {
    let mut alice = builder().build().await.unwrap();
    let mut bob = builder().build().await.unwrap();
    let offer = bounded(alice.local_description()).await.unwrap();
    assert_eq!(
        alice.set_remote_description(&offer).await,
        Err(RemoteDescriptionError::Own),
        "the offer pasted back"
    );
    bob.set_remote_description(&offer).await.unwrap();
    assert_eq!(bob.set_remote_description(&offer).await, Err(RemoteDescriptionError::Again));
    let again = bounded(alice.local_description()).await.unwrap();
    assert_eq!(again, offer, "asked twice, the same description");
    let nonsense = alice.set_remote_description("v=1").await;
    assert!(matches!(nonsense, Err(RemoteDescriptionError::Syntax(_))), "{nonsense:?}");
}

#[tokio::test]
async fn without_the_peers_description_there_is_nothing_to_wait_for() {
    let alice = builder().build().await.unwrap();
    let error = alice.connected().await.unwrap_err();
    assert_eq!(error.finding(), Finding::NoRemoteDescription);
    assert!(error.pairs().is_empty());
}

#[tokio::test]
async fn a_peer_that_is_gone_is_reported_pair_by_pair() {
    let mut alice = builder().connect_timeout(Duration::from_millis(300)).build().await.unwrap();
    let mut bob = builder().build().await.unwrap();
    let offer = bounded(alice.local_description()).await.unwrap();
    bob.set_remote_description(&offer).await.unwrap();
    let answer = bounded(bob.local_description()).await.unwrap();
    drop(bob);
    alice.set_remote_description(&answer).await.unwrap();
    let error = bounded(alice.connected()).await.unwrap_err();
    let [pair] = error.pairs() else { panic!("{error:?}") };
    assert!(matches!(pair.outcome, Outcome::NoAnswer { checks: 1.., .. }), "{pair:?}");
    let text = error.to_string();
    assert!(text.contains(&pair.remote.address.to_string()) && text.contains("means"), "{text}");
    assert!(!text.contains('\n'), "one line: {text}");
}

#[tokio::test]
async fn what_is_no_server_is_named_when_the_agent_is_built() {
    let wrong = builder().stun("stuns:example.org").turn("::1", "a", "b").build().await;
    let Err(BuildError::Server { text, .. }) = wrong else { panic!("{wrong:?}") };
    assert_eq!(text, "stuns:example.org", "the first mistake");
}

#[tokio::test]
async fn a_relay_that_refuses_is_explained() {
    let server = TurnService::builder().listen((HOST, 0).into()).relay(HOST).start().await.unwrap();
    let address = server.listeners()[0].to_string();
    let agent = builder().turn(&address, "nobody", "nothing").policy(CandidatePolicy::Relay);
    let mut agent = agent.build().await.unwrap();
    assert_eq!(bounded(agent.local_description()).await, Err(DescribeError::NoCandidate));
    let problems = agent.problems();
    assert!(problems.iter().any(|problem| problem.contains("password")), "{problems:?}");
}

#[tokio::test]
async fn a_server_that_does_not_answer_costs_the_gather_timeout_and_no_more() {
    let silent = std::net::UdpSocket::bind((HOST, 0)).unwrap();
    let address = silent.local_addr().unwrap().to_string();
    let agent = builder().stun(&address).gather_timeout(Duration::from_millis(200));
    let mut agent = agent.build().await.unwrap();
    assert!(bounded(agent.local_description()).await.unwrap().contains("typ host"));
    let problems = agent.problems();
    assert!(problems.iter().any(|problem| problem.contains("0.2 s")), "{problems:?}");
}

/// Carries the signals of both for as long as something takes.
async fn carrying<F: Future>(signals: &mut [Signals; 2], future: F) -> F::Output {
    let [alice, bob] = signals;
    let mut future = std::pin::pin!(future);
    loop {
        tokio::select! {
            signal = alice.next() => bob.take(&signal.unwrap()).await.unwrap(),
            signal = bob.next() => alice.take(&signal.unwrap()).await.unwrap(),
            output = &mut future => return output,
        }
    }
}

#[tokio::test]
async fn a_connection_lives_through_a_restart() {
    let (mut alice, mut bob) = meet(builder(), builder()).await;
    bounded(alice.settled()).await.unwrap();
    bounded(bob.settled()).await.unwrap();
    let mut signals = [alice.signals().await.unwrap(), bob.signals().await.unwrap()];
    for by in [&[0][..], &[1], &[0, 1]] {
        for side in by {
            signals[*side].restart().await.unwrap();
        }
        let talk = async {
            for number in 0..250_u8 {
                alice.send(&[number]).await.unwrap();
                assert_eq!(&bob.recv().await.unwrap()[..], [number]);
                bob.send(&[number]).await.unwrap();
                assert_eq!(&alice.recv().await.unwrap()[..], [number]);
            }
        };
        bounded(carrying(&mut signals, talk)).await;
    }
}

#[tokio::test]
async fn a_connection_whose_address_goes_moves_to_another() {
    let [first, second] = [[127, 0, 0, 1], [127, 0, 0, 2]].map(IpAddr::from);
    let (mut alice, mut bob) = meet(Agent::builder().address(first), builder()).await;
    bounded(alice.settled()).await.unwrap();
    bounded(bob.settled()).await.unwrap();
    assert_eq!(alice.local().address.ip(), first);
    let mut signals = [alice.signals().await.unwrap(), bob.signals().await.unwrap()];
    signals[0].tell_addresses(vec![second]).await.unwrap();
    let talk = async {
        while alice.send(b"moved").await.is_err() {
            tokio::task::yield_now().await;
        }
        assert_eq!(&bob.recv().await.unwrap()[..], b"moved");
    };
    bounded(carrying(&mut signals, talk)).await;
    assert_eq!(alice.local().address.ip(), second);
}

#[tokio::test]
async fn a_signal_that_is_none_is_refused_and_changes_nothing() {
    let (alice, mut bob) = meet(builder(), builder()).await;
    let signals = alice.signals().await.unwrap();
    for text in ["", "hello", "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:0\r\n"] {
        let refused = signals.take(text).await;
        assert!(matches!(refused, Err(SignalError::Remote(_))), "{text:?}: {refused:?}");
    }
    alice.send(b"still there").await.unwrap();
    assert_eq!(&bounded(bob.recv()).await.unwrap()[..], b"still there");
}

#[tokio::test]
async fn a_lite_agent_is_met_whoever_offers() {
    for (alice, bob) in [(builder().lite(true), builder()), (builder(), builder().lite(true))] {
        let (alice, mut bob) = meet(alice, bob).await;
        bounded(bob.settled()).await.unwrap();
        alice.send(b"lite").await.unwrap();
        assert_eq!(&bounded(bob.recv()).await.unwrap()[..], b"lite");
    }
}
