//! Datagrams that leave in one system call each: same path, same metadata, and the same length but
//! for the last.
use sans_io::{PacketMeta, Path};

/// The most bytes that one segmented send may hold: what fits a UDP length field, less headers.
const BYTES_MAX: usize = 65_000;

/// Batches that wait at the same time: twice the datagrams of a read, each to another place.
const BATCHES_MAX: usize = 64;

/// What of a path tells it from nearly all others, in the size of a word.
fn key(path: &Path) -> u32 {
    u32::from(path.local().port()) << 16 | u32::from(path.remote().port())
}

/// Batches that wait to be sent, each with the socket `S` that it leaves from. To one place
/// everything leaves in the order it came.
#[derive(Debug)]
pub(super) struct Batches<S> {
    /// The first so many wait, in the order they were begun; the others are kept for their buffers.
    waiting: usize,
    all: Vec<Batch<S>>,
    keys: Vec<u32>,
}

/// Datagrams of one path.
#[derive(Debug)]
pub(super) struct Batch<S> {
    /// Held only while it waits, for a socket is closed when nobody holds it any more.
    pub(super) socket: Option<S>,
    pub(super) path: Path,
    pub(super) meta: PacketMeta,
    /// The length of each datagram but the last.
    pub(super) segment: usize,
    complete: bool,
    pub(super) bytes: Vec<u8>,
}

/// What a batch may hold.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// Datagrams.
    pub(super) segments: usize,
    /// The longest that is joined with others.
    pub(super) segment_len: usize,
}

/// Whether a datagram found a batch that it may leave with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Joined {
    Yes,
    No,
}

impl<S> Default for Batches<S> {
    fn default() -> Self {
        Self { waiting: 0, all: Vec::new(), keys: Vec::new() }
    }
}

impl<S> Batch<S> {
    fn takes(&self, meta: PacketMeta, len: usize, limits: Limits) -> bool {
        !self.complete
            && self.meta == meta
            && (1..=self.segment).contains(&len)
            && self.bytes.len() + len <= BYTES_MAX
            && self.bytes.len() < self.segment * limits.segments
    }

    fn push(&mut self, parts: [&[u8]; 3]) {
        for part in parts {
            self.bytes.extend_from_slice(part);
        }
    }
}

fn len(parts: [&[u8]; 3]) -> usize {
    parts.iter().map(|part| part.len()).sum()
}

impl<S> Batches<S> {
    /// Adds a datagram to the last batch of its path, where that may be.
    pub(super) fn join(
        &mut self,
        path: &Path,
        meta: PacketMeta,
        parts: [&[u8]; 3],
        limits: Limits,
    ) -> Joined {
        let key = key(path);
        let mut places = self.keys[..self.waiting].iter().enumerate().rev();
        let of_path =
            places.find(|(place, other)| **other == key && self.all[*place].path == *path);
        let Some((place, _)) = of_path else { return Joined::No };
        let (batch, len) = (&mut self.all[place], len(parts));
        if !batch.takes(meta, len, limits) {
            return Joined::No;
        }
        batch.complete = len < batch.segment;
        batch.push(parts);
        Joined::Yes
    }

    /// Whether one more needs those to be sent first that wait.
    pub(super) fn is_full(&self) -> bool {
        self.waiting >= BATCHES_MAX
    }

    /// Begins another batch, with this datagram.
    pub(super) fn begin(
        &mut self,
        socket: S,
        path: Path,
        meta: PacketMeta,
        parts: [&[u8]; 3],
        limits: Limits,
    ) {
        let segment = len(parts);
        let complete = segment == 0 || segment > limits.segment_len;
        let socket = Some(socket);
        let place = self.waiting;
        self.waiting += 1;
        if let Some(batch) = self.all.get_mut(place) {
            let bytes = std::mem::take(&mut batch.bytes);
            *batch = Batch { socket, path, meta, segment, complete, bytes };
            self.keys[place] = key(&path);
        } else {
            let bytes = Vec::new();
            self.all.push(Batch { socket, path, meta, segment, complete, bytes });
            self.keys.push(key(&path));
        }
        self.all[place].push(parts);
    }

    /// Those that wait, the first one first.
    pub(super) fn waiting(&self) -> &[Batch<S>] {
        &self.all[..self.waiting]
    }

    /// Takes note that all have been sent.
    pub(super) fn clear(&mut self) {
        for batch in &mut self.all[..self.waiting] {
            batch.bytes.clear();
            batch.socket = None;
        }
        self.waiting = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits { segments: 4, segment_len: 100 };

    fn path(port: u16) -> Path {
        Path::udp(([127, 0, 0, 1], 1).into(), ([127, 0, 0, 1], port).into())
    }

    fn push(batches: &mut Batches<()>, port: u16, bytes: &[u8]) {
        push_marked(batches, port, PacketMeta::default(), bytes);
    }

    fn push_marked(batches: &mut Batches<()>, port: u16, meta: PacketMeta, bytes: &[u8]) {
        let parts = [bytes, &[], &[]];
        if batches.join(&path(port), meta, parts, LIMITS) == Joined::No {
            batches.begin((), path(port), meta, parts, LIMITS);
        }
    }

    /// Where each goes, the length of its datagrams, and its bytes.
    fn waiting(batches: &Batches<()>) -> Vec<(u16, usize, &[u8])> {
        let all = batches.waiting().iter();
        all.map(|batch| (batch.path.remote().port(), batch.segment, &batch.bytes[..])).collect()
    }

    #[test]
    fn joins_equal_lengths_and_one_shorter_last() {
        let mut batches = Batches::default();
        for bytes in [&b"aaa"[..], b"bbb", b"c", b"d"] {
            push(&mut batches, 9, bytes);
        }
        assert_eq!(waiting(&batches), [(9, 3, &b"aaabbbc"[..]), (9, 1, b"d")]);
    }

    #[test]
    fn flows_that_alternate_leave_in_one_batch_each() {
        let mut batches = Batches::default();
        for (port, bytes) in [(8, b"a1"), (9, b"b1"), (8, b"a2"), (9, b"b2"), (7, b"c1")] {
            push(&mut batches, port, bytes);
        }
        let all = [(8, 2, &b"a1a2"[..]), (9, 2, b"b1b2"), (7, 2, b"c1")];
        assert_eq!(waiting(&batches), all);
    }

    #[test]
    fn to_one_place_nothing_overtakes() {
        let mut batches = Batches::default();
        let marked = PacketMeta { ecn: 1, ..PacketMeta::default() };
        push(&mut batches, 9, b"a1");
        push_marked(&mut batches, 9, marked, b"a2");
        push(&mut batches, 8, b"b1");
        push(&mut batches, 9, b"a3");
        push(&mut batches, 9, b"longer");
        push(&mut batches, 9, b"a5");
        let bytes: Vec<_> = waiting(&batches).into_iter().map(|(_, _, bytes)| bytes).collect();
        assert_eq!(bytes, [&b"a1"[..], b"a2", b"b1", b"a3", b"longera5"]);
    }

    #[test]
    fn no_more_than_may_be_and_none_that_is_too_long_for_the_network() {
        let mut batches = Batches::default();
        for _ in 0..5 {
            push(&mut batches, 9, b"ten bytes!");
        }
        let long = [7; 101];
        push(&mut batches, 9, &long);
        push(&mut batches, 9, &long);
        let lens: Vec<_> = batches.waiting().iter().map(|batch| batch.bytes.len()).collect();
        assert_eq!(lens, [40, 10, 101, 101]);
    }

    /// Else what was closed would stay open.
    #[test]
    fn what_was_sent_holds_no_socket() {
        let mut batches = Batches::default();
        let socket = std::rc::Rc::new(());
        let parts = [&b"x"[..], &[], &[]];
        let held = std::rc::Rc::clone(&socket);
        batches.begin(held, path(9), PacketMeta::default(), parts, LIMITS);
        batches.clear();
        assert_eq!(std::rc::Rc::strong_count(&socket), 1);
    }

    #[test]
    fn an_empty_datagram_travels_alone() {
        let mut batches = Batches::default();
        for bytes in [&b""[..], b"", b"full", b""] {
            push(&mut batches, 9, bytes);
        }
        assert_eq!(batches.waiting().len(), 4);
        batches.clear();
        push(&mut batches, 9, b"again");
        assert_eq!(waiting(&batches), [(9, 5, &b"again"[..])]);
    }
}
