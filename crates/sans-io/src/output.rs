//! What a machine does to the world.
use crate::{Instant, LookupRequest, PacketMeta, Path, SocketRequest};
use bytes::Bytes;

/// One thing to do, in the order in which the machine wants it done.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub enum Output<E> {
    /// Send this.
    Transmit(Transmit),
    /// Open, connect or close a socket.
    Socket(SocketRequest),
    /// Look up a name.
    Lookup(LookupRequest),
    /// Tell the application.
    Event(E),
    /// Nothing more is queued. Wake the machine at this instant, or never.
    Timeout(Option<Instant>),
}

impl<E> Output<E> {
    /// The same output with its event turned into another, as a parent does with a child's.
    pub fn map<F>(self, f: impl FnOnce(E) -> F) -> Output<F> {
        match self {
            Self::Transmit(t) => Output::Transmit(t),
            Self::Socket(s) => Output::Socket(s),
            Self::Lookup(l) => Output::Lookup(l),
            Self::Event(e) => Output::Event(f(e)),
            Self::Timeout(t) => Output::Timeout(t),
        }
    }
}

/// A message of the machine's own. Retransmissions share the buffer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transmit {
    /// Where it goes.
    pub path: Path,
    /// How it goes.
    pub meta: PacketMeta,
    /// The bytes. On a stream they are written whole or the stream is closed.
    pub payload: Bytes,
}

impl Transmit {
    /// A message with nothing special in its IP header.
    pub fn new(path: Path, payload: Bytes) -> Self {
        Self { path, meta: PacketMeta::default(), payload }
    }
}
