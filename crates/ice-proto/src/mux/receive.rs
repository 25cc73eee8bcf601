//! What arrives at the sockets: which session it is for, and what becomes of what is for none.
use super::{
    IceMux, MuxEvent, SessionId,
    member::KnownPath,
    routes::{Claimed, Proof},
};
use crate::messages;
use sans_io::{DropReason, Input, Instant, Path, Verdict};
use stun_proto::{AttributeType, Class, Message, Method, PacketKind, attribute::Code, classify};

/// What became of bytes.
pub(super) struct Received<'a> {
    pub(super) verdict: Verdict<'a>,
    pub(super) effect: Effect,
}

/// Whether there are conclusions to be drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    /// It changed nothing.
    None,
    /// It may have.
    Some,
}

impl<'a> Received<'a> {
    const fn without_effect(verdict: Verdict<'a>) -> Self {
        Self { verdict, effect: Effect::None }
    }

    const fn with_effect(verdict: Verdict<'a>) -> Self {
        Self { verdict, effect: Effect::Some }
    }
}

impl IceMux {
    /// Bytes that arrived.
    pub(super) fn receive<'a>(&mut self, now: Instant, input: Input<'a>) -> Received<'a> {
        let Input::Received { path, bytes, .. } = input else {
            return Received::without_effect(Verdict::Unclaimed);
        };
        match self.gathering.receive(now, input) {
            None => {}
            Some(Verdict::Unclaimed) => return Received::without_effect(Verdict::Unclaimed),
            Some(verdict) => return Received::with_effect(verdict),
        }
        if classify(bytes) != PacketKind::Stun {
            return self.receive_data(now, path, bytes);
        }
        let Ok(message) = Message::parse(bytes) else {
            return Received::without_effect(self.drops.refuse(DropReason::Malformed));
        };
        if message.method() != Method::BINDING {
            return Received::without_effect(self.drops.refuse(DropReason::Unsupported));
        }
        match message.class() {
            Class::Request => self.receive_request(now, path, input, &message),
            Class::Success | Class::Error => self.receive_answer(now, path, input, &message),
            // A keepalive (RFC 8445 §11).
            Class::Indication => Received::without_effect(match self.session_at(&path) {
                Some(_) => Verdict::Consumed,
                None => self.drops.refuse(DropReason::Unexpected),
            }),
        }
    }

    /// Data belongs to the session whose path it comes over.
    fn receive_data<'a>(&mut self, now: Instant, path: Path, bytes: &'a [u8]) -> Received<'a> {
        let key = self.key(&path);
        let Some(id) = key.and_then(|key| self.routes.hear(now, key)) else {
            return Received::without_effect(self.drops.refuse(DropReason::Forbidden));
        };
        // It takes what comes this way, and need not be woken for it.
        if !self.restarting.contains(&id) {
            return Received::without_effect(Verdict::Deliver { path, bytes });
        }
        let Some(member) = self.members.get_mut(id.0) else {
            return Received::without_effect(self.drops.refuse(DropReason::Forbidden));
        };
        let (awaited, input) = (member.sessions.awaits_peer(), Input::received(path, bytes));
        let verdict = member.sessions.offer(now, input);
        if awaited == member.sessions.awaits_peer() {
            return Received::without_effect(verdict);
        }
        self.with(now, id, |_| ());
        Received::with_effect(verdict)
    }

    /// A request belongs to the session that its USERNAME names (RFC 8445 §7.3).
    fn receive_request<'a>(
        &mut self,
        now: Instant,
        path: Path,
        input: Input<'a>,
        message: &Message<'a>,
    ) -> Received<'a> {
        let username = message.value(AttributeType::USERNAME);
        let Some(id) = username.and_then(|username| self.routes.by_username(username)) else {
            let signed = username.is_some() && message.integrity().is_some();
            let code = if signed { Code::UNAUTHENTICATED } else { Code::BAD_REQUEST };
            let verdict = self.drops.refuse(DropReason::Unauthenticated);
            let refusal = messages::refusal(path, message, code).map_or(verdict, Verdict::Send);
            return Received::without_effect(self.limit(now, refusal));
        };
        let verdict = self.with(now, id, |member| member.sessions.offer(now, input));
        match verdict.unwrap_or(Verdict::Unclaimed) {
            Verdict::Consumed => {
                self.prove(now, id, path, Proof::Heard);
                Received::with_effect(Verdict::Consumed)
            }
            Verdict::Send(refusal) => {
                Received::with_effect(self.limit(now, Verdict::Send(refusal)))
            }
            Verdict::Unclaimed => Received::with_effect(self.drops.refuse(DropReason::Unexpected)),
            verdict => Received::with_effect(verdict),
        }
    }

    /// An answer belongs to the session that has asked.
    fn receive_answer<'a>(
        &mut self,
        now: Instant,
        path: Path,
        input: Input<'a>,
        message: &Message<'a>,
    ) -> Received<'a> {
        let question = message.transaction_id();
        let asked = self.routes.by_question(question);
        let Some((id, member)) = asked.and_then(|id| Some((id, self.members.get(id.0)?))) else {
            return Received::without_effect(self.drops.refuse(DropReason::Unexpected));
        };
        let there = member.sessions.asked_on(question) == Some(path);
        let known = member.sessions.work_on(&path);
        let verdict = self.with(now, id, |member| member.sessions.offer(now, input));
        let verdict = verdict.unwrap_or(Verdict::Unclaimed);
        if there && verdict == Verdict::Consumed {
            let proof = if known { Proof::Heard } else { Proof::Answered };
            self.prove(now, id, path, proof);
        }
        Received::with_effect(verdict)
    }

    /// The peer of a session has shown that a path leads to it, if the session says so.
    fn prove(&mut self, now: Instant, id: SessionId, path: Path, proof: Proof) {
        let Some(key) = self.key(&path) else { return };
        let has_settled = |id: SessionId| {
            self.members.get(id.0).is_some_and(|member| member.sessions.data_path() == Some(path))
        };
        let rival = self.routes.by_path(key).filter(|owner| *owner != id);
        let settled = rival.is_some() && has_settled(id);
        let rival_settled = rival.is_some_and(has_settled);
        let proof = if settled && !rival_settled { Proof::Settled } else { proof };
        let Some(member) = self.members.get_mut(id.0) else { return };
        if !member.accepts(&path) || !member.has_room_for(key, id, &mut self.routes) {
            return;
        }
        match self.routes.claim(now, key, id, proof) {
            Claimed::Again => {}
            Claimed::Refused(owner) => {
                // It has settled on what is another one's: nobody else would tell it.
                if settled && member.misses(&path) {
                    self.out.event(MuxEvent::PathTaken { id, path, by: owner });
                }
            }
            Claimed::First => member.has_got(KnownPath { path, key }),
            Claimed::From(former) => {
                member.has_got(KnownPath { path, key });
                let Some(member) = self.members.get_mut(former.0) else { return };
                member.has_lost(&KnownPath { path, key });
                if rival_settled && member.misses(&path) {
                    self.out.event(MuxEvent::PathTaken { id: former, path, by: id });
                }
            }
        }
    }

    /// Answers to strangers are sent as far as their source may have them.
    fn limit<'a>(&mut self, now: Instant, verdict: Verdict<'a>) -> Verdict<'a> {
        match verdict {
            Verdict::Send(packet)
                if !self.strangers.take(now, packet.path.remote().ip(), packet.len()) =>
            {
                self.drops.refuse(DropReason::TooFast)
            }
            verdict => verdict,
        }
    }
}
