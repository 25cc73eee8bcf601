//! Datagrams of one path that leave in one system call: same path, same metadata, and the same
//! length but for the last.
use sans_io::{PacketMeta, Path};

/// The most bytes that one segmented send may hold: what fits a UDP length field, less headers.
const BYTES_MAX: usize = 65_000;

/// Datagrams that wait for one segmented send. At most one batch waits, so that the order of what
/// goes out is the machine's.
#[derive(Debug, Default)]
pub(super) struct Batch {
    head: Option<(Path, PacketMeta)>,
    segment: usize,
    complete: bool,
    bytes: Vec<u8>,
}

impl Batch {
    /// Takes in a datagram, or refuses it: then [`take`](Self::take) comes first.
    pub(super) fn push(
        &mut self,
        path: Path,
        meta: PacketMeta,
        parts: [&[u8]; 3],
        segments_max: usize,
    ) -> bool {
        let len = parts.iter().map(|part| part.len()).sum::<usize>();
        match self.head {
            None => {
                self.head = Some((path, meta));
                self.segment = len;
            }
            Some(head) => {
                let full = self.complete
                    || head != (path, meta)
                    || len == 0
                    || len > self.segment
                    || self.bytes.len() + len > BYTES_MAX
                    || self.bytes.len() >= self.segment * segments_max;
                if full {
                    return false;
                }
            }
        }
        self.complete = len < self.segment || len == 0;
        for part in parts {
            self.bytes.extend_from_slice(part);
        }
        true
    }

    /// What waits: path, metadata, the length of each datagram but the last, and the bytes.
    pub(super) fn take(&mut self) -> Option<(Path, PacketMeta, usize, Vec<u8>)> {
        let (path, meta) = self.head.take()?;
        self.complete = false;
        Some((path, meta, self.segment, std::mem::take(&mut self.bytes)))
    }

    /// Gives the buffer back for the next batch.
    pub(super) fn recycle(&mut self, mut bytes: Vec<u8>) {
        bytes.clear();
        if bytes.capacity() > self.bytes.capacity() {
            self.bytes = bytes;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(port: u16) -> Path {
        Path::udp(([127, 0, 0, 1], 1).into(), ([127, 0, 0, 1], port).into())
    }

    fn push(batch: &mut Batch, port: u16, len: usize) -> bool {
        batch.push(path(port), PacketMeta::default(), [&vec![7; len], &[], &[]], 4)
    }

    #[test]
    fn joins_equal_lengths_and_one_shorter_last() {
        let mut batch = Batch::default();
        assert!(push(&mut batch, 9, 10) && push(&mut batch, 9, 10) && push(&mut batch, 9, 4));
        assert!(!push(&mut batch, 9, 4), "the short one was the last");
        let (_, _, segment, bytes) = batch.take().unwrap();
        assert_eq!((segment, bytes.len()), (10, 24));
        assert!(batch.take().is_none());
    }

    #[test]
    fn refuses_a_longer_one_another_path_and_one_too_many() {
        let mut batch = Batch::default();
        assert!(push(&mut batch, 9, 10));
        assert!(!push(&mut batch, 9, 11) && !push(&mut batch, 8, 10));
        assert!((0..3).all(|_| push(&mut batch, 9, 10)));
        assert!(!push(&mut batch, 9, 10), "four segments are the limit here");
    }

    #[test]
    fn an_empty_datagram_travels_alone() {
        let mut batch = Batch::default();
        assert!(push(&mut batch, 9, 0));
        assert!(!push(&mut batch, 9, 0));
        assert_eq!(batch.take().unwrap().3.len(), 0);
        assert!(push(&mut batch, 9, 5));
        assert!(!push(&mut batch, 9, 0));
    }
}
