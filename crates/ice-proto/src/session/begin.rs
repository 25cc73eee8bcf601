//! How the answering side begins to check: see `opening.rs` for what it holds back and why.
use super::IceSession;
use crate::{CandidateKind, Role, opening::Opening};
use core::time::Duration;
use sans_io::Instant;

impl IceSession {
    /// Begins to check. The answering side holds back what may do harm (see `opening.rs`).
    pub(super) fn open(&mut self, now: Instant) {
        let answers = self.role.role == Role::Controlled && !self.handed_out && !self.remote_lite;
        if answers && self.settings.opens_gently {
            self.opening = Opening::held(now);
            if self.candidates.local_complete {
                self.stop_holding(now);
            }
        }
    }

    /// The peer is being sent our description, as far as there is one. Who answers an offer says so,
    /// since the first checks of the side that answers may do harm before: see
    /// [`first_ttl`](crate::IceConfig::first_ttl). Who does not is taken to have done so when all
    /// candidates are known, or half a second after the credentials of the peer came.
    pub fn description_sent(&mut self, now: Instant) {
        let now = self.advance(now);
        self.hand_out(now);
        self.settle(now);
    }

    fn hand_out(&mut self, now: Instant) {
        self.handed_out = true;
        if self.opening != Opening::Free {
            self.let_out(now);
        }
    }

    /// The answer must be on its way by now, if nobody says when it is.
    pub(super) fn stop_holding(&mut self, now: Instant) {
        if let Opening::Held { .. } = self.opening {
            self.let_out(now);
        }
    }

    fn let_out(&mut self, now: Instant) {
        let has_relay =
            self.locals.iter().any(|(_, local)| local.candidate.kind == CandidateKind::Relayed);
        self.opening = Opening::handed_out(now, self.settings.first_ttl, has_relay);
    }

    /// Time has passed: what is held back may go on.
    pub(super) fn run_opening(&mut self, now: Instant) {
        if self.opening.until().is_none_or(|until| until > now) {
            return;
        }
        match self.opening {
            Opening::Held { .. } => self.stop_holding(now),
            Opening::Waiting { .. } | Opening::Low { .. } => self.end_opening(now),
            Opening::Free => {}
        }
    }

    /// The peer was heard, or has had its time: its NATs may be knocked at, and what did not get
    /// there is repeated.
    pub(super) fn end_opening(&mut self, now: Instant) {
        if self.opening == Opening::Free {
            return;
        }
        self.opening = Opening::Free;
        self.list.knock_again(now);
    }

    /// What was learned of the way to the nearest server: the round trip, which says how long a first
    /// check may take, and how many routers there are, of which a first check to the NATs of the peer
    /// does not pass all.
    pub fn know_server(&mut self, now: Instant, rtt: Option<Duration>, hops: Option<u8>) {
        let now = self.advance(now);
        if let Some(rtt) = rtt {
            self.pace.expect(rtt);
        }
        if let Some(hops) = hops {
            // With as much as there are routers it ends at the last of them.
            let fewer = |ttl: u8| (hops > 1).then(|| ttl.min(hops));
            self.settings.first_ttl = self.settings.first_ttl.and_then(fewer);
        }
        self.settle(now);
    }
}
