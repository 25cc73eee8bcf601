//! By what a packet finds its session: the username fragment of a request, the transaction of an answer,
//! the path of anything else.
use super::{SessionId, member::Indexed};
use crate::{IceSession, generations::Generations, ids::HostId};
use alloc::vec::Vec;
use core::{
    hash::{Hash, Hasher},
    net::SocketAddr,
    time::Duration,
};
use sans_io::Instant;
use stun_proto::{SeededState, TransactionId};

/// A map for keys that come from the network. It is never iterated.
type SeededMap<K, V> = hashbrown::HashMap<K, V, SeededState>;

/// A path without a sign of the peer for so long may be another session's: two waits between consent
/// checks and a bit.
const STALE: Duration = Duration::from_secs(13);

/// The username fragments of a mux, which are all of one length.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Ufrag([u8; 8]);

impl Ufrag {
    /// A fragment of ours. `None`: it is none.
    pub(super) fn of(ufrag: &[u8]) -> Option<Self> {
        ufrag.try_into().ok().map(Self)
    }

    /// That of the session to which a request with this USERNAME goes (RFC 8445 §7.2.2).
    pub(super) fn addressed_by(username: &[u8]) -> Option<Self> {
        let (ours, _) = username.split_at_checked(9)?;
        Self::of(ours.strip_suffix(b":")?)
    }
}

/// A path of ours, in few bytes: what carries it is UDP, and its near end is a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct PathKey([u8; 24]);

impl PathKey {
    /// The path from the socket of this host to a peer.
    pub(super) fn new(host: HostId, remote: SocketAddr) -> Self {
        let (ip, scope) = match remote {
            SocketAddr::V4(v4) => (v4.ip().to_ipv6_mapped(), 0),
            SocketAddr::V6(v6) => (*v6.ip(), v6.scope_id()),
        };
        let mut key = [0; 24];
        key[..16].copy_from_slice(&ip.octets());
        key[16..20].copy_from_slice(&scope.to_ne_bytes());
        key[20..22].copy_from_slice(&remote.port().to_ne_bytes());
        key[22..].copy_from_slice(&host.0.to_ne_bytes());
        Self(key)
    }
}

impl Hash for PathKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write(&self.0);
    }
}

/// How a peer has shown that a path leads to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Proof {
    /// A message with the right password came from there, or from who can make it seem so.
    Heard,
    /// A question that was sent there was answered, for the first time.
    Answered,
    /// The same as the first, and the session has settled on this path, as the other one has not.
    Settled,
}

/// Whose a path is.
#[derive(Clone, Copy, Debug)]
struct Owner {
    session: SessionId,
    /// When its peer last showed that the path leads to it. Data shows nothing: anybody can send some.
    proven: Instant,
    /// When data came over it last.
    heard: Instant,
}

impl Owner {
    const fn new(session: SessionId, now: Instant) -> Self {
        Self { session, proven: now, heard: now }
    }
}

/// All ways to a session.
#[derive(Debug)]
pub(super) struct Routes {
    ufrags: SeededMap<Ufrag, SessionId>,
    questions: SeededMap<TransactionId, SessionId>,
    /// Those on which the session takes data. It is not asked again when some comes, so what makes it
    /// refuse a path (its end, a lost socket, the end of a restart, other credentials of the peer) must
    /// be followed by `Member::prune_paths`.
    paths: SeededMap<PathKey, Owner>,
    /// What data was last found for: who takes it asks `IceMux::session_at` for the same path next.
    recent: Option<(PathKey, SessionId)>,
    /// Room for the questions of one session.
    open: Vec<TransactionId>,
}

impl Routes {
    pub(super) const fn new(hasher: SeededState) -> Self {
        Self {
            ufrags: SeededMap::with_hasher(hasher),
            questions: SeededMap::with_hasher(hasher),
            paths: SeededMap::with_hasher(hasher),
            recent: None,
            open: Vec::new(),
        }
    }

    /// Whether a session has this username fragment.
    pub(super) fn is_taken(&self, ufrag: &str) -> bool {
        Ufrag::of(ufrag.as_bytes()).is_some_and(|ufrag| self.ufrags.contains_key(&ufrag))
    }

    /// The session that a request with this USERNAME is for.
    pub(super) fn by_username(&self, username: &[u8]) -> Option<SessionId> {
        self.ufrags.get(&Ufrag::addressed_by(username)?).copied()
    }

    /// The session that has asked this.
    pub(super) fn by_question(&self, id: TransactionId) -> Option<SessionId> {
        self.questions.get(&id).copied()
    }

    /// The session whose path this is.
    pub(super) fn by_path(&self, path: PathKey) -> Option<SessionId> {
        match self.recent {
            Some((recent, id)) if recent == path => Some(id),
            _ => self.paths.get(&path).map(|owner| owner.session),
        }
    }

    /// The same, where data came over it.
    pub(super) fn hear(&mut self, now: Instant, path: PathKey) -> Option<SessionId> {
        let owner = self.paths.get_mut(&path)?;
        owner.heard = now;
        self.recent = Some((path, owner.session));
        Some(owner.session)
    }

    /// When data last came over paths of a session.
    pub(super) fn heard(&self, indexed: &Indexed) -> Option<Instant> {
        let owners = indexed.paths.iter().filter_map(|known| self.paths.get(&known.key));
        owners.map(|owner| owner.heard).max()
    }

    /// Lets a session be found by what it goes by at present.
    pub(super) fn sync(&mut self, id: SessionId, sessions: &Generations, indexed: &mut Indexed) {
        let mut ufrags = [None; 2];
        for (ufrag, session) in ufrags.iter_mut().zip(sessions.iter()) {
            *ufrag = Ufrag::of(session.local_credentials().ufrag.as_bytes());
        }
        if ufrags != indexed.ufrags {
            for ufrag in indexed.ufrags.into_iter().flatten() {
                self.ufrags.remove(&ufrag);
            }
            for ufrag in ufrags.into_iter().flatten() {
                self.ufrags.insert(ufrag, id);
            }
            indexed.ufrags = ufrags;
            self.sync_questions(id, sessions, indexed);
        } else if changes_of(sessions) != indexed.changes {
            self.sync_questions(id, sessions, indexed);
        }
    }

    fn sync_questions(&mut self, id: SessionId, sessions: &Generations, indexed: &mut Indexed) {
        indexed.changes = changes_of(sessions);
        self.open.clear();
        self.open.extend(sessions.iter().flat_map(IceSession::questions));
        self.open.sort_unstable();
        if self.open == indexed.questions {
            return;
        }
        for question in &indexed.questions {
            if self.open.binary_search(question).is_err() {
                self.questions.remove(question);
            }
        }
        for question in &self.open {
            if indexed.questions.binary_search(question).is_err() {
                self.questions.insert(*question, id);
            }
        }
        indexed.questions.clear();
        // Most of the time there is none, and one when consent is asked for.
        indexed.questions.shrink_to(self.open.len());
        indexed.questions.reserve_exact(self.open.len());
        indexed.questions.extend_from_slice(&self.open);
    }

    /// The peer of a session has shown that this path leads to it. What is another session's stays so
    /// as long as the peer of that one is heard there, unless the proof is one that nobody can forge
    /// who does not receive what is sent there, or that one has another path: a peer that can forge its
    /// source could else keep many paths from lite sessions, which ask nothing.
    pub(super) fn claim(
        &mut self,
        now: Instant,
        path: PathKey,
        id: SessionId,
        proof: Proof,
    ) -> Claimed {
        let Some(owner) = self.paths.get_mut(&path) else {
            self.paths.insert(path, Owner::new(id, now));
            return Claimed::First;
        };
        let former = owner.session;
        if former == id {
            owner.proven = now;
            return Claimed::Again;
        }
        let stale = now.saturating_since(owner.proven) >= STALE;
        if proof == Proof::Heard && !stale {
            return Claimed::Refused(former);
        }
        *owner = Owner::new(id, now);
        self.recent = None;
        Claimed::From(former)
    }

    /// Gives up a path of a session.
    pub(super) fn release(&mut self, path: PathKey, id: SessionId) {
        if self.paths.get(&path).is_some_and(|owner| owner.session == id) {
            self.paths.remove(&path);
        }
        if self.recent.is_some_and(|(recent, _)| recent == path) {
            self.recent = None;
        }
    }

    /// Forgets a session.
    pub(super) fn forget(&mut self, id: SessionId, indexed: &Indexed) {
        for ufrag in indexed.ufrags.into_iter().flatten() {
            self.ufrags.remove(&ufrag);
        }
        for question in &indexed.questions {
            self.questions.remove(question);
        }
        for known in &indexed.paths {
            self.release(known.key, id);
        }
    }
}

/// How often the questions of each generation have changed.
fn changes_of(sessions: &Generations) -> [u32; 2] {
    let former = sessions.former().map_or(0, IceSession::question_changes);
    [sessions.newest.question_changes(), former]
}

/// What became of a claim to a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Claimed {
    /// Nobody had it.
    First,
    /// It was its own.
    Again,
    /// It was this one's before.
    From(SessionId),
    /// It stays this one's.
    Refused(SessionId),
}
