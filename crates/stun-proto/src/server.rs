//! Telling clients their address: a Binding server that keeps nothing of anybody (RFC 8489 §6.3.1,
//! §12), with the other addresses of RFC 5780 where it has them.
use crate::{
    Attribute, AttributeType, Class, Entropy, LimiterConfig, Message, MessageBuilder, MessageType,
    Method, ParseError, SourceLimiter, WriteError,
    attribute::{
        ChangeRequest, Code, ErrorCode, MappedAddress, OtherAddress, Padding, ResponseOrigin,
        ResponsePort, Software, UnknownAttributes, XorMappedAddress,
    },
    classic::ClassicRequest,
};
use alloc::string::String;
use bytes::Bytes;
use core::{convert::Infallible, net::SocketAddr};
use sans_io::{
    Clock, DropCounters, DropReason, Frame, HEAD_MAX, Input, Instant, Machine, Outbox, OutboxFull,
    Output, Packet, Path, Transmit, Transport, Verdict,
};

#[cfg(test)]
mod tests;

/// How a server behaves.
#[derive(Clone, Debug)]
pub struct ServerConfig {
    /// What one source prefix may make the server send.
    pub limiter: LimiterConfig,
    /// Whether clients of RFC 3489 are answered.
    pub classic: bool,
    /// What SOFTWARE says; `None` keeps responses at their smallest. A text of 128 characters or more
    /// may not be sent (RFC 8489 §14.14), and is left out.
    pub software: Option<String>,
    /// The server's other address and port, for clients that look into their NAT.
    pub other: Option<OtherServer>,
    /// How many responses may wait for the driver. Only those that do not fit into
    /// [`Verdict::Send`] ever wait: errors with many attributes, SOFTWARE, RFC 5780.
    pub max_queue: usize,
}

impl Default for ServerConfig {
    fn default() -> Self {
        Self {
            limiter: LimiterConfig::default(),
            classic: true,
            software: None,
            other: None,
            max_queue: 64,
        }
    }
}

/// The addresses of a server of RFC 5780. The driver listens on all four combinations of address
/// and port, over UDP. Whoever asks at another address of the same server is told of none of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct OtherServer {
    /// The address and port that clients are told.
    pub primary: SocketAddr,
    /// Another address, of the same family, and another port.
    pub alternate: SocketAddr,
    /// Whether RESPONSE-PORT is honoured. It lets a client have a response sent to another port of
    /// its own address, so it is limited to requests without PADDING (RFC 5780 §7.5).
    pub response_port: bool,
}

impl OtherServer {
    /// Whether this is one of the four.
    fn has(&self, local: SocketAddr) -> bool {
        let (one, two) = (self.primary, self.alternate);
        [one.ip(), two.ip()].contains(&local.ip())
            && [one.port(), two.port()].contains(&local.port())
    }

    /// The other address and port, seen from one of the four.
    fn opposite(&self, local: SocketAddr) -> SocketAddr {
        self.changed(local, ChangeRequest { change_ip: true, change_port: true })
    }

    /// Where a response is to come from (RFC 5780 §6.1, table 1).
    fn changed(&self, local: SocketAddr, change: ChangeRequest) -> SocketAddr {
        let mut from = local;
        let (one, two) = (self.primary, self.alternate);
        if change.change_ip {
            from.set_ip(if local.ip() == one.ip() { two.ip() } else { one.ip() });
        }
        if change.change_port {
            from.set_port(if local.port() == one.port() { two.port() } else { one.port() });
        }
        from
    }
}

/// Answers Binding requests. What it is not asked for it leaves alone: other methods, responses and
/// other protocols are [`Verdict::Unclaimed`].
///
/// A success response is 32 bytes over IPv4 and 44 over IPv6, and 8 more where the request had a
/// fingerprint. It goes out with the verdict, so that
/// nothing is queued or allocated. States its bounds for the laws: at most one output for each input
/// since the last drain.
///
/// ```
/// use sans_io::{Input, Instant, Machine, Path, Verdict};
/// use stun_proto::{BindingServer, Message, MessageBuilder, MessageType, Method, ServerConfig};
/// use stun_proto::{TransactionId, attribute::XorMappedAddress};
///
/// let client = "192.0.2.1:40000".parse()?;
/// let path = Path::udp("198.51.100.1:3478".parse()?, client);
/// let mut buffer = [0; 32];
/// let kind = MessageType::request(Method::BINDING);
/// let request = MessageBuilder::new(&mut buffer, kind, TransactionId([7; 12])).finish()?;
///
/// let mut server = BindingServer::new(ServerConfig::default(), [1; 32]);
/// let verdict = server.handle_input(Instant::ZERO, Input::received(path, request));
/// let Verdict::Send(response) = verdict else { unreachable!() };
/// let bytes = response.to_vec();
/// assert_eq!((response.path, bytes.len()), (path, 32));
/// assert_eq!(Message::parse(&bytes)?.get(), Some(XorMappedAddress(client)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct BindingServer {
    config: ServerConfig,
    clock: Clock,
    limiter: SourceLimiter,
    out: Outbox<Infallible>,
    drops: DropCounters,
}

impl BindingServer {
    /// A server. The seed keys the table of the limiter.
    pub fn new(mut config: ServerConfig, seed: [u8; 32]) -> Self {
        config.software = config.software.filter(|text| Software(text).is_valid());
        let key = Entropy::new(seed).secret();
        Self {
            limiter: SourceLimiter::new(config.limiter, key),
            out: Outbox::new(config.max_queue),
            config,
            clock: Clock::default(),
            drops: DropCounters::default(),
        }
    }

    /// What was refused, and why.
    pub const fn drops(&self) -> &DropCounters {
        &self.drops
    }

    fn received(&mut self, now: Instant, path: Path, bytes: &[u8]) -> Verdict<'static> {
        let message = match Message::parse(bytes) {
            Ok(message) => message,
            Err(ParseError::NotStun) => return self.classic(now, path, bytes),
            Err(_) => return self.drops.refuse(DropReason::Malformed),
        };
        if message.method() != Method::BINDING {
            return Verdict::Unclaimed;
        }
        match message.class() {
            Class::Request => self.request(now, path, &message),
            // That it came is all that it is for (RFC 8489 §6.3.2).
            Class::Indication => Verdict::Consumed,
            Class::Success | Class::Error => Verdict::Unclaimed,
        }
    }

    /// The other address and port, for those who ask at one of the four.
    fn other(&self, path: &Path) -> Option<OtherServer> {
        let is_udp = path.transport() == Transport::Udp;
        self.config.other.filter(|other| is_udp && other.has(path.local()))
    }

    fn request(&mut self, now: Instant, path: Path, request: &Message<'_>) -> Verdict<'static> {
        let other = self.other(&path);
        let unknown: UnknownAttributes =
            request.unknown_required_to(|kind| understands(other.as_ref(), kind)).collect();
        let mut buffer = [0; MAX_RESPONSE];
        let id = request.transaction_id();
        let error = MessageBuilder::new(&mut buffer, MessageType::error(Method::BINDING), id);
        let error = if !unknown.is_empty() {
            error.with(&ErrorCode::from(Code::UNKNOWN_ATTRIBUTE)).with(&unknown)
        } else if request.malformed().is_some() || is_contradiction(request) {
            error.with(&ErrorCode::from(Code::BAD_REQUEST))
        } else {
            return self.success(now, path, request, other.as_ref());
        };
        let Ok(bytes) = finish(error, request) else {
            return self.drops.refuse(DropReason::Unsupported);
        };
        self.answer(now, path, path.remote(), bytes)
    }

    fn success(
        &mut self,
        now: Instant,
        path: Path,
        request: &Message<'_>,
        other: Option<&OtherServer>,
    ) -> Verdict<'static> {
        let change = request.get::<ChangeRequest>().unwrap_or_default();
        let from = other.map_or(path.local(), |other| other.changed(path.local(), change));
        let mut to = path.remote();
        if let Some(ResponsePort(port)) = request.get() {
            to.set_port(port);
        }
        // As much as was sent and no more, so that nothing is gained by asking for it.
        let asked = request.get::<Padding<'_>>();
        let padding = asked.and_then(|asked| PADDING.get(..asked.0.len().min(PADDING.len())));
        let padding = padding.map(Padding);
        let mut buffer = [0; MAX_RESPONSE];
        let kind = MessageType::success(Method::BINDING);
        let response = MessageBuilder::new(&mut buffer, kind, request.transaction_id())
            .with(&XorMappedAddress(path.remote()))
            .with_some(self.config.software.as_deref().map(Software).as_ref())
            .with_some(other.map(|_| MappedAddress(path.remote())).as_ref())
            .with_some(other.map(|_| ResponseOrigin(from)).as_ref())
            .with_some(other.map(|other| OtherAddress(other.opposite(path.local()))).as_ref())
            .with_some(padding.as_ref());
        let Ok(bytes) = finish(response, request) else {
            return self.drops.refuse(DropReason::Unsupported);
        };
        self.answer(now, Path::new(path.transport(), from, path.remote()), to, bytes)
    }

    /// A request without a cookie (RFC 8489 §11).
    fn classic(&mut self, now: Instant, path: Path, bytes: &[u8]) -> Verdict<'static> {
        let Some(mut request) = ClassicRequest::parse(bytes).filter(|_| self.config.classic) else {
            return Verdict::Unclaimed;
        };
        let other = self.other(&path);
        if other.is_none() && request.change != ChangeRequest::default() {
            request.refuse_change();
        }
        if request.has_unknown() {
            return self.answer(now, path, path.remote(), request.refuse().as_bytes());
        }
        let from = other.map_or(path.local(), |other| other.changed(path.local(), request.change));
        let others = other.map(|other| (from, other.opposite(path.local())));
        let response = request.respond(path.remote(), others);
        self.answer(
            now,
            Path::new(path.transport(), from, path.remote()),
            path.remote(),
            response.as_bytes(),
        )
    }

    /// Sends a response, unless its source has had its share.
    fn answer(
        &mut self,
        now: Instant,
        path: Path,
        to: SocketAddr,
        bytes: &[u8],
    ) -> Verdict<'static> {
        // Who has a connection has shown that it is where it says.
        let spoofable = path.transport() == Transport::Udp;
        if spoofable && !self.limiter.take(now, path.remote().ip(), bytes.len()) {
            return self.drops.refuse(DropReason::TooFast);
        }
        let path = Path::new(path.transport(), path.local(), to);
        if bytes.len() <= HEAD_MAX {
            return Verdict::Send(Packet::new(path, &[]).with_head(bytes));
        }
        match self.out.transmit(Transmit::new(path, Bytes::copy_from_slice(bytes))) {
            Ok(()) => Verdict::Consumed,
            Err(OutboxFull) => self.drops.refuse(DropReason::Exhausted),
        }
    }
}

/// Ends a response with a fingerprint where its request had one: that client looks for it.
fn finish<'b>(response: MessageBuilder<'b>, request: &Message<'_>) -> Result<&'b [u8], WriteError> {
    if request.has_fingerprint() { response.fingerprint().finish() } else { response.finish() }
}

/// What PADDING in a response consists of: one Ethernet frame.
const PADDING: &[u8] = &[0; 1500];
/// Room for the longest response: a success with four IPv6 addresses, SOFTWARE and PADDING.
const MAX_RESPONSE: usize = 2304;

/// Which attributes a Binding request may have.
fn understands(other: Option<&OtherServer>, kind: AttributeType) -> bool {
    match kind {
        AttributeType::CHANGE_REQUEST | AttributeType::PADDING => other.is_some(),
        AttributeType::RESPONSE_PORT => other.is_some_and(|other| other.response_port),
        AttributeType::SOURCE_ADDRESS
        | AttributeType::CHANGED_ADDRESS
        | AttributeType::ACCESS_TOKEN => false,
        _ => kind.is_known(),
    }
}

/// RFC 5780 §7.5: RESPONSE-PORT and PADDING together would multiply what is sent to a port that
/// asked for nothing. Port 0 is none that a response could go to.
fn is_contradiction(request: &Message<'_>) -> bool {
    let pads = request.get::<Padding<'_>>().is_some();
    request.get::<ResponsePort>().is_some_and(|port| pads || port.0 == 0)
}

impl Machine for BindingServer {
    type Event = Infallible;

    fn handle_input<'a>(&mut self, now: Instant, input: Input<'a>) -> Verdict<'a> {
        let now = self.clock.tick(now);
        match input {
            Input::Received { path, bytes, .. } => self.received(now, path, bytes),
            Input::Timeout => Verdict::Consumed,
            Input::Socket { .. }
            | Input::Accepted { .. }
            | Input::LookedUp { .. }
            | Input::PathFailed { .. } => Verdict::Unclaimed,
        }
    }

    fn poll_output(&mut self) -> Output<Infallible> {
        self.out.pop().unwrap_or(Output::Timeout(None))
    }

    fn frame(&self, _: &Path, buffer: &[u8]) -> Frame {
        crate::stun_frame(buffer)
    }
}
