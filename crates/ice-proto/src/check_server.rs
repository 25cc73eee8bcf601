//! The server side of connectivity checks: answering the peer's requests, and what follows from
//! them (RFC 8445 §7.3).
use crate::{
    Policy, Role,
    early::Check,
    pair::{PairId, PairState},
    role::Claim,
    session::Session,
};
use bytes::Bytes;
use sans_io::{DropReason, Instant, Packet, Path};
use stun_proto::{
    AttributeType, Integrity, Message, MessageBuilder, MessageType, Method,
    attribute::{
        Code, ErrorCode, IceControlled, IceControlling, Priority, UnknownAttributes, UseCandidate,
        XorMappedAddress,
    },
};

/// Room for a response: the error with the 32 attributes that UNKNOWN-ATTRIBUTES may name,
/// integrity and fingerprint.
const RESPONSE_LEN: usize = 160;
/// The length of an unsigned error response: header, ERROR-CODE, FINGERPRINT.
const REFUSAL_LEN: usize = 36;
/// The PRIORITY of a request that has none, which only agents older than RFC 5245 send.
const PRIORITY_UNKNOWN: u32 = 1;

/// What becomes of a request.
pub(crate) enum Heard<'a> {
    /// It was answered.
    Answered,
    /// Its sender did not prove that it knows the password: this goes back, and leaves no trace.
    Refused(Packet<'a>),
    /// It is not answered.
    Dropped(DropReason),
}

impl Session {
    /// Answers a request.
    pub(crate) fn on_request<'a>(
        &mut self,
        now: Instant,
        path: Path,
        message: &Message<'a>,
    ) -> Heard<'a> {
        if self.is_closed() {
            return Heard::Dropped(DropReason::Unexpected);
        }
        let Some(base) = self.locals.base_at(path.local()).and_then(|base| self.locals.get(base))
        else {
            return Heard::Dropped(DropReason::Unexpected);
        };
        let relayed = base.candidate.kind == crate::CandidateKind::Relayed;
        if self.settings.policy == Policy::Relay && !relayed {
            return Heard::Dropped(DropReason::Forbidden);
        }
        let (ufrag, integrity) = match self.authenticate(message) {
            Ok(proof) => proof,
            Err(code) => return refuse(path, message, code),
        };
        let unknown: UnknownAttributes = message.unknown_required().collect();
        if !unknown.is_empty() {
            let error = Some(ErrorCode::from(Code::UNKNOWN_ATTRIBUTE));
            self.answer(path, message, integrity, error, Some(unknown));
            return Heard::Answered;
        }
        if message.malformed().is_some() {
            let error = Some(ErrorCode::from(Code::BAD_REQUEST));
            self.answer(path, message, integrity, error, None);
            return Heard::Answered;
        }
        if !self.repair_role(message) {
            let error = Some(ErrorCode::from(Code::ROLE_CONFLICT));
            self.answer(path, message, integrity, error, None);
            return Heard::Answered;
        }
        self.answer(path, message, integrity, None, None);
        let check = Check {
            path,
            priority: message.get::<Priority>().map_or(PRIORITY_UNKNOWN, |p| p.0),
            nominates: message.get::<UseCandidate>().is_some(),
        };
        match &self.remote {
            None => {
                self.early.add(check, ufrag);
            }
            Some(remote) if *remote.credentials.ufrag.as_bytes() == *ufrag => {
                self.heed(now, &check);
            }
            // A peer of another session, as forking makes them: answered, not checked.
            Some(_) => {}
        }
        Heard::Answered
    }

    /// Checks the short-term credentials of a request (RFC 8489 §9.1.3). Gives the username
    /// fragment of the sender, as bytes: it will be compared.
    fn authenticate<'a>(&self, message: &Message<'a>) -> Result<(&'a [u8], Integrity), Code> {
        let username = message.value(AttributeType::USERNAME).ok_or(Code::BAD_REQUEST)?;
        if message.integrity().is_none() {
            return Err(Code::BAD_REQUEST);
        }
        let past_ours = username.strip_prefix(self.credentials.ufrag.as_bytes());
        let theirs = past_ours.and_then(|rest| rest.strip_prefix(b":"));
        let theirs = theirs.ok_or(Code::UNAUTHENTICATED)?;
        let integrity = message.verify(&self.key).map_err(|_| Code::UNAUTHENTICATED)?;
        Ok((theirs, integrity))
    }

    /// Compares roles and gives way if need be (RFC 8445 §7.3.1.1). `false`: the peer must.
    fn repair_role(&mut self, message: &Message<'_>) -> bool {
        let controlling = message.get::<IceControlling>().map(|c| (Role::Controlling, c.0));
        let controlled = message.get::<IceControlled>().map(|c| (Role::Controlled, c.0));
        let Some((theirs, tiebreaker)) = controlling.or(controlled) else { return true };
        match self.role.judge(theirs, tiebreaker) {
            Claim::Fine => true,
            Claim::Switch => {
                self.switch_role(theirs.other());
                true
            }
            Claim::Refuse => false,
        }
    }

    /// Sends a signed response. The mapped address is the source as seen past a relay
    /// (RFC 8445 §7.3.1.2).
    fn answer(
        &mut self,
        path: Path,
        request: &Message<'_>,
        integrity: Integrity,
        error: Option<ErrorCode<'_>>,
        unknown: Option<UnknownAttributes>,
    ) {
        let mut buffer = [0; RESPONSE_LEN];
        let mapped = error.is_none().then_some(XorMappedAddress(path.remote()));
        let kind = match error {
            Some(_) => MessageType::error(Method::BINDING),
            None => MessageType::success(Method::BINDING),
        };
        let written = MessageBuilder::new(&mut buffer, kind, request.transaction_id())
            .with_some(mapped.as_ref())
            .with_some(error.as_ref())
            .with_some(unknown.as_ref())
            .sign(&self.key, integrity)
            .fingerprint()
            .finish();
        debug_assert!(written.is_ok(), "a response fits: {written:?}");
        if let Ok(bytes) = written {
            let bytes = Bytes::copy_from_slice(bytes);
            self.transmit(path, bytes);
        }
    }

    /// Does what an accepted request asks for (RFC 8445 §7.3.1.3 to §7.3.1.5).
    pub(crate) fn heed(&mut self, now: Instant, check: &Check) {
        let Some(base) = self.locals.base_at(check.path.local()) else { return };
        let Some((remote, _)) = self.remotes.learn(check.path.remote(), check.priority) else {
            return;
        };
        let known = self.list.by_path(&check.path).map(|pair| pair.id);
        let Some(id) = known.or_else(|| self.pair(base, remote)) else { return };
        let nominates = check.nominates && self.role.role == Role::Controlled;
        let Some(pair) = self.list.get_mut(id) else { return };
        pair.heard = true;
        pair.counters.requests_received += 1;
        if nominates || pair.wanted.is_some() {
            pair.wanted = Some(now);
        }
        if pair.is_dead() {
            return;
        }
        let beats = self.beats_selected(id);
        if nominates && beats {
            self.nominated_by_peer(now, id);
        }
        if self.lost.is_none() && (self.selected.is_none() || (nominates && beats)) {
            self.trigger(now, id);
        }
    }

    /// Checks the pair of a request back, at the next slot (RFC 8445 §7.3.1.4).
    fn trigger(&mut self, now: Instant, id: PairId) {
        let Some(pair) = self.list.get_mut(id) else { return };
        match pair.state {
            PairState::Succeeded if pair.valid.is_some() => return,
            PairState::InProgress => {
                self.checks.cancel(now, |open| open.pair == id);
            }
            PairState::Succeeded | PairState::Waiting | PairState::Frozen | PairState::Failed => {}
        }
        if let Some(pair) = self.list.get_mut(id) {
            pair.state = PairState::Waiting;
            pair.failure = None;
        }
        self.list.trigger(id);
    }

    /// Whether application bytes may come this way: the peer has shown, or will be asked to show,
    /// that it knows the password (RFC 8445 §12.2).
    pub(crate) fn accepts(&self, path: &Path) -> bool {
        // Nearly all of them come over the pair in use.
        if self.is_active(path) {
            return true;
        }
        match self.list.by_path(path) {
            Some(pair) => pair.heard && !self.is_closed(),
            None => self.early.heard(path) && !self.is_closed(),
        }
    }
}

/// An unsigned error response (RFC 8489 §9.1.3), unless it were longer than the request: who forges
/// its source is not to get more out of an agent than it puts in.
fn refuse<'a>(path: Path, request: &Message<'_>, code: Code) -> Heard<'a> {
    let mut buffer = [0; REFUSAL_LEN];
    let kind = MessageType::error(Method::BINDING);
    let written = MessageBuilder::new(&mut buffer, kind, request.transaction_id())
        .with(&ErrorCode::from(code))
        .fingerprint()
        .finish();
    match written {
        Ok(bytes) if bytes.len() > request.as_bytes().len() => {
            Heard::Dropped(DropReason::Unauthenticated)
        }
        Ok(bytes) => Heard::Refused(Packet::new(path, &[]).with_head(bytes)),
        Err(_) => Heard::Dropped(DropReason::Unauthenticated),
    }
}
