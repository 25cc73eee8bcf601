//! From a URI to servers to try, in order, with the caller's DNS (RFC 5928 §3, RFC 8489 §8.1,
//! RFC 2782).
use crate::{Entropy, Host, Scheme, Uri};
use alloc::{format, sync::Arc, vec, vec::Vec};
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use sans_io::{
    Input, Instant, LookupAnswer, LookupFault, LookupId, LookupKind, LookupRequest, Machine,
    Outbox, Output, Transport, Verdict,
};

mod naptr;
mod srv;
#[cfg(test)]
mod tests;

/// Where a request reaches the nearest TURN server that is there for everybody, if there is one (RFC
/// 8155 §6, §9). It names its own address in a refusal, 300 (Try Alternate), and all else goes there.
pub const TURN_ANYCAST: [IpAddr; 2] = [
    IpAddr::V4(Ipv4Addr::new(192, 0, 0, 10)),
    IpAddr::V6(Ipv6Addr::new(0x2001, 1, 0, 0, 0, 0, 0, 2)),
];

/// How many lookups one URI may cause: enough for three transports through a chain of NAPTR
/// records, and no lever for whoever writes the records.
const MAX_LOOKUPS: u64 = 64;
/// How many servers are told at most.
const MAX_SERVERS: usize = 32;
/// How many NAPTR records may point to each other in a row.
const MAX_CHAIN: u8 = 5;

/// A server to try.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ResolvedServer {
    /// How to reach it.
    pub transport: Transport,
    /// Where.
    pub address: SocketAddr,
    /// The name in its certificate: the one of the URI, whatever the DNS says (RFC 5928 §5).
    pub server_name: Option<Arc<str>>,
}

/// What a resolution came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ResolveEvent {
    /// Servers to try, best first; at least one.
    Resolved(Vec<ResolvedServer>),
    /// The DNS knows no server.
    NotFound,
}

/// Why a URI cannot be resolved at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum ResolveError {
    /// None of the supported transports is what the URI asks for.
    #[error("the URI asks for a transport that is not supported")]
    Transport,
    /// `stuns:` with an address: there is no name to check the certificate against.
    #[error("stuns: needs a name, not an address")]
    Address,
}

/// Something on the way from the name to the servers. An answer puts others in its place, so that
/// order is kept however the answers come.
#[derive(Clone, Debug)]
enum Step {
    Server(ResolvedServer),
    Waiting(LookupId, Query),
}

/// What was asked, and what to make of the answer.
#[derive(Clone, Debug)]
enum Query {
    Address { transport: Transport, port: u16 },
    Srv { transport: Transport, or_address: Option<Arc<str>> },
    Naptr { transports: Vec<Transport>, chain: u8 },
    Pointer { transport: Transport },
}

/// Looks a URI up.
///
/// All lookups that can be made at once are made at once. States its bounds for the laws: a drain
/// gives at most 65 outputs.
///
/// ```
/// use sans_io::{Input, Instant, LookupAnswer, Machine, Output, Transport};
/// use stun_proto::{ResolveEvent, Resolver};
/// let uri = "turn:example.org:3479?transport=udp".parse()?;
/// let mut resolver = Resolver::new(&uri, &[Transport::Udp, Transport::Tcp], 0, [1; 32])?;
/// let Output::Lookup(lookup) = resolver.poll_output() else { unreachable!() };
/// assert_eq!(&*lookup.name, "example.org");
///
/// let answer = [LookupAnswer::Address("192.0.2.1".parse()?)];
/// let input = Input::LookedUp { id: lookup.id, result: Ok(&answer) };
/// let _ = resolver.handle_input(Instant::ZERO, input);
/// let Output::Event(ResolveEvent::Resolved(servers)) = resolver.poll_output() else {
///     unreachable!()
/// };
/// assert_eq!(servers[0].address, "192.0.2.1:3479".parse()?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Resolver {
    scheme: Scheme,
    name: Arc<str>,
    supported: Vec<Transport>,
    steps: Vec<Step>,
    entropy: Entropy,
    first_lookup: u64,
    lookups: u64,
    outputs: Outbox<ResolveEvent>,
    done: bool,
}

impl Resolver {
    /// Begins. `supported` are the transports to use, best first. Lookups are numbered from
    /// `first_lookup` on, 64 numbers at most.
    pub fn new(
        uri: &Uri,
        supported: &[Transport],
        first_lookup: u64,
        seed: [u8; 32],
    ) -> Result<Self, ResolveError> {
        let secure = uri.scheme.is_secure();
        let asked = match uri.transport {
            Some(transport) => Some(transport.transport(secure).ok_or(ResolveError::Transport)?),
            None => None,
        };
        // An unencrypted relay URI may still lead to TLS, if the application lists it (RFC 5928 §4.1).
        let any = uri.scheme == Scheme::Turn && asked.is_none();
        let fits = |transport: &Transport| {
            any || (is_encrypted(*transport) == secure
                && asked.is_none_or(|asked| asked == *transport))
        };
        let supported: Vec<Transport> = supported.iter().copied().filter(fits).collect();
        if supported.is_empty() {
            return Err(ResolveError::Transport);
        }
        let name: Arc<str> = match &uri.host {
            Host::Ip(_) if uri.scheme == Scheme::Stuns => return Err(ResolveError::Address),
            Host::Ip(ip) => format!("{ip}").into(),
            Host::Name(name) => name.trim_end_matches('.').into(),
        };
        let mut resolver = Self::empty(uri.scheme, name, supported, first_lookup, seed);
        resolver.steps = resolver.first_steps(uri);
        resolver.settle();
        Ok(resolver)
    }

    /// Looks for the TURN servers that are there for whoever is in a domain (RFC 8155 §4, §5): by its
    /// S-NAPTR records, and by those of DNS service discovery. Transports and numbers are as in
    /// [`new`](Self::new). Certificates are to be for the domain.
    ///
    /// ```
    /// use sans_io::{LookupKind, Machine, Output, Transport};
    /// use stun_proto::Resolver;
    /// let mut resolver = Resolver::discover("example.org.", &[Transport::Udp], 0, [1; 32]);
    /// let Output::Lookup(naptr) = resolver.poll_output() else { unreachable!() };
    /// let Output::Lookup(pointer) = resolver.poll_output() else { unreachable!() };
    /// assert_eq!((naptr.kind, &*naptr.name), (LookupKind::Naptr, "example.org"));
    /// assert_eq!((pointer.kind, &*pointer.name), (LookupKind::Pointer, "_turn._udp.example.org"));
    /// ```
    pub fn discover(
        domain: &str,
        supported: &[Transport],
        first_lookup: u64,
        seed: [u8; 32],
    ) -> Self {
        let name: Arc<str> = domain.trim_end_matches('.').into();
        let transports = supported.to_vec();
        let mut resolver =
            Self::empty(Scheme::Turn, Arc::clone(&name), transports.clone(), first_lookup, seed);
        // Not the first of a chain: a domain without these records has no server of this kind, for
        // what else is at its name may be anything (RFC 8155 §4.2).
        let query = Query::Naptr { transports, chain: 1 };
        let naptr = resolver.ask(LookupKind::Naptr, name, query);
        resolver.steps.extend(naptr);
        for transport in supported {
            let service = match transport {
                Transport::Udp => "_turn._udp",
                Transport::Tcp => "_turn._tcp",
                Transport::Tls => "_turns._tcp",
            };
            let name = format!("{service}.{}", resolver.name).into();
            let query = Query::Pointer { transport: *transport };
            let pointer = resolver.ask(LookupKind::Pointer, name, query);
            resolver.steps.extend(pointer);
        }
        resolver.settle();
        resolver
    }

    /// One that has asked nothing yet.
    fn empty(
        scheme: Scheme,
        name: Arc<str>,
        supported: Vec<Transport>,
        first_lookup: u64,
        seed: [u8; 32],
    ) -> Self {
        Self {
            scheme,
            name,
            supported,
            steps: Vec::new(),
            entropy: Entropy::new(seed),
            first_lookup,
            lookups: 0,
            outputs: Outbox::new(0),
            done: false,
        }
    }

    /// RFC 5928 §3, steps 1 to 4; RFC 8489 §8.1 knows no NAPTR.
    fn first_steps(&mut self, uri: &Uri) -> Vec<Step> {
        let port = uri.port.unwrap_or(uri.scheme.default_port());
        let transports = self.supported.clone();
        let name = self.name.clone();
        match &uri.host {
            Host::Ip(ip) => {
                transports.iter().map(|transport| self.server(*transport, *ip, port)).collect()
            }
            Host::Name(_) if uri.port.is_some() => transports
                .into_iter()
                .filter_map(|transport| self.ask_address(name.clone(), transport, port))
                .collect(),
            Host::Name(_) if uri.scheme.is_turn() && uri.transport.is_none() => {
                let query = Query::Naptr { transports, chain: 0 };
                self.ask(LookupKind::Naptr, name, query).into_iter().collect()
            }
            Host::Name(_) => self.ask_all_srv(),
        }
    }

    /// SRV records of the name for each transport, or its addresses (RFC 5928 §3, steps 3 and 5).
    fn ask_all_srv(&mut self) -> Vec<Step> {
        let service = self.scheme.as_str();
        let mut steps = Vec::new();
        let secure = self.scheme.is_secure();
        // For `turn:` there is no service name of TLS.
        for transport in self.supported.clone().into_iter().filter(|t| is_encrypted(*t) == secure) {
            let protocol = match transport {
                Transport::Udp => "udp",
                Transport::Tcp | Transport::Tls => "tcp",
            };
            let name = format!("_{service}._{protocol}.{}", self.name).into();
            let query = Query::Srv { transport, or_address: Some(self.name.clone()) };
            steps.extend(self.ask(LookupKind::Srv, name, query));
        }
        steps
    }

    fn ask_address(&mut self, name: Arc<str>, transport: Transport, port: u16) -> Option<Step> {
        self.ask(LookupKind::Address, name, Query::Address { transport, port })
    }

    /// Asks the driver. `None`: enough was asked.
    fn ask(&mut self, kind: LookupKind, name: Arc<str>, query: Query) -> Option<Step> {
        if self.lookups >= MAX_LOOKUPS {
            return None;
        }
        let id = LookupId(self.first_lookup.wrapping_add(self.lookups));
        self.lookups += 1;
        self.outputs.lookup(LookupRequest { id, kind, name });
        Some(Step::Waiting(id, query))
    }

    fn server(&self, transport: Transport, ip: IpAddr, port: u16) -> Step {
        let secure = is_encrypted(transport);
        Step::Server(ResolvedServer {
            transport,
            address: SocketAddr::new(ip, port),
            server_name: secure.then(|| self.name.clone()),
        })
    }

    /// What an answer leads to.
    fn answered(&mut self, query: Query, answers: &[LookupAnswer]) -> Vec<Step> {
        match query {
            Query::Address { transport, port } => answers
                .iter()
                .filter_map(|answer| match answer {
                    LookupAnswer::Address(ip) => Some(self.server(transport, *ip, port)),
                    LookupAnswer::Srv { .. }
                    | LookupAnswer::Naptr { .. }
                    | LookupAnswer::Pointer(_) => None,
                })
                .take(MAX_SERVERS)
                .collect(),
            Query::Srv { transport, or_address } => {
                let targets = srv::in_order(answers, MAX_SERVERS, &mut self.entropy);
                if targets.is_empty() {
                    let port = self.scheme.default_port();
                    let name = or_address.filter(|_| !srv::is_denied(answers));
                    let step = name.and_then(|name| self.ask_address(name, transport, port));
                    return step.into_iter().collect();
                }
                targets
                    .into_iter()
                    .filter_map(|(name, port)| self.ask_address(name, transport, port))
                    .collect()
            }
            Query::Pointer { transport } => {
                let names = answers.iter().filter_map(|answer| match answer {
                    LookupAnswer::Pointer(name) => Some(Arc::clone(name)),
                    _ => None,
                });
                let query = Query::Srv { transport, or_address: None };
                names
                    .take(MAX_SERVERS)
                    .filter_map(|name| self.ask(LookupKind::Srv, name, query.clone()))
                    .collect()
            }
            Query::Naptr { transports, chain } => {
                let next = naptr::in_order(answers, &transports);
                if next.is_empty() && chain == 0 {
                    return self.ask_all_srv();
                }
                next.into_iter().filter_map(|next| self.follow(next, chain)).collect()
            }
        }
    }

    /// Follows one NAPTR record for one transport (RFC 3958, section 2.2).
    fn follow(&mut self, next: naptr::Next, chain: u8) -> Option<Step> {
        let naptr::Next { transport, flag, name } = next;
        match flag {
            naptr::Flag::Again if chain < MAX_CHAIN => {
                let query = Query::Naptr { transports: vec![transport], chain: chain + 1 };
                self.ask(LookupKind::Naptr, name, query)
            }
            naptr::Flag::Again => None,
            naptr::Flag::Srv => {
                self.ask(LookupKind::Srv, name, Query::Srv { transport, or_address: None })
            }
            naptr::Flag::Address => {
                let port = match transport {
                    Transport::Udp | Transport::Tcp => Scheme::Turn.default_port(),
                    Transport::Tls => Scheme::Turns.default_port(),
                };
                self.ask_address(name, transport, port)
            }
        }
    }

    /// Tells the result, once nothing is waited for.
    fn settle(&mut self) {
        if self.done || self.steps.iter().any(|step| matches!(step, Step::Waiting(..))) {
            return;
        }
        self.done = true;
        let mut servers: Vec<ResolvedServer> = Vec::new();
        for step in self.steps.drain(..) {
            if let Step::Server(server) = step
                && servers.len() < MAX_SERVERS
                && !servers.contains(&server)
            {
                servers.push(server);
            }
        }
        self.outputs.event(if servers.is_empty() {
            ResolveEvent::NotFound
        } else {
            ResolveEvent::Resolved(servers)
        });
    }

    fn looked_up(
        &mut self,
        id: LookupId,
        result: Result<&[LookupAnswer], LookupFault>,
    ) -> Verdict<'static> {
        let place =
            self.steps.iter().position(|step| matches!(step, Step::Waiting(i, _) if *i == id));
        let Some(place) = place else {
            return Verdict::Unclaimed;
        };
        if let Step::Waiting(_, query) = self.steps.remove(place) {
            // A failure is as good as an empty answer: other records may still lead somewhere.
            let steps = self.answered(query, result.unwrap_or_default());
            self.steps.splice(place..place, steps);
        }
        self.settle();
        Verdict::Consumed
    }
}

const fn is_encrypted(transport: Transport) -> bool {
    matches!(transport, Transport::Tls)
}

impl Machine for Resolver {
    type Event = ResolveEvent;

    fn handle_input<'a>(&mut self, _: Instant, input: Input<'a>) -> Verdict<'a> {
        match input {
            Input::LookedUp { id, result } => self.looked_up(id, result),
            Input::Timeout => Verdict::Consumed,
            Input::Received { .. }
            | Input::Socket { .. }
            | Input::Accepted { .. }
            | Input::PathFailed { .. } => Verdict::Unclaimed,
        }
    }

    fn poll_output(&mut self) -> Output<ResolveEvent> {
        self.outputs.pop().unwrap_or(Output::Timeout(None))
    }
}
