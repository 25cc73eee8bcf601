//! Small machines that each use one part of the contract.
use sans_io::{
    Frame, Input, Instant, LookupFault, LookupId, LookupKind, LookupRequest, Machine, Output,
    Packet, PacketMeta, Path, PathFault, SocketFault, SocketId, SocketRequest, Transmit, Verdict,
};
use std::{collections::VecDeque, net::SocketAddr, time::Duration};

/// What happened to a [`Probe`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Seen {
    Socket(SocketId, Result<SocketAddr, SocketFault>),
    Failed(Path, PathFault),
    LookedUp(LookupId, Result<usize, LookupFault>),
    Woken(Instant),
    Accepted(SocketId, Path),
    Header(PacketMeta, Vec<u8>),
}

/// Reports all that happens as events, delivers what it receives, and asks for what it is told to
/// ask for.
#[derive(Debug, Default)]
pub(crate) struct Probe {
    pub(crate) queue: VecDeque<Output<Seen>>,
    pub(crate) deadline: Option<Instant>,
    /// Datagrams to this address are forwarded there, with a head and padding, not delivered.
    pub(crate) forward_to: Option<SocketAddr>,
    /// Frames of any connection are forwarded to this one as they are, not delivered.
    pub(crate) pipe_to: Option<Path>,
    /// Connections to listeners are not taken.
    pub(crate) shy: bool,
    /// What the header of each datagram said is reported.
    pub(crate) curious: bool,
}

impl Probe {
    pub(crate) fn bind(&mut self, id: u64, local: &str) {
        let local = local.parse().unwrap();
        self.queue.push_back(Output::Socket(SocketRequest::Bind { id: SocketId(id), local }));
    }

    pub(crate) fn ask(&mut self, request: SocketRequest) {
        self.queue.push_back(Output::Socket(request));
    }

    pub(crate) fn transmit(&mut self, path: Path, payload: &'static [u8]) {
        let payload = bytes::Bytes::from_static(payload);
        self.queue.push_back(Output::Transmit(Transmit::new(path, payload)));
    }

    pub(crate) fn look_up(&mut self, kind: LookupKind, name: &str) {
        let request = LookupRequest { id: LookupId(7), kind, name: name.into() };
        self.queue.push_back(Output::Lookup(request));
    }

    pub(crate) fn wake_in(&mut self, now: Instant, delay: Duration) {
        self.deadline = Some(now.saturating_add(delay));
    }

    fn saw(&mut self, seen: Seen) -> Verdict<'static> {
        self.queue.push_back(Output::Event(seen));
        Verdict::Consumed
    }
}

impl Machine for Probe {
    type Event = Seen;

    fn handle_input<'a>(&mut self, now: Instant, input: Input<'a>) -> Verdict<'a> {
        match input {
            Input::Received { path, bytes, .. } if path.transport().is_stream() => {
                match self.pipe_to {
                    Some(onwards) => Verdict::Send(Packet::new(onwards, bytes)),
                    None => Verdict::Deliver { path, bytes },
                }
            }
            Input::Received { meta, bytes, .. } if self.curious => {
                self.saw(Seen::Header(meta, bytes.to_vec()))
            }
            Input::Received { path, bytes, .. } => match self.forward_to {
                Some(remote) => {
                    let onwards = Path::udp(path.local(), remote);
                    Verdict::Send(Packet::new(onwards, bytes).with_head(b"head:").with_pad(2))
                }
                None => Verdict::Deliver { path, bytes },
            },
            Input::Socket { id, state } => self.saw(Seen::Socket(id, state)),
            Input::PathFailed { path, fault } => self.saw(Seen::Failed(path, fault)),
            Input::LookedUp { id, result } => self.saw(Seen::LookedUp(id, result.map(<[_]>::len))),
            Input::Accepted { .. } if self.shy => Verdict::Unclaimed,
            Input::Accepted { listener, path } => self.saw(Seen::Accepted(listener, path)),
            Input::Timeout => {
                if self.deadline.is_some_and(|at| at <= now) {
                    self.deadline = None;
                    return self.saw(Seen::Woken(now));
                }
                Verdict::Consumed
            }
        }
    }

    /// Two bytes of length, and so many more.
    fn frame(&self, _: &Path, buffer: &[u8]) -> Frame {
        match *buffer {
            [0xFF, 0xFF, ..] => Frame::Need(usize::MAX), // nonsense, as a broken machine says
            [high, low, ..] => {
                let len = 2 + usize::from(u16::from_be_bytes([high, low]));
                if buffer.len() < len { Frame::Need(len) } else { Frame::Whole(len) }
            }
            _ => Frame::Need(2),
        }
    }

    fn poll_output(&mut self) -> Output<Seen> {
        self.queue.pop_front().unwrap_or(Output::Timeout(self.deadline))
    }
}
