//! The answers to our checks: what a success proves, and what an error means (RFC 8445 §7.2.5).
use super::IceSession;
use crate::{
    Base, Candidate, CandidateKind, Foundation, RestartReason, Role,
    checks::{Check, Purpose, Question},
    ids::{LocalId, PairId},
    locals::{LocalCandidate, LocalInsert},
    pair::{Pair, PairFailure, Progress},
    priority,
};
use core::net::SocketAddr;
use sans_io::{DropReason, Instant, Path, Verdict, canonical};
use stun_proto::{
    Class, Integrity, Message,
    attribute::{Code, ErrorCode, XorMappedAddress},
};

impl IceSession {
    /// Judges a response.
    pub(super) fn on_response(
        &mut self,
        now: Instant,
        path: Path,
        message: &Message<'_>,
    ) -> Verdict<'static> {
        match self.answer_to(path, message) {
            Ok((check, answer)) => {
                self.answered(now, path, &check, answer);
                Verdict::Consumed
            }
            Err(reason) => self.drops.refuse(reason),
        }
    }

    /// Finds the check that a response answers, and takes it out if the response is fit to end it.
    fn answer_to(
        &mut self,
        path: Path,
        message: &Message<'_>,
    ) -> Result<(Check, Answer), DropReason> {
        let id = message.transaction_id();
        let pair = self.checks.get(id).ok_or(DropReason::Unexpected)?.question.pair;
        let remote = self.remote.as_ref().ok_or(DropReason::Unexpected)?;
        // Requests have SHA-1, and so must their answers (RFC 8489 §9.1.4).
        if message.verify(&remote.key) != Ok(Integrity::Sha1) {
            // A 401 to a check that came before our credentials did cannot be signed, and proves
            // nothing: the check counts as unanswered.
            if let Some(pair) = self.list.get_mut(pair) {
                pair.counters.errors_received += 1;
            }
            return Err(DropReason::Unauthenticated);
        }
        let mapped = message.get::<XorMappedAddress>().map(|mapped| canonical(mapped.0));
        let answer = match (message.class(), mapped) {
            (Class::Success, Some(mapped)) => Answer::Success(mapped),
            (Class::Success, None) => return Err(DropReason::Malformed),
            _ => Answer::Error(
                message.get::<ErrorCode<'_>>().map_or(Code::SERVER_ERROR, |error| error.code),
            ),
        };
        if message.unknown_required().next().is_some() {
            return Err(DropReason::Unsupported);
        }
        // RFC 8445 §7.2.5.2.1 compares addresses, and so does RFC 8489 §6.3.1 before it.
        let same = self.list.get(pair).is_some_and(|pair| pair.path == path);
        let check = self.checks.take(id).ok_or(DropReason::Unexpected)?;
        Ok((check, if same { answer } else { Answer::Elsewhere }))
    }

    fn answered(&mut self, now: Instant, path: Path, check: &Check, answer: Answer) {
        let question = &check.question;
        match answer {
            Answer::Success(mapped) => self.succeeded(now, path, check, mapped),
            Answer::Error(code) => self.refused(now, question, code),
            Answer::Elsewhere => self.failed(question, PairFailure::Asymmetric),
        }
    }

    /// RFC 8445 §7.2.5.3.
    fn succeeded(&mut self, now: Instant, path: Path, check: &Check, mapped: SocketAddr) {
        let id = check.question.pair;
        let Some(pair) = self.list.get_mut(id) else { return };
        pair.counters.responses_received += 1;
        if let Some(rtt) = check.rtt(now) {
            pair.counters.rtt = Some(rtt);
            pair.counters.rtt_total += rtt;
            self.pace.measure(rtt);
        }
        if pair.is_dead() {
            return;
        }
        let (remote, wanted) = (pair.remote, pair.is_wanted());
        let seen = pair.valid().map(|valid| valid.local);
        self.remotes.heard(remote);
        self.heard = now;
        if self.phase.selected().is_some_and(|selected| selected != id) && !wanted {
            return self.compare_with_selected(id);
        }
        let local = self.learn_mapped(Base::of(path), mapped, check.question.priority);
        let Some(local) = local else { return };
        let ours = self.locals.get(local).map_or(0, |local| local.candidate.priority);
        let theirs = self.remotes.get(remote).map_or(0, |remote| remote.priority);
        let rank = priority::pair(self.role.role, ours, theirs);
        self.list.succeed(now, id, local, rank);
        if self.phase.selected() == Some(id) && seen.is_some_and(|seen| seen != local) {
            self.advise(RestartReason::AddressChanged);
        }
        self.consent.granted(now, id, &mut self.entropy);
        self.end_opening(now);
        self.checks.cancel(|open| open.pair == id && open.purpose == Purpose::Check);
        self.confirm_nomination(now, id, check.question.purpose);
        if self.phase.selected().is_some_and(|selected| selected != id) {
            // It was nominated once and lost to a better one: nobody wants consent on it.
            if let Some(pair) = self.list.get_mut(id) {
                pair.progress = Progress::Superseded;
            }
            self.consent.retain(|pair| pair != id);
        }
    }

    /// The local candidate that the peer sees, found out now if need be (RFC 8445 §7.2.5.3.1).
    fn learn_mapped(&mut self, base: Base, mapped: SocketAddr, priority: u32) -> Option<LocalId> {
        let base_id = self.locals.at_base(base)?;
        if let Some(known) = self.locals.seen_as(mapped, base) {
            return Some(known);
        }
        let learned = LocalCandidate {
            candidate: Candidate {
                foundation: Foundation::unique(base_id.0.into()),
                priority,
                address: mapped,
                kind: CandidateKind::PeerReflexive,
                related: Some(base.address()),
                ..self.locals.get(base_id)?.candidate
            },
            base,
            signalled: false,
        };
        Some(match self.locals.add(learned) {
            LocalInsert::New(id) => {
                self.forget_local(id);
                id
            }
            LocalInsert::Updated(id) | LocalInsert::Redundant(id) => id,
            LocalInsert::Full => base_id,
        })
    }

    /// An authenticated error response (RFC 8445 §7.2.5.1 and §7.2.5.2.4).
    fn refused(&mut self, now: Instant, question: &Question, code: Code) {
        let id = question.pair;
        let Some(pair) = self.list.get_mut(id) else { return };
        pair.counters.errors_received += 1;
        let works = pair.valid().is_some();
        match code {
            Code::ROLE_CONFLICT => {
                // Only the first of several answers is news.
                if question.role == self.role.role && question.tiebreaker == self.role.tiebreaker {
                    self.switch_role(question.role.other());
                    self.role.tiebreaker = self.entropy.public_u64();
                }
                if question.purpose != Purpose::Consent && !works {
                    self.list.revive(id);
                    self.checks.cancel(|open| open.pair == id);
                    self.list.trigger_first(now, id);
                }
            }
            Code::FORBIDDEN if works => self.lose(id, PairFailure::ConsentRevoked),
            code => self.failed(question, PairFailure::Refused(code.number())),
        }
        // The peer has ended it, and there is nothing left to try.
        if code == Code::FORBIDDEN && self.list.is_exhausted() && self.list.was_revoked() {
            self.end(RestartReason::ConsentRevoked);
        }
    }

    /// A check failed for good (RFC 8445 §7.2.5.2).
    fn failed(&mut self, question: &Question, failure: PairFailure) {
        let id = question.pair;
        match question.purpose {
            // One that is lost or garbled is no more than a missing answer (RFC 7675 §5.1).
            Purpose::Consent => {}
            Purpose::Nomination => self.nomination_failed(id, failure),
            Purpose::Check => {
                if self.list.get(id).is_some_and(Pair::is_open) {
                    self.list.fail(id, failure);
                    self.checks.cancel(|open| open.pair == id);
                }
            }
        }
    }

    /// A pair that was not chosen turned out to work. If the choice is a relay, that is worth a
    /// restart (RFC 8445 §8.1.1 forbids a second nomination).
    fn compare_with_selected(&mut self, id: PairId) {
        let selected = self.phase.selected().and_then(|selected| self.list.get(selected));
        let relays = selected.is_some_and(Pair::is_relayed);
        let direct = self.list.get(id).is_some_and(|pair| !pair.is_relayed());
        if relays && direct && self.role.role == Role::Controlling {
            self.advise(RestartReason::BetterPair);
        }
    }
}

/// What a response says.
#[derive(Clone, Copy, Debug)]
enum Answer {
    /// The peer sees us at this address.
    Success(SocketAddr),
    Error(Code),
    /// It did not come the way that the check went.
    Elsewhere,
}
