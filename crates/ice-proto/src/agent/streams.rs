//! What sessions say of connections over TCP: who is at the other end, and whether they are of use.
use super::IceAgent;
use sans_io::{DropReason, Instant, Path, Verdict};
use stun_proto::{PacketKind, classify};

impl IceAgent {
    /// Draws conclusions about the connection from what the session said of what came over it, and puts
    /// an answer into a frame.
    #[inline(never)]
    pub(super) fn judge_connection<'a>(
        &mut self,
        now: Instant,
        path: Path,
        bytes: &[u8],
        verdict: Verdict<'a>,
    ) -> Verdict<'a> {
        if self.gathering.is_unproven(&path) {
            if self.sessions.accept(&path) {
                self.gathering.prove(now, &path);
            } else if classify(bytes) != PacketKind::Stun
                || verdict == Verdict::Dropped(DropReason::Malformed)
            {
                self.gathering.distrust(now, &path);
            }
        }
        match verdict {
            Verdict::Send(packet) => match self.gathering.wrap(&packet) {
                Ok(framed) => Verdict::Send(framed),
                Err(_) => self.gathering.refuse(DropReason::Unexpected),
            },
            verdict => verdict,
        }
    }

    /// Gives up the connections that are of no use to any generation.
    pub(super) fn keep_connections(&mut self) {
        if self.gathering.has_tcp() {
            let sessions = &self.sessions;
            self.gathering.keep_connections(|path| sessions.keep_connection(path));
        }
    }
}
