//! Allocations that go along with their client to another address (RFC 8016 §3.2.2).
use super::{
    TurnServer, TurnServerEvent, auth::Identity, table::AllocationId, tickets::TicketNumber,
};
use alloc::{sync::Arc, vec::Vec};
use sans_io::{Instant, Path, Verdict};
use stun_proto::{
    Message, TransactionId,
    attribute::{Code, MobilityTicket},
};

/// What an allocation that can move holds besides.
#[derive(Debug)]
pub(super) struct Mobility {
    /// Its ticket.
    pub ticket: TicketNumber,
    /// How it moved last.
    pub last: Option<Move>,
    /// Where the client has moved to. Data goes to the old path until some comes from here.
    pub next: Option<Path>,
}

/// A request that moved an allocation.
#[derive(Clone, Copy, Debug)]
pub(super) struct Move {
    /// The ticket that it showed. Once the client has arrived it is good for nothing but this request;
    /// until then the client may not have got the new one.
    pub ticket: TicketNumber,
    pub request: TransactionId,
}

impl Mobility {
    pub(super) const fn new(ticket: TicketNumber) -> Self {
        Self { ticket, last: None, next: None }
    }

    /// Whether a ticket of this allocation moves it.
    fn is_good(&self, ticket: TicketNumber) -> bool {
        ticket == self.ticket || self.next.is_some()
    }

    fn is_retransmission(&self, ticket: TicketNumber, request: TransactionId) -> bool {
        self.last.is_some_and(|last| last.ticket == ticket && last.request == request)
    }
}

impl TurnServer {
    /// A Refresh request that shows a ticket: from a path that the allocation is not on yet.
    pub(super) fn refresh_moved(
        &mut self,
        now: Instant,
        path: Path,
        identity: &Identity,
        message: &Message<'_>,
        ticket: MobilityTicket<'_>,
    ) -> Verdict<'static> {
        match self.move_allocation(path, identity, message.transaction_id(), ticket) {
            Ok(id) => self.refresh_allocation(now, path, id, identity, message),
            Err(code) => self.refuse(path, identity, message, code),
        }
    }

    /// Lets the allocation of a ticket be reached from a path as well. It is the same user's, and
    /// nobody else's allocation is there.
    fn move_allocation(
        &mut self,
        path: Path,
        identity: &Identity,
        request: TransactionId,
        ticket: MobilityTicket<'_>,
    ) -> Result<AllocationId, Code> {
        if !self.is_mobility_allowed {
            return Err(Code::MOBILITY_FORBIDDEN);
        }
        let shown = self.tickets.open(ticket.0).ok_or(Code::BAD_REQUEST)?;
        let id = self.table.find_ticket(shown).ok_or(Code::ALLOCATION_MISMATCH)?;
        let allocation = self.table.get(id).ok_or(Code::ALLOCATION_MISMATCH)?;
        let mobility = allocation.mobility.as_ref().ok_or(Code::ALLOCATION_MISMATCH)?;
        let again = mobility.is_retransmission(shown, request);
        let is_there = path == allocation.client || mobility.next == Some(path);
        if is_there && !again {
            return Err(Code::BAD_REQUEST);
        }
        if allocation.user != identity.user {
            return Err(Code::WRONG_CREDENTIALS);
        }
        if is_there {
            return Ok(id);
        }
        let is_taken = self.table.find_client(&path).is_some();
        if is_taken || !(again || mobility.is_good(shown)) {
            return Err(Code::BAD_REQUEST);
        }
        let left = mobility.next;
        if !again {
            let number = self.tickets.take_number();
            self.table.renew_ticket(id, number, Move { ticket: shown, request });
        }
        self.table.set_next_client(id, path);
        self.connections.keep(&path);
        if let Some(left) = left {
            self.connections.release(self.clock.now(), &left);
        }
        Ok(id)
    }

    /// A ticket of an allocation that can move.
    pub(super) fn ticket_of(&mut self, id: AllocationId) -> Option<Vec<u8>> {
        let number = self.table.get(id)?.mobility.as_ref()?.ticket;
        Some(self.tickets.seal(number, &mut self.entropy))
    }

    /// The client has moved for good: data came from its new path, or the old one is no more.
    pub(super) fn arrive(&mut self, id: AllocationId) {
        let Some(from) = self.table.arrive(id) else { return };
        self.connections.release(self.clock.now(), &from);
        let Some(allocation) = self.table.get(id) else { return };
        let (to, user) = (allocation.client, Arc::clone(&allocation.user));
        self.event(TurnServerEvent::AllocationMoved { from, to, user });
    }
}
