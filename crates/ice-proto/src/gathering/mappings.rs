//! Asking STUN servers how they see our sockets: server-reflexive candidates, kept alive until ICE
//! concludes (RFC 8445 §5.1.1.2 and §5.1.1.4).
use super::{GatherKey, Gathering, GatheringEvent, icmp::IcmpErrors};
use crate::{Base, GatheringFailure, GatheringFault, checks::RTO_MIN};
use alloc::vec::Vec;
use bytes::Bytes;
use core::{net::SocketAddr, time::Duration};
use sans_io::{Instant, Path, PathFault, Transmit, canonical};
use stun_proto::{
    Class, Message, MessageBuilder, MessageType, Method, Retransmit, RetransmitConfig, Retry,
    TransactionId,
    attribute::{ErrorCode, MappedAddress, XorMappedAddress},
};

/// A socket of ours as one server sees it.
#[derive(Clone, Copy, Debug)]
struct Mapping {
    path: Path,
    key: GatherKey,
    /// What the server said last.
    shown: Option<SocketAddr>,
    next: Next,
    icmp: IcmpErrors,
}

/// What is done next about a mapping.
#[derive(Clone, Copy, Debug)]
enum Next {
    /// Nothing.
    Rest,
    /// It is asked for again, which keeps it alive.
    Ask(Instant),
    /// The server's answer to this is waited for. A retransmission is written anew.
    Await { id: TransactionId, timer: Retransmit },
}

/// What a server's answer comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MappingAnswer {
    /// It sees the socket at this address.
    Shown(SocketAddr),
    /// It sees it at another address than before.
    Moved { before: SocketAddr, after: SocketAddr },
    /// Nothing is new.
    Same,
    /// It did not say.
    Failed(GatheringFault),
}

/// What became due.
#[derive(Clone, Copy, Debug)]
enum Due {
    /// This question is to be sent again.
    Again(Path, TransactionId),
    /// The mapping of this path is to be asked for.
    Ask(Path),
    /// The server never answered.
    Failed(Path),
}

/// The sockets as the servers see them.
#[derive(Debug)]
pub(super) struct Mappings {
    all: Vec<Mapping>,
    period: Duration,
}

impl Mappings {
    pub(super) const fn new(period: Duration) -> Self {
        Self { all: Vec::new(), period }
    }

    fn at(&self, path: &Path) -> Option<&Mapping> {
        self.all.iter().find(|mapping| mapping.path == *path)
    }

    fn at_mut(&mut self, path: &Path) -> Option<&mut Mapping> {
        self.all.iter_mut().find(|mapping| mapping.path == *path)
    }

    fn entry(&mut self, path: Path, key: GatherKey) -> &mut Mapping {
        let at = self.all.iter().position(|mapping| mapping.path == path).unwrap_or_else(|| {
            let (shown, next, icmp) = (None, Next::Rest, IcmpErrors::default());
            self.all.push(Mapping { path, key, shown, next, icmp });
            self.all.len() - 1
        });
        &mut self.all[at]
    }

    /// Whether an answer may come this way.
    pub(super) fn expects(&self, path: &Path) -> bool {
        self.at(path).is_some()
    }

    /// Whether a question to the server at the end of this path is under way.
    pub(super) fn await_answer(&self, path: &Path) -> bool {
        self.at(path).is_some_and(|mapping| matches!(mapping.next, Next::Await { .. }))
    }

    /// What the server at the end of this path says of the socket at its begin, once it has.
    pub(super) fn shown(&self, path: &Path) -> Option<SocketAddr> {
        self.at(path)?.shown
    }

    /// Keeps the mapping of this path alive as well, which a TURN server has told. Without it the
    /// allocation would be lost with the mapping long before its refresh.
    pub(super) fn keep(
        &mut self,
        now: Instant,
        path: Path,
        key: GatherKey,
        shown: SocketAddr,
    ) -> MappingAnswer {
        let next = Next::Ask(now.saturating_add(self.period));
        let mapping = self.entry(path, key);
        mapping.next = next;
        mapping.show(shown)
    }

    /// Judges a response. `None`: it answers nothing that was asked. Gives the round trip as well, if
    /// it is known.
    fn on_response(
        &mut self,
        now: Instant,
        path: Path,
        message: &Message<'_>,
    ) -> Option<(MappingAnswer, Option<Duration>)> {
        let keepalive = Next::Ask(now.saturating_add(self.period));
        let mapping = self.at_mut(&path)?;
        let Next::Await { id, timer } = mapping.next else { return None };
        if id != message.transaction_id() || message.method() != Method::BINDING {
            return None;
        }
        let rtt = (timer.sends() == 1).then(|| now.saturating_since(timer.first_sent()));
        let answer = match mapped_in(message) {
            Ok(address) => mapping.show(canonical(address)),
            // The packet itself has kept the mapping alive. Servers that want a log-in for this
            // answer so each time.
            Err(_) if mapping.shown.is_some() => MappingAnswer::Same,
            Err(fault) => MappingAnswer::Failed(fault),
        };
        mapping.next = if mapping.shown.is_some() { keepalive } else { Next::Rest };
        Some((answer, rtt))
    }

    /// The next thing whose time has come: a question again, or a mapping to keep alive.
    fn due(&mut self, now: Instant) -> Option<Due> {
        let at = self.all.iter().position(|mapping| mapping.due().is_some_and(|at| at <= now))?;
        let mapping = &mut self.all[at];
        let path = mapping.path;
        if let Next::Await { id, timer } = &mut mapping.next {
            if timer.poll(now) == Retry::Send {
                return Some(Due::Again(path, *id));
            }
            if mapping.shown.is_none() {
                self.all.remove(at);
                return Some(Due::Failed(path));
            }
            // The server is gone for now, but the mapping may still be good.
        }
        mapping.next = Next::Rest;
        Some(Due::Ask(path))
    }

    /// When something has to be done.
    pub(super) fn next(&self) -> Option<Instant> {
        self.all.iter().filter_map(Mapping::due).min()
    }

    /// Whether a server has yet to answer for the first time.
    pub(super) fn are_asking(&self) -> bool {
        let asks = |mapping: &Mapping| matches!(mapping.next, Next::Await { .. });
        self.all.iter().any(|mapping| mapping.shown.is_none() && asks(mapping))
    }

    pub(super) const fn len(&self) -> usize {
        self.all.len()
    }

    /// Whether any server sees this socket at this address.
    fn is_shown(&self, base: SocketAddr, shown: SocketAddr) -> bool {
        self.all.iter().any(|m| m.path.local() == base && m.shown == Some(shown))
    }

    /// An ICMP error about a path came. Whether that ends the first question to the server there.
    pub(super) fn on_icmp_error(&mut self, now: Instant, path: &Path, fault: PathFault) -> bool {
        let Some(mapping) = self.at_mut(path) else { return false };
        let over = mapping.shown.is_none() && mapping.icmp.count(now, path, fault);
        if over {
            self.all.retain(|known| known.path != *path);
        }
        over
    }

    /// Forgets the mappings of a socket that is gone.
    pub(super) fn forget_base(&mut self, base: SocketAddr) {
        self.all.retain(|mapping| mapping.path.local() != base);
    }

    /// Forgets all of them.
    pub(super) fn clear(&mut self) {
        self.all = Vec::new();
    }
}

impl Mapping {
    /// When something has to be done about it.
    const fn due(&self) -> Option<Instant> {
        match &self.next {
            Next::Rest => None,
            Next::Ask(at) => Some(*at),
            Next::Await { timer, .. } => Some(timer.deadline()),
        }
    }

    /// The server sees the socket at this address.
    fn show(&mut self, after: SocketAddr) -> MappingAnswer {
        match self.shown.replace(after) {
            Some(before) if before == after => MappingAnswer::Same,
            Some(before) => MappingAnswer::Moved { before, after },
            None => MappingAnswer::Shown(after),
        }
    }
}

impl Gathering {
    /// Asks a server how it sees a socket.
    pub(super) fn ask_mapping(&mut self, now: Instant, path: Path, key: GatherKey, rto: Duration) {
        let id = self.entropy.transaction_id();
        let config = RetransmitConfig { rto, ..RetransmitConfig::default() };
        let timer = Retransmit::new(now, config);
        self.mappings.entry(path, key).next = Next::Await { id, timer };
        self.transmit(Transmit::new(path, request(id)));
    }

    /// Judges a response. `false`: it answers none of our questions.
    pub(super) fn mapping_answered(
        &mut self,
        now: Instant,
        path: Path,
        message: &Message<'_>,
    ) -> bool {
        let Some((answer, rtt)) = self.mappings.on_response(now, path, message) else {
            return false;
        };
        self.rtt = [self.rtt, rtt].into_iter().flatten().min();
        self.mapping_learned(path, answer);
        if matches!(answer, MappingAnswer::Moved { .. }) {
            // To its server a relay belongs to the address that was shown before.
            self.relays.verify(now, &path);
        }
        true
    }

    /// What a server says of a socket becomes candidates, new ones in the place of old ones.
    pub(super) fn mapping_learned(&mut self, path: Path, answer: MappingAnswer) {
        let base = path.local();
        let Some(key) = self.mappings.at(&path).map(|mapping| mapping.key) else { return };
        match answer {
            MappingAnswer::Same => {}
            MappingAnswer::Shown(mapped) => self.reflexive_candidate(key, base, mapped),
            MappingAnswer::Moved { before, after } => {
                if !self.mappings.is_shown(base, before) {
                    let base = Base::udp(base);
                    self.event(GatheringEvent::MappingLost { mapped: before, base });
                }
                self.reflexive_candidate(key, base, after);
            }
            MappingAnswer::Failed(fault) => {
                let (local, server) = (base, Some(path.remote()));
                self.fail(GatheringFailure { local, server, fault });
            }
        }
    }

    /// Repeats what was not answered, and keeps mappings alive.
    pub(super) fn run_mappings(&mut self, now: Instant) {
        while let Some(due) = self.mappings.due(now) {
            match due {
                Due::Again(path, id) => self.transmit(Transmit::new(path, request(id))),
                Due::Ask(path) => {
                    if let Some(key) = self.mappings.at(&path).map(|mapping| mapping.key) {
                        self.ask_mapping(now, path, key, RTO_MIN);
                    }
                }
                Due::Failed(path) => {
                    let (local, server) = (path.local(), Some(path.remote()));
                    let fault = GatheringFault::TimedOut;
                    self.fail(GatheringFailure { local, server, fault });
                }
            }
        }
    }
}

/// The address in a response. Servers of RFC 3489 know MAPPED-ADDRESS only (RFC 8445 §5.1.1.2).
fn mapped_in(message: &Message<'_>) -> Result<SocketAddr, GatheringFault> {
    if message.class() != Class::Success {
        let code = message.get::<ErrorCode<'_>>().map(|error| error.code.number());
        return Err(code.map_or(GatheringFault::Broken, GatheringFault::Refused));
    }
    let xored = message.get::<XorMappedAddress>().map(|mapped| mapped.0);
    let plain = || message.get::<MappedAddress>().map(|mapped| mapped.0);
    xored.or_else(plain).ok_or(GatheringFault::Broken)
}

/// A Binding request without anything: servers are not authenticated.
fn request(id: TransactionId) -> Bytes {
    let mut buffer = [0; 28];
    let kind = MessageType::request(Method::BINDING);
    let written = MessageBuilder::new(&mut buffer, kind, id).fingerprint().finish();
    Bytes::copy_from_slice(written.unwrap_or_default())
}
