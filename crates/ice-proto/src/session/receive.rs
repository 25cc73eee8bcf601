//! What arrives on a pair: checks, answers, and bytes of the application.
use super::IceSession;
use crate::Base;
use sans_io::{DropReason, Instant, Path, Verdict};
use stun_proto::{Class, Message, Method, PacketKind, classify};

impl IceSession {
    /// Bytes that arrived at one of our bases, as seen past a relay.
    pub(super) fn receive<'a>(&mut self, now: Instant, path: Path, bytes: &'a [u8]) -> Verdict<'a> {
        if classify(bytes) != PacketKind::Stun {
            return self.deliver(now, path, bytes);
        }
        let Ok(message) = Message::parse(bytes) else {
            return self.drops.refuse(DropReason::Malformed);
        };
        if message.method() != Method::BINDING {
            return self.drops.refuse(DropReason::Unsupported);
        }
        match message.class() {
            Class::Request => self.on_request(now, path, &message),
            Class::Success | Class::Error => self.on_response(now, path, &message),
            // A keepalive (RFC 8445 §11).
            Class::Indication => Verdict::Consumed,
        }
    }

    /// Bytes of the application.
    fn deliver<'a>(&mut self, now: Instant, path: Path, bytes: &'a [u8]) -> Verdict<'a> {
        if self.accepts(&path) {
            self.heard = now;
            Verdict::Deliver { path, bytes }
        } else {
            self.drops.refuse(DropReason::Forbidden)
        }
    }

    /// Whether application bytes may come this way: the peer has shown, or will be asked to show,
    /// that it knows the password (RFC 8445 §12.2).
    pub(crate) fn accepts(&self, path: &Path) -> bool {
        // Nearly all of them come over the pair in use.
        if self.active_path() == Some(*path) {
            return true;
        }
        // Pairs outlive their base, so that they are not made anew.
        if self.phase == crate::phase::Phase::Closed || !self.has_base(Base::of(*path)) {
            return false;
        }
        match self.list.by_path(path) {
            Some(pair) => pair.authenticated,
            None => self.pending.heard(path),
        }
    }
}
