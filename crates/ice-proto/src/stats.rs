//! What happened on each pair.
use crate::{Candidate, PairCounters, PairId, PairState};
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
    /// Whether both agents have settled on it.
    pub nominated: bool,
    /// Whether it waits for the relay to let the peer through.
    pub awaits_permission: bool,
    /// How often things happened.
    pub counters: PairCounters,
}
