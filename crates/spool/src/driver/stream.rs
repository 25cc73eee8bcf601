//! One connection, TCP or TLS on it: what was read and is not a whole frame yet, what was written and the system
//! has not taken yet, and why it is not read for now.
use super::session::{Opened, Session};
use sans_io::{MAX_FRAME, Path, SocketId, Transport};
use std::{
    collections::VecDeque,
    io::{self, IoSlice},
    net::SocketAddr,
    sync::Arc,
};
use tokio::{io::Interest, net::TcpStream};

/// Bytes that may wait for a slow reader. Two of the longest frames, or half a second at 4 Mbit/s.
const BACKLOG_MAX: usize = 256 * 1024;

/// Bytes read at once.
const READ: usize = 64 * 1024;

/// What a connection may keep for what it writes while there is nothing to write.
const BACKLOG_KEPT: usize = 2048;

/// What all connections of a driver are read into, one after the other. What the machine has not
/// taken of it by the end of a turn is all that a connection keeps.
#[derive(Debug)]
pub(super) struct ReadBuffers {
    /// As it came from the system.
    raw: Box<[u8]>,
    /// As the machine is to see it.
    pub(super) bytes: Vec<u8>,
}

impl Default for ReadBuffers {
    fn default() -> Self {
        Self { raw: vec![0; READ].into_boxed_slice(), bytes: Vec::new() }
    }
}

/// A connection that was made, with its TLS if it has any.
#[derive(Debug)]
pub(super) struct Io {
    pub(super) tcp: TcpStream,
    pub(super) session: Option<Session>,
    /// Who it is with, where that is not what the system says.
    pub(super) remote: Option<SocketAddr>,
}

impl Io {
    pub(super) fn plain(tcp: TcpStream) -> Self {
        Self { tcp, session: None, remote: None }
    }

    /// The path that it is the stream of.
    pub(super) fn path(&self) -> io::Result<Path> {
        let transport = if self.session.is_some() { Transport::Tls } else { Transport::Tcp };
        let remote = self.remote.map_or_else(|| self.tcp.peer_addr(), Ok)?;
        Ok(Path::new(transport, self.tcp.local_addr()?, remote))
    }
}

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
    session: Option<Session>,
    /// The other side said so inside TLS, behind bytes that were read.
    ended: bool,
    /// The number it was asked for by, unless it was accepted.
    pub(super) id: Option<SocketId>,
    /// Read, and not yet taken by the machine. No longer than it must be, for there may be
    /// thousands of connections, of people who have not even said who they are.
    pub(super) input: Box<[u8]>,
    backlog: VecDeque<u8>,
    /// Where its last frame was sent on to is full.
    pub(super) held: bool,
    /// The machine wants no more of it for now.
    pub(super) paused: bool,
    /// Streams that are held for this one.
    pub(super) holding: Vec<Path>,
}

impl Stream {
    pub(super) fn new(io: Io, id: Option<SocketId>) -> Self {
        let Io { tcp, session, .. } = io;
        // frames are small and somebody waits for each; without it they are only later
        let _ = tcp.set_nodelay(true);
        let mut stream = Self {
            io: Arc::new(tcp),
            session,
            ended: false,
            id,
            input: Box::default(),
            backlog: VecDeque::new(),
            held: false,
            paused: false,
            holding: Vec::new(),
        };
        if let Some(session) = &mut stream.session {
            let mut input = Vec::new();
            let opened = session.open_first(&mut input, &mut stream.backlog);
            stream.input = input.into();
            stream.ended = opened == Opened::Ended;
        }
        stream
    }

    /// Says that it ends, as far as the system takes that at once.
    pub(super) fn close(&mut self) {
        if let Some(session) = &mut self.session {
            session.end(&mut self.backlog);
        }
        self.flush();
    }

    /// Whether its bytes have somewhere to go.
    pub(super) fn is_wanted(&self) -> bool {
        !self.held && !self.paused
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
        let io = (!self.ended).then(|| Arc::clone(&self.io));
        Some(async move {
            if let Some(io) = io {
                // an error shows again when it is read or written
                let _ = io.ready(interest).await;
            }
        })
    }

    /// Reads once, behind what is there.
    pub(super) fn read(&mut self, buffers: &mut ReadBuffers) -> Read {
        let ReadBuffers { raw, bytes } = buffers;
        if bytes.len() >= MAX_FRAME {
            return Read::Blocked; // the machine has yet to take some
        }
        if self.ended {
            return Read::Ended;
        }
        let read = self.io.try_read(raw);
        let raw = &raw[..read.as_ref().map_or(0, |n| *n)];
        let opened = if let Some(session) = &mut self.session {
            session.open(raw, bytes, &mut self.backlog)
        } else {
            bytes.extend_from_slice(raw);
            Opened::Read
        };
        self.ended = opened == Opened::Ended;
        match (read, opened) {
            (Ok(0), _) => Read::Ended,
            (Ok(_), Opened::Read | Opened::Ended) => Read::Some,
            (Err(error), _) if error.kind() == io::ErrorKind::WouldBlock => Read::Blocked,
            (Ok(_), Opened::Broken) | (Err(_), _) => Read::Broken,
        }
    }

    /// Writes the three parts of a message, whole or not at all.
    pub(super) fn write(&mut self, parts: [&[u8]; 3]) -> Written {
        let len: usize = parts.iter().map(|part| part.len()).sum();
        if self.backlog.len() + len > BACKLOG_MAX {
            return Written::Full;
        }
        if let Some(session) = &mut self.session {
            let written = session.seal(parts, &mut self.backlog) && self.flush();
            return if written { Written::Whole } else { Written::Broken };
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
        if self.backlog.capacity() > BACKLOG_KEPT {
            self.backlog = VecDeque::new();
        }
        true
    }
}
