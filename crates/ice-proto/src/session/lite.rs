//! What a lite agent does instead of checking (RFC 8445 §7.3.2 and §8.2): it takes the pair that a full
//! peer nominates, and computes the pair that a lite peer computes as well.
use super::IceSession;
use crate::{Implementation, ids::PairId, phase::Phase};
use sans_io::Instant;

impl IceSession {
    pub(super) fn is_lite(&self) -> bool {
        self.settings.implementation == Implementation::Lite
    }

    /// A full peer asked on this pair. The one that it nominates works: it has seen it work. It asks
    /// for consent as well, and who asks wants data: a pair on which it falls silent is lost as if it
    /// had not answered.
    pub(super) fn heed_full_peer(&mut self, now: Instant, id: PairId, nominates: bool) {
        if nominates && self.beats_selected(id) {
            let Some(pair) = self.list.get(id) else { return };
            let (local, rank) = (pair.local, pair.priority);
            self.list.succeed(now, id, local, rank);
            self.conclude(now, id);
        }
        if self.phase.selected() == Some(id) {
            self.consent.implied(now, id);
        }
    }

    /// Between two lite agents nothing is sent: both take the pair that is best for both, as soon as
    /// all candidates are known (RFC 8445 §8.2).
    pub(super) fn choose_among_lite(&mut self, now: Instant) {
        let known = self.candidates.local_complete && self.candidates.remote_complete;
        if !self.remote_lite || !known || !matches!(self.phase, Phase::Checking { .. }) {
            return;
        }
        let Some(best) = self.list.iter().next() else { return };
        let (id, local, rank) = (best.id, best.local, best.priority);
        self.list.succeed(now, id, local, rank);
        self.conclude(now, id);
    }
}
