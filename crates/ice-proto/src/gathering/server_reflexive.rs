//! Asking STUN servers how they see our sockets: server-reflexive candidates, kept alive until ICE
//! concludes (RFC 8445 §5.1.1.2 and §5.1.1.4).
use super::unreachable::Strikes;
use crate::GatheringFault;
use alloc::{collections::BTreeMap, vec::Vec};
use bytes::Bytes;
use core::{net::SocketAddr, time::Duration};
use sans_io::{Instant, Path, PathFault, Timers};
use stun_proto::{
    Class, Due, Entropy, Message, MessageBuilder, MessageType, Method, Retransmit,
    RetransmitConfig, TransactionId, Transactions,
    attribute::{ErrorCode, MappedAddress, XorMappedAddress},
};

/// What became due.
#[derive(Clone, Debug)]
pub(crate) enum Asking {
    Send(Path, Bytes),
    /// The server never answered.
    Failed(Path),
}

/// What a server answered.
#[derive(Clone, Debug)]
pub(crate) struct Answered {
    pub asked: (usize, usize),
    pub server: SocketAddr,
    pub mapped: Result<SocketAddr, GatheringFault>,
}

/// A socket of ours as one server sees it.
#[derive(Clone, Copy, Debug)]
struct Mapping {
    /// Which host and which server, as the parent counts them.
    asked: (usize, usize),
    /// The server has answered at least once.
    known: bool,
    strikes: Strikes,
}

/// The sockets as the servers see them.
#[derive(Debug)]
pub(crate) struct Mappings {
    by_path: BTreeMap<Path, Mapping>,
    questions: Transactions<()>,
    /// When mappings are asked for again.
    keepalives: Timers<Path>,
    period: Duration,
}

impl Mappings {
    /// Room for `max` of them.
    pub(crate) fn new(period: Duration, max: usize) -> Self {
        Self {
            by_path: BTreeMap::new(),
            questions: Transactions::new(max),
            keepalives: Timers::default(),
            period,
        }
    }

    /// Asks the server at the far end of `path`. Gives the request; `None`: there is no room.
    pub(crate) fn ask(
        &mut self,
        now: Instant,
        path: Path,
        asked: (usize, usize),
        rto: Duration,
        id: TransactionId,
    ) -> Option<Bytes> {
        let config = RetransmitConfig { rto, ..RetransmitConfig::default() };
        let timer = Retransmit::new(now, config);
        let request = self.questions.start(id, path, request(id), timer, ())?;
        let strikes = Strikes::default();
        self.by_path.entry(path).or_insert(Mapping { asked, known: false, strikes });
        Some(request.payload)
    }

    /// Keeps the mapping of this path alive as well, which a TURN server has told. Without it the
    /// allocation would be lost with the mapping long before its refresh.
    pub(crate) fn keep(&mut self, now: Instant, path: Path, asked: (usize, usize)) {
        self.by_path.insert(path, Mapping { asked, known: true, strikes: Strikes::default() });
        self.keepalives.set(path, Some(now.saturating_add(self.period)));
    }

    /// Judges a response. `None`: it answers nothing that was asked. A changed mapping is a new
    /// candidate; the parent tells known ones apart.
    pub(crate) fn on_response(
        &mut self,
        now: Instant,
        path: Path,
        message: &Message<'_>,
    ) -> Option<Answered> {
        let id = message.transaction_id();
        let ours = self.questions.get(id).is_some_and(|question| question.path == path);
        if !ours || message.method() != Method::BINDING {
            return None;
        }
        self.questions.remove(id);
        let mapping = self.by_path.get_mut(&path)?;
        let xored = message.get::<XorMappedAddress>().map(|mapped| mapped.0);
        // Servers of RFC 3489 know MAPPED-ADDRESS only (RFC 8445 §5.1.1.2).
        let plain = || message.get::<MappedAddress>().map(|mapped| mapped.0);
        let mapped = if message.class() == Class::Success {
            xored.or_else(plain).ok_or(GatheringFault::Broken)
        } else {
            let code = message.get::<ErrorCode<'_>>().map(|error| error.code.number());
            Err(code.map_or(GatheringFault::Broken, GatheringFault::Refused))
        };
        mapping.known |= mapped.is_ok();
        let again = mapping.known.then(|| now.saturating_add(self.period));
        self.keepalives.set(path, again);
        Some(Answered { asked: mapping.asked, server: path.remote(), mapped })
    }

    /// The next thing whose time has come: a question again, or a mapping to keep alive.
    pub(crate) fn due(&mut self, now: Instant, entropy: &mut Entropy) -> Option<Asking> {
        let path = match self.questions.due(now) {
            Some(Due::Resend(again)) => return Some(Asking::Send(again.path, again.payload)),
            Some(Due::TimedOut(_, question)) => {
                let known = self.by_path.get(&question.path).is_some_and(|mapping| mapping.known);
                if !known {
                    self.by_path.remove(&question.path);
                    return Some(Asking::Failed(question.path));
                }
                // The server is gone for now. The mapping may still be good.
                question.path
            }
            None => self.keepalives.pop_due(now)?.1,
        };
        let asked = self.by_path.get(&path)?.asked;
        let rto = RetransmitConfig::default().rto;
        let bytes = self.ask(now, path, asked, rto, entropy.transaction_id())?;
        Some(Asking::Send(path, bytes))
    }

    /// When [`due`](Self::due) has something to say.
    pub(crate) fn next(&self) -> Option<Instant> {
        [self.questions.next(), self.keepalives.next()].into_iter().flatten().min()
    }

    /// Whether a server has yet to answer for the first time.
    pub(crate) fn are_asking(&self) -> bool {
        self.questions.iter().any(|(_, question)| {
            self.by_path.get(&question.path).is_some_and(|mapping| !mapping.known)
        })
    }

    pub(crate) fn len(&self) -> usize {
        self.by_path.len()
    }

    /// An ICMP error about a path came. Whether that ends the first question to the server there.
    pub(crate) fn struck(&mut self, now: Instant, path: &Path, fault: PathFault) -> bool {
        let Some(mapping) = self.by_path.get_mut(path) else { return false };
        let over = !mapping.known && mapping.strikes.strike(now, path, fault);
        if over {
            self.forget(|known| known == path);
        }
        over
    }

    /// Forgets the mappings of a socket that is gone.
    pub(crate) fn forget_base(&mut self, base: SocketAddr) {
        self.forget(|path| path.local() == base);
    }

    fn forget(&mut self, on_it: impl Fn(&Path) -> bool) {
        let open = self.questions.iter().filter(|(_, question)| on_it(&question.path));
        let ids: Vec<TransactionId> = open.map(|(id, _)| id).collect();
        for id in ids {
            self.questions.remove(id);
        }
        let paths: Vec<Path> = self.by_path.keys().copied().filter(|path| on_it(path)).collect();
        for path in paths {
            self.by_path.remove(&path);
            self.keepalives.set(path, None);
        }
    }

    /// Forgets all of them.
    pub(crate) fn clear(&mut self) {
        *self = Self::new(self.period, 0);
    }
}

/// A Binding request without anything: servers are not authenticated.
fn request(id: TransactionId) -> Bytes {
    let mut buffer = [0; 28];
    let kind = MessageType::request(Method::BINDING);
    let written = MessageBuilder::new(&mut buffer, kind, id).fingerprint().finish();
    Bytes::copy_from_slice(written.unwrap_or_default())
}
