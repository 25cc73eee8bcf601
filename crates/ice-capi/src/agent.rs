//! An agent with the texts and bytes that it lends to its caller.
use crate::{
    Output, OutputKind,
    status::{Fault, Status},
};
use bytes::Bytes;
use ice_proto::{Candidate, IceAgent, IceConfig, IceCredentials, IceState};
use sans_io::{
    DropReason, Input, Instant, LookupFault, Machine, Packet, Path, SocketFault, SocketId,
    SocketIds, SocketRequest, Verdict,
};
use sdp_proto::{
    attribute,
    text::{Token, Word},
};
use std::{ffi::c_char, fmt, io::Write, net::IpAddr, sync::Arc};

/// How far an agent has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum State {
    /// The parameters of the peer are not known yet.
    New = 0,
    /// Checks are under way, and none succeeded yet.
    Checking = 1,
    /// Data flows both ways; the choice of the path is not final.
    Connected = 2,
    /// Both agents have settled on one path.
    Completed = 3,
    /// Nothing works, or what worked does no more.
    Failed = 4,
    /// The agent was closed.
    Closed = 5,
}

impl From<IceState> for State {
    fn from(state: IceState) -> Self {
        match state {
            IceState::New => Self::New,
            IceState::Checking => Self::Checking,
            IceState::Connected => Self::Connected,
            IceState::Completed => Self::Completed,
            IceState::Failed => Self::Failed,
            IceState::Closed => Self::Closed,
        }
    }
}

/// A text that is lent to C: with a zero at its end, and none before.
#[derive(Debug, Default)]
pub(crate) struct Text(Vec<u8>);

impl Text {
    pub(crate) fn set(&mut self, text: impl fmt::Display) {
        self.0.clear();
        // A vector takes all there is.
        let _ = write!(self.0, "{text}");
        self.0.retain(|byte| *byte != 0);
        self.0.push(0);
    }

    pub(crate) fn as_ptr(&self) -> *const c_char {
        if self.0.is_empty() { c"".as_ptr() } else { self.0.as_ptr().cast() }
    }
}

/// The texts, each of which stays until its own function is called again.
#[derive(Debug, Default)]
pub(crate) struct Texts {
    pub(crate) error: Text,
    pub(crate) event: Text,
    pub(crate) ufrag: Text,
    pub(crate) pwd: Text,
    pub(crate) candidates: Text,
    pub(crate) explanation: Text,
}

/// One ICE agent. What is inside is not the caller's.
#[derive(Debug)]
pub struct Agent {
    ice: IceAgent,
    /// The newest time that was told, for what is answered while outputs are polled.
    now: Instant,
    /// Which generation the candidates are of that are told next.
    told: Arc<str>,
    pub(crate) texts: Texts,
    /// What the last transmit output points to.
    polled: Bytes,
    /// What the last data that was sent through a relay became.
    sent: Vec<u8>,
    /// What the last answer to a datagram is.
    answered: Vec<u8>,
    /// A panic was met: nothing is known of the rest.
    pub(crate) is_broken: bool,
}

impl Agent {
    pub(crate) fn new(config: IceConfig, seed: [u8; 32]) -> Result<Self, Fault> {
        let ice = IceAgent::new(config, seed, SocketIds::root())?;
        Ok(Self {
            told: ice.local_credentials().ufrag.clone(),
            ice,
            now: Instant::ZERO,
            texts: Texts::default(),
            polled: Bytes::new(),
            sent: Vec::new(),
            answered: Vec::new(),
            is_broken: false,
        })
    }

    fn tick(&mut self, now: u64) -> Instant {
        self.now = self.now.max(Instant::from_nanos(now));
        self.now
    }

    pub(crate) fn gather(&mut self, now: u64, addresses: &[IpAddr]) -> Result<(), Fault> {
        let now = self.tick(now);
        Ok(self.ice.gather(now, addresses)?)
    }

    pub(crate) fn network_changed(&mut self, now: u64, addresses: &[IpAddr]) -> Result<(), Fault> {
        let now = self.tick(now);
        Ok(self.ice.on_network_change(now, addresses)?)
    }

    pub(crate) fn socket(
        &mut self,
        now: u64,
        id: u64,
        state: Result<std::net::SocketAddr, SocketFault>,
    ) {
        let input = Input::Socket { id: SocketId(id), state };
        let now = self.tick(now);
        // One that the agent did not ask for is none of its own, which changes nothing.
        let _ = self.ice.handle_input(now, input);
    }

    pub(crate) fn timeout(&mut self, now: u64) {
        let now = self.tick(now);
        self.ice.handle_timeout(now);
    }

    /// A datagram came this way.
    pub(crate) fn receive(&mut self, now: u64, path: Path, bytes: &[u8]) -> Output {
        let now = self.tick(now);
        match self.ice.handle_input(now, Input::received(path, bytes)) {
            Verdict::Consumed => Output::of(OutputKind::Taken),
            Verdict::Unclaimed => Output::of(OutputKind::Unclaimed),
            Verdict::Dropped(reason) => {
                Output { code: drop_code(reason), ..Output::of(OutputKind::Dropped) }
            }
            Verdict::Deliver { path, bytes } => Output::bytes_on(OutputKind::Deliver, path, bytes),
            Verdict::Send(packet) => transmit(&packet, &mut self.answered),
        }
    }

    /// What is next.
    pub(crate) fn poll(&mut self) -> Output {
        loop {
            match self.ice.poll_output() {
                sans_io::Output::Transmit(packet) => {
                    self.polled = packet.payload;
                    let ttl = packet.meta.ttl.map_or(0, u32::from);
                    let output = Output::bytes_on(OutputKind::Transmit, packet.path, &self.polled);
                    return Output { ttl, ..output };
                }
                sans_io::Output::Socket(SocketRequest::Bind { id, local }) => {
                    let bind = Output::of(OutputKind::Bind);
                    return Output { socket: id.0, local: local.into(), ..bind };
                }
                sans_io::Output::Socket(SocketRequest::Close(id)) => {
                    return Output { socket: id.0, ..Output::of(OutputKind::Close) };
                }
                sans_io::Output::Socket(request) => self.refuse_stream(&request),
                sans_io::Output::Lookup(request) => {
                    let result = Err(LookupFault::Unsupported);
                    let input = Input::LookedUp { id: request.id, result };
                    let _ = self.ice.handle_input(self.now, input);
                }
                sans_io::Output::Event(event) => {
                    return Output::event(&event, &mut self.told, &mut self.texts.event);
                }
                sans_io::Output::Timeout(at) => {
                    let at = at.map_or(u64::MAX, Instant::as_nanos);
                    return Output { at, ..Output::of(OutputKind::Wait) };
                }
            }
        }
    }

    /// This interface has UDP alone.
    fn refuse_stream(&mut self, request: &SocketRequest) {
        if let SocketRequest::Listen { id, .. } | SocketRequest::Connect { id, .. } = *request {
            let input = Input::Socket { id, state: Err(SocketFault::Denied) };
            let _ = self.ice.handle_input(self.now, input);
        }
    }

    pub(crate) fn send(&mut self, now: u64, data: &[u8]) -> Result<Output, Fault> {
        let now = self.tick(now);
        let packet = self.ice.send(now, data)?;
        Ok(transmit(&packet, &mut self.sent))
    }

    pub(crate) fn set_remote(&mut self, now: u64, ufrag: &str, pwd: &str) -> Result<(), Fault> {
        let credentials = IceCredentials::new(ufrag, pwd)?;
        let now = self.tick(now);
        Ok(self.ice.set_remote_credentials(now, credentials)?)
    }

    /// Takes a candidate line. One that names its generation, as those of this interface and of browsers do,
    /// is taken if that is the newest.
    pub(crate) fn add_remote_candidate(&mut self, now: u64, text: &str) -> Result<(), Fault> {
        let bad = |error| Fault::new(Status::BadText, error);
        let text: attribute::Candidate<'_> = text.parse().map_err(bad)?;
        let unsupported = |error| Fault::new(Status::Unsupported, error);
        let candidate = Candidate::from_sdp(&text).map_err(unsupported)?;
        let now = self.tick(now);
        match text.ufrag() {
            Some(ufrag) => self.ice.add_remote_candidate_of(now, ufrag, candidate)?,
            None => self.ice.add_remote_candidate(now, candidate)?,
        }
        Ok(())
    }

    /// Does something with the agent inside that cannot fail.
    pub(crate) fn command(&mut self, now: u64, command: impl FnOnce(&mut IceAgent, Instant)) {
        let now = self.tick(now);
        command(&mut self.ice, now);
    }

    /// The agent inside, to look at, and the texts to write down what is seen.
    pub(crate) const fn look(&mut self) -> (&IceAgent, &mut Texts) {
        (&self.ice, &mut self.texts)
    }
}

/// A packet to be sent, in one piece: as it is, or put together in `buffer`.
fn transmit(packet: &Packet<'_>, buffer: &mut Vec<u8>) -> Output {
    let whole = packet.head().is_empty() && packet.pad().is_empty();
    let bytes = if whole {
        packet.payload
    } else {
        buffer.clear();
        packet.write_to(buffer);
        buffer
    };
    Output::bytes_on(OutputKind::Transmit, packet.path, bytes)
}

/// A candidate in the form of `a=candidate`, with the generation that it is of.
pub(crate) fn candidate_text(candidate: &Candidate, ufrag: &str) -> String {
    let text = candidate.to_sdp();
    match (Token::new("ufrag"), Word::new(ufrag)) {
        (Ok(name), Ok(ufrag)) => text.with_extension(&name, &ufrag).attribute().to_string(),
        // Both fit always; without it the candidate is of the newest.
        _ => text.attribute().to_string(),
    }
}

const fn drop_code(reason: DropReason) -> u32 {
    match reason {
        DropReason::Malformed => 0,
        DropReason::Unauthenticated => 1,
        DropReason::Unexpected => 2,
        DropReason::Forbidden => 3,
        DropReason::Exhausted => 4,
        DropReason::TooFast => 5,
        DropReason::Unsupported => 6,
        _ => 7,
    }
}
