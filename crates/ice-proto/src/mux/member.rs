//! One session of a mux, with what the mux knows of it besides.
use super::{
    SessionId,
    routes::{PathKey, Routes, Ufrag},
    shared::Shared,
};
use crate::{
    IceConfig, IceSession, Implementation, LocalCandidate, Pacer,
    config::Pacing,
    consent::{IN_USE, LONGEST},
    generations::Generations,
    session::{Initiator, SlotWishes},
};
use alloc::vec::Vec;
use core::time::Duration;
use sans_io::{Clock, Instant, Path};
use stun_proto::TransactionId;

/// How long a closed session tells the peer so: the longest wait between two of its consent checks.
const FAREWELL: Duration = LONGEST;

/// A session.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) sessions: Generations,
    pub(super) pacing: Pacing,
    /// Its own Ta, which may be longer than that of the mux.
    pacer: Pacer,
    implementation: Implementation,
    standing: Standing,
    /// What the timers of the mux say: when it looks at this session again. That is never later than
    /// its deadline, and earlier where that was put off since: then there is nothing to do.
    noted: Option<Instant>,
    pub(super) indexed: Indexed,
}

/// Whether it is still in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    Open,
    /// It was closed, and answers the peer until then.
    Leaving {
        until: Instant,
    },
}

/// By what the mux finds it at present.
#[derive(Debug, Default)]
pub(super) struct Indexed {
    pub(super) ufrags: [Option<Ufrag>; 2],
    /// How often questions of each generation had changed.
    pub(super) changes: [u32; 2],
    /// In their order.
    pub(super) questions: Vec<TransactionId>,
    /// Paths that are its own, since the peer has proven itself on them.
    pub(super) paths: Vec<KnownPath>,
    /// Most of them.
    pub(super) paths_max: usize,
    /// A path that was to be its own and is another session's, as the application was told.
    missed: Option<Path>,
}

/// A path by which a session is found.
#[derive(Clone, Copy, Debug)]
pub(super) struct KnownPath {
    pub(super) path: Path,
    pub(super) key: PathKey,
}

impl Member {
    pub(super) fn new(config: &IceConfig, session: IceSession) -> Self {
        let paths_max = config.pairs_max.saturating_add(config.early_checks_max);
        Self {
            sessions: Generations::new(session),
            pacing: Pacing::new(config.profile, config.pacing),
            pacer: Pacer::new(config.pacing),
            implementation: config.implementation,
            standing: Standing::Open,
            noted: None,
            indexed: Indexed { paths_max, ..Indexed::default() },
        }
    }

    /// Does what is due by now, but for what wants a slot. `heard`: when data of the peer came last.
    pub(super) fn run_due(&mut self, clock: Clock, now: Instant, heard: Option<Instant>) {
        if let Some(heard) = heard {
            self.sessions.each(|session| session.note_heard(heard));
        }
        self.sessions.run_due(clock, now);
    }

    /// The peer has said what Ta it wants, or that it wants none.
    pub(super) fn agree_on_pacing(&mut self) {
        // Until it has said who it is nothing is sent.
        if self.sessions.newest.knows_peer() {
            self.pacer.set_interval(self.pacing.agree());
        }
    }

    /// When it wants a slot of the pacer: not before its own Ta has passed.
    pub(super) fn slot_wishes(&self) -> SlotWishes {
        let wishes = self.sessions.newest.slot_wishes();
        let paced = |at: Instant| at.max(self.pacer.next());
        let needed = Instant::earliest([wishes.needed, self.sessions.former_slot()]);
        SlotWishes { needed: needed.map(paced), spare: wishes.spare.map(paced) }
    }

    /// Lets it use a slot. `false`: nothing was sent.
    pub(super) fn take_slot(&mut self, now: Instant) -> bool {
        let ta = self.pacer.interval();
        let sent = self.pacer.is_free(now)
            && (self.sessions.newest.take_slot(now, ta) || self.sessions.take_former_slot(now, ta));
        if sent {
            self.pacer.take(now);
        }
        sent
    }

    /// A candidate that all sessions share. One that has settled is told of it when it restarts.
    pub(super) fn learn(&mut self, now: Instant, local: LocalCandidate) {
        let session = &mut self.sessions.newest;
        if Shared::is_for(self.implementation, &local) && !session.has_settled() {
            session.add_local(now, local);
        }
    }

    /// Tells a generation that has just begun what there is for all.
    pub(super) fn learn_all(&mut self, now: Instant, shared: &Shared) {
        shared.tell(now, self.implementation, &mut self.sessions.newest);
    }

    /// Begins another generation. What waits to be said comes first.
    pub(super) fn restart(
        &mut self,
        now: Instant,
        initiator: Initiator,
        routes: &Routes,
        shared: &Shared,
    ) {
        self.indexed.missed = None;
        self.sessions.join_former(now);
        self.sessions.begin(now, initiator, |ufrag| routes.is_taken(ufrag));
        self.learn_all(now, shared);
    }

    /// Gives up the paths on which no generation takes anything any more.
    pub(super) fn prune_paths(&mut self, id: SessionId, routes: &mut Routes) {
        let mut paths = core::mem::take(&mut self.indexed.paths);
        paths.retain(|known| {
            let stays = self.accepts(&known.path);
            if !stays {
                routes.release(known.key, id);
            }
            stays
        });
        self.indexed.paths = paths;
    }

    /// A path is its own from now on.
    pub(super) fn has_got(&mut self, known: KnownPath) {
        self.indexed.missed = self.indexed.missed.filter(|missed| *missed != known.path);
        self.indexed.paths.push(known);
    }

    /// A path of its own is another session's from now on.
    pub(super) fn has_lost(&mut self, lost: &KnownPath) {
        self.indexed.paths.retain(|known| known.key != lost.key);
    }

    /// Whether this path, which is another session's, is the one that its data would go over, and that
    /// is news.
    pub(super) fn misses(&mut self, path: &Path) -> bool {
        let is_news =
            self.indexed.missed != Some(*path) && self.sessions.data_path() == Some(*path);
        if is_news {
            self.indexed.missed = Some(*path);
        }
        is_news
    }

    /// Whether this path may be found as one of its own.
    pub(super) fn has_room_for(
        &mut self,
        path: PathKey,
        id: SessionId,
        routes: &mut Routes,
    ) -> bool {
        if self.indexed.paths.iter().any(|known| known.key == path) {
            return true;
        }
        if self.indexed.paths.len() >= self.indexed.paths_max {
            self.prune_paths(id, routes);
        }
        if self.indexed.paths.capacity() == 0 {
            self.indexed.paths.reserve_exact(1);
        }
        self.indexed.paths.len() < self.indexed.paths_max
    }

    /// Ends it, as soon as the peer has had time to hear of it.
    pub(super) fn close(&mut self, now: Instant) {
        let asked = self.sessions.iter().flat_map(|session| session.paths_asked(now, IN_USE));
        let wait = if asked.count() > 0 { FAREWELL } else { Duration::ZERO };
        self.sessions.close(now);
        self.standing = Standing::Leaving { until: now.saturating_add(wait) };
    }

    /// Whether it was not closed.
    pub(super) fn is_open(&self) -> bool {
        self.standing == Standing::Open
    }

    /// Whether it is over.
    pub(super) fn has_left(&self, now: Instant) -> bool {
        matches!(self.standing, Standing::Leaving { until } if until <= now)
    }

    /// Lets the newest generation take over when it can, or must. Whether that changed anything.
    pub(super) fn hand_over(&mut self, now: Instant) -> bool {
        self.is_open() && self.sessions.hand_over(now)
    }

    /// When it is to be woken, apart from the pacer.
    pub(super) fn deadline(&self) -> Option<Instant> {
        match self.standing {
            Standing::Open => {
                Instant::earliest([self.sessions.deadline(), self.sessions.former_deadline()])
            }
            Standing::Leaving { until } => Some(until),
        }
    }

    /// Whether no session is left that takes anything.
    pub(super) fn is_over(&self) -> bool {
        self.sessions.iter().all(IceSession::is_over)
    }

    /// When the mux has to look at it, if that is earlier than it would. What is put off moves when its
    /// time comes, so that a sign of life costs nothing.
    pub(super) fn wants_note(&mut self) -> Option<Instant> {
        let at = self.deadline().filter(|at| *at < Instant::FAR)?;
        if self.noted.is_some_and(|noted| noted <= at) {
            return None;
        }
        self.noted = Some(at);
        self.noted
    }

    /// The mux looks at it.
    pub(super) fn take_note(&mut self) {
        self.noted = None;
    }

    /// Whether the peer has proven itself on this path, to a session that lives.
    pub(super) fn accepts(&self, path: &Path) -> bool {
        let accepts = |session: &IceSession| !session.is_over() && session.accepts(path);
        self.sessions.iter().any(accepts)
    }
}
