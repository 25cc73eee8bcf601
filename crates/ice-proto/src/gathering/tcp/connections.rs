//! The connections themselves (RFC 6544 §7 and §11). A session knows one by the path from its base to
//! the peer, whichever port it was opened from; the driver knows it by its own addresses.
use super::framing;
use alloc::vec::Vec;
use bytes::Bytes;
use core::{net::IpAddr, time::Duration};
use sans_io::{Frame, Instant, Path, SocketId, canonical};

/// How long a connection may take to be opened.
const OPENS_WITHIN: Duration = Duration::from_secs(10);
/// How long whoever is at the other end may take to show that it is the peer.
const PROVES_WITHIN: Duration = Duration::from_secs(10);
/// The longest message before that: a check with the longest user name is half of it.
const UNPROVEN_FRAME_MAX: usize = 1_500;
/// How many bytes may come before that: a few checks.
const UNPROVEN_BYTES_MAX: usize = 8_192;
/// How many connections are being opened to one address at most (RFC 6544 §12).
const OPENING_MAX: usize = 5;

/// Which side opened it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::gathering) enum Opener {
    Us,
    Peer,
}

/// Whether the other end has shown that it is the peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trust {
    No { until: Instant, bytes: usize },
    Yes,
}

#[derive(Clone, Debug)]
enum State {
    /// Enough are being opened to this address. What is to be sent waits.
    Queued {
        message: Bytes,
    },
    Opening {
        socket: SocketId,
        until: Instant,
        message: Bytes,
    },
    Open {
        wire: Path,
        opener: Opener,
        trust: Trust,
    },
}

#[derive(Clone, Debug)]
struct Connection {
    path: Path,
    state: State,
}

impl Connection {
    const fn wire(&self) -> Option<Path> {
        match self.state {
            State::Open { wire, .. } => Some(wire),
            State::Queued { .. } | State::Opening { .. } => None,
        }
    }

    const fn is_stranger(&self) -> bool {
        matches!(self.state, State::Open { opener: Opener::Peer, trust: Trust::No { .. }, .. })
    }

    const fn due(&self) -> Option<Instant> {
        match self.state {
            State::Opening { until, .. } | State::Open { trust: Trust::No { until, .. }, .. } => {
                Some(until)
            }
            State::Queued { .. } | State::Open { .. } => None,
        }
    }

    fn end(&self) -> End {
        match self.state {
            State::Queued { .. } => End::Nothing,
            State::Opening { socket, .. } => End::Close(socket),
            State::Open { wire, .. } => End::HangUp(wire),
        }
    }
}

/// What the driver is to do with a connection that is given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::gathering) enum End {
    Nothing,
    Close(SocketId),
    HangUp(Path),
}

/// A connection that was given up.
#[derive(Clone, Copy, Debug)]
pub(in crate::gathering) struct Gone {
    pub path: Path,
    pub end: End,
    /// Whether it was opened, or to be.
    pub ours: bool,
}

/// How a message is sent.
#[derive(Clone, Debug)]
pub(in crate::gathering) enum Route {
    /// Over this connection.
    Open(Path),
    /// A connection is to be opened first.
    New,
    /// It waits until one is open.
    Waits,
}

/// All of them. There are few: those that a pair has, and some of strangers.
#[derive(Debug)]
pub(in crate::gathering) struct Connections {
    all: Vec<Connection>,
    strangers_max: usize,
}

impl Connections {
    pub(super) const fn new(strangers_max: usize) -> Self {
        Self { all: Vec::new(), strangers_max }
    }

    pub(in crate::gathering) const fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    fn get(&self, path: &Path) -> Option<&Connection> {
        self.all.iter().find(|connection| connection.path == *path)
    }

    fn at_wire(&self, wire: &Path) -> Option<&Connection> {
        self.all.iter().find(|connection| connection.wire() == Some(*wire))
    }

    fn remove(&mut self, at: usize) -> Gone {
        let connection = self.all.remove(at);
        let stranger = matches!(connection.state, State::Open { opener: Opener::Peer, .. });
        Gone { path: connection.path, end: connection.end(), ours: !stranger }
    }

    /// The connection of a path as the driver knows it, if it is open.
    pub(in crate::gathering) fn wire(&self, path: &Path) -> Option<Path> {
        self.get(path)?.wire()
    }

    /// How a message gets to the other end of a path. Where it has to wait it takes the place of the one
    /// that waited: none but a check does.
    pub(in crate::gathering) fn route(&mut self, path: &Path, message: &Bytes) -> Route {
        let Some(known) = self.all.iter_mut().find(|known| known.path == *path) else {
            return Route::New;
        };
        match &mut known.state {
            State::Open { wire, .. } => Route::Open(*wire),
            State::Queued { message: waits } | State::Opening { message: waits, .. } => {
                *waits = message.clone();
                Route::Waits
            }
        }
    }

    /// A connection is wanted. It is opened when [`next_to_open`](Self::next_to_open) says so.
    pub(in crate::gathering) fn queue(&mut self, path: Path, message: Bytes) {
        self.all.push(Connection { path, state: State::Queued { message } });
    }

    /// The next connection that may be opened, under this number from now on.
    pub(in crate::gathering) fn next_to_open(
        &mut self,
        now: Instant,
        take_id: impl FnOnce() -> SocketId,
    ) -> Option<(SocketId, Path)> {
        let opening = |ip: IpAddr| {
            let to_it = |known: &&Connection| {
                known.path.remote().ip() == ip && matches!(known.state, State::Opening { .. })
            };
            self.all.iter().filter(to_it).count()
        };
        let at = self.all.iter().position(|known| {
            matches!(known.state, State::Queued { .. })
                && opening(known.path.remote().ip()) < OPENING_MAX
        })?;
        let connection = &mut self.all[at];
        let State::Queued { message } = &mut connection.state else { return None };
        let (socket, message) = (take_id(), core::mem::take(message));
        let until = now.saturating_add(OPENS_WITHIN);
        connection.state = State::Opening { socket, until, message };
        Some((socket, connection.path))
    }

    fn opening(&self, id: SocketId) -> Option<usize> {
        let is_it = |known: &Connection| matches!(known.state, State::Opening { socket, .. } if socket == id);
        self.all.iter().position(is_it)
    }

    pub(in crate::gathering) fn owns(&self, id: SocketId) -> bool {
        self.opening(id).is_some()
    }

    /// A connection was opened from this address. Gives it with what waited.
    pub(in crate::gathering) fn opened(
        &mut self,
        now: Instant,
        id: SocketId,
        local: core::net::SocketAddr,
    ) -> Option<(Path, Bytes)> {
        let at = self.opening(id)?;
        let connection = &mut self.all[at];
        let State::Opening { message, .. } = &mut connection.state else { return None };
        let message = core::mem::take(message);
        let (remote, transport) = (connection.path.remote(), connection.path.transport());
        let wire = Path::new(transport, canonical(local), remote);
        connection.state = State::Open { wire, opener: Opener::Us, trust: untrusted(now) };
        Some((wire, message))
    }

    /// A connection could not be opened.
    pub(in crate::gathering) fn not_opened(&mut self, id: SocketId) -> Option<Gone> {
        let at = self.opening(id)?;
        Some(Gone { end: End::Nothing, ..self.remove(at) })
    }

    /// Somebody connected. Gives what waited for that, the number under which the same connection was
    /// being opened, and who has to make room.
    pub(in crate::gathering) fn accept(&mut self, now: Instant, wire: Path) -> Accepted {
        let mut accepted = Accepted::default();
        if let Some(at) = self.all.iter().position(|known| known.path == wire) {
            let known = self.all.remove(at);
            accepted.instead = Some(known.end());
            accepted.message = match known.state {
                State::Queued { message } | State::Opening { message, .. } => Some(message),
                State::Open { .. } => None,
            };
        }
        let strangers = self.all.iter().filter(|known| known.is_stranger()).count();
        if strangers >= self.strangers_max {
            // They stand in the order in which they came.
            let oldest = self.all.iter().position(Connection::is_stranger);
            accepted.evicted = oldest.map(|at| self.remove(at));
        }
        let state = State::Open { wire, opener: Opener::Peer, trust: untrusted(now) };
        self.all.push(Connection { path: wire, state });
        accepted
    }

    /// Where the first frame of a buffer ends.
    pub(in crate::gathering) fn frame(&self, wire: &Path, buffer: &[u8]) -> Frame {
        match self.at_wire(wire).map(|known| &known.state) {
            Some(State::Open { trust: Trust::Yes, .. }) => framing::frame(buffer, u16::MAX.into()),
            Some(_) => framing::frame(buffer, UNPROVEN_FRAME_MAX),
            None => Frame::Whole(buffer.len()),
        }
    }

    /// A frame came. Gives the path as the session knows it. `Err`: more came than whoever has not
    /// shown that it is the peer may send.
    pub(in crate::gathering) fn received(
        &mut self,
        wire: &Path,
        len: usize,
    ) -> Option<Result<Path, Path>> {
        let known = self.all.iter_mut().find(|known| known.wire() == Some(*wire))?;
        if let State::Open { trust: Trust::No { bytes, .. }, .. } = &mut known.state {
            *bytes = bytes.saturating_add(len);
            if *bytes > UNPROVEN_BYTES_MAX {
                return Some(Err(known.path));
            }
        }
        Some(Ok(known.path))
    }

    /// Whether who is at the other end has not shown yet that it is the peer.
    pub(in crate::gathering) fn is_unproven(&self, path: &Path) -> bool {
        self.get(path)
            .is_some_and(|known| matches!(known.state, State::Open { trust: Trust::No { .. }, .. }))
    }

    /// It has.
    pub(in crate::gathering) fn prove(&mut self, path: &Path) {
        let known = self.all.iter_mut().find(|known| known.path == *path);
        if let Some(State::Open { trust, .. }) = known.map(|known| &mut known.state) {
            *trust = Trust::Yes;
        }
    }

    /// A connection is no more.
    pub(in crate::gathering) fn lost(&mut self, wire: &Path) -> Option<Path> {
        let at = self.all.iter().position(|known| known.wire() == Some(*wire))?;
        Some(self.remove(at).path)
    }

    /// Gives up the connection of a path.
    pub(in crate::gathering) fn give_up(&mut self, path: &Path) -> Option<Gone> {
        let at = self.all.iter().position(|known| known.path == *path)?;
        Some(self.remove(at))
    }

    /// Gives up the first connection that is not to be kept.
    pub(in crate::gathering) fn give_up_unless(
        &mut self,
        keep: impl Fn(&Path) -> bool,
        strangers: Strangers,
    ) -> Option<Gone> {
        let at = self.all.iter().position(|known| match strangers {
            Strangers::Stay if known.is_stranger() => false,
            Strangers::Stay | Strangers::Go => !keep(&known.path),
        })?;
        Some(self.remove(at))
    }

    /// Gives up the first connection whose time is over.
    pub(in crate::gathering) fn expire(&mut self, now: Instant) -> Option<Gone> {
        let at = self.all.iter().position(|known| known.due().is_some_and(|due| due <= now))?;
        Some(self.remove(at))
    }

    /// When [`expire`](Self::expire) has something to say.
    pub(in crate::gathering) fn next(&self) -> Option<Instant> {
        self.all.iter().filter_map(Connection::due).min()
    }
}

/// Whether those stay that nobody knows yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::gathering) enum Strangers {
    Stay,
    Go,
}

/// What follows from a connection that was accepted.
#[derive(Debug, Default)]
pub(in crate::gathering) struct Accepted {
    /// What waited for such a connection.
    pub message: Option<Bytes>,
    /// The attempt that it takes the place of.
    pub instead: Option<End>,
    /// A stranger that has to go.
    pub evicted: Option<Gone>,
}

fn untrusted(now: Instant) -> Trust {
    Trust::No { until: now.saturating_add(PROVES_WITHIN), bytes: 0 }
}
