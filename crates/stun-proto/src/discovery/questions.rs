//! The questions that a probe asks, and what their answers mean (RFC 5780 §4.3, §4.4).
use super::{Filtering, Lifetime, Mapping, NatProbe, NatProbeEvent, Role};
use crate::{Binding, BindingRequest, ClientEvent, RequestFault, attribute::ChangeRequest};
use core::{net::SocketAddr, time::Duration};
use sans_io::{Instant, Path};

/// Between two new transactions: fewer than ten a second, and their retransmissions do not fall
/// together (RFC 5780 §5).
const PACE: Duration = Duration::from_millis(110);

/// A question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Test {
    /// Who are we? (RFC 5780 §4.3 test I)
    Mapped,
    /// Who are we to the other address? (§4.3 test II)
    OtherAddress,
    /// And to its other port? (§4.3 test III)
    OtherPort,
    /// Who are we, on the socket for filtering? (§4.4 test I)
    Open,
    /// May somebody else answer? (§4.4 test II)
    Stranger,
    /// May another port answer? (§4.4 test III)
    SameHost,
    /// Lifetime: make a binding.
    Bind,
    /// Lifetime: is it still there?
    Alive,
}

/// What came of a question about filtering.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reply {
    /// It got in.
    Success,
    /// Nothing, which is what a filter gives.
    Silence,
    /// Something else, which says nothing of a filter.
    Refused,
}

impl Reply {
    const fn of(answer: &Result<Binding, RequestFault>) -> Self {
        match answer {
            Ok(_) => Self::Success,
            Err(RequestFault::TimedOut) => Self::Silence,
            Err(_) => Self::Refused,
        }
    }
}

impl NatProbe {
    /// Puts a question in the queue, for its turn at `at` or after.
    pub(super) fn schedule(&mut self, at: Instant, test: Test) {
        let turn = at.max(self.next_turn);
        self.next_turn = turn.saturating_add(PACE);
        self.queue.set(test, Some(turn));
    }

    pub(super) fn ask(&mut self, now: Instant, test: Test) {
        let server = self.config.server;
        let other = self.other.unwrap_or(server);
        let both = ChangeRequest { change_ip: true, change_port: true };
        let port = ChangeRequest { change_ip: false, change_port: true };
        let (role, remote, change) = match test {
            Test::Mapped => (Role::Map, server, ChangeRequest::default()),
            Test::OtherAddress => {
                let there = SocketAddr::new(other.ip(), server.port());
                (Role::Map, there, ChangeRequest::default())
            }
            Test::OtherPort => (Role::Map, other, ChangeRequest::default()),
            Test::Open => (Role::Filter, server, ChangeRequest::default()),
            Test::Stranger => (Role::Filter, server, both),
            Test::SameHost => (Role::Filter, server, port),
            Test::Bind => (Role::Idle, server, ChangeRequest::default()),
            Test::Alive => (Role::Ask, server, ChangeRequest::default()),
        };
        let Some(local) = self.local(role) else { return };
        let response_port = match test {
            Test::Alive => self.lifetime.as_ref().and_then(Lifetime::port),
            _ => None,
        };
        let path = Path::udp(local, remote);
        let ask = BindingRequest { change, response_port, ..BindingRequest::new(path) };
        // At most four questions are open, and ten fit.
        if let Ok(request) = self.client.request(now, ask) {
            self.asked.insert(request, test);
        }
    }

    /// Takes in an answer, and asks on.
    pub(super) fn heard(&mut self, now: Instant, event: ClientEvent) {
        let (request, answer) = match event {
            ClientEvent::Bound(binding) => (binding.request, Ok(binding)),
            ClientEvent::Failed { request, fault, .. } => (request, Err(fault)),
        };
        let Some(test) = self.asked.remove(&request) else { return };
        match (test, answer) {
            (Test::Mapped, Ok(binding)) => {
                self.report.local = binding.path.local();
                self.report.mapped = Some(binding.mapped);
                self.other = usable_other(self.config.server, binding.other);
                self.report.other = self.other;
                if binding.mapped == binding.path.local() {
                    self.mapped(Mapping::None);
                } else if self.other.is_some() {
                    self.schedule(now, Test::OtherAddress);
                } else {
                    self.mapped(Mapping::Unknown);
                }
            }
            (Test::OtherAddress, Ok(binding)) => {
                if Some(binding.mapped) == self.report.mapped {
                    self.mapped(Mapping::EndpointIndependent);
                } else {
                    self.report.mapped_other = Some(binding.mapped);
                    self.schedule(now, Test::OtherPort);
                }
            }
            (Test::OtherPort, Ok(binding)) => {
                let same = Some(binding.mapped) == self.report.mapped_other;
                self.mapped(if same {
                    Mapping::AddressDependent
                } else {
                    Mapping::AddressAndPortDependent
                });
            }
            (Test::OtherAddress | Test::OtherPort, Err(_)) => self.mapped(Mapping::Unknown),
            (Test::Open, Ok(binding)) => {
                self.hairpin.filter_mapped = Some(binding.mapped);
                if usable_other(self.config.server, binding.other).is_some() {
                    self.schedule(now, Test::Stranger);
                    self.schedule(now, Test::SameHost);
                } else {
                    self.filtered(Filtering::Unknown);
                }
            }
            (Test::Stranger, answer) => {
                self.stranger = Some(Reply::of(&answer));
                self.filter_heard();
            }
            (Test::SameHost, answer) => {
                self.same_host = Some(Reply::of(&answer));
                self.filter_heard();
            }
            (Test::Mapped | Test::Open, Err(fault)) => {
                self.end(NatProbeEvent::Failed(fault));
            }
            (Test::Bind | Test::Alive, answer) => self.lifetime_heard(now, test, answer),
        }
    }

    fn mapped(&mut self, mapping: Mapping) {
        self.report.mapping = mapping;
        self.mapping_done = true;
    }

    fn filtered(&mut self, filtering: Filtering) {
        self.report.filtering = filtering;
        self.filtering_done = true;
    }

    fn filter_heard(&mut self) {
        use Reply::{Refused, Silence, Success};
        match (self.stranger, self.same_host) {
            (Some(Success), _) => self.filtered(Filtering::EndpointIndependent),
            (Some(Silence), Some(Success)) => self.filtered(Filtering::AddressDependent),
            (Some(Silence), Some(Silence)) => self.filtered(Filtering::AddressAndPortDependent),
            (Some(Refused), _) | (Some(Silence), Some(Refused)) => {
                self.filtered(Filtering::Unknown);
            }
            (None, _) | (Some(Silence), None) => {}
        }
    }
}

/// The other address that a server tells, if it is one: both address and port must differ.
fn usable_other(server: SocketAddr, other: Option<SocketAddr>) -> Option<SocketAddr> {
    other.filter(|other| {
        other.ip() != server.ip()
            && other.port() != server.port()
            && other.is_ipv4() == server.is_ipv4()
    })
}
