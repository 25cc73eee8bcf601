//! The client side of connectivity checks: what is sent when (RFC 8445 §6.1.4.2 and §7.2).
use super::IceSession;
use crate::{
    CandidateKind, RestartReason, Restarts, Role,
    checks::{Due, Purpose, Question, RTO_MIN},
    consent,
    ids::PairId,
    messages,
    pair::{Pair, PairFailure, Progress},
    phase::Phase,
    priority,
};
use core::time::Duration;
use sans_io::{DropReason, Instant, PacketMeta, Transmit};

/// So often consent was asked for, the last time just now, when a peer is taken to be silent that
/// nothing else came from.
const SILENT_ASKS: u8 = 3;
/// How long an answer over a connection is waited for, to be opened first if need be: Ti of
/// RFC 8489 §6.2.2. Nothing is sent again.
const STREAM_LIFE: Duration = Duration::from_millis(39_500);
/// For so long nothing came.
const SILENCE: Duration = Duration::from_secs(5);

/// When a session wants a slot of the pacer; `None`: not until something happens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct SlotWishes {
    /// For what has to be sent.
    pub needed: Option<Instant>,
    /// For what may be repeated where slots are spare.
    pub spare: Option<Instant>,
}

impl IceSession {
    /// When it wants a slot of the pacer, if that is free; `None`: not until something happens.
    pub fn next_slot(&self) -> Option<Instant> {
        Instant::earliest([self.triggered_at(), self.ordinary_at()])
    }

    /// The same, by how much it wants it.
    pub(crate) fn slot_wishes(&self) -> SlotWishes {
        let ordinary = self.has_ordinary().then_some(Instant::ZERO);
        let spare = if self.looks_for_pairs() { self.recheck_at() } else { None };
        SlotWishes { needed: Instant::earliest([self.triggered_at(), ordinary]), spare }
    }

    /// Uses a slot of the pacer, whose Ta is `ta`. `false`: nothing was sent.
    pub fn take_slot(&mut self, now: Instant, ta: Duration) -> bool {
        let now = self.advance(now);
        let sent = self.send_triggered(now, ta) || self.send_ordinary(now, ta);
        self.settle(now);
        sent
    }

    /// Uses a slot for what is urgent. `false`: nothing was sent.
    pub(crate) fn take_triggered_slot(&mut self, now: Instant, ta: Duration) -> bool {
        let sent = self.send_triggered(now, ta);
        if sent {
            self.settle(now);
        }
        sent
    }

    /// Uses a slot for what is not. `false`: nothing was sent.
    pub(crate) fn take_ordinary_slot(&mut self, now: Instant, ta: Duration) -> bool {
        let sent = self.send_ordinary(now, ta);
        if sent {
            self.settle(now);
        }
        sent
    }

    /// When a check or nomination wants the next slot before anything else gets it.
    fn triggered_at(&self) -> Option<Instant> {
        match self.phase {
            _ if self.is_lite() => None,
            Phase::Checking { .. } | Phase::Concluded { .. } => {
                let triggered = self.list.triggered_at(self.gate());
                let nomination = self.nomination_at();
                Instant::earliest([triggered, nomination])
            }
            Phase::New | Phase::Lost(_) | Phase::Closed => None,
        }
    }

    /// When a nomination wants a slot: over a connection once.
    fn nomination_at(&self) -> Option<Instant> {
        let sending = self.nomination.sending()?;
        let is_stream = || self.list.get(sending.pair).is_some_and(Pair::is_stream);
        if self.nomination.was_sent() && is_stream() {
            return None;
        }
        self.nomination.request_at(self.pace)
    }

    /// When a check wants a slot that nothing more urgent needs.
    fn ordinary_at(&self) -> Option<Instant> {
        if !self.looks_for_pairs() {
            return None;
        }
        if self.has_ordinary() {
            return Some(Instant::ZERO);
        }
        self.recheck_at()
    }

    /// Whether there is a pair that is to be checked for the first time.
    fn has_ordinary(&self) -> bool {
        self.looks_for_pairs() && self.wants_ordinary() && self.list.has_ordinary(self.gate())
    }

    /// Whether pairs are still of use: once the choice is made others are not (RFC 8445 §8.1.1).
    fn looks_for_pairs(&self) -> bool {
        matches!(self.phase, Phase::Checking { .. }) && !self.is_nominating() && !self.is_lite()
    }

    /// Whether ordinary checks may find anything better than there is.
    fn wants_ordinary(&self) -> bool {
        !self.list.best_of_all_works()
    }

    /// How long it takes to check each pair once that may be and has not been, if there are any.
    pub(crate) fn untried_takes(&self, ta: Duration) -> Option<Duration> {
        if !self.looks_for_pairs() || !self.wants_ordinary() {
            return None;
        }
        let untried = u32::try_from(self.list.ordinary(self.gate()).count()).unwrap_or(u32::MAX);
        (untried > 0).then(|| ta.saturating_mul(untried))
    }

    fn recheck_at(&self) -> Option<Instant> {
        if !self.pace.is_eager() {
            return None;
        }
        self.list.recheck_at(self.pace.spacing(), self.gate())
    }

    /// Uses a slot for what is urgent. `false`: nothing was sent.
    fn send_triggered(&mut self, now: Instant, ta: Duration) -> bool {
        if self.triggered_at().is_none_or(|at| at > now) {
            return false;
        }
        if self.nomination_at().is_some_and(|at| at <= now) && self.send_nomination(now, ta) {
            return true;
        }
        while let Some(id) = self.list.pop_triggered(now, self.gate()) {
            if self.send_check(now, id, ta) {
                return true;
            }
        }
        false
    }

    /// Uses a slot for an ordinary check, or else for a repetition. `false`: nothing was sent.
    fn send_ordinary(&mut self, now: Instant, ta: Duration) -> bool {
        if self.ordinary_at().is_none_or(|at| at > now) {
            return false;
        }
        while self.wants_ordinary()
            && let Some(id) = self.list.next_ordinary(self.gate())
        {
            if self.send_check(now, id, ta) {
                return true;
            }
            // As many checks of it as may be are still waited for.
            self.list.await_answers(now, id);
        }
        let spacing = self.pace.spacing();
        while let Some(id) = self.list.pop_recheck(now, spacing, self.gate()) {
            if self.send_check(now, id, ta) {
                return true;
            }
        }
        false
    }

    fn send_nomination(&mut self, now: Instant, ta: Duration) -> bool {
        let Some(sending) = self.nomination.sending() else { return false };
        let id = sending.pair;
        self.nomination.sent(now);
        self.checks.cancel(|open| open.pair == id && open.purpose == Purpose::Nomination);
        self.send(now, id, Purpose::Nomination, ta)
    }

    fn send_check(&mut self, now: Instant, id: PairId, ta: Duration) -> bool {
        // Where there is no room the newest request is retransmitted, and any may be answered.
        if !self.checks.has_room(id, Purpose::Check) {
            return false;
        }
        self.checks.cancel(|open| open.pair == id && open.purpose == Purpose::Check);
        self.send(now, id, Purpose::Check, ta)
    }

    /// Sends a new request on a pair. `false`: nothing was sent.
    fn send(&mut self, now: Instant, id: PairId, purpose: Purpose, ta: Duration) -> bool {
        if !self.checks.has_room(id, purpose) {
            return false;
        }
        let Some(question) = self.question(id, purpose) else { return false };
        let is_stream = self.list.get(id).is_some_and(Pair::is_stream);
        match purpose {
            Purpose::Check | Purpose::Nomination if is_stream => {
                self.checks.start_once(now, question, STREAM_LIFE);
            }
            Purpose::Check | Purpose::Nomination => {
                // RFC 8445 §14.3 has one factor more, the number of all checks, under which a lost
                // packet costs seconds; the same section allows other mechanisms, and forbids less
                // than 500 ms.
                let rto = RTO_MIN.max(ta.saturating_mul(self.list.load()));
                self.checks.start(now, question, rto);
            }
            Purpose::Consent => self.checks.start_once(now, question, consent::EXPIRY),
        }
        self.transmit(now, &question);
        true
    }

    /// What is asked on a pair (RFC 8445 §7.1 and §7.2.2).
    fn question(&mut self, id: PairId, purpose: Purpose) -> Option<Question> {
        let pair = self.list.get(id)?;
        let base = &self.locals.get(pair.local)?.candidate;
        let preference = priority::local_preference(base.priority);
        let transport = base.transport;
        let selected = self.phase.selected() == Some(id);
        let reminds = self.settings.nominate_to_lite && self.remote_lite && selected;
        let nominates = match purpose {
            // Of the selected pair only when its connection is opened again.
            Purpose::Check => selected,
            Purpose::Nomination => true,
            Purpose::Consent => reminds,
        };
        Some(Question {
            id: self.entropy.transaction_id(),
            pair: id,
            purpose,
            role: self.role.role,
            tiebreaker: self.role.tiebreaker,
            priority: priority::candidate(CandidateKind::PeerReflexive, transport, preference),
            nominates: nominates && self.role.role == Role::Controlling,
        })
    }

    /// Sends a request, for the first time or again.
    fn transmit(&mut self, now: Instant, question: &Question) {
        let Some(pair) = self.list.get(question.pair) else { return };
        let Some(remote) = &self.remote else { return };
        let (path, knocks) = (pair.path, pair.knocks_at_a_nat());
        let Some(bytes) =
            messages::request(&mut self.scratch, question, &remote.username, &remote.key)
        else {
            return;
        };
        let ttl = self.opening.ttl().filter(|_| knocks);
        let meta = PacketMeta { ttl, ..PacketMeta::default() };
        if !self.put(Transmit { path, meta, payload: bytes }) {
            let _ = self.drops.refuse(DropReason::Exhausted);
        }
        self.list.sent(now, question.pair, question.purpose == Purpose::Check);
    }

    /// Sends again what was not answered, and gives up what was not answered for long.
    pub(super) fn run_checks(&mut self, now: Instant) {
        while let Some(due) = self.checks.due(now) {
            match due {
                Due::Again(question) => self.transmit(now, &question),
                Due::Expired(question) => self.expired(now, &question),
            }
        }
    }

    /// No answer to a request counts any more. As long as the session may not fail the network may
    /// come back, so a pair that has not been answered is checked anew, unless by the book.
    fn expired(&mut self, now: Instant, question: &Question) {
        let id = question.pair;
        if self.checks.is_awaited(id) {
            return;
        }
        match question.purpose {
            Purpose::Check => {
                let progress = self.list.get(id).map(|pair| pair.progress);
                if !matches!(progress, Some(Progress::Checking(_))) {
                    return;
                }
                if self.pace.is_eager() && self.phase.is_patient(now) {
                    self.list.revive(id);
                } else {
                    self.list.fail(id, PairFailure::TimedOut);
                }
            }
            Purpose::Nomination => self.nomination_failed(id, PairFailure::TimedOut),
            Purpose::Consent => {}
        }
    }

    /// Asks for consent on the pairs that work, and gives up those that lost it.
    pub(super) fn run_consent(&mut self, now: Instant) {
        while let Some(due) = self.consent.due(now, &mut self.entropy) {
            match due {
                consent::Due::Ask(id) => {
                    self.send(now, id, Purpose::Consent, Duration::ZERO);
                    self.judge_silence(now, id);
                }
                consent::Due::Expired(id) => self.consent_expired(id),
            }
        }
    }

    /// Whether consent was asked for so often in vain that loss does not explain it.
    pub(super) fn is_silent(&self, id: PairId) -> bool {
        self.consent.unanswered(id) >= SILENT_ASKS
    }

    /// Where a restart costs nobody anything it need not wait until consent has expired: only for so
    /// much silence that loss does not explain it.
    fn judge_silence(&mut self, now: Instant, id: PairId) {
        let silent = self.is_silent(id) && now.saturating_since(self.heard) >= SILENCE;
        if self.settings.restarts == Restarts::WhenNeeded
            && self.phase.selected() == Some(id)
            && silent
        {
            self.advise(RestartReason::Silent);
        }
    }

    /// The peer has not answered on a pair for thirty seconds. Before anything was selected that is
    /// no more than a pair that does not work at present, unless by the book.
    fn consent_expired(&mut self, id: PairId) {
        let chosen = self.phase.selected().is_some();
        if chosen || !self.pace.is_eager() {
            return self.lose(id, PairFailure::ConsentExpired);
        }
        self.checks.retain(|open| open.pair != id || open.purpose == Purpose::Nomination);
        self.list.revive(id);
    }
}
