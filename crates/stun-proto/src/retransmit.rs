//! When a request is sent again, and when it is given up (RFC 8489 §6.2.1, §6.2.2).
use core::time::Duration;
use sans_io::Instant;

#[cfg(test)]
mod tests;

/// The shortest wait: without one, a client would send all its requests at one moment.
const MIN_WAIT: Duration = Duration::from_millis(1);

/// How persistent a client is. No wait is shorter than a millisecond.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RetransmitConfig {
    /// How long to wait for the first answer; 500 ms or more on the Internet.
    pub rto: Duration,
    /// Rc: how often a request is sent in all.
    pub max_sends: u32,
    /// Rm: how many times the first wait the last one is.
    pub last_wait: u32,
    /// No wait but the last one is longer than this.
    pub max_wait: Duration,
}

impl Default for RetransmitConfig {
    /// RFC 8489: 500 ms, 7 times, and 16 times 500 ms at the end; no longest wait.
    fn default() -> Self {
        Self {
            rto: Duration::from_millis(500),
            max_sends: 7,
            last_wait: 16,
            max_wait: Duration::MAX,
        }
    }
}

impl RetransmitConfig {
    /// How long to wait after the request was sent for the `sends`-th time.
    pub fn wait(&self, sends: u32) -> Duration {
        if sends >= self.max_sends {
            return self.rto.saturating_mul(self.last_wait).max(MIN_WAIT);
        }
        let doubled = 2_u32.saturating_pow(sends.saturating_sub(1));
        self.rto.saturating_mul(doubled).min(self.max_wait).max(MIN_WAIT)
    }

    /// How long a transaction lasts that nobody answers.
    pub fn total(&self) -> Duration {
        /// From here on the factor of the wait does not grow any more.
        const STEADY: u32 = 33;
        let last = self.max_sends.max(1);
        let steady = self.wait(STEADY).saturating_mul(last.saturating_sub(STEADY));
        let growing = (1..last.min(STEADY)).map(|n| self.wait(n));
        growing.fold(steady.saturating_add(self.wait(last)), Duration::saturating_add)
    }
}

/// The timer of one transaction. The request is sent at its start.
///
/// ```
/// use core::time::Duration;
/// use sans_io::Instant;
/// use stun_proto::{Retransmit, RetransmitConfig, Retry};
/// let start = Instant::from_secs(1);
/// let mut timer = Retransmit::new(start, RetransmitConfig::default());
/// let mut sent = vec![0];
/// while timer.poll(timer.deadline()) == Retry::Send {
///     sent.push((timer.last_sent().saturating_since(start)).as_millis());
/// }
/// assert_eq!(sent, [0, 500, 1500, 3500, 7500, 15500, 31500]);
/// assert_eq!(timer.deadline().saturating_since(start), Duration::from_millis(39_500));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retransmit {
    config: RetransmitConfig,
    first_sent: Instant,
    last_sent: Instant,
    deadline: Instant,
    sends: u32,
}

/// What a [`Retransmit`] wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Retry {
    /// Nothing before the deadline.
    Wait,
    /// The request sent again, now.
    Send,
    /// To give up.
    GiveUp,
}

impl Retransmit {
    /// A request that was sent at `now`, over UDP.
    pub fn new(now: Instant, config: RetransmitConfig) -> Self {
        Self {
            config,
            first_sent: now,
            last_sent: now,
            deadline: now.saturating_add(config.wait(1)),
            sends: 1,
        }
    }

    /// A request that was sent at `now`, over TCP or TLS: never again, and given up after `timeout`
    /// (Ti, RFC 8489 §6.2.2: 39.5 s).
    pub fn reliable(now: Instant, timeout: Duration) -> Self {
        let config =
            RetransmitConfig { rto: timeout, max_sends: 1, last_wait: 1, max_wait: Duration::MAX };
        Self::new(now, config)
    }

    /// When [`poll`](Self::poll) has something to say again.
    pub const fn deadline(&self) -> Instant {
        self.deadline
    }

    /// How often the request was sent.
    pub const fn sends(&self) -> u32 {
        self.sends
    }

    /// When it was sent first.
    pub const fn first_sent(&self) -> Instant {
        self.first_sent
    }

    /// When it was sent last.
    pub const fn last_sent(&self) -> Instant {
        self.last_sent
    }

    /// Asks at `now`. A late call sends once, not as often as was missed.
    pub fn poll(&mut self, now: Instant) -> Retry {
        if now < self.deadline {
            return Retry::Wait;
        }
        if self.sends >= self.config.max_sends {
            return Retry::GiveUp;
        }
        self.sends += 1;
        self.last_sent = now;
        self.deadline = now.saturating_add(self.config.wait(self.sends));
        Retry::Send
    }

    /// Sends no more, but waits for an answer until `until`: what ICE does with a cancelled check.
    pub fn stop(&mut self, until: Instant) {
        self.config.max_sends = self.sends;
        self.deadline = until;
    }
}
