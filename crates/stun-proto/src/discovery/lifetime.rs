//! How long does a binding last when nothing is sent? (RFC 5780 §4.6)
use super::{BindingLifetime, NatProbe, Role, questions::Test};
use crate::{Binding, RequestFault};
use core::time::Duration;
use sans_io::Instant;

/// No search looks more closely than this.
const MIN_STEP: Duration = Duration::from_secs(1);

/// Between which times to look, and how closely.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LifetimeConfig {
    /// The first time to try.
    pub shortest: Duration,
    /// The last time to try.
    pub longest: Duration,
    /// How far apart the two bounds may be in the end; a second at least.
    pub precision: Duration,
}

impl Default for LifetimeConfig {
    /// From 15 seconds to ten minutes, to 15 seconds: at most 54 minutes.
    fn default() -> Self {
        Self {
            shortest: Duration::from_secs(15),
            longest: Duration::from_secs(600),
            precision: Duration::from_secs(15),
        }
    }
}

/// A search that doubles the time until the binding is gone, and then halves the difference.
#[derive(Debug)]
pub(super) struct Lifetime {
    config: LifetimeConfig,
    /// The time that is being tried.
    trying: Duration,
    /// The longest after which it was there, and the shortest after which it was gone.
    there: Option<Duration>,
    gone: Option<Duration>,
    port: Option<u16>,
    done: Option<BindingLifetime>,
}

impl Lifetime {
    pub(super) const fn new(config: LifetimeConfig) -> Self {
        Self { config, trying: config.shortest, there: None, gone: None, port: None, done: None }
    }

    /// The outer port of the idle socket.
    pub(super) const fn port(&self) -> Option<u16> {
        self.port
    }

    pub(super) const fn is_done(&self) -> bool {
        self.done.is_some()
    }

    pub(super) fn result(&self) -> BindingLifetime {
        self.done.unwrap_or(BindingLifetime::Unknown)
    }

    /// Takes the outcome of one try, and picks the next.
    fn tried(&mut self, alive: bool) {
        if alive {
            self.there = Some(self.trying);
        } else {
            self.gone = Some(self.trying);
        }
        self.trying = match (self.there, self.gone) {
            (None, _) => return self.done = Some(BindingLifetime::Under(self.trying)),
            (Some(there), None) if there >= self.config.longest => {
                return self.done = Some(BindingLifetime::Over(there));
            }
            (Some(there), None) => {
                // Whoever begins at nothing would double it for ever.
                there.saturating_mul(2).max(MIN_STEP).min(self.config.longest)
            }
            (Some(there), Some(gone)) => {
                let apart = gone.saturating_sub(there);
                if apart <= self.config.precision.max(MIN_STEP) {
                    return self.done = Some(BindingLifetime::Between(there, gone));
                }
                there + apart / 2
            }
        };
    }
}

impl NatProbe {
    /// The answer to a question of the search.
    pub(super) fn lifetime_heard(
        &mut self,
        now: Instant,
        test: Test,
        answer: Result<Binding, RequestFault>,
    ) {
        let idle = self.local(Role::Idle);
        let Some(lifetime) = &mut self.lifetime else { return };
        match (test, answer) {
            (Test::Bind, Ok(binding)) => {
                lifetime.port = Some(binding.mapped.port());
                let at = now.saturating_add(lifetime.trying);
                self.queue.set(Test::Alive, Some(at));
            }
            (_, Ok(binding)) => {
                // On the asking socket it may come when the NAT gave the port to that one.
                lifetime.tried(Some(binding.path.local()) == idle);
                self.next_try(now);
            }
            (Test::Alive, Err(RequestFault::TimedOut)) => {
                lifetime.tried(false);
                self.next_try(now);
            }
            (_, Err(_)) => lifetime.done = Some(BindingLifetime::Unknown),
        }
    }

    fn next_try(&mut self, now: Instant) {
        if self.lifetime.as_ref().is_some_and(|lifetime| !lifetime.is_done()) {
            self.schedule(now, Test::Bind);
        }
    }
}
