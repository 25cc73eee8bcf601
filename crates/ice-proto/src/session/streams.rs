//! What becomes of pairs over TCP whose connection is not to be had, or was lost (RFC 6544 §7.1 and
//! §11.1).
use super::IceSession;
use crate::{
    Base, ConnectionFault,
    ids::{PairId, RemoteId},
    nomination::Nomination,
    pair::{Pair, PairFailure},
    phase::Phase,
};
use alloc::vec::Vec;
use sans_io::{Instant, Path, Transmit};

impl IceSession {
    /// Queues a message. `false`: too many wait.
    #[inline]
    pub(super) fn put(&mut self, transmit: Transmit) -> bool {
        if transmit.path.transport().is_stream() {
            return self.put_over_tcp(transmit);
        }
        self.out.transmit(transmit).is_ok()
    }

    #[inline(never)]
    fn put_over_tcp(&mut self, transmit: Transmit) -> bool {
        let room = self.over_tcp.len() < self.settings.outputs_max;
        if room {
            self.over_tcp.push_back(transmit);
        }
        room
    }

    /// Takes out the messages that go over connections.
    pub(crate) fn take_over_tcp(&mut self, to: impl FnMut(Transmit)) {
        if !self.over_tcp.is_empty() {
            self.over_tcp.drain(..).for_each(to);
        }
    }

    /// A connection that this session wanted is not to be had, or one that it used is no more. The
    /// selected pair stays selected: the side that opened its connection opens it again at once, and
    /// meanwhile there is nothing for data to go over.
    pub fn connection_lost(&mut self, now: Instant, path: &Path, fault: ConnectionFault) {
        let now = self.advance(now);
        if let Some(pair) = self.list.by_path(path).filter(|pair| !pair.is_dead()) {
            let (id, remote) = (pair.id, pair.remote);
            match fault {
                ConnectionFault::TimedOut => self.not_answered(now, id),
                ConnectionFault::NotOpened => self.not_connected(id),
                ConnectionFault::Foreign => self.speaks_no_ice(remote),
                ConnectionFault::Ended => self.disconnected(now, id),
            }
        }
        self.settle(now);
    }

    /// RFC 6544 §7.1: the pair has failed. If it was to be opened again nothing but a restart is left.
    fn not_connected(&mut self, id: PairId) {
        if self.phase.selected() == Some(id) {
            return self.lose(id, PairFailure::BaseLost);
        }
        self.give_up(id, PairFailure::NotConnected);
    }

    /// Nobody answered. As long as the session may not fail the network may come back, so it is tried
    /// again, unless by the book.
    fn not_answered(&mut self, now: Instant, id: PairId) {
        let again = self.pace.is_eager() && self.phase.is_patient(now);
        if again && !self.nomination.is_of(id) {
            self.forget_questions(id);
            self.list.revive(id);
        } else {
            self.not_connected(id);
        }
    }

    /// The connection of the selected pair, if nothing has come over it for long.
    pub(crate) fn silent_connection(&self) -> Option<Path> {
        let pair = self.list.get(self.phase.selected()?).filter(|pair| pair.is_stream())?;
        self.is_silent(pair.id).then_some(pair.path)
    }

    /// RFC 6544 §7.1: it was not an address of the peer.
    fn speaks_no_ice(&mut self, remote: RemoteId) {
        let pairs: Vec<PairId> =
            self.list.of_remote(remote).filter(|pair| pair.is_open()).map(|pair| pair.id).collect();
        for id in pairs {
            if self.phase.selected() == Some(id) {
                self.lose(id, PairFailure::BaseLost);
            } else {
                self.give_up(id, PairFailure::Foreign);
            }
        }
    }

    /// A connection that was open is no more.
    fn disconnected(&mut self, now: Instant, id: PairId) {
        let Some(pair) = self.list.get(id) else { return };
        let (known, may_open) = (pair.was_heard(), self.may_open(pair));
        if let Some(pair) = self.list.get_mut(id) {
            // Whoever is at the other end of the next one has to show it anew.
            pair.authenticated = false;
        }
        if self.phase.selected() == Some(id) {
            self.forget_questions(id);
            self.list.revive(id);
            if may_open {
                self.list.trigger(now, id);
            }
        } else if known && may_open && self.pace.is_eager() && self.phase.is_patient(now) {
            // Who knows the password is worth another try.
            self.forget_questions(id);
            self.list.revive(id);
            if self.nomination.is_of(id) {
                self.nomination = Nomination::Idle;
            }
        } else {
            self.give_up(id, PairFailure::NotConnected);
        }
    }

    /// Gives up a pair until the peer is heard on it.
    fn give_up(&mut self, id: PairId, failure: PairFailure) {
        if self.nomination.is_of(id) {
            return self.lose(id, failure);
        }
        self.forget_questions(id);
        self.consent.retain(|pair| pair != id);
        self.list.fail(id, failure);
    }

    /// What was asked over a connection that is no more is not answered.
    fn forget_questions(&mut self, id: PairId) {
        self.checks.retain(|question| question.pair != id);
    }

    /// Whether this side opens the connection of a pair.
    fn may_open(&self, pair: &Pair) -> bool {
        let local = self.locals.get(pair.local);
        !self.is_lite() && local.is_some_and(|local| !local.candidate.transport.is_passive())
    }

    /// Whether the peer was just heard over the connection that it has opened in the place of the one of
    /// the selected pair (RFC 6544 §11.1).
    pub(super) fn takes_the_place(&self, id: PairId, nominates: bool) -> bool {
        let Some(selected) = self.phase.selected().filter(|selected| *selected != id) else {
            return false;
        };
        let (Some(old), Some(new)) = (self.list.get(selected), self.list.get(id)) else {
            return false;
        };
        let same = old.is_stream() && Base::of(old.path) == Base::of(new.path);
        same && !self.may_open(old) && (nominates || old.valid().is_none())
    }

    /// The peer has opened the connection of the selected pair again, from another port. Data goes over
    /// it when a check of ours has succeeded.
    pub(super) fn reopened(&mut self, now: Instant, id: PairId) {
        let Phase::Concluded { pair: old, at } = self.phase else { return };
        self.phase = Phase::Concluded { pair: id, at };
        self.give_up(old, PairFailure::NotConnected);
        let Some(pair) = self.list.get(id) else { return };
        if self.is_lite() {
            let (local, rank) = (pair.local, pair.priority);
            self.list.succeed(now, id, local, rank);
        } else {
            self.list.trigger(now, id);
        }
    }

    /// Whether a connection of this path is still of use.
    pub(crate) fn keeps_connection(&self, path: &Path) -> bool {
        match self.list.by_path(path) {
            Some(pair) => !pair.is_dead(),
            None => self.pending.heard(path),
        }
    }
}
