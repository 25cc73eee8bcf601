//! Whose turn it is to use a slot of the pacer that all sessions share.
use super::SessionId;
use crate::session::SlotWishes;
use sans_io::{Instant, Timers};

/// The sessions that want a slot, those first that have wanted theirs for the longest time. What may
/// only be repeated waits until nobody has anything that must be sent.
#[derive(Debug, Default)]
pub(super) struct Turns {
    needed: Timers<SessionId>,
    spare: Timers<SessionId>,
}

impl Turns {
    /// Notes what a session wants by now. One that has waited keeps its place.
    pub(super) fn set(&mut self, now: Instant, id: SessionId, wishes: SlotWishes) {
        queue(&mut self.needed, now, id, wishes.needed);
        queue(&mut self.spare, now, id, wishes.spare);
    }

    /// A session that is due does not get a turn before `until`.
    pub(super) fn postpone(&mut self, id: SessionId, now: Instant, until: Instant) {
        for queue in [&mut self.needed, &mut self.spare] {
            if queue.get(id).is_some_and(|at| at <= now) {
                queue.set(id, Some(until));
            }
        }
    }

    /// Forgets a session.
    pub(super) fn forget(&mut self, id: SessionId) {
        self.needed.set(id, None);
        self.spare.set(id, None);
    }

    /// When a slot is wanted.
    pub(super) fn next(&self) -> Option<Instant> {
        Instant::earliest([self.needed.next(), self.spare.next()])
    }

    /// Takes the session whose turn it is.
    pub(super) fn pop(&mut self, now: Instant) -> Option<SessionId> {
        let due = self.needed.pop_due(now).or_else(|| self.spare.pop_due(now));
        due.map(|(_, id)| id)
    }
}

fn queue(queue: &mut Timers<SessionId>, now: Instant, id: SessionId, wanted: Option<Instant>) {
    let since = match wanted {
        None if queue.is_empty() => return,
        Some(at) if at <= now => queue.get(id).filter(|since| *since <= now).or(Some(now)),
        other => other,
    };
    queue.set(id, since);
}

#[cfg(test)]
mod tests {
    use super::{SessionId, SlotWishes, Turns};
    use sans_io::{Instant, Slab};

    const AT: fn(u64) -> Instant = Instant::from_millis;

    fn ids() -> [SessionId; 3] {
        let mut slab = Slab::default();
        [(); 3].map(|()| SessionId(slab.insert(())))
    }

    fn needed(at: u64) -> SlotWishes {
        SlotWishes { needed: Some(AT(at)), spare: None }
    }

    #[test]
    fn who_has_waited_longest_is_next_and_keeps_its_place() {
        let (mut turns, [one, two, three]) = (Turns::default(), ids());
        turns.set(AT(1), three, needed(0));
        turns.set(AT(2), one, needed(0));
        turns.set(AT(3), three, needed(0));
        turns.set(AT(3), two, needed(9));
        assert_eq!(turns.next(), Some(AT(1)));
        assert_eq!(turns.pop(AT(4)), Some(three));
        turns.set(AT(4), three, needed(0));
        assert_eq!(turns.pop(AT(5)), Some(one));
        assert_eq!(turns.pop(AT(5)), Some(three));
        assert_eq!(turns.pop(AT(5)), None);
        assert_eq!(turns.pop(AT(9)), Some(two));
    }

    #[test]
    fn repetitions_wait_for_what_must_be_sent() {
        let (mut turns, [one, two, _]) = (Turns::default(), ids());
        turns.set(AT(1), one, SlotWishes { needed: None, spare: Some(AT(0)) });
        turns.set(AT(2), two, needed(2));
        assert_eq!(turns.pop(AT(2)), Some(two));
        assert_eq!(turns.pop(AT(2)), Some(one));
    }

    #[test]
    fn who_wants_none_any_more_gets_none() {
        let (mut turns, [one, two, _]) = (Turns::default(), ids());
        turns.set(AT(1), one, needed(0));
        turns.set(AT(1), two, needed(0));
        turns.set(AT(2), one, SlotWishes::default());
        turns.forget(two);
        assert_eq!((turns.next(), turns.pop(AT(9))), (None, None));
    }
}
