//! The server side of connectivity checks: answering the peer's requests, and what follows from
//! them (RFC 8445 §7.3).
use super::IceSession;
use crate::{
    Base, CandidatePolicy, CandidateTransport, Role,
    check_list::Claim,
    messages::{self, Reply},
    pair::PeerChoice,
    pending::PeerCheck,
    phase::Phase,
    remotes::RemoteInsert,
    role::Conflict,
};
use sans_io::{DropReason, Instant, Path, Transmit, Verdict};
use stun_proto::{
    AttributeType, Integrity, Message,
    attribute::{Code, IceControlled, IceControlling, Priority, UseCandidate},
};

/// The PRIORITY of a request that has none, which only agents older than RFC 5245 send.
const PRIORITY_UNKNOWN: u32 = 1;

/// What proves that a request is the peer's.
struct Proof<'a> {
    /// The username fragment of the sender, as bytes: it will be compared.
    ufrag: &'a [u8],
    /// How it is signed, and the answer is to be.
    integrity: Integrity,
}

impl IceSession {
    /// Answers a request.
    pub(super) fn on_request<'a>(
        &mut self,
        now: Instant,
        path: Path,
        message: &Message<'a>,
    ) -> Verdict<'a> {
        if self.settings.policy == CandidatePolicy::Relay && !self.locals.is_relayed(Base::of(path))
        {
            return self.drops.refuse(DropReason::Forbidden);
        }
        let proof = match self.authenticate(message) {
            Ok(proof) => proof,
            Err(code) => return self.refuse(path, message, code),
        };
        let reply = match self.judge(path, message) {
            Ok(()) => Reply::Success(path.remote()),
            Err(error) => error,
        };
        if let Some(bytes) =
            messages::response(&mut self.scratch, message, &self.local.key, proof.integrity, reply)
            && !self.put(Transmit::new(path, bytes))
        {
            return self.drops.refuse(DropReason::Exhausted);
        }
        if matches!(reply, Reply::Success(_)) {
            let check = PeerCheck {
                path,
                priority: message.get::<Priority>().map_or(PRIORITY_UNKNOWN, |p| p.0),
                nominates: message.get::<UseCandidate>().is_some(),
            };
            match &self.remote {
                None => {
                    self.pending.add(check, proof.ufrag);
                }
                Some(remote) if remote.is_from(proof.ufrag) => self.process_check(now, &check),
                // A peer of another session, as forking makes them: answered, not checked.
                Some(_) => {}
            }
        }
        Verdict::Consumed
    }

    /// Checks the short-term credentials of a request (RFC 8489 §9.1.3).
    fn authenticate<'a>(&self, message: &Message<'a>) -> Result<Proof<'a>, Code> {
        let username = message.value(AttributeType::USERNAME).ok_or(Code::BAD_REQUEST)?;
        if message.integrity().is_none() {
            return Err(Code::BAD_REQUEST);
        }
        let ufrag = self.local.sender_in(username).ok_or(Code::UNAUTHENTICATED)?;
        let integrity = message.verify(&self.local.key).map_err(|_| Code::UNAUTHENTICATED)?;
        Ok(Proof { ufrag, integrity })
    }

    /// Its sender did not prove that it knows the password: it is told so without a trace.
    fn refuse<'a>(&mut self, path: Path, message: &Message<'a>, code: Code) -> Verdict<'a> {
        let verdict = self.drops.refuse(DropReason::Unauthenticated);
        // Through a relay that is not worth the traffic.
        if self.locals.is_relayed(Base::of(path)) {
            return verdict;
        }
        messages::refusal(path, message, code).map_or(verdict, Verdict::Send)
    }

    /// What is wrong with a request that is the peer's.
    fn judge(&mut self, path: Path, message: &Message<'_>) -> Result<(), Reply> {
        if message.unknown_required().next().is_some() {
            return Err(Reply::Unknown(message.unknown_required().collect()));
        }
        if message.malformed().is_some() {
            return Err(Reply::Error(Code::BAD_REQUEST));
        }
        // So that the peer learns at once what was lost here (RFC 7675 §5.2).
        let is_dead = self.list.by_path(&path).is_some_and(crate::pair::Pair::is_dead);
        if self.phase.is_over() || is_dead {
            return Err(Reply::Error(Code::FORBIDDEN));
        }
        // A lite agent has the role that the peer leaves it (RFC 8445 §7.3.2).
        if self.is_lite() { Ok(()) } else { self.repair_role(message) }
    }

    /// Compares roles and gives way if need be (RFC 8445 §7.3.1.1). `Err`: the peer must.
    fn repair_role(&mut self, message: &Message<'_>) -> Result<(), Reply> {
        let controlling = message.get::<IceControlling>().map(|c| (Role::Controlling, c.0));
        let controlled = message.get::<IceControlled>().map(|c| (Role::Controlled, c.0));
        let Some((theirs, tiebreaker)) = controlling.or(controlled) else { return Ok(()) };
        match self.role.judge(theirs, tiebreaker) {
            Conflict::None => {}
            Conflict::Yield => self.switch_role(theirs.other()),
            Conflict::Insist => return Err(Reply::Error(Code::ROLE_CONFLICT)),
        }
        Ok(())
    }

    /// Does what an accepted request asks for (RFC 8445 §7.3.1.3 to §7.3.1.5).
    pub(super) fn process_check(&mut self, now: Instant, check: &PeerCheck) {
        let Some(local) = self.locals.at_base(Base::of(check.path)) else { return };
        let transport =
            self.locals.get(local).map_or(CandidateTransport::Udp, |l| l.candidate.transport);
        let (transport, address) = (transport.counterpart(), check.path.remote());
        let inserted = self.remotes.learn(transport, address, check.priority);
        let remote = match inserted {
            RemoteInsert::Full => return,
            RemoteInsert::Replaced { id, evicted } => {
                self.forget_remote(id, evicted);
                id
            }
            RemoteInsert::New(id) | RemoteInsert::Updated(id) | RemoteInsert::Known(id) => id,
        };
        let known = self.list.by_path(&check.path).map(|pair| pair.id);
        let Some(id) = known.or_else(|| self.pair(local, remote, Claim::Heard)) else { return };
        let nominates = check.nominates && self.role.role == Role::Controlled;
        let Some(pair) = self.list.get_mut(id) else { return };
        self.heard = now;
        pair.authenticated = true;
        pair.counters.requests_received += 1;
        pair.last_request = Some(now);
        if nominates && pair.peer_choice == PeerChoice::None {
            pair.peer_choice = PeerChoice::Heard;
        }
        if self.takes_the_place(id, nominates) {
            self.reopened(now, id);
        }
        if self.is_lite() {
            return self.heed_full_peer(now, id, nominates);
        }
        self.end_opening(now);
        let beats = self.beats_selected(id);
        if nominates && beats {
            self.nominated_by_peer(now, id);
        }
        let useful = match self.phase {
            Phase::Checking { .. } => !self.is_nominating() && !self.list.best_of_all_works(),
            Phase::New | Phase::Concluded { .. } | Phase::Lost(_) | Phase::Closed => false,
        };
        if useful || (nominates && beats) {
            if self.pace.measured().is_some() {
                self.list.rouse(now, id);
            }
            self.list.trigger(now, id);
        }
    }
}
