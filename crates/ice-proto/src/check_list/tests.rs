use super::CheckList;
use crate::{
    CandidateKind, Foundation,
    pair::{Pair, PairCounters, PairFailure, PairId, PairState},
};
use alloc::vec::Vec;
use core::net::SocketAddr;
use sans_io::Path;

fn pair(number: u16, priority: u64, foundation: u32) -> Pair {
    let remote = SocketAddr::from(([192, 0, 2, 2], number));
    Pair {
        id: PairId(0),
        path: Path::udp(SocketAddr::from(([192, 0, 2, 1], 1)), remote),
        base: 0,
        remote: usize::from(number),
        kinds: (CandidateKind::Host, CandidateKind::Host),
        foundation: (Foundation::numbered(1), Foundation::numbered(foundation)),
        priority,
        state: PairState::Frozen,
        failure: None,
        valid: None,
        blocked: false,
        heard: false,
        open: 0,
        fresh: 0,
        first_sent: None,
        last_sent: None,
        nominated_by_peer: false,
        wanted: None,
        nominated: false,
        counters: PairCounters::default(),
    }
}

fn list(pairs: &[(u16, u64, u32)]) -> CheckList {
    let mut list = CheckList::new(100);
    for (number, priority, foundation) in pairs {
        let id = list.insert(pair(*number, *priority, *foundation)).unwrap();
        list.place(id);
    }
    list
}

fn ports(list: &CheckList) -> Vec<u16> {
    list.iter().map(|pair| pair.path.remote().port()).collect()
}

fn port(list: &CheckList, id: Option<PairId>) -> Option<u16> {
    id.and_then(|id| list.get(id)).map(|pair| pair.path.remote().port())
}

fn start(list: &mut CheckList, id: PairId) {
    list.get_mut(id).unwrap().state = PairState::InProgress;
}

#[test]
fn pairs_are_kept_by_falling_priority() {
    let list = list(&[(1, 10, 1), (2, 30, 2), (3, 20, 3)]);
    assert_eq!(ports(&list), [2, 3, 1]);
}

#[test]
fn a_full_list_gives_up_its_least_pair_for_a_better_one() {
    let mut list = CheckList::new(2);
    list.insert(pair(1, 10, 1)).unwrap();
    list.insert(pair(2, 20, 2)).unwrap();
    assert_eq!(list.insert(pair(3, 5, 3)), None);
    assert!(list.insert(pair(4, 15, 4)).is_some());
    assert_eq!(ports(&list), [2, 4]);
}

#[test]
fn a_full_list_keeps_what_is_under_way_or_works() {
    let mut list = CheckList::new(2);
    let a = list.insert(pair(1, 10, 1)).unwrap();
    let b = list.insert(pair(2, 20, 2)).unwrap();
    list.get_mut(a).unwrap().state = PairState::InProgress;
    list.get_mut(b).unwrap().state = PairState::Succeeded;
    assert_eq!(list.insert(pair(3, 30, 3)), None);
}

#[test]
fn a_pair_that_is_given_up_is_not_triggered_any_more() {
    let mut list = CheckList::new(1);
    let gone = list.insert(pair(1, 10, 1)).unwrap();
    list.trigger(gone);
    list.insert(pair(2, 20, 2)).unwrap();
    assert!(!list.has_triggered());
}

#[test]
fn of_each_foundation_the_best_pair_starts() {
    let mut list = CheckList::new(100);
    for (number, priority, foundation) in [(1, 40, 1), (2, 30, 1), (3, 20, 2), (4, 10, 2)] {
        let id = list.insert(pair(number, priority, foundation)).unwrap();
        list.place(id);
    }
    let states: Vec<_> = list.iter().map(|pair| pair.state).collect();
    use PairState::{Frozen, Waiting};
    assert_eq!(states, [Waiting, Frozen, Waiting, Frozen]);
}

#[test]
fn a_late_pair_starts_if_it_is_the_best_of_its_foundation_or_one_of_them_works() {
    let mut list = list(&[(1, 20, 1)]);
    let lesser = list.insert(pair(2, 10, 1)).unwrap();
    list.place(lesser);
    assert_eq!(list.get(lesser).unwrap().state, PairState::Frozen);
    let better = list.insert(pair(3, 30, 1)).unwrap();
    list.place(better);
    assert_eq!(list.get(better).unwrap().state, PairState::Waiting);
    list.get_mut(better).unwrap().state = PairState::Succeeded;
    let late = list.insert(pair(4, 5, 1)).unwrap();
    list.place(late);
    assert_eq!(list.get(late).unwrap().state, PairState::Waiting);
}

#[test]
fn success_thaws_the_foundation() {
    let mut list = list(&[(1, 20, 1), (2, 10, 1), (3, 5, 2)]);
    let first = list.iter().next().unwrap().id;
    list.get_mut(first).unwrap().state = PairState::Succeeded;
    list.unfreeze_kin(first);
    assert!(list.iter().skip(1).all(|pair| pair.state == PairState::Waiting));
}

#[test]
fn ordinary_checks_go_by_priority_and_thaw_what_has_nothing_under_way() {
    let mut list = list(&[(1, 40, 1), (2, 30, 1), (3, 20, 2)]);
    for expected in [1, 3] {
        let id = list.next_ordinary(false).unwrap();
        assert_eq!(port(&list, Some(id)), Some(expected));
        start(&mut list, id);
    }
    // The second of foundation 1 waits for the first ...
    assert!(!list.has_ordinary(false));
    assert_eq!(list.next_ordinary(false), None);
    // ... until that has failed.
    let first = list.iter().next().unwrap().id;
    list.fail(first, PairFailure::TimedOut);
    assert!(list.has_ordinary(false));
    let id = list.next_ordinary(false);
    assert_eq!(port(&list, id), Some(2));
}

#[test]
fn an_eager_list_thaws_one_pair_after_the_other() {
    let mut list = list(&[(1, 40, 1), (2, 30, 1), (3, 20, 1)]);
    for expected in [1, 2, 3] {
        assert!(list.has_ordinary(true));
        let id = list.next_ordinary(true).unwrap();
        assert_eq!(port(&list, Some(id)), Some(expected));
        start(&mut list, id);
    }
    assert!(!list.has_ordinary(true));
    assert_eq!(list.next_ordinary(true), None);
}

#[test]
fn a_pair_whose_relay_is_not_ready_is_passed_over() {
    let mut list = list(&[(1, 40, 1), (2, 30, 2)]);
    let first = list.iter().next().unwrap().id;
    list.get_mut(first).unwrap().blocked = true;
    let id = list.next_ordinary(true);
    assert_eq!(port(&list, id), Some(2));
}

#[test]
fn the_triggered_queue_is_in_order_and_holds_each_pair_once() {
    let mut list = list(&[(1, 30, 1), (2, 20, 2), (3, 10, 3)]);
    let ids: Vec<_> = list.iter().map(|pair| pair.id).collect();
    list.trigger(ids[1]);
    list.trigger(ids[2]);
    list.trigger(ids[1]);
    list.trigger_first(ids[0]);
    let order: Vec<_> = core::iter::from_fn(|| list.pop_triggered()).collect();
    assert_eq!(order, ids);
}

#[test]
fn a_change_of_role_sorts_anew() {
    let mut list = list(&[(1, 30, 1), (2, 20, 2)]);
    list.reprioritize(|pair| u64::from(pair.path.remote().port()));
    assert_eq!(ports(&list), [2, 1]);
}

#[test]
fn a_list_is_exhausted_when_nothing_works_or_may_yet_work() {
    let mut list = list(&[(1, 30, 1), (2, 20, 1)]);
    assert!(!list.is_exhausted());
    let ids: Vec<_> = list.iter().map(|pair| pair.id).collect();
    list.fail(ids[0], PairFailure::TimedOut);
    assert!(!list.is_exhausted());
    list.fail(ids[1], PairFailure::TimedOut);
    assert!(list.is_exhausted());
    assert!(CheckList::new(1).is_exhausted());
}

#[test]
fn a_triggered_pair_waits_for_its_relay_and_holds_up_no_other() {
    let mut list = list(&[(1, 30, 1), (2, 20, 2)]);
    let ids: Vec<_> = list.iter().map(|pair| pair.id).collect();
    list.get_mut(ids[0]).unwrap().blocked = true;
    list.trigger(ids[0]);
    assert!(!list.has_triggered());
    list.trigger(ids[1]);
    assert_eq!(list.pop_triggered(), Some(ids[1]));
    assert_eq!(list.pop_triggered(), None);
    list.get_mut(ids[0]).unwrap().blocked = false;
    assert_eq!(list.pop_triggered(), Some(ids[0]));
}

#[test]
fn a_full_list_keeps_what_has_checks_that_may_be_answered() {
    let mut list = CheckList::new(2);
    let first = list.insert(pair(1, 10, 1)).unwrap();
    list.insert(pair(2, 20, 2)).unwrap();
    list.get_mut(first).unwrap().open = 1;
    // The second ranks higher than the first, but nothing is under way on it.
    list.insert(pair(3, 30, 3)).unwrap();
    assert_eq!(ports(&list), [3, 1]);
}
