//! Requests to the peer that wait for their answers (RFC 8445 §7.2 and §14.3). A retransmission is
//! written anew from what is known of the request, so no bytes are kept.
#[cfg(test)]
mod tests;

use crate::{Role, ids::PairId};
use alloc::vec::Vec;
use core::time::Duration;
use sans_io::Instant;
use stun_proto::TransactionId;

/// No RTO is smaller (RFC 8445 §14.3).
pub(crate) const RTO_MIN: Duration = Duration::from_millis(500);
/// How long an answer counts, in RTOs: seven sends at most, and sixteen RTOs after the last
/// (RFC 8489 §6.2.1).
const LIFE_RTOS: u32 = 79;
/// How long it does where waits are bounded, whatever the RTO: with many pairs and a slow pacer a
/// session that cannot be would otherwise take minutes to say so.
const LIFE_MAX: Duration = Duration::from_millis(39_500);
/// Most requests of one pair and for one purpose that wait at a time. None is forgotten for another
/// one: whatever the round trip, the answer to the first finds its request.
const ALIKE_MAX: usize = 16;

/// What a request is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// An ordinary or triggered check, or a repetition in a spare slot.
    Check,
    /// A check with USE-CANDIDATE.
    Nomination,
    /// Asking for consent (RFC 7675).
    Consent,
}

/// How long the waits between retransmissions grow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Backoff {
    /// They double.
    Doubling,
    /// They double up to this.
    UpTo(Duration),
}

/// What a request says, but for what is the same in all requests of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Question {
    pub id: TransactionId,
    pub pair: PairId,
    pub purpose: Purpose,
    /// The role that it claims, and the number that decides a conflict.
    pub role: Role,
    pub tiebreaker: u64,
    /// The PRIORITY in it.
    pub priority: u32,
    /// Whether it has USE-CANDIDATE.
    pub nominates: bool,
}

/// A request that waits for its answer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Check {
    pub question: Question,
    first_sent: Instant,
    /// How long an answer counts.
    until: Instant,
    repeat: Option<Repeat>,
    sends: u32,
}

/// The next retransmission of a request.
#[derive(Clone, Copy, Debug)]
struct Repeat {
    at: Instant,
    wait: Duration,
}

/// What has become of a request whose time has come.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Due {
    /// It is to be sent again.
    Again(Question),
    /// No answer to it counts any more.
    Expired(Question),
}

/// All requests that wait.
#[derive(Debug)]
pub(crate) struct Checks {
    open: Vec<Check>,
    backoff: Backoff,
    next: Option<Instant>,
    /// How often one came or went.
    changes: u32,
}

impl Checks {
    pub(crate) const fn new(backoff: Backoff) -> Self {
        Self { open: Vec::new(), backoff, next: None, changes: 0 }
    }

    /// Another number whenever other requests wait.
    pub(crate) const fn changes(&self) -> u32 {
        self.changes
    }

    /// None of them, to be sent again at the same pace.
    pub(crate) const fn successor(&self) -> Self {
        Self::new(self.backoff)
    }

    /// Whether one more request of the pair may wait.
    pub(crate) fn has_room(&self, pair: PairId, purpose: Purpose) -> bool {
        let alike =
            |check: &&Check| check.question.pair == pair && check.question.purpose == purpose;
        self.open.iter().filter(alike).count() < ALIKE_MAX
    }

    /// Whether a check or nomination of the pair may still be answered.
    pub(crate) fn is_awaited(&self, pair: PairId) -> bool {
        let of_it = |check: &&Check| check.question.pair == pair;
        self.open.iter().filter(of_it).any(|check| check.question.purpose != Purpose::Consent)
    }

    /// A request goes out now and is retransmitted until it is answered.
    pub(crate) fn start(&mut self, now: Instant, question: Question, rto: Duration) {
        let life = rto.saturating_mul(LIFE_RTOS);
        let life = match self.backoff {
            Backoff::Doubling => life,
            Backoff::UpTo(_) => life.min(LIFE_MAX),
        };
        let until = now.saturating_add(life);
        let repeat = Some(Repeat { at: now.saturating_add(rto), wait: rto });
        self.push(Check { question, first_sent: now, until, repeat, sends: 1 });
    }

    /// A request goes out now, once, and waits for an answer for so long.
    pub(crate) fn start_once(&mut self, now: Instant, question: Question, life: Duration) {
        let until = now.saturating_add(life);
        self.push(Check { question, first_sent: now, until, repeat: None, sends: 1 });
    }

    fn push(&mut self, check: Check) {
        debug_assert!(
            self.has_room(check.question.pair, check.question.purpose),
            "a pair has its part of the room"
        );
        self.open.push(check);
        self.changes = self.changes.wrapping_add(1);
        self.schedule();
    }

    /// The request of this id.
    pub(crate) fn get(&self, id: TransactionId) -> Option<&Check> {
        self.open.iter().find(|check| check.question.id == id)
    }

    /// The ids of all of them.
    pub(crate) fn ids(&self) -> impl Iterator<Item = TransactionId> {
        self.open.iter().map(|check| check.question.id)
    }

    /// Takes out the request of this id: it was answered.
    pub(crate) fn take(&mut self, id: TransactionId) -> Option<Check> {
        let at = self.open.iter().position(|check| check.question.id == id)?;
        let check = self.open.remove(at);
        self.changes = self.changes.wrapping_add(1);
        self.schedule();
        Some(check)
    }

    /// The requests that `which` picks are not sent again, but an answer still counts
    /// (RFC 8445 §7.3.1.4).
    pub(crate) fn cancel(&mut self, which: impl Fn(&Question) -> bool) {
        for check in &mut self.open {
            if which(&check.question) {
                check.repeat = None;
            }
        }
        self.schedule();
    }

    /// Takes out the requests that are not picked.
    pub(crate) fn retain(&mut self, which: impl Fn(&Question) -> bool) {
        let before = self.open.len();
        self.open.retain(|check| which(&check.question));
        self.changes = self.changes.wrapping_add(u32::from(self.open.len() != before));
        self.schedule();
    }

    /// Gives back the memory that only many requests need.
    pub(crate) fn shrink(&mut self) {
        self.open.shrink_to(4);
    }

    /// The next request whose time has come.
    pub(crate) fn due(&mut self, now: Instant) -> Option<Due> {
        if self.next.is_none_or(|next| next > now) {
            return None;
        }
        let at = self.open.iter().position(|check| check.next() <= now)?;
        let check = &mut self.open[at];
        let due = match check.repeat {
            Some(repeat) if check.until > now => {
                let wait = match self.backoff {
                    Backoff::Doubling => repeat.wait.saturating_mul(2),
                    Backoff::UpTo(max) => repeat.wait.saturating_mul(2).min(max.max(repeat.wait)),
                };
                check.repeat = Some(Repeat { at: now.saturating_add(wait), wait });
                check.sends += 1;
                Due::Again(check.question)
            }
            _ => {
                self.changes = self.changes.wrapping_add(1);
                Due::Expired(self.open.remove(at).question)
            }
        };
        self.schedule();
        Some(due)
    }

    /// When [`due`](Self::due) has something to say.
    pub(crate) const fn next(&self) -> Option<Instant> {
        self.next
    }

    fn schedule(&mut self) {
        self.next = self.open.iter().map(Check::next).min();
    }
}

impl Check {
    /// The round trip that an answer now comes to; `None` if the request was sent more than once,
    /// so that nobody knows which one is answered (RFC 8489 §6.2.1).
    pub(crate) fn rtt(&self, now: Instant) -> Option<Duration> {
        (self.sends == 1).then(|| now.saturating_since(self.first_sent))
    }

    fn next(&self) -> Instant {
        self.repeat.map_or(self.until, |repeat| repeat.at.min(self.until))
    }
}
