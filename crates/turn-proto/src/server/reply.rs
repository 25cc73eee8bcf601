//! Answers, and how they are signed (RFC 8489 §9.2.4).
use super::{TurnServer, auth::Identity};
use bytes::Bytes;
use sans_io::{DropReason, Path, Transmit, Verdict};
use stun_proto::{
    Message, MessageBuilder, MessageType,
    attribute::{Code, ErrorCode},
};

/// Longer than any answer: the longest has two addresses, a name of 255 bytes and a signature.
const REPLY_MAX: usize = 512;

impl TurnServer {
    /// Says yes, with what `write` adds.
    pub(super) fn accept(
        &mut self,
        path: Path,
        identity: &Identity,
        message: &Message<'_>,
        write: impl FnOnce(&mut MessageBuilder<'_>),
    ) -> Verdict<'static> {
        let kind = MessageType::success(message.method());
        self.reply(path, identity, kind, message.transaction_id(), write)
    }

    /// Says no, and why.
    pub(super) fn refuse(
        &mut self,
        path: Path,
        identity: &Identity,
        message: &Message<'_>,
        code: Code,
    ) -> Verdict<'static> {
        let kind = MessageType::error(message.method());
        self.reply(path, identity, kind, message.transaction_id(), |reply| {
            reply.push(&ErrorCode::from(code));
        })
    }

    /// Queues a signed answer.
    pub(super) fn reply(
        &mut self,
        path: Path,
        identity: &Identity,
        kind: MessageType,
        id: stun_proto::TransactionId,
        write: impl FnOnce(&mut MessageBuilder<'_>),
    ) -> Verdict<'static> {
        let mut buffer = [0; REPLY_MAX];
        let mut reply = MessageBuilder::new(&mut buffer, kind, id);
        write(&mut reply);
        let written = reply.sign(&identity.key, identity.integrity).finish();
        match written.map(Bytes::copy_from_slice) {
            Ok(bytes) => {
                self.queue(path, bytes);
                Verdict::Consumed
            }
            Err(fault) => {
                debug_assert!(false, "an answer that cannot be written: {fault}");
                self.drops.refuse(DropReason::Unsupported)
            }
        }
    }

    pub(super) fn queue(&mut self, path: Path, payload: Bytes) {
        if self.out.transmit(Transmit::new(path, payload)).is_err() {
            // Room is asked for before a request is heard.
            let _ = self.drops.refuse(DropReason::Exhausted);
        }
    }
}
