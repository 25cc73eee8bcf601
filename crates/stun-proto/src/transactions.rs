//! Requests on their way (RFC 8489 §6.2), for any machine that sends some.
use crate::{Retransmit, Retry, TransactionId};
use bytes::Bytes;
use core::time::Duration;
use sans_io::{Instant, Path, SmallMap, Timers, Transmit};

#[cfg(test)]
mod tests;

/// Requests that wait for their response, up to a limit. `T` is what the machine wants to know when
/// one ends. A handful of them takes the memory of a handful, and none takes none.
///
/// ```
/// use bytes::Bytes;
/// use sans_io::{Instant, Path};
/// use stun_proto::{Due, Retransmit, RetransmitConfig, TransactionId, Transactions};
/// let path = Path::udp("192.0.2.1:9".parse()?, "192.0.2.2:3478".parse()?);
/// let mut pending = Transactions::new(10);
/// let now = Instant::ZERO;
/// let timer = Retransmit::new(now, RetransmitConfig::default());
/// let request = Bytes::from_static(b"...");
/// let first = pending.start(TransactionId([0; 12]), path, request, timer, "binding").unwrap();
/// assert_eq!(first.path, path);
/// assert!(matches!(pending.due(Instant::from_millis(500)), Some(Due::Resend(_))));
/// assert!(matches!(pending.due(Instant::from_millis(500)), None));
/// # Ok::<(), core::net::AddrParseError>(())
/// ```
#[derive(Debug)]
pub struct Transactions<T> {
    pending: SmallMap<TransactionId, Transaction<T>>,
    timers: Timers<TransactionId>,
    limit: usize,
}

/// A request that waits, or has just ended.
#[derive(Debug)]
pub struct Transaction<T> {
    /// How it was sent.
    pub path: Path,
    /// Its bytes.
    pub payload: Bytes,
    /// When it is sent again.
    pub timer: Retransmit,
    /// What the machine wants to know of it.
    pub context: T,
}

impl<T> Transaction<T> {
    /// The round-trip time that a response at `now` shows; `None` if the request was sent more
    /// than once, for then nobody knows which of them was answered (Karn).
    pub fn rtt(&self, now: Instant) -> Option<Duration> {
        (self.timer.sends() == 1).then(|| now.saturating_since(self.timer.first_sent()))
    }
}

/// What became due.
#[derive(Debug)]
pub enum Due<T> {
    /// Send this again.
    Resend(Transmit),
    /// Nobody answered this one. It is gone.
    TimedOut(TransactionId, Transaction<T>),
}

impl<T> Transactions<T> {
    /// Keeps up to `limit` requests.
    pub fn new(limit: usize) -> Self {
        Self { pending: SmallMap::new(), timers: Timers::new(), limit }
    }

    /// Begins a transaction and gives what is to be sent. `None`: the limit is reached, or the ID
    /// is in use.
    pub fn start(
        &mut self,
        id: TransactionId,
        path: Path,
        payload: Bytes,
        timer: Retransmit,
        context: T,
    ) -> Option<Transmit> {
        if self.pending.len() >= self.limit || self.pending.contains_key(&id) {
            return None;
        }
        self.timers.set(id, Some(timer.deadline()));
        let transmit = Transmit::new(path, payload.clone());
        self.pending.insert(id, Transaction { path, payload, timer, context });
        Some(transmit)
    }

    /// Looks at a transaction.
    pub fn get(&self, id: TransactionId) -> Option<&Transaction<T>> {
        self.pending.get(&id)
    }

    /// What a transaction is about, to be changed.
    pub fn context_mut(&mut self, id: TransactionId) -> Option<&mut T> {
        self.pending.get_mut(&id).map(|transaction| &mut transaction.context)
    }

    /// Ends a transaction: its response came, or it is not wanted any more.
    pub fn remove(&mut self, id: TransactionId) -> Option<Transaction<T>> {
        self.timers.set(id, None);
        self.pending.remove(&id)
    }

    /// Sends a request no more, but still takes its response until `until`.
    pub fn stop(&mut self, id: TransactionId, until: Instant) {
        if let Some(transaction) = self.pending.get_mut(&id) {
            transaction.timer.stop(until);
            self.timers.set(id, Some(until));
        }
    }

    /// The next thing that is due by `now`; to be called until `None`.
    pub fn due(&mut self, now: Instant) -> Option<Due<T>> {
        while let Some((_, id)) = self.timers.pop_due(now) {
            let Some(transaction) = self.pending.get_mut(&id) else {
                continue;
            };
            match transaction.timer.poll(now) {
                Retry::Wait => self.timers.set(id, Some(transaction.timer.deadline())),
                Retry::Send => {
                    self.timers.set(id, Some(transaction.timer.deadline()));
                    let payload = transaction.payload.clone();
                    return Some(Due::Resend(Transmit::new(transaction.path, payload)));
                }
                Retry::GiveUp => {
                    let transaction = self.pending.remove(&id)?;
                    return Some(Due::TimedOut(id, transaction));
                }
            }
        }
        None
    }

    /// When something is due next.
    pub const fn next(&self) -> Option<Instant> {
        self.timers.next()
    }

    /// All transactions, in the order of their IDs.
    pub fn iter(&self) -> impl Iterator<Item = (TransactionId, &Transaction<T>)> {
        self.pending.iter().map(|(id, transaction)| (*id, transaction))
    }

    /// Gives the memory back if none waits.
    pub fn shrink(&mut self) {
        self.pending.shrink();
        self.timers.shrink();
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.pending.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.pending.is_empty()
    }
}
