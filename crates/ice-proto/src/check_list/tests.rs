use super::{CheckList, Claim, Gate};
use crate::{
    CandidateKind, Foundation,
    ids::{LocalId, PairId, RemoteId},
    pace::Spacing,
    pair::{Foundations, Kinds, NewPair, PairFailure, Progress},
};
use alloc::vec::Vec;
use core::{net::SocketAddr, time::Duration};
use sans_io::{Instant, Path};

const ZERO: Instant = Instant::ZERO;
/// What RFC 8445 asks for, and what it leaves frozen too.
const BOOK: Gate = Gate { thaws: false, spares_nats: false };
const EAGER: Gate = Gate { thaws: true, spares_nats: false };
const SPACING: Spacing =
    Spacing { first: Duration::from_millis(30), next: Duration::from_millis(20), heard: 0 };

fn ms(ms: u64) -> Instant {
    Instant::from_millis(ms)
}

fn pair(number: u16, priority: u64, foundation: u32) -> NewPair {
    let remote = SocketAddr::from(([192, 0, 2, 2], number));
    NewPair {
        path: Path::udp(SocketAddr::from(([192, 0, 2, 1], 1)), remote),
        local: LocalId(0),
        remote: RemoteId(number),
        kinds: Kinds { local: CandidateKind::Host, remote: CandidateKind::Host },
        foundations: Foundations {
            local: Foundation::numbered(1),
            remote: Foundation::numbered(foundation),
        },
        priority,
        awaits_permission: false,
    }
}

fn insert(list: &mut CheckList, number: u16, priority: u64, foundation: u32) -> Option<PairId> {
    list.insert(pair(number, priority, foundation), Claim::Told).map(|inserted| inserted.id)
}

fn list(pairs: &[(u16, u64, u32)]) -> CheckList {
    let mut list = CheckList::new(100);
    for (number, priority, foundation) in pairs {
        insert(&mut list, *number, *priority, *foundation).unwrap();
    }
    list
}

fn ids(list: &CheckList) -> Vec<PairId> {
    list.iter().map(|pair| pair.id).collect()
}

fn ports(list: &CheckList) -> Vec<u16> {
    list.iter().map(|pair| pair.path.remote().port()).collect()
}

fn port(list: &CheckList, id: PairId) -> u16 {
    list.get(id).unwrap().path.remote().port()
}

fn states(list: &CheckList) -> Vec<Progress> {
    list.iter().map(|pair| pair.progress).collect()
}

fn next(list: &mut CheckList, gate: Gate) -> Option<u16> {
    let id = list.next_ordinary(gate)?;
    list.sent(ZERO, id, true);
    Some(port(list, id))
}

#[test]
fn pairs_are_kept_by_falling_priority() {
    assert_eq!(ports(&list(&[(1, 10, 1), (2, 30, 2), (3, 20, 3)])), [2, 3, 1]);
}

#[test]
fn a_full_list_gives_up_its_least_pair_for_a_better_one() {
    let mut list = CheckList::new(2);
    let least = insert(&mut list, 1, 10, 1);
    insert(&mut list, 2, 20, 2).unwrap();
    assert_eq!(insert(&mut list, 3, 5, 3), None);
    let inserted = list.insert(pair(4, 15, 4), Claim::Told).unwrap();
    assert_eq!(inserted.evicted, least);
    assert_eq!(ports(&list), [2, 4]);
}

#[test]
fn a_full_list_keeps_what_is_under_way_or_works() {
    let mut list = CheckList::new(2);
    let a = insert(&mut list, 1, 10, 1).unwrap();
    let b = insert(&mut list, 2, 20, 2).unwrap();
    list.sent(ZERO, a, true);
    list.sent(ZERO, b, true);
    list.succeed(ZERO, b, LocalId(0), 20);
    assert_eq!(insert(&mut list, 3, 30, 3), None);
}

#[test]
fn what_was_heard_takes_the_place_of_any_pair_that_was_not() {
    let mut list = CheckList::new(3);
    let ids = [1, 2, 3].map(|n| insert(&mut list, n, 100 + u64::from(n), 1).unwrap());
    list.sent(ZERO, ids[0], true);
    list.get_mut(ids[1]).unwrap().authenticated = true;
    // The least of those that were not heard, though a check of it is under way.
    let inserted = list.insert(pair(4, 1, 4), Claim::Heard).unwrap();
    assert_eq!(inserted.evicted, Some(ids[0]));
    list.fail(ids[2], PairFailure::ConsentExpired);
    list.get_mut(inserted.id).unwrap().authenticated = true;
    assert_eq!(list.insert(pair(5, 1000, 5), Claim::Heard), None, "what is dead stays dead");
}

#[test]
fn a_pair_that_is_given_up_is_not_triggered_any_more() {
    let mut list = CheckList::new(1);
    let gone = insert(&mut list, 1, 10, 1).unwrap();
    list.trigger(ZERO, gone);
    insert(&mut list, 2, 20, 2).unwrap();
    assert_eq!(list.triggered_at(BOOK), None);
}

#[test]
fn of_each_foundation_the_best_pair_starts() {
    let list = list(&[(1, 40, 1), (2, 30, 1), (3, 20, 2), (4, 10, 2)]);
    use Progress::{Frozen, Waiting};
    assert_eq!(states(&list), [Waiting, Frozen, Waiting, Frozen]);
}

#[test]
fn of_equal_pairs_of_a_foundation_one_starts() {
    use Progress::{Frozen, Waiting};
    assert_eq!(states(&list(&[(1, 40, 1), (2, 40, 1)])), [Waiting, Frozen]);
}

#[test]
fn a_late_pair_starts_if_it_is_the_best_of_its_foundation_or_one_of_them_works() {
    let mut list = list(&[(1, 20, 1)]);
    let lesser = insert(&mut list, 2, 10, 1).unwrap();
    assert_eq!(list.get(lesser).unwrap().progress, Progress::Frozen);
    let better = insert(&mut list, 3, 30, 1).unwrap();
    assert_eq!(list.get(better).unwrap().progress, Progress::Waiting);
    list.succeed(ZERO, better, LocalId(0), 30);
    let late = insert(&mut list, 4, 5, 1).unwrap();
    assert_eq!(list.get(late).unwrap().progress, Progress::Waiting);
}

#[test]
fn success_thaws_the_foundation() {
    let mut list = list(&[(1, 20, 1), (2, 10, 1), (3, 5, 2)]);
    let first = ids(&list)[0];
    assert!(list.succeed(ZERO, first, LocalId(0), 20), "it is valid now");
    assert!(!list.succeed(ms(5), first, LocalId(0), 20), "and was before");
    assert_eq!(list.get(first).unwrap().valid().unwrap().since, ZERO);
    assert_eq!(states(&list)[1..], [Progress::Waiting; 2]);
}

#[test]
fn ordinary_checks_go_by_priority_and_thaw_what_has_nothing_under_way() {
    let mut list = list(&[(1, 40, 1), (2, 30, 1), (3, 20, 2)]);
    assert_eq!(next(&mut list, BOOK), Some(1));
    assert_eq!(next(&mut list, BOOK), Some(3));
    // The second of foundation 1 waits for the first ...
    assert!(!list.has_ordinary(BOOK));
    assert_eq!(next(&mut list, BOOK), None);
    // ... until that has failed.
    let first = ids(&list)[0];
    list.fail(first, PairFailure::TimedOut);
    assert!(list.has_ordinary(BOOK));
    assert_eq!(next(&mut list, BOOK), Some(2));
}

#[test]
fn an_eager_list_thaws_one_pair_after_the_other() {
    let mut list = list(&[(1, 40, 1), (2, 30, 1), (3, 20, 1)]);
    for expected in [1, 2, 3] {
        assert!(list.has_ordinary(EAGER));
        assert_eq!(next(&mut list, EAGER), Some(expected));
    }
    assert!(!list.has_ordinary(EAGER));
    assert_eq!(next(&mut list, EAGER), None);
}

#[test]
fn a_pair_whose_relay_is_not_ready_is_passed_over() {
    let mut list = list(&[(1, 40, 1), (2, 30, 2)]);
    let first = ids(&list)[0];
    list.get_mut(first).unwrap().awaits_permission = true;
    assert_eq!(next(&mut list, EAGER), Some(2));
}

#[test]
fn nats_that_are_spared_are_passed_over_in_every_queue() {
    let spares = Gate { thaws: true, spares_nats: true };
    let mut list = list(&[(1, 40, 1), (2, 30, 2)]);
    let [nat, host] = ids(&list)[..] else { panic!("two pairs") };
    list.get_mut(nat).unwrap().kinds.remote = CandidateKind::ServerReflexive;
    assert_eq!(next(&mut list, spares), Some(2));
    list.sent(ZERO, nat, true);
    assert_eq!(list.pop_recheck(ms(100), SPACING, spares), Some(host));
    list.trigger(ms(100), nat);
    assert_eq!(list.triggered_at(spares), None);
    assert_eq!(list.pop_triggered(ms(200), spares), None);
    assert_eq!(list.pop_triggered(ms(200), EAGER), Some(nat));
}

#[test]
fn the_triggered_queue_is_in_order_and_holds_each_pair_once() {
    let mut list = list(&[(1, 30, 1), (2, 20, 2), (3, 10, 3)]);
    let ids = ids(&list);
    list.trigger(ZERO, ids[1]);
    list.trigger(ZERO, ids[2]);
    list.trigger(ZERO, ids[1]);
    list.trigger_first(ZERO, ids[0]);
    let order: Vec<_> = core::iter::from_fn(|| list.pop_triggered(ZERO, BOOK)).collect();
    assert_eq!(order, ids);
}

#[test]
fn a_pair_under_way_is_triggered_by_its_age_and_never_dropped() {
    let mut list = list(&[(1, 30, 1)]);
    let id = ids(&list)[0];
    list.sent(ms(100), id, true);
    list.trigger(ms(101), id);
    assert_eq!(list.triggered_at(BOOK), Some(ms(105)), "five milliseconds at least");
    assert_eq!(list.pop_triggered(ms(104), BOOK), None);
    assert_eq!(list.pop_triggered(ms(105), BOOK), Some(id));
    list.sent(ms(900), id, true);
    list.trigger(ms(901), id);
    assert_eq!(list.triggered_at(BOOK), Some(ms(1000)), "an eighth of 800 ms");
    assert_eq!(list.pop_triggered(ms(1000), BOOK), Some(id));
    list.sent(ms(20_000), id, true);
    list.trigger(ms(20_001), id);
    assert_eq!(list.triggered_at(BOOK), Some(ms(20_500)), "half a second at most");
}

#[test]
fn a_triggered_pair_waits_for_its_relay_and_holds_up_no_other() {
    let mut list = list(&[(1, 30, 1), (2, 20, 2)]);
    let ids = ids(&list);
    list.get_mut(ids[0]).unwrap().awaits_permission = true;
    list.trigger(ZERO, ids[0]);
    assert_eq!(list.triggered_at(BOOK), None);
    list.trigger(ZERO, ids[1]);
    assert_eq!(list.pop_triggered(ZERO, BOOK), Some(ids[1]));
    assert_eq!(list.pop_triggered(ZERO, BOOK), None);
    list.get_mut(ids[0]).unwrap().awaits_permission = false;
    assert_eq!(list.pop_triggered(ZERO, BOOK), Some(ids[0]));
}

#[test]
fn unanswered_checks_are_repeated_round_after_round_those_that_were_heard_first() {
    let mut list = list(&[(1, 30, 1), (2, 20, 2), (3, 10, 3)]);
    let ids = ids(&list);
    for id in &ids {
        list.sent(ZERO, *id, true);
    }
    assert_eq!(list.recheck_at(SPACING, EAGER), Some(ms(30)));
    assert_eq!(list.pop_recheck(ms(29), SPACING, EAGER), None);
    for expected in [ids[0], ids[1]] {
        assert_eq!(list.pop_recheck(ms(30), SPACING, EAGER), Some(expected));
        list.sent(ms(30), expected, true);
    }
    list.get_mut(ids[1]).unwrap().authenticated = true;
    // The second repetition of what was heard comes before the first of what was not.
    assert_eq!(list.pop_recheck(ms(50), SPACING, EAGER), Some(ids[1]));
    list.sent(ms(50), ids[1], true);
    assert_eq!(list.pop_recheck(ms(50), SPACING, EAGER), Some(ids[2]));
}

#[test]
fn repetitions_are_six_and_end_when_a_direct_pair_works_but_for_what_the_peer_waits_for() {
    let mut list = list(&[(1, 30, 1), (2, 20, 2)]);
    let ids = ids(&list);
    list.sent(ZERO, ids[0], true);
    let times = (1..100).filter(|n| {
        let popped = list.pop_recheck(ms(n * 100), SPACING, EAGER).is_some();
        if popped {
            list.sent(ms(n * 100), ids[0], true);
        }
        popped
    });
    assert_eq!(times.count(), 6);
    list.sent(ZERO, ids[1], true);
    list.succeed(ZERO, ids[0], LocalId(0), 30);
    assert_eq!(list.pop_recheck(ms(1000), SPACING, EAGER), None);
    list.get_mut(ids[1]).unwrap().peer_choice = crate::pair::PeerChoice::Pending;
    assert_eq!(list.pop_recheck(ms(1000), SPACING, EAGER), Some(ids[1]));
}

#[test]
fn a_change_of_role_sorts_anew_and_ranks_what_works_by_what_the_peer_sees() {
    let mut list = list(&[(1, 30, 1), (2, 20, 2)]);
    let ids = ids(&list);
    list.succeed(ZERO, ids[0], LocalId(7), 30);
    list.reprioritize(|local, remote| u64::from(local.0) * 100 + u64::from(remote.0));
    assert_eq!(ports(&list), [2, 1]);
    assert_eq!(list.get(ids[0]).unwrap().rank(), 701);
    assert_eq!(list.get(ids[1]).unwrap().rank(), 2);
}

#[test]
fn a_list_is_exhausted_when_nothing_works_or_may_yet_work() {
    let mut list = list(&[(1, 30, 1), (2, 20, 1)]);
    assert!(!list.is_exhausted());
    let ids = ids(&list);
    list.fail(ids[0], PairFailure::TimedOut);
    assert!(!list.is_exhausted());
    list.fail(ids[1], PairFailure::TimedOut);
    assert!(list.is_exhausted());
    assert!(CheckList::new(1).is_exhausted());
    list.revive(ids[1]);
    assert!(!list.is_exhausted());
    list.fail(ids[1], PairFailure::ConsentRevoked);
    list.revive(ids[1]);
    assert!(list.is_exhausted(), "what is dead stays dead");
}

#[test]
fn the_best_of_all_works_when_nothing_better_may_yet_work() {
    let mut list = list(&[(1, 30, 1), (2, 20, 2)]);
    let ids = ids(&list);
    assert!(!list.best_of_all_works());
    list.succeed(ZERO, ids[1], LocalId(0), 20);
    assert!(!list.best_of_all_works());
    list.fail(ids[0], PairFailure::TimedOut);
    assert!(list.best_of_all_works());
    assert!(list.works_directly());
}

#[test]
fn the_choice_of_a_pair_supersedes_what_worked_and_clears_the_queue() {
    let mut list = list(&[(1, 30, 1), (2, 20, 2), (3, 10, 3), (4, 5, 4)]);
    let ids = ids(&list);
    for id in &ids[..2] {
        list.succeed(ZERO, *id, LocalId(0), 1);
    }
    list.trigger(ZERO, ids[2]);
    list.trigger(ZERO, ids[3]);
    list.conclude(ids[0], |pair| pair.id == ids[3]);
    assert!(list.get(ids[0]).unwrap().valid().is_some());
    assert_eq!(list.get(ids[1]).unwrap().progress, Progress::Superseded);
    assert_eq!(list.pop_triggered(ZERO, BOOK), Some(ids[3]));
    assert_eq!(list.pop_triggered(ZERO, BOOK), None);
    list.silence();
    assert!(list.best_valid().is_none());
}

#[test]
fn a_pair_outlives_the_mapping_that_the_peer_saw_it_through() {
    let mut list = list(&[(1, 30, 1), (2, 20, 2)]);
    let ids = ids(&list);
    list.succeed(ZERO, ids[0], LocalId(5), 30);
    list.conclude(ids[0], |_| false);
    list.remove_local(LocalId(5));
    assert_eq!(list.get(ids[0]).unwrap().valid().unwrap().local, LocalId(0));
    list.remove_local(LocalId(0));
    assert_eq!(list.iter().count(), 0);
}

#[test]
fn a_full_list_gives_up_first_what_has_lost_its_base() {
    let mut list = CheckList::new(3);
    for (number, priority) in [(1, 9), (2, 8), (3, 7)] {
        insert(&mut list, number, priority, 1).unwrap();
    }
    let [lost, ..] = ids(&list)[..] else { unreachable!("it has three") };
    // Even what the peer was heard on.
    list.get_mut(lost).unwrap().authenticated = true;
    list.fail(lost, PairFailure::BaseLost);
    assert!(insert(&mut list, 4, 1, 1).is_some());
    assert_eq!(ports(&list), [2, 3, 4]);
    // What lost consent stays.
    let [revoked, ..] = ids(&list)[..] else { unreachable!("it has three") };
    list.fail(revoked, PairFailure::ConsentRevoked);
    assert_eq!(insert(&mut list, 5, 0, 1), None);
}
