//! What the sockets of the host's addresses bring, and take along (RFC 8445 §5.1.1.1).
use super::{GatherKey, Gathering, GatheringEvent, hosts::Purpose, tasks::RelayPlan};
use crate::{Base, CandidatePolicy, GatheringFailure, GatheringFault, ids::HostId};
use core::net::SocketAddr;
use sans_io::{SocketFault, SocketId, canonical};

impl Gathering {
    /// A socket opened, or did not, or was lost.
    pub(super) fn on_socket(&mut self, id: SocketId, state: Result<SocketAddr, SocketFault>) {
        match state {
            Ok(address) => {
                if let Some(host) = self.hosts.opened(id, canonical(address)) {
                    self.host_opened(host);
                }
            }
            Err(fault) => {
                let Some(failed) = self.hosts.failed(id, fault) else { return };
                if let Some(base) = failed.base {
                    self.host_lost(failed.host, base);
                }
                let local = failed.base.unwrap_or(failed.wanted);
                let fault = GatheringFault::Socket(fault);
                self.fail(GatheringFailure { local, server: None, fault });
            }
        }
    }

    fn host_opened(&mut self, id: HostId) {
        let Some(host) = self.hosts.get(id) else { return };
        let Some(base) = host.base() else { return };
        match host.purpose {
            Purpose::Candidates => {
                self.host_candidate(id, base);
                let have_ipv4 = self.hosts.have_ipv4();
                let all = self.policy == CandidatePolicy::All;
                self.tasks.ask_all(id, base, &self.servers, all, have_ipv4);
            }
            Purpose::Relay(plan) => {
                let key = GatherKey { host: id, ..plan.key };
                self.tasks.ask_relay(RelayPlan { key, ..plan });
            }
            Purpose::Former => {}
        }
    }

    pub(super) fn host_lost(&mut self, id: HostId, base: SocketAddr) {
        self.tasks.forget(id);
        self.mappings.forget_base(base);
        for relayed in self.relays.forget_base(base) {
            self.event(GatheringEvent::BaseLost(Base::udp(relayed)));
        }
        self.failures.retain(|failure| failure.local != base);
        self.event(GatheringEvent::BaseLost(Base::udp(base)));
    }
}
