//! What happened on each pair.
use crate::{
    Candidate, PairCounters, PairFailure, PairId, PairState, pair::Pair, session::Session,
};
use core::time::Duration;
use sans_io::Path;

/// A pair with what happened on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PairStats {
    /// Names the pair.
    pub id: PairId,
    /// Our base and the peer's address, as seen past a relay of ours.
    pub path: Path,
    /// What the peer sees of us, as far as is known; else the candidate that is the base.
    pub local: Candidate,
    /// The peer's candidate.
    pub remote: Candidate,
    /// The priority by which pairs are checked and chosen.
    pub priority: u64,
    /// How far its checks have come.
    pub state: PairState,
    /// Why it failed, if it did.
    pub failure: Option<PairFailure>,
    /// Whether data can go over it.
    pub valid: bool,
    /// Whether both agents have settled on it.
    pub nominated: bool,
    /// Whether it waits for the relay to let the peer through.
    pub blocked: bool,
    /// How often things happened.
    pub counters: PairCounters,
}

impl PairStats {
    /// The mean round trip time of the answers that could be measured.
    pub fn rtt(&self) -> Option<Duration> {
        self.counters.rtt
    }
}

impl Session {
    /// All pairs, best first.
    pub(crate) fn pair_stats(&self) -> impl Iterator<Item = PairStats> {
        self.list.iter().filter_map(|pair| self.stats_of(pair))
    }

    fn stats_of(&self, pair: &Pair) -> Option<PairStats> {
        let local = pair.valid.map_or(pair.base, |valid| valid.local);
        Some(PairStats {
            id: pair.id,
            path: pair.path,
            local: self.locals.get(local)?.candidate,
            remote: *self.remotes.get(pair.remote)?,
            priority: pair.priority,
            state: pair.state,
            failure: pair.failure,
            valid: pair.valid.is_some(),
            nominated: pair.nominated,
            blocked: pair.blocked,
            counters: pair.counters,
        })
    }
}
