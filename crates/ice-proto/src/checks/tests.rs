use super::{Backoff, Checks, Due, Purpose, Question, RTO_MIN};
use crate::{Role, ids::PairId};
use alloc::vec::Vec;
use core::time::Duration;
use sans_io::Instant;
use stun_proto::TransactionId;

fn question(id: u8, pair: u32) -> Question {
    Question {
        id: TransactionId([id; 12]),
        pair: PairId(pair),
        purpose: Purpose::Check,
        role: Role::Controlling,
        tiebreaker: 1,
        priority: 1,
        nominates: false,
    }
}

/// When something was due, in ms, and whether it was the end.
fn run(checks: &mut Checks) -> Vec<(u64, bool)> {
    let mut seen = Vec::new();
    while let Some(at) = checks.next() {
        let due = checks.due(at).unwrap();
        seen.push((at.as_millis(), matches!(due, Due::Expired(_))));
    }
    seen
}

#[test]
fn a_check_is_repeated_six_times_and_given_up_after_39_5_seconds() {
    let mut checks = Checks::new(Backoff::Doubling);
    checks.start(Instant::ZERO, question(1, 1), RTO_MIN);
    let repeats = [500, 1500, 3500, 7500, 15_500, 31_500].map(|at| (at, false));
    let seen = run(&mut checks);
    assert_eq!(seen[..6], repeats);
    assert_eq!(seen[6..], [(39_500, true)]);
}

#[test]
fn waits_that_are_bounded_grow_no_longer_and_end_at_the_same_time() {
    let mut checks = Checks::new(Backoff::UpTo(Duration::from_secs(2)));
    checks.start(Instant::ZERO, question(1, 1), RTO_MIN);
    let seen = run(&mut checks);
    let times: Vec<u64> = seen.iter().map(|(at, _)| *at).collect();
    assert_eq!(times[..5], [500, 1500, 3500, 5500, 7500]);
    assert_eq!(seen.last(), Some(&(39_500, true)));
    assert!(seen.iter().filter(|(_, end)| !end).count() == 20, "{times:?}");
}

#[test]
fn an_rto_above_the_bound_stays_what_it_is() {
    let mut checks = Checks::new(Backoff::UpTo(Duration::from_secs(2)));
    checks.start(Instant::ZERO, question(1, 1), Duration::from_secs(3));
    assert_eq!(run(&mut checks)[..2], [(3000, false), (6000, false)]);
}

#[test]
fn a_cancelled_check_is_not_repeated_but_waits_its_time() {
    let mut checks = Checks::new(Backoff::Doubling);
    let now = Instant::from_millis(100);
    checks.start(now, question(1, 1), RTO_MIN);
    checks.start(now, question(2, 2), RTO_MIN);
    checks.cancel(|question| question.pair == PairId(1));
    checks.retain(|question| question.pair != PairId(2));
    assert!(checks.get(TransactionId([1; 12])).is_some());
    assert_eq!(run(&mut checks), [(39_600, true)]);
}

#[test]
fn a_pair_has_room_for_sixteen_and_forgets_none() {
    let mut checks = Checks::new(Backoff::Doubling);
    for id in 0..16 {
        assert!(checks.has_room(PairId(1), Purpose::Check));
        checks.start(Instant::from_millis(id.into()), question(id, 1), RTO_MIN);
    }
    assert!(
        !checks.has_room(PairId(1), Purpose::Check) && checks.has_room(PairId(2), Purpose::Check)
    );
    assert!((0..16).all(|id| checks.get(TransactionId([id; 12])).is_some()));
}

#[test]
fn only_the_first_sending_measures_a_round_trip() {
    let mut checks = Checks::new(Backoff::Doubling);
    checks.start(Instant::ZERO, question(1, 1), RTO_MIN);
    let id = TransactionId([1; 12]);
    let at = Instant::from_millis(70);
    assert_eq!(checks.get(id).unwrap().rtt(at), Some(Duration::from_millis(70)));
    checks.due(Instant::from_millis(500)).unwrap();
    assert_eq!(checks.take(id).unwrap().rtt(Instant::from_millis(570)), None);
}

#[test]
fn one_that_is_woken_late_is_repeated_once_and_goes_on_from_there() {
    let mut checks = Checks::new(Backoff::Doubling);
    checks.start(Instant::ZERO, question(1, 1), RTO_MIN);
    let late = Instant::from_secs(20);
    assert!(matches!(checks.due(late), Some(Due::Again(_))));
    assert!(checks.due(late).is_none());
    assert_eq!(checks.next(), Some(Instant::from_secs(21)));
    let later = Instant::from_secs(60);
    assert!(matches!(checks.due(later), Some(Due::Expired(_))));
}
