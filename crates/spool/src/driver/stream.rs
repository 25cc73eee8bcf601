//! One TCP connection: what was read and is not a whole frame yet, what was written and the system
//! has not taken yet, and why it is not read for now.
use sans_io::{MAX_FRAME, Path, SocketId};
use std::{
    collections::VecDeque,
    io::{self, IoSlice},
    sync::Arc,
};
use tokio::{io::Interest, net::TcpStream};

/// Bytes that may wait for a slow reader. Two of the longest frames, or half a second at 4 Mbit/s.
const BACKLOG_MAX: usize = 256 * 1024;

/// Bytes read at once.
const READ: usize = 64 * 1024;

/// What a read brought.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Read {
    /// Bytes; there may be more.
    Some,
    /// Nothing for now.
    Blocked,
    /// The other side has ended the stream.
    Ended,
    /// The connection is broken.
    Broken,
}

/// What became of a write.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Written {
    /// Taken whole, by the system or into the backlog.
    Whole,
    /// Refused whole: the backlog is full.
    Full,
    /// The connection is broken.
    Broken,
}

/// A connection and its two buffers.
#[derive(Debug)]
pub(super) struct Stream {
    io: Arc<TcpStream>,
    /// The number it was asked for by, unless it was accepted.
    pub(super) id: Option<SocketId>,
    /// Read, and not yet taken by the machine.
    pub(super) input: Vec<u8>,
    backlog: VecDeque<u8>,
    /// The machine wants nothing more of it for now.
    pub(super) paused: bool,
    /// Where its last frame was forwarded to is full.
    pub(super) held: bool,
    /// Streams that are held for this one.
    pub(super) holding: Vec<Path>,
}

impl Stream {
    pub(super) fn new(io: TcpStream, id: Option<SocketId>) -> Self {
        // frames are small and somebody waits for each; without it they are only later
        let _ = io.set_nodelay(true);
        Self {
            io: Arc::new(io),
            id,
            input: Vec::new(),
            backlog: VecDeque::new(),
            paused: false,
            held: false,
            holding: Vec::new(),
        }
    }

    /// Whether its bytes have somewhere to go.
    pub(super) fn is_wanted(&self) -> bool {
        !self.paused && !self.held
    }

    /// Whether the system has taken all that was written.
    pub(super) fn is_flushed(&self) -> bool {
        self.backlog.is_empty()
    }

    /// Waits until it can go on; `None` when there is nothing to go on with.
    pub(super) fn ready(&self) -> Option<impl Future<Output = ()> + Send + 'static> {
        let read = self.is_wanted().then_some(Interest::READABLE);
        let write = (!self.backlog.is_empty()).then_some(Interest::WRITABLE);
        let interest = match (read, write) {
            (Some(read), Some(write)) => read | write,
            (one, other) => one.or(other)?,
        };
        let io = Arc::clone(&self.io);
        Some(async move {
            // an error shows again when it is read or written
            let _ = io.ready(interest).await;
        })
    }

    /// Reads once, behind what is there.
    pub(super) fn read(&mut self) -> Read {
        if self.input.len() >= MAX_FRAME {
            return Read::Blocked; // the machine has yet to take some
        }
        let old = self.input.len();
        self.input.resize(old + READ, 0);
        let read = self.io.try_read(&mut self.input[old..]);
        self.input.truncate(old + read.as_ref().map_or(0, |n| *n));
        match read {
            Ok(0) => Read::Ended,
            Ok(_) => Read::Some,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Read::Blocked,
            Err(_) => Read::Broken,
        }
    }

    /// Writes the three parts of a message, whole or not at all.
    pub(super) fn write(&mut self, parts: [&[u8]; 3]) -> Written {
        let len: usize = parts.iter().map(|part| part.len()).sum();
        if self.backlog.len() + len > BACKLOG_MAX {
            return Written::Full;
        }
        let mut taken = 0;
        if self.backlog.is_empty() {
            match self.io.try_write_vectored(&parts.map(IoSlice::new)) {
                Ok(n) => taken = n,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(_) => return Written::Broken,
            }
        }
        for part in parts {
            let skip = taken.min(part.len());
            taken -= skip;
            self.backlog.extend(&part[skip..]);
        }
        Written::Whole
    }

    /// Writes what waits, as far as the system takes it. False: the connection is broken.
    pub(super) fn flush(&mut self) -> bool {
        while !self.backlog.is_empty() {
            match self.io.try_write(self.backlog.as_slices().0) {
                Ok(n) => drop(self.backlog.drain(..n)),
                Err(error) => return error.kind() == io::ErrorKind::WouldBlock,
            }
        }
        true
    }
}
