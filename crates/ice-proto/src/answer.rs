//! The answers to connectivity checks: what a success proves, and what an error means
//! (RFC 8445 §7.2.5).
use crate::{
    Candidate, CandidateKind, Role,
    local::{Added, Local},
    pair::{Pair, PairFailure, PairId, PairState, Valid},
    priority,
    session::Session,
    transaction::{Asked, Check, Purpose},
};
use alloc::vec::Vec;
use core::net::SocketAddr;
use sans_io::{DropReason, Instant, Path};
use stun_proto::{
    Class, Integrity, Message,
    attribute::{Code, ErrorCode, XorMappedAddress},
};

impl Session {
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
        // Requests have SHA-1, and so must their answers (RFC 8489 §9.1.4).
        if message.verify(&remote.key) != Ok(Integrity::Sha1) {
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
        let local = self.learn_mapped(base, sans_io::canonical(mapped), &check.context);
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
        if self.selected.is_some_and(|selected| selected != id)
            && let Some(pair) = self.list.get_mut(id)
        {
            // It was nominated once and lost to a better one: nobody wants consent on it.
            pair.valid = None;
        }
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
        let better = |pair: &Pair| !pair.is_relayed();
        if selected.is_some_and(Pair::is_relayed)
            && self.list.get(id).is_some_and(better)
            && self.role.role == Role::Controlling
        {
            self.tell_upgrade();
        }
    }
}
