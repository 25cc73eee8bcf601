//! Gathering once more, for another generation: what is there is told again, and what was given up is
//! asked for anew (RFC 8445 §9).
use super::{
    GatherError, GatherKey, Gathering, Stage, reaches,
    relays::RelayState,
    tasks::{RelayPlan, relay_family},
};
use crate::{CandidatePolicy, ids::HostId};
use alloc::vec::Vec;
use core::net::{IpAddr, SocketAddr};
use sans_io::{Instant, Path, SocketRequest};

/// From which ports the next generation goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RestartSockets {
    /// From those that are open; those that were given up are opened again.
    #[default]
    Kept,
    /// From new ones at the same addresses: a NAT that has gone wrong for a port stays so for that
    /// port. Those in use carry data until the new ones do.
    Renewed,
}

impl Gathering {
    /// Gathers for another generation: tells all candidates that there are once more, and asks for
    /// those that there might be. [`Complete`](super::GatheringEvent::Complete) follows.
    pub fn renew(&mut self, now: Instant, sockets: RestartSockets) {
        let now = self.advance(now);
        self.hosts.keep_all();
        let mut ips = self.hosts.given_up();
        if sockets == RestartSockets::Renewed {
            self.renew_listeners();
            ips.extend(self.hosts.supersede());
        }
        // There is room: it had been made before.
        let _ = self.open(&ips);
        self.stage = Stage::Asking;
        self.tell_tcp_again();
        for (host, base) in self.hosts.open_for_candidates() {
            self.tell_again(now, host, base);
        }
        self.settle(now);
    }

    fn tell_again(&mut self, now: Instant, host: HostId, base: SocketAddr) {
        self.host_candidate(host, base);
        let have_ipv4 = self.hosts.have_ipv4();
        let reachable = self.servers.iter().filter(|(_, about)| reaches(base, about.address));
        let asked: Vec<_> = reachable
            .map(|(id, about)| (GatherKey { host, server: id }, about.address, about.relays()))
            .collect();
        for (key, address, relays) in asked {
            let datagrams = Path::udp(base, address);
            let path = match self.relays.stream_of(key) {
                Some(connection) => connection,
                None if self.relays.are_opening(key) => continue,
                None => datagrams,
            };
            let shown = self.mappings.shown(&path);
            if let Some(mapped) = shown {
                self.reflexive_candidate(key, base, mapped);
            }
            if !relays {
                // What a NAT shows may be another address by now.
                let waits = self.tasks.are_to_ask(key) || self.mappings.await_answer(&path);
                if !waits && self.policy == CandidatePolicy::All {
                    self.tasks.ask_mapping(key, address);
                }
                continue;
            }
            match self.relays.state_over(&path) {
                Some(RelayState::Ready(relayed)) => {
                    self.relayed_candidate(key, relayed, shown.unwrap_or(base));
                    // The server may have forgotten it.
                    self.relays.verify(now, &path);
                }
                Some(RelayState::Asking) => {}
                Some(RelayState::Closing) | None if self.tasks.are_to_ask(key) => {}
                Some(RelayState::Closing) | None => {
                    let family = relay_family(base, have_ipv4);
                    let plan =
                        RelayPlan { key, address, family, redirects: 0, sockets: 0, losses: 0 };
                    self.tasks.ask_relay(plan);
                }
            }
        }
    }

    /// The host has these addresses by now and no others: what was made of others is gone. `Err`: these
    /// could not be gathered at, and nothing is gone.
    pub fn limit_to(&mut self, now: Instant, addresses: &[IpAddr]) -> Result<(), GatherError> {
        let now = self.advance(now);
        let limited = self.limit_hosts(addresses);
        self.settle(now);
        limited
    }

    fn limit_hosts(&mut self, addresses: &[IpAddr]) -> Result<(), GatherError> {
        for (id, gone) in self.hosts.limit_to(addresses)? {
            self.out.socket(SocketRequest::Close(id));
            if let Some(base) = gone.base {
                self.host_lost(gone.host, base);
            }
        }
        self.limit_tcp(addresses);
        Ok(())
    }

    /// Notes addresses of the host that are gathered at when [`renew`](Self::renew) is called.
    pub fn note(&mut self, addresses: &[IpAddr]) -> Result<(), GatherError> {
        self.hosts.note(addresses)
    }
}
