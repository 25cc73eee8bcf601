//! The connections of clients, TCP and TLS (RFC 8656 §5, RFC 8489 §6.2.2): how many there may be, and
//! which go when there are too many, or when they are of no use to anybody.
use alloc::collections::{BTreeMap, BTreeSet};
use core::{
    net::{IpAddr, Ipv6Addr},
    time::Duration,
};
use sans_io::{Instant, Path, Timers};

/// How many bits of an IPv6 address count as one source: what a subscriber gets at least.
const SOURCE_BITS_V6: u32 = 64;

/// The connections. One without an allocation is a stranger's: it has a deadline that no message
/// moves, and is the first to go where a new one finds no room.
#[derive(Debug)]
pub(super) struct Connections {
    all: BTreeMap<Path, Standing>,
    by_source: BTreeMap<IpAddr, usize>,
    /// The ends of strangers. All wait equally long, so the earliest is the oldest.
    deadlines: Timers<Path>,
    /// Strangers by source, the oldest of each first.
    strangers: BTreeSet<(IpAddr, Instant, Path)>,
    max: usize,
    max_per_source: usize,
    idle: Duration,
}

#[derive(Clone, Copy, Debug)]
enum Standing {
    /// It has an allocation.
    Kept,
    /// It has none, and ends then.
    Stranger(Instant),
}

/// What becomes of a new connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Admission {
    /// It is taken in.
    Taken,
    /// It is taken in, and this one, already forgotten, is to be closed.
    InPlaceOf(Path),
    /// All that there may be are in use, of all or of that source.
    Full,
}

impl Connections {
    pub(super) fn new(max: usize, max_per_source: usize, idle: Duration) -> Self {
        Self {
            all: BTreeMap::new(),
            by_source: BTreeMap::new(),
            deadlines: Timers::default(),
            strangers: BTreeSet::new(),
            max,
            max_per_source,
            idle,
        }
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    /// Takes in a new connection, as a stranger's.
    pub(super) fn accept(&mut self, now: Instant, path: Path) -> Admission {
        self.remove(&path);
        let count = self.by_source.get(&source(&path)).copied().unwrap_or(0);
        let crowded = if count >= self.max_per_source {
            Some(self.oldest_of(source(&path)))
        } else if self.all.len() >= self.max {
            Some(self.oldest())
        } else {
            None
        };
        let admission = match crowded {
            None => Admission::Taken,
            Some(None) => return Admission::Full,
            Some(Some(oldest)) => {
                self.remove(&oldest);
                Admission::InPlaceOf(oldest)
            }
        };
        *self.by_source.entry(source(&path)).or_default() += 1;
        self.all.insert(path, Standing::Kept);
        self.release(now, &path);
        admission
    }

    /// It has an allocation now.
    pub(super) fn keep(&mut self, path: &Path) {
        if let Some(standing) = self.all.get_mut(path)
            && let Standing::Stranger(until) = core::mem::replace(standing, Standing::Kept)
        {
            self.deadlines.set(*path, None);
            self.strangers.remove(&(source(path), until, *path));
        }
    }

    /// It has none any more.
    pub(super) fn release(&mut self, now: Instant, path: &Path) {
        if let Some(standing @ Standing::Kept) = self.all.get_mut(path) {
            let until = now.saturating_add(self.idle);
            *standing = Standing::Stranger(until);
            self.deadlines.set(*path, Some(until));
            self.strangers.insert((source(path), until, *path));
        }
    }

    /// Forgets a connection that is no more.
    pub(super) fn remove(&mut self, path: &Path) {
        self.keep(path);
        if self.all.remove(path).is_none() {
            return;
        }
        let source = source(path);
        if let Some(count) = self.by_source.get_mut(&source) {
            *count -= 1;
            if *count == 0 {
                self.by_source.remove(&source);
            }
        }
    }

    /// The next connection that had no allocation for too long. It is forgotten.
    pub(super) fn pop_idle(&mut self, now: Instant) -> Option<Path> {
        let path = self.oldest().filter(|_| self.next().is_some_and(|at| at <= now))?;
        self.remove(&path);
        Some(path)
    }

    /// When to look again.
    pub(super) const fn next(&self) -> Option<Instant> {
        self.deadlines.next()
    }

    fn oldest(&mut self) -> Option<Path> {
        let (until, path) = self.deadlines.pop_due(Instant::FAR)?;
        self.deadlines.set(path, Some(until));
        Some(path)
    }

    fn oldest_of(&self, source: IpAddr) -> Option<Path> {
        let first = Path::udp(FIRST, FIRST);
        let (of, _, path) = self.strangers.range((source, Instant::ZERO, first)..).next()?;
        (*of == source).then_some(*path)
    }
}

/// No address is less.
const FIRST: core::net::SocketAddr =
    core::net::SocketAddr::new(IpAddr::V4(core::net::Ipv4Addr::UNSPECIFIED), 0);

/// What counts as one client: an IPv4 address, or the network that one is given.
fn source(path: &Path) -> IpAddr {
    match path.remote().ip() {
        IpAddr::V4(ip) => ip.into(),
        IpAddr::V6(ip) => {
            let network = u128::from(ip) & (u128::MAX << (128 - SOURCE_BITS_V6));
            Ipv6Addr::from(network).into()
        }
    }
}
