//! Whose an input is.
use super::IceAgent;
use crate::check_server::Heard;
use sans_io::{DropReason, Input, Instant, Path, Verdict};
use stun_proto::{Class, Message, Method, PacketKind, classify};

impl IceAgent {
    pub(super) fn route<'a>(&mut self, now: Instant, input: Input<'a>) -> Verdict<'a> {
        match input {
            Input::Timeout => Verdict::Consumed,
            Input::Received { path, bytes, .. } => {
                if !self.gathering.is_local(path.local()) {
                    return Verdict::Unclaimed;
                }
                match self.gathering.offer_to_relay(now, &path, input) {
                    Verdict::Unclaimed => self.receive(now, path, bytes),
                    // What a relay passed on is never offered to a relay again, so that nesting
                    // cannot recurse.
                    Verdict::Deliver { path, bytes, .. } => self.receive(now, path, bytes),
                    verdict => {
                        self.settle(now);
                        verdict
                    }
                }
            }
            Input::Socket { id, state } => {
                if !self.gathering.owns(id) {
                    return Verdict::Unclaimed;
                }
                self.gathering.on_socket(id, state);
                self.settle(now);
                Verdict::Consumed
            }
            Input::PathFailed { path, fault } => {
                if !self.gathering.is_local(path.local()) {
                    return Verdict::Unclaimed;
                }
                // ICMP is easily forged, and RFC 8445 §7.2.5.2.2 does not ask for it: no pair hears
                // of it.
                self.gathering.on_path_failed(now, &path, fault);
                self.settle(now);
                Verdict::Consumed
            }
            Input::Accepted { .. } | Input::LookedUp { .. } => Verdict::Unclaimed,
        }
    }

    /// Bytes of a pair, direct or out of a relay.
    fn receive<'a>(&mut self, now: Instant, path: Path, bytes: &'a [u8]) -> Verdict<'a> {
        if classify(bytes) != PacketKind::Stun {
            return self.deliver(path, bytes);
        }
        let Ok(message) = Message::parse(bytes) else {
            return self.drops.refuse(DropReason::Malformed);
        };
        if message.method() != Method::BINDING {
            return self.drops.refuse(DropReason::Unsupported);
        }
        let verdict = match message.class() {
            Class::Request => match self.session.on_request(now, path, &message) {
                Heard::Answered => Verdict::Consumed,
                Heard::Refused(packet) => {
                    let verdict = self.drops.refuse(DropReason::Unauthenticated);
                    // A refusal through a relay is not worth the traffic.
                    if self.gathering.is_local(path.local()) {
                        return Verdict::Send(packet);
                    }
                    verdict
                }
                Heard::Dropped(reason) => self.drops.refuse(reason),
            },
            Class::Success | Class::Error => self.on_response(now, path, &message),
            // A keepalive (RFC 8445 §11).
            Class::Indication => Verdict::Consumed,
        };
        self.settle(now);
        verdict
    }

    fn on_response(&mut self, now: Instant, path: Path, message: &Message<'_>) -> Verdict<'static> {
        if self.gathering.on_response(now, path, message) {
            return Verdict::Consumed;
        }
        match self.session.on_response(now, path, message) {
            Ok(true) => Verdict::Consumed,
            Ok(false) => self.drops.refuse(DropReason::Unexpected),
            Err(reason) => self.drops.refuse(reason),
        }
    }

    /// Bytes of the application.
    fn deliver<'a>(&mut self, path: Path, bytes: &'a [u8]) -> Verdict<'a> {
        if self.session.accepts(&path) {
            Verdict::Deliver { path, bytes }
        } else {
            self.drops.refuse(DropReason::Forbidden)
        }
    }
}
