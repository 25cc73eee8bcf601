//! Choosing the pair (RFC 8445 §8.1.1): the controlling agent nominates one.
use crate::{
    CandidatePolicy,
    check_list::CheckList,
    checks::RTO_MIN,
    ids::PairId,
    pace::{Pace, beyond},
    pair::{Pair, Progress},
};
use core::time::Duration;
use sans_io::Instant;

/// How many nominations are requests of their own; after them the last one is retransmitted.
const REQUESTS_MAX: u32 = 8;
/// How long a better pair under way may take where no round trip is known.
const BLIND: Duration = Duration::from_millis(100);

/// How far the choice of this agent has come. Settled it is in the phase of the session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Nomination {
    /// There is nothing to choose from, or it is the peer that chooses.
    Idle,
    /// At this instant the rules may say something else, if nothing happens before.
    Waiting { until: Instant },
    /// This pair was chosen, and the peer has not confirmed it.
    Sending(Sending),
}

/// A nomination that is under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sending {
    pub pair: PairId,
    sent: Option<Sent>,
    requests: u32,
}

/// When it was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Sent {
    first: Instant,
    last: Instant,
}

/// What the rules say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    Nominate(PairId),
    /// At this instant the rules may say something else, if nothing happens before.
    Wait(Option<Instant>),
}

/// What the choice depends on besides the pairs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Circumstances {
    pub policy: CandidatePolicy,
    /// How long a relayed pair waits for a direct one.
    pub relay_wait: Duration,
    /// No more candidates are to be expected from either side.
    pub all_candidates: bool,
    pub pace: Pace,
}

impl Nomination {
    /// The nomination of this pair, to be sent as soon as there is a slot.
    pub(crate) const fn of(pair: PairId) -> Self {
        Self::Sending(Sending { pair, sent: None, requests: 0 })
    }

    /// The nomination under way.
    pub(crate) const fn sending(&self) -> Option<&Sending> {
        match self {
            Self::Sending(sending) => Some(sending),
            Self::Idle | Self::Waiting { .. } => None,
        }
    }

    /// Whether this pair is the one under way.
    pub(crate) fn is_of(&self, pair: PairId) -> bool {
        self.sending().is_some_and(|sending| sending.pair == pair)
    }

    /// When the rules may come to another conclusion by themselves.
    pub(crate) const fn decide_at(&self) -> Option<Instant> {
        match self {
            Self::Waiting { until } => Some(*until),
            Self::Idle | Self::Sending(_) => None,
        }
    }

    /// Whether it was sent.
    pub(crate) const fn was_sent(&self) -> bool {
        matches!(self, Self::Sending(Sending { sent: Some(_), .. }))
    }

    /// When a request with USE-CANDIDATE is to be sent, for the first time or as one more.
    pub(crate) fn request_at(&self, pace: Pace) -> Option<Instant> {
        let sending = self.sending()?;
        let Some(sent) = sending.sent else { return Some(Instant::ZERO) };
        // By the book it is one transaction, which is retransmitted (RFC 8445 §7.2.5.3.4).
        if !pace.is_eager() || sending.requests >= REQUESTS_MAX {
            return None;
        }
        // One that was not answered in time shows that packets are lost.
        let spacing = match sending.requests {
            1 => pace.spacing().first,
            _ => pace.spacing().next / 2,
        };
        let age = sent.last.saturating_since(sent.first);
        Some(sent.last.saturating_add(spacing.max(age / 8).min(RTO_MIN)))
    }

    /// A request with USE-CANDIDATE goes out.
    pub(crate) const fn sent(&mut self, now: Instant) {
        if let Self::Sending(sending) = self {
            let first = match sending.sent {
                Some(sent) => sent.first,
                None => now,
            };
            sending.sent = Some(Sent { first, last: now });
            sending.requests += 1;
        }
    }
}

/// The rules: the best pair that works, unless a better one may still come to work soon; a relayed
/// one only when no direct one can, and one over TCP when none over UDP can, or after a while.
pub(crate) fn decide(list: &CheckList, now: Instant, about: &Circumstances) -> Decision {
    let Some((best, valid)) = list.best_valid().and_then(|pair| Some((pair, pair.valid()?))) else {
        return Decision::Wait(None);
    };
    let fallback = Fallback::of(best).filter(|_| about.policy == CandidatePolicy::All);
    if let Some(fallback) = fallback {
        let at = valid.since.saturating_add(about.relay_wait);
        let no_better = || !list.iter().any(|pair| fallback.yields_to(pair) && pair.is_open());
        return if at <= now || (about.all_candidates && no_better()) {
            Decision::Nominate(best.id)
        } else {
            Decision::Wait(Some(at))
        };
    }
    let mut until = now;
    for better in list.iter().filter(|pair| pair.priority > best.priority) {
        match better.attempt() {
            Some(attempt) => {
                until = until.max(attempt.first_sent.saturating_add(patience(best, about.pace)));
            }
            // Its turn comes, and then its wait begins.
            None if better.is_open() && !better.awaits_permission && is_next(better) => {
                return Decision::Wait(None);
            }
            None => {}
        }
    }
    if until > now { Decision::Wait(Some(until)) } else { Decision::Nominate(best.id) }
}

/// A pair that works and is not what is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fallback {
    Relay,
    Tcp,
}

impl Fallback {
    fn of(pair: &Pair) -> Option<Self> {
        if pair.is_relayed() { Some(Self::Relay) } else { pair.is_stream().then_some(Self::Tcp) }
    }

    /// Whether this pair is waited for.
    fn yields_to(self, pair: &Pair) -> bool {
        !pair.is_relayed() && (self == Self::Relay || !pair.is_stream())
    }
}

/// Whether the pair waits for its first check.
fn is_next(pair: &Pair) -> bool {
    pair.progress == Progress::Waiting
}

/// How long a better pair may take: a little over the round trip that is known.
fn patience(best: &Pair, pace: Pace) -> Duration {
    best.counters.rtt.map(beyond).or(pace.measured()).unwrap_or(BLIND)
}

#[cfg(test)]
mod tests;
