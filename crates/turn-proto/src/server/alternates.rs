//! Other servers that a full one, or one that is to leave, sends its clients to (RFC 8489 §10, RFC
//! 8656 §7.2).
use super::{TurnServer, auth::Identity};
use alloc::sync::Arc;
use core::net::SocketAddr;
use sans_io::{Path, Transport, Verdict};
use stun_proto::{
    Message, MessageType,
    attribute::{AlternateDomain, AlternateServer, Code, ErrorCode},
};

/// Another server, which has the same users.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlternateTurnServer {
    /// Where it is, over the transport that a client came by.
    pub address: SocketAddr,
    /// The name in its certificate, if that is another than ours: at most 255 ASCII characters.
    pub domain: Option<Arc<str>>,
}

impl TurnServer {
    /// Whether nobody gets an allocation for now, whoever it is.
    pub(super) fn is_full(&mut self) -> bool {
        self.draining
            || self.table.books.with(|ledger| ledger.allocations()) >= self.limits.quota.in_all
    }

    /// Sends a client elsewhere. `None`: there is no other server that it could reach.
    pub(super) fn redirect(
        &mut self,
        path: Path,
        identity: &Identity,
        message: &Message<'_>,
    ) -> Option<Verdict<'static>> {
        let v4 = path.remote().is_ipv4();
        let (first, domain) = self.pick_alternate(v4)?;
        let second = self.pick_alternate(!v4).map(|(address, _)| address);
        let domain = domain.filter(|_| path.transport() == Transport::Tls);
        let kind = MessageType::error(message.method());
        Some(self.reply(path, identity, kind, message.transaction_id(), |reply| {
            reply.push(&ErrorCode::from(Code::TRY_ALTERNATE));
            reply.push(&AlternateServer(first));
            if let Some(second) = second {
                reply.push(&AlternateServer(second));
            }
            if let Some(domain) = &domain {
                reply.push(&AlternateDomain(domain));
            }
        }))
    }

    /// One of those of a family, at random.
    fn pick_alternate(&mut self, v4: bool) -> Option<(SocketAddr, Option<Arc<str>>)> {
        let of_family = |other: &&AlternateTurnServer| other.address.is_ipv4() == v4;
        let count = self.alternates.iter().filter(of_family).count();
        let any = u32::from_be_bytes(self.entropy.public()) as usize;
        let at = any.checked_rem(count)?;
        let other = self.alternates.iter().filter(of_family).nth(at)?;
        Some((other.address, other.domain.clone()))
    }
}
