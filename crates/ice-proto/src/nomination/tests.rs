use super::{Circumstances, Decision, Nomination, decide};
use crate::{
    CandidateKind, CandidatePolicy, Foundation, Profile,
    check_list::{CheckList, Claim},
    ids::{LocalId, PairId, RemoteId},
    pace::Pace,
    pair::{Foundations, Kinds, NewPair, PairFailure},
};
use core::{net::SocketAddr, time::Duration};
use sans_io::{Instant, Path};

fn ms(ms: u64) -> Instant {
    Instant::from_millis(ms)
}

fn add(list: &mut CheckList, number: u16, priority: u64, remote: CandidateKind) -> PairId {
    let to = SocketAddr::from(([192, 0, 2, 2], number));
    let foundation = Foundation::numbered(number.into());
    let new = NewPair {
        path: Path::udp(SocketAddr::from(([192, 0, 2, 1], 1)), to),
        local: LocalId(0),
        remote: RemoteId(number),
        kinds: Kinds { local: CandidateKind::Host, remote },
        foundations: Foundations { local: foundation, remote: foundation },
        priority,
        awaits_permission: false,
    };
    list.insert(new, Claim::Told).unwrap().id
}

fn about() -> Circumstances {
    Circumstances {
        policy: CandidatePolicy::All,
        relay_wait: Duration::from_secs(1),
        all_candidates: false,
        pace: Pace::new(Profile::Responsive),
    }
}

#[test]
fn nothing_is_chosen_from_nothing() {
    let mut list = CheckList::new(9);
    assert_eq!(decide(&list, ms(0), &about()), Decision::Wait(None));
    add(&mut list, 1, 10, CandidateKind::Host);
    assert_eq!(decide(&list, ms(0), &about()), Decision::Wait(None));
}

#[test]
fn a_better_pair_is_waited_for_while_it_waits_or_is_under_way_for_a_round_trip() {
    let mut list = CheckList::new(9);
    let best = add(&mut list, 1, 20, CandidateKind::Host);
    let works = add(&mut list, 2, 10, CandidateKind::Host);
    list.succeed(ms(50), works, LocalId(0), 10);
    list.get_mut(works).unwrap().counters.rtt = Some(Duration::from_millis(48));
    assert_eq!(decide(&list, ms(50), &about()), Decision::Wait(None), "its turn is to come");
    list.sent(ms(10), best, true);
    // 48 ms and a sixteenth of them.
    assert_eq!(decide(&list, ms(50), &about()), Decision::Wait(Some(ms(61))));
    assert_eq!(decide(&list, ms(61), &about()), Decision::Nominate(works));
    list.fail(best, PairFailure::TimedOut);
    assert_eq!(decide(&list, ms(50), &about()), Decision::Nominate(works));
    list.succeed(ms(70), best, LocalId(0), 20);
    assert_eq!(decide(&list, ms(70), &about()), Decision::Nominate(best));
}

#[test]
fn a_better_pair_that_waits_for_its_relay_holds_nothing_up() {
    let mut list = CheckList::new(9);
    let best = add(&mut list, 1, 20, CandidateKind::Host);
    let works = add(&mut list, 2, 10, CandidateKind::Host);
    list.succeed(ms(50), works, LocalId(0), 10);
    list.get_mut(best).unwrap().awaits_permission = true;
    assert_eq!(decide(&list, ms(50), &about()), Decision::Nominate(works));
}

#[test]
fn a_relay_waits_a_second_or_until_no_direct_pair_is_left_and_none_is_to_come() {
    let mut list = CheckList::new(9);
    let direct = add(&mut list, 1, 20, CandidateKind::Host);
    let relay = add(&mut list, 2, 10, CandidateKind::Relayed);
    list.sent(ms(0), direct, true);
    list.succeed(ms(50), relay, LocalId(0), 10);
    assert_eq!(decide(&list, ms(60), &about()), Decision::Wait(Some(ms(1050))));
    assert_eq!(decide(&list, ms(1050), &about()), Decision::Nominate(relay));
    let complete = Circumstances { all_candidates: true, ..about() };
    assert_eq!(decide(&list, ms(60), &complete), Decision::Wait(Some(ms(1050))));
    list.fail(direct, PairFailure::TimedOut);
    assert_eq!(decide(&list, ms(60), &about()), Decision::Wait(Some(ms(1050))));
    assert_eq!(decide(&list, ms(60), &complete), Decision::Nominate(relay));
    let relays_only = Circumstances { policy: CandidatePolicy::Relay, ..about() };
    assert_eq!(decide(&list, ms(60), &relays_only), Decision::Nominate(relay));
}

#[test]
fn it_is_sent_at_once_then_after_a_round_trip_then_twice_as_often_eight_times_in_all() {
    let mut pace = Pace::new(Profile::Responsive);
    pace.measure(Duration::from_millis(48));
    let mut nomination = Nomination::of(PairId(1));
    assert!(nomination.is_of(PairId(1)) && !nomination.is_of(PairId(2)));
    assert_eq!(nomination.request_at(pace), Some(Instant::ZERO));
    let mut at = ms(1000);
    let mut gaps = alloc::vec::Vec::new();
    nomination.sent(at);
    while let Some(next) = nomination.request_at(pace) {
        gaps.push(next.saturating_since(at).as_micros());
        at = next;
        nomination.sent(at);
    }
    assert_eq!(gaps, [51_000, 25_500, 25_500, 25_500, 25_500, 25_500, 25_500]);
}

#[test]
fn by_the_book_it_is_one_transaction() {
    let mut nomination = Nomination::of(PairId(1));
    nomination.sent(ms(1));
    assert_eq!(nomination.request_at(Pace::new(Profile::Strict)), None);
}

#[test]
fn over_a_long_way_it_backs_off() {
    let mut pace = Pace::new(Profile::Responsive);
    pace.measure(Duration::from_secs(12));
    let mut nomination = Nomination::of(PairId(1));
    nomination.sent(ms(0));
    assert_eq!(nomination.request_at(pace), Some(ms(500)));
}
