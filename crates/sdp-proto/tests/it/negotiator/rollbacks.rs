//! Rollback (RFC 8829 §5.7).

use super::*;
use sdp_proto::attribute::Direction;

/// All that a later description depends on, the number of the description aside.
fn next_offer(side: &mut Negotiator) -> String {
    drain(side);
    let text = offer(side);
    side.rollback().unwrap();
    drain(side);
    let origin = text.lines().nth(1).unwrap().to_owned();
    text.replace(&origin, "o=")
}

#[test]
fn an_own_offer_that_is_taken_back_leaves_no_trace() {
    let (mut a, mut b) = (side_with(1, &[Kind::Audio, Kind::Data]), side(2));
    exchange(&mut a, &mut b);
    let agreed = format!("{:?}", a.agreement());
    let text = next_offer(&mut a);
    let id = a.add(Transceiver::new(Kind::Video)).unwrap();
    let with_video = offer(&mut a);
    assert_eq!(a.mid_of(id), Some("2".parse().unwrap()));
    a.rollback().unwrap();
    let (_, events) = drain(&mut a);
    assert_eq!(
        events,
        [Event::RolledBack, Event::State(SignalingState::Stable), Event::NegotiationNeeded,]
    );
    assert_eq!(a.mid_of(id), None);
    assert_eq!(format!("{:?}", a.agreement()), agreed);
    // The same mids, payload types and extension ids once more.
    let again = offer(&mut a);
    assert_eq!(with_video.replace(" 3 IN", " 4 IN"), again);
    a.rollback().unwrap();
    a.stop(id).unwrap();
    assert_eq!(next_offer(&mut a), text);
}

#[test]
fn an_offer_of_the_peer_that_is_taken_back_takes_its_transceivers_along() {
    for provisional in [false, true] {
        let (mut a, mut b) = (side_with(1, &[Kind::Audio]), side(2));
        exchange(&mut a, &mut b);
        let (agreed, text) = (format!("{:?}", b.agreement()), next_offer(&mut b));
        a.add(Transceiver::new(Kind::Video)).unwrap();
        assert_eq!(take(&mut b, &offer(&mut a)), Verdict::Consumed);
        assert_eq!(b.transceivers().count(), 2);
        if provisional {
            b.provisional_answer().unwrap();
            assert_eq!(b.agreement().sections().len(), 2);
        }
        assert_eq!(b.handle_input(Input::Rollback), Verdict::Consumed);
        assert_eq!(b.state(), SignalingState::Stable);
        assert_eq!(format!("{:?}", b.agreement()), agreed);
        assert_eq!(b.transceivers().count(), 1);
        assert_eq!(next_offer(&mut b), text);
    }
}

#[test]
fn a_transceiver_that_the_application_took_up_outlives_the_offer_that_made_it() {
    let (mut a, mut b) = (side_with(1, &[Kind::Audio]), side(2));
    assert_eq!(take(&mut b, &offer(&mut a)), Verdict::Consumed);
    let (id, _) = b.transceivers().next().unwrap();
    b.set_direction(id, Direction::SendRecv).unwrap();
    b.rollback().unwrap();
    assert_eq!((b.transceivers().count(), b.mid_of(id)), (1, None));
    assert!(b.negotiation_needed());
    let text = offer(&mut b);
    assert!(m_lines(&text)[0].starts_with("m=audio 9 "));
}

#[test]
fn a_provisional_answer_of_the_peer_is_undone_with_the_offer() {
    let (mut a, mut b) = (side_with(1, &[Kind::Audio]), side(2));
    assert_eq!(take(&mut b, &offer(&mut a)), Verdict::Consumed);
    b.provisional_answer().unwrap();
    let text = said(&mut b);
    let verdict = a.handle_input(Input::ProvisionalAnswer(text.as_bytes()));
    assert_eq!(verdict, Verdict::Consumed);
    assert_eq!(a.agreement().sections().len(), 1);
    a.rollback().unwrap();
    assert_eq!(*a.agreement(), Agreement::default());
}

#[test]
fn a_recycled_place_is_off_again_after_a_rollback() {
    let (mut a, mut b) = (side_with(1, &[Kind::Audio, Kind::Video]), side(2));
    exchange(&mut a, &mut b);
    let (video, _) = a.transceivers().nth(1).unwrap();
    a.stop(video).unwrap();
    exchange(&mut a, &mut b);
    let agreed = format!("{:?}", a.agreement());
    a.add(Transceiver::new(Kind::Video)).unwrap();
    let text = offer(&mut a);
    assert!(lines(&text, Some(1)).contains(&"a=mid:2"));
    a.rollback().unwrap();
    assert_eq!(format!("{:?}", a.agreement()), agreed);
    let mid = &a.agreement().sections()[1].mid;
    assert_eq!(mid.as_str(), "1");
}
