//! Requests on their way: sending, repeating, and believing the answer (RFC 8489 §6.2, §9.2.5).
use super::{
    TurnClient, TurnFault,
    connections::Stage,
    request::{Purpose, Task},
};
use alloc::{vec, vec::Vec};
use bytes::Bytes;
use core::net::SocketAddr;
use sans_io::{DropReason, Instant, Path, Transmit, Verdict};
use stun_proto::{
    AttributeType, AuthFault, Class, Discard, Due, Message, MessageBuilder, MessageType,
    ResponseCheck, Retransmit, RetransmitConfig, TransactionId, WriteError,
    attribute::{AlternateServer, Code, ErrorCode, MobilityTicket, UnknownAttributes},
};

/// Longer than any request: 32 peers, and user name, realm and nonce at their longest.
const REQUEST_MAX: usize = 4096;

/// What is known of a request that was sent.
#[derive(Debug)]
pub(super) struct Sent {
    pub task: Task,
    /// An answer came that could not be believed.
    unprotected: bool,
}

impl TurnClient {
    /// Sends a request, or lets it wait to be released.
    pub(super) fn submit(&mut self, now: Instant, task: Task) {
        if !self.config.paced || task.urgent {
            return self.start(now, task);
        }
        let merged = self.waiting.back_mut().is_some_and(|last| last.merge(&task));
        if !merged {
            self.waiting.push_back(task);
        }
    }

    /// Sends a request.
    pub(super) fn start(&mut self, now: Instant, mut task: Task) {
        let id = self.entropy.transaction_id();
        let Ok(bytes) = self.write(id, &mut task) else {
            // Credentials or a realm that are too long for a message.
            return self.failed(now, task, TurnFault::WrongCredentials);
        };
        let path = match task.purpose {
            Purpose::Move => self.paths.next(),
            Purpose::BindConnection(peer, _) => match self.connections.get(peer) {
                Some(Stage::Binding { path, .. }) => Some(path),
                _ => None,
            },
            _ => None,
        };
        let path = path.unwrap_or(self.paths.current());
        let schedule = if path.transport().is_stream() {
            Retransmit::reliable(now, RetransmitConfig::default().total())
        } else {
            Retransmit::new(now, RetransmitConfig::default())
        };
        debug_assert!(!self.is_asked(&task.purpose), "one request at a time for one thing");
        let sent = Sent { task, unprotected: false };
        let transmit = self.transactions.start(id, path, bytes, schedule, sent);
        debug_assert!(transmit.is_some(), "one request each for what is bounded");
        if let Some(transmit) = transmit {
            self.transmit(transmit);
        }
    }

    /// Asks no more for what is picked by `which`, and takes no answer to it.
    pub(super) fn call_off(&mut self, which: impl Fn(&Purpose) -> bool) {
        let asked = self.transactions.iter();
        let found = asked.filter(|(_, sent)| which(&sent.context.task.purpose));
        let ids: Vec<TransactionId> = found.map(|(id, _)| id).collect();
        for id in ids {
            self.transactions.remove(id);
        }
        self.waiting.retain(|task| !which(&task.purpose));
    }

    /// Whether a request about the same thing is out.
    pub(super) fn is_asked(&self, purpose: &Purpose) -> bool {
        self.transactions.iter().any(|(_, sent)| sent.context.task.purpose.meets(purpose))
    }

    /// Queues a message. One that is refused is sent again when its time comes.
    pub(super) fn transmit(&mut self, transmit: Transmit) {
        if self.out.transmit(transmit).is_err() {
            let _ = self.drops.refuse(DropReason::Exhausted);
        }
    }

    fn write(&self, id: TransactionId, task: &mut Task) -> Result<Bytes, WriteError> {
        let mut buffer = vec![0; REQUEST_MAX];
        let kind = MessageType::request(task.purpose.method());
        let mut message = MessageBuilder::new(&mut buffer, kind, id);
        match task.purpose {
            Purpose::Allocate => self.options.write(&self.config, &mut message),
            Purpose::Move => {
                message.push(&MobilityTicket(self.ticket.as_deref().unwrap_or_default()));
            }
            _ => {}
        }
        task.purpose.write(&self.config, &mut message);
        let (message, attempt) = self.login.sign(message, task.attempt);
        task.attempt = attempt;
        message.finish().map(Bytes::copy_from_slice)
    }

    /// Sends again what is due, and gives up what was sent often enough.
    pub(super) fn retransmit(&mut self, now: Instant) {
        while let Some(due) = self.transactions.due(now) {
            match due {
                Due::Resend(transmit) => self.transmit(transmit),
                Due::TimedOut(_, ended) => {
                    let Sent { task, unprotected } = ended.context;
                    let silence = TurnFault::TimedOut;
                    let fault = if unprotected { TurnFault::Unprotected } else { silence };
                    self.failed(now, task, fault);
                }
            }
        }
    }

    /// A response. One that answers nothing of ours may answer somebody else on this socket.
    pub(super) fn receive_response(
        &mut self,
        now: Instant,
        path: Path,
        message: &Message<'_>,
    ) -> Verdict<'static> {
        let id = message.transaction_id();
        let Some(sent) = self.transactions.get(id) else {
            return Verdict::Unclaimed;
        };
        if sent.path != path || sent.context.task.purpose.method() != message.method() {
            return self.drops.refuse(DropReason::Unexpected);
        }
        match self.login.check(sent.context.task.attempt, message) {
            ResponseCheck::Discard(Discard::Integrity) if path.transport().is_stream() => {
                self.conclude(now, id, Err(TurnFault::Unprotected))
            }
            ResponseCheck::Discard(discard) => {
                if let Some(sent) = self.transactions.context_mut(id) {
                    // An unsigned 400 is as if it had never come, and violates nothing.
                    sent.unprotected |= discard != Discard::BadRequest;
                }
                self.drops.refuse(DropReason::Unauthenticated)
            }
            ResponseCheck::Fail(fault) => self.conclude(now, id, Err(fault.into())),
            ResponseCheck::Retry(attempt) => {
                if let Some(sent) = self.transactions.remove(id) {
                    self.submit(now, Task { attempt, ..sent.context.task });
                }
                Verdict::Consumed
            }
            ResponseCheck::Accept => {
                let is_proven = sent.context.task.attempt.is_signed();
                let fault = match message.class() {
                    Class::Error => Err(fault_of(message, is_proven)),
                    _ if message.unknown_required().next().is_some() => Err(TurnFault::BadResponse),
                    _ => Ok(message),
                };
                self.conclude(now, id, fault)
            }
        }
    }

    fn conclude(
        &mut self,
        now: Instant,
        id: TransactionId,
        result: Result<&Message<'_>, TurnFault>,
    ) -> Verdict<'static> {
        if let Some(sent) = self.transactions.remove(id) {
            match result {
                Ok(message) => self.succeeded(now, sent.context.task.purpose, message),
                Err(fault) => self.failed(now, sent.context.task, fault),
            }
        }
        Verdict::Consumed
    }
}

/// What an error response says (RFC 8656 §7.4, §19). One that nothing proves, as before the first
/// challenge, may not lead elsewhere (RFC 8489 §14.8).
fn fault_of(message: &Message<'_>, is_proven: bool) -> TurnFault {
    let Some(ErrorCode { code, .. }) = message.get() else {
        return TurnFault::BadResponse;
    };
    match code {
        Code::TRY_ALTERNATE if is_proven => {
            let server = message.get::<AlternateServer>().map(|server| server.0);
            server.filter(is_usable).map_or(TurnFault::BadResponse, TurnFault::TryAlternate)
        }
        Code::UNKNOWN_ATTRIBUTE if names_dont_fragment(message) => {
            TurnFault::DontFragmentUnsupported
        }
        other => other.into(),
    }
}

fn names_dont_fragment(message: &Message<'_>) -> bool {
    let unknown = message.get::<UnknownAttributes>();
    unknown.is_some_and(|unknown| unknown.types().contains(&AttributeType::DONT_FRAGMENT))
}

fn is_usable(server: &SocketAddr) -> bool {
    server.port() != 0 && !server.ip().is_unspecified()
}

impl From<AuthFault> for TurnFault {
    fn from(fault: AuthFault) -> Self {
        match fault {
            AuthFault::Rejected | AuthFault::Loop => Self::WrongCredentials,
            AuthFault::Algorithm => Self::UnknownAlgorithm,
            AuthFault::BidDown => Self::Unprotected,
            AuthFault::Incomplete | AuthFault::Realm(_) => Self::BadResponse,
        }
    }
}
