//! Signaling states, provisional answers, glare (RFC 8829 §3.2, §4.1.10).

use super::*;
use SignalingState as S;

#[test]
fn the_states_follow_each_other_on_both_sides() {
    let (mut a, mut b) = (side_with(1, &[Kind::Audio]), side(2));
    assert_eq!(a.state(), S::Stable);
    a.offer().unwrap();
    let (text, events) = drain(&mut a);
    assert!(events.contains(&Event::State(S::HaveLocalOffer)));
    assert_eq!(take(&mut b, &text.unwrap()), Verdict::Consumed);
    assert_eq!(drain(&mut b).1, [Event::State(S::HaveRemoteOffer), Event::Offered]);
    b.provisional_answer().unwrap();
    let (text, events) = drain(&mut b);
    let provisional = Event::Negotiated { provisional: true };
    assert_eq!(events, [Event::State(S::HaveLocalPranswer), provisional.clone()]);
    let verdict = a.handle_input(Input::ProvisionalAnswer(text.unwrap().as_bytes()));
    assert_eq!(verdict, Verdict::Consumed);
    assert_eq!(drain(&mut a).1, [Event::State(S::HaveRemotePranswer), provisional]);
    assert!(a.agreement().sections()[0].live);
    b.answer().unwrap();
    let last = said(&mut b);
    conclude(&mut a, &last);
    assert_eq!((a.state(), b.state()), (S::Stable, S::Stable));
    assert!(last.contains("o=- 2 2 IN"));
}

#[test]
fn what_does_not_belong_in_a_state_is_refused_and_changes_nothing() {
    let (mut a, mut b) = (side_with(1, &[Kind::Audio]), side(2));
    let refused = |state| Verdict::Refused(Mismatch::State { state });
    let wrong = |state| Err(CommandError::State { state });
    drain(&mut a);
    assert_eq!(a.handle_input(Input::Answer(b"")), refused(S::Stable));
    assert_eq!(a.handle_input(Input::Rollback), refused(S::Stable));
    assert_eq!(a.answer(), wrong(S::Stable));
    assert_eq!(a.rollback(), wrong(S::Stable));
    assert_eq!(a.resend(), wrong(S::Stable));
    assert_eq!(a.reject(0), wrong(S::Stable));
    let text = offer(&mut a);
    assert_eq!(a.offer(), wrong(S::HaveLocalOffer));
    assert_eq!(a.handle_input(Input::Rollback), refused(S::HaveLocalOffer));
    assert_eq!(take(&mut b, &text), Verdict::Consumed);
    assert_eq!(b.offer(), wrong(S::HaveRemoteOffer));
    assert_eq!(b.handle_input(Input::Answer(b"")), refused(S::HaveRemoteOffer));
    b.provisional_answer().unwrap();
    assert_eq!(take(&mut b, &text), refused(S::HaveLocalPranswer));
    a.close();
    assert_eq!(drain(&mut a).1, [Event::State(S::Closed)]);
    assert_eq!(a.offer(), wrong(S::Closed));
    assert_eq!(take(&mut a, &text), refused(S::Closed));
    assert_eq!(a.add(Transceiver::new(Kind::Video)), Err(CommandError::State { state: S::Closed }));
    assert_eq!(drain(&mut a), (None, vec![]));
}

#[test]
fn offers_that_cross_are_told_to_one_side_and_yielded_to_by_the_other() {
    let (mut polite, mut rude) =
        (side_with(1, &[Kind::Audio]), side_with(2, &[Kind::Audio, Kind::Video]));
    let (from_polite, from_rude) = (offer(&mut polite), offer(&mut rude));
    let before = format!("{rude:?}");
    assert_eq!(take(&mut rude, &from_polite), Verdict::Glare);
    assert_eq!(format!("{rude:?}"), before);
    let input = Input::Offer { text: from_rude.as_bytes(), glare: Glare::Yield };
    assert_eq!(polite.handle_input(input), Verdict::Consumed);
    let (_, events) = drain(&mut polite);
    assert_eq!(events, [Event::RolledBack, Event::State(S::HaveRemoteOffer), Event::Offered]);
    polite.answer().unwrap();
    conclude(&mut rude, &said(&mut polite));
    // The one audio section serves both.
    assert_eq!(polite.agreement().sections().len(), 2);
    assert!(!polite.negotiation_needed());
}

#[test]
fn a_bad_offer_does_not_cost_the_own_one() {
    let mut a = side_with(1, &[Kind::Audio]);
    let text = offer(&mut a);
    let before = format!("{a:?}");
    let bad = text.replace("a=mid:0", "a=mid:0\r\nm=");
    let input = Input::Offer { text: bad.as_bytes(), glare: Glare::Yield };
    assert!(matches!(a.handle_input(input), Verdict::Refused(Mismatch::Text(_))));
    assert_eq!(format!("{a:?}"), before);
}

#[test]
fn a_lost_answer_is_had_again_by_sending_the_offer_again() {
    let (mut a, mut b) = (side_with(1, &[Kind::Audio, Kind::Data]), side(2));
    let text = offer(&mut a);
    let lost = answer(&mut b, &text);
    a.resend().unwrap();
    let again = said(&mut a);
    assert_eq!(again, text);
    assert_eq!(take(&mut b, &again), Verdict::Consumed);
    assert_eq!(drain(&mut b), (Some(lost.clone()), vec![]));
    assert_eq!(b.state(), S::Stable);
    conclude(&mut a, &lost);
}

#[test]
fn a_second_offer_takes_the_place_of_one_that_waits() {
    let (mut a, mut b) = (side_with(1, &[Kind::Audio]), side(2));
    let first = offer(&mut a);
    a.rollback().unwrap();
    a.add(Transceiver::new(Kind::Video)).unwrap();
    let second = offer(&mut a);
    assert_eq!(take(&mut b, &first), Verdict::Consumed);
    assert_eq!(take(&mut b, &second), Verdict::Consumed);
    assert_eq!(b.transceivers().count(), 2);
    drain(&mut b);
    b.answer().unwrap();
    conclude(&mut a, &said(&mut b));
}

#[test]
fn negotiation_is_needed_when_wishes_and_agreement_differ() {
    let (mut a, mut b) = (side(1), side(2));
    assert!(!a.negotiation_needed());
    let id = a.add(Transceiver::new(Kind::Audio)).unwrap();
    assert_eq!(drain(&mut a).1, [Event::NegotiationNeeded]);
    a.add(Transceiver::new(Kind::Data)).unwrap();
    assert_eq!(drain(&mut a).1, []);
    exchange(&mut a, &mut b);
    assert!(!a.negotiation_needed() && !b.negotiation_needed());
    a.set_direction(id, sdp_proto::attribute::Direction::SendOnly).unwrap();
    assert_eq!(drain(&mut a).1, [Event::NegotiationNeeded]);
    exchange(&mut a, &mut b);
    assert!(!a.negotiation_needed());
    a.stop(id).unwrap();
    assert!(a.negotiation_needed());
}

#[test]
fn what_nobody_polls_is_bounded() {
    let mut small = config(1);
    small.outputs_max = 3;
    small.transceivers_max = 2;
    small.candidates_max = 1;
    let mut a = Negotiator::new(small);
    a.add(Transceiver::new(Kind::Data)).unwrap();
    assert_eq!(a.add(Transceiver::new(Kind::Data)), Err(CommandError::SecondDataChannel));
    a.add(Transceiver::new(Kind::Audio)).unwrap();
    assert_eq!(a.add(Transceiver::new(Kind::Audio)), Err(CommandError::Transceivers { max: 2 }));
    let candidate: sdp_proto::attribute::Candidate<'static> =
        "1 1 udp 1 192.0.2.1 9 typ host".parse().unwrap();
    let two = vec![candidate.clone(), candidate];
    assert_eq!(a.set_candidates(None, two, false), Err(CommandError::Candidates { max: 1 }));
    a.offer().unwrap();
    assert_eq!(a.rollback(), Err(CommandError::Backlog));
    assert_eq!(a.handle_input(Input::Answer(b"")), Verdict::Refused(Mismatch::Backlog));
    drain(&mut a);
    a.rollback().unwrap();
    let three = offer(&mut side_with(2, &[Kind::Audio, Kind::Video, Kind::Video]));
    drain(&mut a);
    assert_eq!(take(&mut a, &three), Verdict::Refused(Mismatch::Transceivers { max: 2 }));
    assert_eq!(a.transceivers().count(), 2);
}
