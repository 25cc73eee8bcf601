//! Asking STUN servers how they see our sockets: server-reflexive candidates, kept alive until ICE
//! concludes (RFC 8445 §5.1.1.2 and §5.1.1.4).
use crate::{
    GatheringFault,
    schedule::{Fired, RTO_MIN, Schedule},
};
use alloc::collections::BTreeMap;
use bytes::Bytes;
use core::{net::SocketAddr, time::Duration};
use sans_io::{Instant, Path, Timers};
use stun_proto::{
    Class, Entropy, Message, MessageBuilder, MessageType, Method, TransactionId,
    attribute::{ErrorCode, MappedAddress, XorMappedAddress},
};

/// A socket of ours as one server sees it.
#[derive(Clone, Debug)]
struct Mapping {
    /// Which host and which server, as the parent counts them.
    asked: (usize, usize),
    /// The question that is open, if any.
    question: Option<(TransactionId, Schedule, Bytes)>,
    /// The server has answered at least once.
    known: bool,
}

/// What became due.
#[derive(Clone, Debug)]
pub(crate) enum Due {
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

#[derive(Debug)]
pub(crate) struct Mappings {
    by_path: BTreeMap<Path, Mapping>,
    timers: Timers<Path>,
    keepalive: Duration,
}

impl Mappings {
    pub(crate) fn new(keepalive: Duration) -> Self {
        Self { by_path: BTreeMap::new(), timers: Timers::default(), keepalive }
    }

    /// Asks the server at the far end of `path`. Gives the request.
    pub(crate) fn ask(
        &mut self,
        now: Instant,
        path: Path,
        asked: (usize, usize),
        rto: Duration,
        id: TransactionId,
    ) -> Bytes {
        let bytes = request(id);
        let schedule = Schedule::repeated(now, rto);
        self.timers.set(path, Some(schedule.next()));
        let question = Some((id, schedule, bytes.clone()));
        self.by_path.insert(path, Mapping { asked, question, known: false });
        bytes
    }

    /// Judges a response. `None`: it answers nothing that was asked. A changed mapping is a new
    /// candidate; the parent tells known ones apart.
    pub(crate) fn on_response(
        &mut self,
        now: Instant,
        path: Path,
        message: &Message<'_>,
    ) -> Option<Answered> {
        let mapping = self.by_path.get_mut(&path)?;
        let (id, ..) = mapping.question.as_ref()?;
        if *id != message.transaction_id() || message.method() != Method::BINDING {
            return None;
        }
        mapping.question = None;
        let xored = message.get::<XorMappedAddress>().map(|mapped| mapped.0);
        // Servers of RFC 3489 know MAPPED-ADDRESS only (RFC 8445 §5.1.1.2).
        let plain = || message.get::<MappedAddress>().map(|mapped| mapped.0);
        let mapped = if message.class() == Class::Success {
            xored.or_else(plain).ok_or(GatheringFault::Broken)
        } else {
            let code = message.get::<ErrorCode<'_>>().map(|error| error.code.number());
            Err(code.map_or(GatheringFault::Broken, GatheringFault::Refused))
        };
        let news = mapped.is_ok() || !mapping.known;
        mapping.known |= mapped.is_ok();
        let again = mapping.known.then(|| now.saturating_add(self.keepalive));
        self.timers.set(path, again);
        let mapped = if news { mapped } else { return None };
        Some(Answered { asked: mapping.asked, server: path.remote, mapped })
    }

    /// The next thing whose time has come: a question again, or a mapping to keep alive.
    pub(crate) fn pop_due(&mut self, now: Instant, entropy: &mut Entropy) -> Option<Due> {
        let (_, path) = self.timers.pop_due(now)?;
        let mapping = self.by_path.get_mut(&path)?;
        let (due, next) = match &mut mapping.question {
            None => {
                let id = entropy.transaction_id();
                let (bytes, schedule) = (request(id), Schedule::repeated(now, RTO_MIN));
                let next = schedule.next();
                mapping.question = Some((id, schedule, bytes.clone()));
                (Due::Send(path, bytes), Some(next))
            }
            Some((_, schedule, bytes)) => match schedule.fire(now) {
                Fired::Again => (Due::Send(path, bytes.clone()), Some(schedule.next())),
                Fired::Over if mapping.known => {
                    // The server is gone for now. The mapping may still be good.
                    let id = entropy.transaction_id();
                    let (bytes, schedule) = (request(id), Schedule::repeated(now, RTO_MIN));
                    let next = schedule.next();
                    mapping.question = Some((id, schedule, bytes.clone()));
                    (Due::Send(path, bytes), Some(next))
                }
                Fired::Over => {
                    mapping.question = None;
                    (Due::Failed(path), None)
                }
            },
        };
        self.timers.set(path, next);
        Some(due)
    }

    /// When [`pop_due`](Self::pop_due) has something to say.
    pub(crate) const fn next(&self) -> Option<Instant> {
        self.timers.next()
    }

    /// Whether a server has yet to answer for the first time.
    pub(crate) fn are_asking(&self) -> bool {
        self.by_path.values().any(|mapping| !mapping.known && mapping.question.is_some())
    }

    pub(crate) fn len(&self) -> usize {
        self.by_path.len()
    }

    /// Forgets the mappings of a socket that is gone.
    pub(crate) fn forget_base(&mut self, base: SocketAddr) {
        let timers = &mut self.timers;
        self.by_path.retain(|path, _| {
            let keep = path.local != base;
            if !keep {
                timers.set(*path, None);
            }
            keep
        });
    }

    /// Forgets all of them.
    pub(crate) fn clear(&mut self) {
        self.by_path.clear();
        self.timers = Timers::default();
    }
}

/// A Binding request without anything: servers are not authenticated.
fn request(id: TransactionId) -> Bytes {
    let mut buffer = [0; 28];
    let kind = MessageType::request(Method::BINDING);
    let written = MessageBuilder::new(&mut buffer, kind, id).fingerprint().finish();
    Bytes::copy_from_slice(written.unwrap_or_default())
}
