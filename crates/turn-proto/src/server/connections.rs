//! The connections of clients, TCP and TLS (RFC 8656 §5, RFC 8489 §6.2.2): how many there may be, and
//! how long one may stand that is of no use to anybody.
use alloc::collections::BTreeMap;
use core::{
    net::{IpAddr, Ipv6Addr},
    time::Duration,
};
use sans_io::{Instant, Path, Timers};

/// How many bits of an IPv6 address count as one source: what a subscriber gets at least.
const SOURCE_BITS_V6: u32 = 64;

/// The connections, and when each was last heard. The deadlines are not moved with every message:
/// one that comes due looks at what was heard since.
#[derive(Debug)]
pub(super) struct Connections {
    heard: BTreeMap<Path, Instant>,
    by_source: BTreeMap<IpAddr, usize>,
    deadlines: Timers<Path>,
    max: usize,
    max_per_source: usize,
    idle: Duration,
}

impl Connections {
    pub(super) fn new(max: usize, max_per_source: usize, idle: Duration) -> Self {
        Self {
            heard: BTreeMap::new(),
            by_source: BTreeMap::new(),
            deadlines: Timers::default(),
            max,
            max_per_source,
            idle,
        }
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.heard.len()
    }

    /// Takes in a new connection. False: there are too many, of all or of that source.
    pub(super) fn accept(&mut self, now: Instant, path: Path) -> bool {
        let count = self.by_source.get(&source(&path)).copied().unwrap_or(0);
        if self.heard.len() >= self.max || count >= self.max_per_source {
            return false;
        }
        if self.heard.insert(path, now).is_none() {
            self.by_source.insert(source(&path), count + 1);
        }
        self.deadlines.set(path, Some(now.saturating_add(self.idle)));
        true
    }

    /// A whole message came.
    pub(super) fn hear(&mut self, now: Instant, path: &Path) {
        if let Some(heard) = self.heard.get_mut(path) {
            *heard = now;
        }
    }

    /// Forgets a connection that is no more.
    pub(super) fn remove(&mut self, path: &Path) {
        if self.heard.remove(path).is_none() {
            return;
        }
        self.deadlines.set(*path, None);
        let source = source(path);
        if let Some(count) = self.by_source.get_mut(&source) {
            *count -= 1;
            if *count == 0 {
                self.by_source.remove(&source);
            }
        }
    }

    /// The next connection that was silent for too long. One that `has_allocation` stays.
    pub(super) fn pop_idle(
        &mut self,
        now: Instant,
        has_allocation: impl Fn(&Path) -> bool,
    ) -> Option<Path> {
        while let Some((_, path)) = self.deadlines.pop_due(now) {
            let heard = if has_allocation(&path) { Some(&now) } else { self.heard.get(&path) };
            let until = heard.map_or(now, |heard| heard.saturating_add(self.idle));
            if until <= now {
                self.remove(&path);
                return Some(path);
            }
            self.deadlines.set(path, Some(until));
        }
        None
    }

    /// When to look again.
    pub(super) const fn next(&self) -> Option<Instant> {
        self.deadlines.next()
    }
}

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
