//! The client side of connectivity checks: sending requests and judging their answers
//! (RFC 8445 §7.2).
use crate::{
    Candidate, CandidateKind, Profile, Role,
    local::{Added, Local},
    pair::{PairFailure, PairId, PairState, Valid},
    priority,
    session::Session,
    transaction::{Asked, Check, Checks, Purpose, RTO_MIN},
};
use alloc::vec::Vec;
use bytes::Bytes;
use core::{net::SocketAddr, time::Duration};
use sans_io::{DropReason, Instant, Path};
use stun_proto::{
    Class, Integrity, Message, MessageBuilder, MessageType, Method, TransactionId, WriteError,
    attribute::{
        Code, ErrorCode, IceControlled, IceControlling, Priority, UseCandidate, Username,
        XorMappedAddress,
    },
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
        if self.remote.is_none() || self.is_closed() {
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
        let chosen = self.selected.is_some() || self.nominating.is_some();
        if self.remote.is_none() || self.is_closed() || chosen {
            return None;
        }
        if self.lost.is_none() && self.list.has_ordinary(self.is_eager()) {
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
        let due = self.list.iter().find(|pair| {
            pair.wants_fresh() && pair.last_sent.is_some_and(|at| at.saturating_add(spacing) <= now)
        });
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
        let wanting = self.list.iter().filter(|pair| pair.wants_fresh());
        wanting.filter_map(|pair| pair.last_sent).min().map(|at| at.saturating_add(spacing))
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
        let nominates = purpose == Purpose::Nomination && self.role.role == Role::Controlling;
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

    /// Judges a response. `Err`: it is refused. `Ok(false)`: it answers no check.
    pub(crate) fn on_response(
        &mut self,
        now: Instant,
        path: Path,
        message: &Message<'_>,
    ) -> Result<bool, DropReason> {
        let id = message.transaction_id();
        let Some(check) = self.checks.get(id) else { return Ok(false) };
        let pair = check.context.pair;
        let Some(remote) = &self.remote else { return Ok(false) };
        if message.verify(&remote.key).is_err() {
            // A 401 to a check that came before our credentials did cannot be signed, and proves
            // nothing: the check counts as unanswered.
            if let Some(pair) = self.list.get_mut(pair) {
                pair.counters.errors_received += 1;
            }
            return Err(DropReason::Unauthenticated);
        }
        let mapped = message.get::<XorMappedAddress>().map(|mapped| mapped.0);
        if message.class() == Class::Success && mapped.is_none() {
            return Err(DropReason::Malformed);
        }
        if message.unknown_required().next().is_some() {
            return Err(DropReason::Unsupported);
        }
        let Some(check) = self.checks.take(id) else { return Ok(false) };
        if let Some(pair) = self.list.get_mut(pair) {
            pair.open = pair.open.saturating_sub(1);
        }
        if path != check.path {
            self.failed(now, &check.context, PairFailure::Asymmetric);
            return Ok(true);
        }
        if let Some(mapped) = mapped.filter(|_| message.class() == Class::Success) {
            self.succeeded(now, &check, mapped);
        } else {
            let code = message.get::<ErrorCode<'_>>().map_or(Code::SERVER_ERROR, |e| e.code);
            self.refused(now, &check.context, code);
        }
        Ok(true)
    }

    /// RFC 8445 §7.2.5.3.
    fn succeeded(&mut self, now: Instant, check: &Check, mapped: SocketAddr) {
        let id = check.context.pair;
        if let Some(rtt) = check.rtt(now) {
            self.rtt = Some(self.rtt.map_or(rtt, |known| known.max(rtt)));
            if let Some(pair) = self.list.get_mut(id) {
                pair.counters.rtt = Some(rtt);
                pair.counters.rtt_total += rtt;
            }
        }
        let Some(pair) = self.list.get(id).filter(|pair| !pair.is_dead()) else { return };
        if self.selected.is_some_and(|selected| selected != id) && !pair.nominated_by_peer {
            self.compare_with_selected(id);
            return;
        }
        let (was_valid, base, remote) = (pair.valid, pair.base, pair.remote);
        let local = self.learn_mapped(base, crate::candidate::canonical(mapped), &check.context);
        let ours = self.locals.get(local).map_or(0, |local| local.candidate.priority);
        let theirs = self.remotes.get(remote).map_or(0, |remote| remote.priority);
        let next_consent = match was_valid {
            Some(valid) => valid.next_consent,
            None => now.saturating_add(self.consent_interval()),
        };
        let valid = Valid {
            local,
            priority: priority::pair(self.role.role, ours, theirs),
            since: was_valid.map_or(now, |valid| valid.since),
            consent: now,
            next_consent,
        };
        if let Some(pair) = self.list.get_mut(id) {
            pair.valid = Some(valid);
            pair.state = PairState::Succeeded;
            pair.failure = None;
            pair.heard = true;
            pair.blocked = false;
            pair.counters.responses_received += 1;
        }
        self.list.untrigger(id);
        self.list.unfreeze_kin(id);
        self.checks.cancel(now, |open| open.pair == id && open.purpose == Purpose::Check);
        self.settle_nomination(now, id, check.context.purpose);
    }

    /// The local candidate that the peer sees, found out now if need be (RFC 8445 §7.2.5.3.1).
    fn learn_mapped(&mut self, base: usize, mapped: SocketAddr, asked: &Asked) -> usize {
        let Some(local) = self.locals.get(base) else { return base };
        let address = local.base;
        if let Some(known) = self.locals.seen_as(mapped, address) {
            return known;
        }
        let learned = Local {
            candidate: Candidate {
                foundation: crate::Foundation::unique(base as u32),
                priority: asked.priority,
                address: mapped,
                kind: CandidateKind::PeerReflexive,
                related: Some(address),
                ..local.candidate
            },
            base: address,
            signalled: false,
            permitted: Vec::new(),
        };
        match self.locals.add(learned) {
            Added::New(index) | Added::Redundant(index) => index,
            Added::Full => base,
        }
    }

    /// An authenticated error response (RFC 8445 §7.2.5.1 and §7.2.5.2.4).
    fn refused(&mut self, now: Instant, asked: &Asked, code: Code) {
        let id = asked.pair;
        if let Some(pair) = self.list.get_mut(id) {
            pair.counters.errors_received += 1;
        }
        match code {
            Code::ROLE_CONFLICT => {
                self.switch_role(asked.role.other());
                self.role.tiebreaker = self.entropy.public_u64();
                if asked.purpose == Purpose::Consent {
                    return;
                }
                if let Some(pair) = self.list.get_mut(id)
                    && pair.valid.is_none()
                {
                    pair.state = PairState::Waiting;
                    self.checks.cancel(now, |open| open.pair == id);
                    self.list.trigger_first(id);
                }
            }
            Code::FORBIDDEN if self.list.get(id).is_some_and(|pair| pair.valid.is_some()) => {
                self.lose(id, PairFailure::ConsentRevoked);
            }
            code => self.failed(now, asked, PairFailure::Refused(code.number())),
        }
    }

    /// A check failed for good (RFC 8445 §7.2.5.2).
    fn failed(&mut self, now: Instant, asked: &Asked, failure: PairFailure) {
        let id = asked.pair;
        match asked.purpose {
            // One that is lost or garbled is no more than a missing answer (RFC 7675 §5.1).
            Purpose::Consent => {}
            Purpose::Nomination => self.nomination_failed(id, failure),
            Purpose::Check => {
                if self.list.get(id).is_some_and(|pair| pair.valid.is_none()) {
                    self.list.fail(id, failure);
                    self.checks.cancel(now, |open| open.pair == id);
                }
            }
        }
    }

    /// A pair that was not chosen turned out to work. If the choice is a relay, that is worth a
    /// restart (RFC 8445 §8.1.1 forbids a second nomination).
    fn compare_with_selected(&mut self, id: PairId) {
        let selected = self.selected.and_then(|selected| self.list.get(selected));
        let better = |pair: &crate::pair::Pair| !pair.is_relayed();
        if selected.is_some_and(crate::pair::Pair::is_relayed)
            && self.list.get(id).is_some_and(better)
            && self.role.role == Role::Controlling
        {
            self.tell_upgrade();
        }
    }

    /// Settles on a pair (RFC 8445 §8.1.2): all other checks end, though late answers are still
    /// taken.
    pub(crate) fn conclude(&mut self, now: Instant, id: PairId) {
        if self.selected == Some(id) {
            return;
        }
        for pair in self.list.iter_mut() {
            pair.nominated = pair.id == id;
            if pair.id != id {
                pair.valid = None;
            }
        }
        self.selected = Some(id);
        self.concluded_at.get_or_insert(now);
        self.nominating = None;
        self.decide_at = None;
        self.list.clear_triggered();
        self.checks.cancel(now, |_| true);
    }
}

impl crate::pair::Pair {
    /// Whether a spare slot may repeat its check.
    fn wants_fresh(&self) -> bool {
        self.state == PairState::InProgress && self.fresh < FRESH_MAX && !self.blocked
    }
}
