//! Errors that may pass end nothing at once: what there is, is asked for again while it lasts
//! (RFC 8489 §6.3.4).
use crate::{
    desk::{PEER, address},
    net::secs,
    play::Play,
};
use stun_proto::{
    Message, Method,
    attribute::{Code, Lifetime},
};
use turn_proto::{TurnEvent, TurnFault};

const PASSING: [Code; 2] = [Code::SERVER_ERROR, Code::INSUFFICIENT_CAPACITY];

fn method_of(request: &[u8]) -> Method {
    Message::parse(request).unwrap().method()
}

fn fault_of(code: Code) -> TurnFault {
    if code == Code::INSUFFICIENT_CAPACITY {
        TurnFault::NoCapacity
    } else {
        TurnFault::Other(code.number())
    }
}

#[test]
fn a_refresh_that_is_refused_up_to_four_times_ends_no_allocation() {
    for code in PASSING {
        for refusals in 1..=4 {
            let mut play = Play::new();
            play.allocate_for(600);
            play.pass(secs(540));
            for _ in 0..refusals {
                let request = play.take_request();
                play.refuse(&request, code);
                assert!(play.take_events().is_empty());
                assert!(play.take_sent().is_empty(), "not at once");
                play.pass(secs(12));
            }
            let request = play.take_request();
            play.answer(&request, |answer| answer.push(&Lifetime(600)));
            assert_eq!(play.take_events(), [TurnEvent::Refreshed { lifetime: secs(600) }]);
            // The next time it begins anew.
            play.pass(secs(540));
            let request = play.take_request();
            play.refuse(&request, code);
            assert!(play.take_events().is_empty());
        }
    }
}

#[test]
fn the_fifth_refusal_is_the_end_and_the_server_is_told() {
    for code in PASSING {
        let mut play = Play::new();
        play.allocate_for(600);
        // Long before its end, since the parent asked.
        play.pass(secs(10));
        play.client.refresh(play.now).unwrap();
        for _ in 0..4 {
            let request = play.take_request();
            play.refuse(&request, code);
            play.pass(secs(12));
        }
        let request = play.take_request();
        play.refuse(&request, code);
        assert_eq!(play.take_events(), [TurnEvent::Lost { fault: fault_of(code) }]);
        let farewell = play.take_request();
        assert_eq!(method_of(&farewell), Method::REFRESH);
        assert_eq!(Message::parse(&farewell).unwrap().get(), Some(Lifetime(0)));
        assert!(play.client.allocate(play.now).is_err());
        play.answer(&farewell, |answer| answer.push(&Lifetime(0)));
        assert!(play.take_events().is_empty());
        assert_eq!(play.client.allocate(play.now), Ok(()));
    }
}

#[test]
fn a_refusal_that_does_not_pass_is_the_end_at_once_and_the_server_is_told() {
    for (code, fault) in
        [(Code::BAD_REQUEST, TurnFault::BadRequest), (Code::FORBIDDEN, TurnFault::Forbidden)]
    {
        let mut play = Play::new();
        play.allocate_for(600);
        play.pass(secs(540));
        let request = play.take_request();
        play.refuse(&request, code);
        assert_eq!(play.take_events(), [TurnEvent::Lost { fault }]);
        let farewell = play.take_request();
        assert_eq!(Message::parse(&farewell).unwrap().get(), Some(Lifetime(0)));
    }
    // It has none: there is nothing to be told.
    let mut play = Play::new();
    play.allocate_for(600);
    play.pass(secs(540));
    let request = play.take_request();
    play.refuse(&request, Code::ALLOCATION_MISMATCH);
    assert_eq!(play.take_events(), [TurnEvent::Lost { fault: TurnFault::Mismatch }]);
    assert!(play.take_sent().is_empty());
}

#[test]
fn a_permission_whose_refresh_is_refused_is_asked_for_again_while_it_lasts() {
    for code in PASSING {
        for refusals in 1..=5 {
            let mut play = Play::new();
            play.allocate_for(3600);
            play.permit();
            play.pass(secs(240));
            for refusal in 1..=refusals {
                let request = play.take_request();
                assert_eq!(method_of(&request), Method::CREATE_PERMISSION);
                play.refuse(&request, code);
                if refusal < 5 {
                    assert!(play.take_events().is_empty(), "refusal {refusal}");
                    assert!(play.client.send(play.now, address(PEER), b"x").is_ok());
                    play.pass(secs(12));
                }
            }
            let ip = address(PEER).ip();
            if refusals == 5 {
                let failed = TurnEvent::PermissionFailed { address: ip, fault: fault_of(code) };
                assert_eq!(play.take_events(), [failed], "told as what it is");
                continue;
            }
            let request = play.take_request();
            play.answer(&request, |_| {});
            assert!(play.take_events().is_empty(), "it was there all the time");
            play.pass(secs(239));
            assert!(play.client.send(play.now, address(PEER), b"x").is_ok());
            play.pass(secs(1));
            assert_eq!(method_of(&play.take_request()), Method::CREATE_PERMISSION);
        }
    }
}

#[test]
fn a_channel_whose_refresh_is_refused_is_asked_for_again_while_it_lasts() {
    for code in PASSING {
        let mut play = Play::new();
        play.allocate_for(3600);
        play.permit();
        play.client.bind_channel(play.now, address(PEER)).unwrap();
        let request = play.take_request();
        play.answer(&request, |_| {});
        play.take_events();
        let mut refused = 0;
        for _ in 0..620 {
            play.pass(secs(1));
            for request in play.take_sent() {
                if method_of(&request) == Method::CHANNEL_BIND && refused < 4 {
                    refused += 1;
                    play.refuse(&request, code);
                } else {
                    play.answer(&request, |_| {});
                }
            }
            let packet = play.client.send(play.now, address(PEER), b"x").unwrap();
            assert_eq!(packet.len(), 5, "on the channel");
        }
        assert_eq!(refused, 4);
        assert!(play.take_events().is_empty());
    }
}

/// One more would find the channel ended.
#[test]
fn a_channel_is_given_up_with_the_fifth_refusal() {
    for code in PASSING {
        let mut play = Play::new();
        play.allocate_for(3600);
        play.client.bind_channel(play.now, address(PEER)).unwrap();
        for request in play.take_sent() {
            play.answer(&request, |_| {});
        }
        play.take_events();
        let mut refused = 0;
        for _ in 0..660 {
            play.pass(secs(1));
            for request in play.take_sent() {
                if method_of(&request) == Method::CHANNEL_BIND {
                    refused += 1;
                    play.refuse(&request, code);
                } else {
                    play.answer(&request, |answer| answer.push(&Lifetime(3600)));
                }
            }
        }
        assert_eq!(refused, 5);
        let failed = TurnEvent::ChannelFailed { peer: address(PEER), fault: fault_of(code) };
        assert_eq!(play.take_events(), [failed]);
        assert!(play.client.send(play.now, address(PEER), b"x").is_ok(), "without the channel");
    }
}
