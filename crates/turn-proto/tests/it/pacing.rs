//! Requests that wait to be released, as the pacing of ICE wants it (RFC 8445 §14.2).
use crate::{
    desk::{PEER, address},
    net::{config_of, secs},
    play::{Play, RELAYED, allocated},
};
use core::net::IpAddr;
use core::time::Duration;
use stun_proto::{
    Message, Method,
    attribute::{Code, Lifetime, XorPeerAddress},
};
use turn_proto::{TurnClientConfig, TurnEvent, TurnFault};

fn paced() -> TurnClientConfig {
    config_of("7.7.7.7:1000").with_pacing()
}

/// A paced client that has its allocation.
fn ready() -> Play {
    let mut play = Play::with(paced());
    play.client.allocate(play.now).unwrap();
    let request = release(&mut play);
    play.challenge(&request, Code::UNAUTHENTICATED);
    let request = release(&mut play);
    play.answer(&request, |answer| allocated(answer, RELAYED, 600));
    assert!(matches!(play.take_events()[..], [TurnEvent::Allocated { .. }]));
    play
}

fn release(play: &mut Play) -> Vec<u8> {
    assert!(play.take_sent().is_empty());
    assert!(play.client.release_request(play.now));
    play.take_request()
}

fn peers_of(request: &[u8]) -> Vec<IpAddr> {
    let message = Message::parse(request).unwrap();
    assert_eq!(message.method(), Method::CREATE_PERMISSION);
    message.get_all::<XorPeerAddress>().map(|peer| peer.0.ip()).collect()
}

/// A round trip later, refuses a request that names what is forbidden, and grants any other.
fn judge(play: &mut Play, request: &[u8], forbidden: &[IpAddr]) {
    play.pass(Duration::from_millis(20));
    if peers_of(request).iter().any(|peer| forbidden.contains(peer)) {
        play.refuse(request, Code::FORBIDDEN);
    } else {
        play.answer(request, |_| {});
    }
}

#[test]
fn paced_requests_wait_to_be_released() {
    let mut play = Play::with(paced());
    play.client.allocate(play.now).unwrap();
    assert!(play.take_sent().is_empty());
    assert!(play.client.has_pending_request());
    assert!(play.client.release_request(play.now));
    let request = play.take_request();
    assert!(!play.client.has_pending_request());
    assert!(!play.client.release_request(play.now));
    // The signed request is a new one, and waits as well.
    play.challenge(&request, Code::UNAUTHENTICATED);
    assert!(play.take_sent().is_empty() && play.client.has_pending_request());
    play.client.release_request(play.now);
    let request = play.take_request();
    play.answer(&request, |answer| allocated(answer, RELAYED, 600));
    // What waits together goes together.
    for n in 1..=3 {
        play.client.create_permission(play.now, &[[8, 8, 8, n].into()]).unwrap();
    }
    play.client.release_request(play.now);
    let request = play.take_request();
    let peers = Message::parse(&request).unwrap().get_all::<XorPeerAddress>().count();
    assert_eq!(peers, 3);
    play.answer(&request, |_| {});
    // Refreshes and the end do not wait.
    play.pass(secs(240));
    play.pass(Duration::ZERO);
    let refresh = play.take_request();
    assert_eq!(Message::parse(&refresh).unwrap().method(), Method::CREATE_PERMISSION);
    play.client.close(play.now);
    assert_eq!(play.take_sent().len(), 1);
}

/// One forbidden address in 8 takes 7 requests: the batch, and two halves on each level below.
#[test]
fn a_forbidden_peer_is_found_among_others_paced_or_not() {
    let peers: Vec<IpAddr> = (1..=8).map(|n| IpAddr::from([8, 8, 8, n])).collect();
    let forbidden = [peers[5]];
    for is_paced in [false, true] {
        let mut play = if is_paced {
            ready()
        } else {
            let mut play = Play::new();
            play.allocate_for(600);
            play
        };
        play.client.create_permission(play.now, &peers).unwrap();
        let mut requests = 0;
        loop {
            play.client.release_request(play.now);
            let sent = play.take_sent();
            if sent.is_empty() {
                break;
            }
            for request in sent {
                requests += 1;
                assert!(requests <= 7, "the same batch is asked for again");
                judge(&mut play, &request, &forbidden);
            }
        }
        assert_eq!(requests, 7, "paced: {is_paced}");
        let (mut installed, mut failed) = (Vec::new(), Vec::new());
        for event in play.take_events() {
            match event {
                TurnEvent::PermissionInstalled { address } => installed.push(address),
                TurnEvent::PermissionFailed { address, fault: TurnFault::Forbidden } => {
                    failed.push(address);
                }
                other => panic!("{other:?}"),
            }
        }
        installed.sort_unstable();
        let rest: Vec<IpAddr> =
            peers.iter().copied().filter(|peer| !forbidden.contains(peer)).collect();
        assert_eq!((installed, failed), (rest, forbidden.to_vec()));
        play.pass(secs(200));
        assert!(play.take_sent().is_empty() && !play.client.has_pending_request());
    }
}

#[test]
fn what_is_asked_for_later_does_not_join_the_parts_of_a_refused_request() {
    let mut play = ready();
    let [a, b, c, d] = [1, 2, 3, 4].map(|n| IpAddr::from([8, 8, 8, n]));
    play.client.create_permission(play.now, &[a, b]).unwrap();
    let request = release(&mut play);
    judge(&mut play, &request, &[a]);
    // New ones join each other.
    play.client.create_permission(play.now, &[c]).unwrap();
    play.client.create_permission(play.now, &[d]).unwrap();
    let requests: [_; 3] = core::array::from_fn(|_| peers_of(&release(&mut play)));
    assert_eq!(requests, [vec![a], vec![b], vec![c, d]]);
}

#[test]
fn parts_of_a_refused_refresh_do_not_wait() {
    let mut play = ready();
    let peers = [[8, 8, 8, 1].into(), [8, 8, 8, 2].into()];
    play.client.create_permission(play.now, &peers).unwrap();
    let request = release(&mut play);
    play.answer(&request, |_| {});
    play.pass(secs(240));
    let refresh = play.take_request();
    play.refuse(&refresh, Code::FORBIDDEN);
    assert_eq!(play.take_sent().len(), 2);
}

/// A parent that closes a client releases nothing any more.
#[test]
fn the_end_does_not_wait_when_its_nonce_is_stale() {
    let mut play = ready();
    play.client.close(play.now);
    let close = play.take_request();
    play.challenge(&close, Code::STALE_NONCE);
    let again = play.take_request();
    assert_eq!(Message::parse(&again).unwrap().get(), Some(Lifetime(0)));
    play.answer(&again, |answer| answer.push(&Lifetime(0)));
    assert_eq!(play.take_events(), [TurnEvent::Closed]);
}

#[test]
fn closing_forgets_what_waits() {
    let mut play = ready();
    play.client.bind_channel(play.now, address(PEER)).unwrap();
    assert!(play.client.has_pending_request());
    play.client.close(play.now);
    assert!(!play.client.has_pending_request() && !play.client.release_request(play.now));
    assert_eq!(play.take_sent().len(), 1);
}
