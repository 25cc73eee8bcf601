//! The client side of connectivity checks: what is sent when, and what a request looks like
//! (RFC 8445 §6.1.4.2, §7.1 and §7.2). The answers are in `answer.rs`.
use crate::{
    CandidateKind, Profile, Role,
    pair::{PairFailure, PairId, PairState},
    priority,
    session::Session,
    transaction::{Asked, Checks, Purpose, RTO_MIN},
};
use bytes::Bytes;
use core::time::Duration;
use sans_io::{Instant, Path};
use stun_proto::{
    Integrity, MessageBuilder, MessageType, Method, TransactionId, WriteError,
    attribute::{IceControlled, IceControlling, Priority, UseCandidate, Username},
};

/// Room for a request: a header, a USERNAME of two fragments of 256 bytes, and the rest.
const REQUEST_LEN: usize = 20 + 4 + 516 + 8 + 12 + 4 + 24 + 8;
/// How many fresh checks a pair gets.
const FRESH_MAX: u32 = 6;
/// How long a fresh check waits while no round trip is known.
const FRESH_BLIND: Duration = Duration::from_millis(30);
/// What a fresh check waits beyond the known round trip, at least.
const FRESH_MARGIN: Duration = Duration::from_millis(2);

impl Session {
    /// Whether a check wants the next slot of the pacer before gathering gets it.
    pub(crate) fn urgent_at(&self) -> Option<Instant> {
        if self.remote.is_none() || self.is_closed() || self.lost.is_some() {
            return None;
        }
        if self.list.has_triggered() {
            return Some(Instant::ZERO);
        }
        self.nomination_at()
    }

    /// When a check wants a slot that nothing more urgent needs.
    pub(crate) fn patient_at(&self) -> Option<Instant> {
        // Once the choice is made other pairs are of no use (RFC 8445 §8.1.1).
        let chosen = self.selected.is_some() || self.nominating.is_some() || self.lost.is_some();
        if self.remote.is_none() || self.is_closed() || chosen {
            return None;
        }
        if self.list.has_ordinary(self.is_eager()) {
            return Some(Instant::ZERO);
        }
        self.fresh_at()
    }

    /// Uses a slot for what is urgent. `false`: nothing was sent.
    pub(crate) fn send_urgent(&mut self, now: Instant) -> bool {
        if self.nomination_at().is_some_and(|at| at <= now) {
            return self.repeat_nomination(now);
        }
        match self.list.pop_triggered() {
            Some(id) => self.send_check(now, id, Purpose::Check),
            None => false,
        }
    }

    /// Uses a slot for an ordinary check, or else for a fresh one.
    pub(crate) fn send_patient(&mut self, now: Instant) -> bool {
        if let Some(id) = self.list.next_ordinary(self.is_eager()) {
            return self.send_check(now, id, Purpose::Check);
        }
        let spacing = self.fresh_spacing();
        let works = self.works_directly();
        let due = self.list.iter().filter(|pair| {
            pair.wants_fresh(works)
                && pair.last_sent.is_some_and(|at| at.saturating_add(spacing) <= now)
        });
        // Round after round, so that many dead pairs do not hold up the one that works; within a
        // round the best first.
        let due = due.min_by_key(|pair| pair.fresh);
        let Some(id) = due.map(|pair| pair.id) else { return false };
        if let Some(pair) = self.list.get_mut(id) {
            pair.fresh += 1;
        }
        self.checks.cancel(now, |open| open.pair == id);
        self.send_check(now, id, Purpose::Check)
    }

    /// Whether spare slots are used for what RFC 8445 does not ask for: pairs that it would leave
    /// frozen, and fresh checks.
    pub(crate) fn is_eager(&self) -> bool {
        self.settings.profile != Profile::Strict
    }

    /// When the first pair wants a fresh check.
    fn fresh_at(&self) -> Option<Instant> {
        if !self.is_eager() {
            return None;
        }
        let spacing = self.fresh_spacing();
        let works = self.works_directly();
        let wanting = self.list.iter().filter(|pair| pair.wants_fresh(works));
        wanting.filter_map(|pair| pair.last_sent).min().map(|at| at.saturating_add(spacing))
    }

    /// Whether there is a pair that works without a relay, so that others are not urgent.
    fn works_directly(&self) -> bool {
        self.list.iter().any(|pair| pair.valid.is_some() && !pair.is_relayed())
    }

    /// How far apart the checks of one pair are: a little over a round trip, as far as one is
    /// known.
    pub(crate) fn fresh_spacing(&self) -> Duration {
        self.rtt.map_or(FRESH_BLIND, |rtt| rtt + (rtt / 16).max(FRESH_MARGIN))
    }

    /// The RTO of a check sent now (RFC 8445 §14.3). The formula there has one factor more, the
    /// number of all checks, under which a lost packet costs seconds; the same section allows
    /// other mechanisms, and forbids less than 500 ms.
    fn rto(&self) -> Duration {
        RTO_MIN.max(self.pacing * self.list.load())
    }

    /// Sends a request on a pair. `false`: nothing was sent.
    pub(crate) fn send_check(&mut self, now: Instant, id: PairId, purpose: Purpose) -> bool {
        let transaction_id = self.entropy.transaction_id();
        let rto = self.rto();
        let Some((path, priority, wire)) = self.request(id, purpose, transaction_id) else {
            return false;
        };
        let repeats = match purpose {
            Purpose::Check => true,
            // Unless to the letter, it is repeated as a new transaction.
            Purpose::Nomination => self.settings.profile == Profile::Strict,
            Purpose::Consent => false,
        };
        let life = match purpose {
            Purpose::Check | Purpose::Nomination => Checks::life(rto),
            Purpose::Consent => crate::consent::ANSWER_WAIT,
        };
        let until = now.saturating_add(life);
        let asked = Asked { pair: id, purpose, role: self.role.role, priority, until, repeats };
        let gone = self.checks.start(now, transaction_id, (path, wire.clone()), rto, asked);
        if let Some(pair) = self.list.get_mut(id) {
            pair.sent(now);
            pair.open += 1 - u32::from(gone);
            if purpose == Purpose::Check && pair.state != PairState::Succeeded {
                pair.state = PairState::InProgress;
                pair.failure = None;
            }
        }
        self.transmit(path, wire);
        true
    }

    /// Writes a request (RFC 8445 §7.1 and §7.2.2).
    fn request(
        &self,
        id: PairId,
        purpose: Purpose,
        transaction: TransactionId,
    ) -> Option<(Path, u32, Bytes)> {
        let remote = self.remote.as_ref()?;
        let pair = self.list.get(id)?;
        let base = self.locals.get(pair.base)?.candidate.priority;
        let preference = priority::local_preference(base);
        let priority = priority::candidate(CandidateKind::PeerReflexive, preference);
        let tiebreaker = self.role.tiebreaker;
        let controlling =
            (self.role.role == Role::Controlling).then_some(IceControlling(tiebreaker));
        let controlled = (self.role.role == Role::Controlled).then_some(IceControlled(tiebreaker));
        let reminds = self.settings.nominate_to_lite && self.remote_lite && pair.nominated;
        let nominates = self.role.role == Role::Controlling
            && (purpose == Purpose::Nomination || (purpose == Purpose::Consent && reminds));
        let mut buffer = [0; REQUEST_LEN];
        let kind = MessageType::request(Method::BINDING);
        let written = MessageBuilder::new(&mut buffer, kind, transaction)
            .with(&Username(&remote.username))
            .with(&Priority(priority))
            .with_some(controlling.as_ref())
            .with_some(controlled.as_ref())
            .with_some(nominates.then_some(UseCandidate).as_ref())
            .sign(&remote.key, Integrity::Sha1)
            .fingerprint()
            .finish();
        debug_assert!(written != Err(WriteError::NoRoom), "a request fits");
        Some((pair.path, priority, Bytes::copy_from_slice(written.ok()?)))
    }

    /// Sends again what was not answered, and gives up what was not answered for long.
    pub(crate) fn run_checks(&mut self, now: Instant) {
        while let Some(due) = self.checks.due(now) {
            match due {
                Ok(again) => {
                    let pair = self.list.by_path(&again.path).map(|pair| pair.id);
                    if let Some(pair) = pair.and_then(|id| self.list.get_mut(id)) {
                        pair.sent(now);
                    }
                    self.transmit(again.path, again.payload);
                }
                Err(asked) => self.expired(&asked),
            }
        }
    }

    fn expired(&mut self, asked: &Asked) {
        let Some(pair) = self.list.get_mut(asked.pair) else { return };
        pair.open = pair.open.saturating_sub(1);
        let (id, open, state) = (pair.id, pair.open, pair.state);
        match asked.purpose {
            Purpose::Check if open == 0 && state == PairState::InProgress => {
                self.list.fail(id, PairFailure::TimedOut);
            }
            Purpose::Nomination => self.nomination_expired(id),
            Purpose::Check | Purpose::Consent => {}
        }
    }
}

impl crate::pair::Pair {
    /// Whether a spare slot may repeat its check: as long as nothing `works`, or the peer waits for
    /// it.
    fn wants_fresh(&self, works: bool) -> bool {
        self.state == PairState::InProgress
            && self.fresh < FRESH_MAX
            && !self.blocked
            && (!works || self.nominated_by_peer)
    }
}
