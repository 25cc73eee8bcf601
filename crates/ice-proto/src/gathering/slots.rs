//! What gathering does with a slot of the pacer: the next request to a server (RFC 8445 §5.1.1 and
//! §14.3).
use super::{
    Gathering,
    servers::Server,
    tasks::{RelayPlan, Task},
};
use crate::checks::RTO_MIN;
use core::time::Duration;
use sans_io::{Instant, Path};

impl Gathering {
    /// Whether a request of gathering waits for a slot of the pacer.
    pub fn wants_slot(&self) -> bool {
        self.tasks.is_waiting() || self.relays.wants_slot()
    }

    /// Whether nothing but permissions waits for a slot.
    pub(crate) fn asks_permissions_only(&self) -> bool {
        !self.tasks.is_waiting() && self.relays.asks_permissions_only()
    }

    /// Uses a slot of the pacer, whose Ta is `ta`. `false`: nothing was sent.
    pub fn take_slot(&mut self, now: Instant, ta: Duration) -> bool {
        let now = self.advance(now);
        let sent = self.send_next(now, ta);
        self.settle(now);
        sent
    }

    fn send_next(&mut self, now: Instant, ta: Duration) -> bool {
        if self.relays.take_slot(now) {
            return true;
        }
        // What is asked next counts as well.
        let rto = self.rto(ta);
        while let Some(task) = self.tasks.pop() {
            let sent = match task {
                Task::Mapping { key, server } => match self.hosts.base(key.host) {
                    Some(base) => {
                        self.ask_mapping(now, Path::udp(base, server), key, rto);
                        true
                    }
                    None => false,
                },
                Task::Relay(plan) => self.ask_relay(now, plan),
            };
            if sent {
                return true;
            }
        }
        false
    }

    fn ask_relay(&mut self, now: Instant, plan: RelayPlan) -> bool {
        let Some(base) = self.hosts.base(plan.key.host) else { return false };
        if self.servers.get(plan.key.server).is_some_and(Server::is_stream) {
            return self.connect_to_relay(now, plan, base.ip());
        }
        let server = self.servers.get(plan.key.server);
        let Some(account) = server.and_then(|server| server.account.clone()) else { return false };
        let seed = self.entropy.secret();
        self.relays.start(now, Path::udp(base, plan.address), account, plan, seed);
        self.relays.take_slot(now)
    }

    /// RFC 8445 §14.3, for gathering.
    fn rto(&self, ta: Duration) -> Duration {
        let candidates = self.tasks.len() + self.mappings.len() + self.relays.len();
        RTO_MIN.max(ta.saturating_mul(candidates as u32))
    }
}
