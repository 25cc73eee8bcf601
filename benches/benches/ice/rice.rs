//! `rice-proto`, of librice.
use crate::peer::{Datagram, Out, Peer, Setup, Standing};
use rice_proto::{
    agent::{Agent, AgentPoll},
    candidate::{Candidate, CandidateType, TransportType},
    component::ComponentConnectionState,
    random_string,
    stream::Credentials,
};
use rice_stun_proto::agent::Transmit;
use sans_io::Instant;
use std::net::SocketAddr;

pub(crate) struct Rice {
    agent: Agent,
    stream: usize,
    component: usize,
    selected: Option<(SocketAddr, SocketAddr)>,
    failed: bool,
}

#[derive(Clone)]
pub(crate) struct Description {
    credentials: Credentials,
    candidates: Vec<Candidate>,
}

impl Peer for Rice {
    type Settings = ();
    type Description = Description;
    const SIZE: usize = size_of::<Agent>();

    fn new((): (), setup: &Setup, _: Instant) -> Self {
        let mut agent =
            Agent::builder().trickle_ice(true).controlling(setup.side.controls()).build();
        let stream = agent.add_stream();
        let mut told = agent.mut_stream(stream).expect("the stream");
        let component = told.add_component().expect("a component");
        told.set_local_credentials(Credentials {
            ufrag: random_string(8),
            passwd: random_string(24),
        });
        for candidate in candidates(setup, component) {
            told.add_local_candidate(candidate);
        }
        told.end_of_local_candidates();
        Self { agent, stream, component, selected: None, failed: false }
    }

    fn description(&self) -> Description {
        let stream = self.agent.stream(self.stream).expect("the stream");
        // As the other side reads them.
        let told = |candidate: &Candidate| candidate.to_sdp_string().parse();
        let candidates = stream.local_candidates().map(told);
        Description {
            credentials: stream.local_credentials().expect("credentials"),
            candidates: candidates.collect::<Result<_, _>>().expect("its own text"),
        }
    }

    fn hear(&mut self, _: Instant, description: &Description) {
        let mut stream = self.agent.mut_stream(self.stream).expect("the stream");
        stream.set_remote_credentials(description.credentials.clone());
        for candidate in &description.candidates {
            stream.add_remote_candidate(candidate.clone());
        }
        stream.end_of_remote_candidates();
    }

    fn receive(&mut self, now: Instant, datagram: Datagram<'_>, _: Out<'_>) {
        let mut stream = self.agent.mut_stream(self.stream).expect("the stream");
        let udp = TransportType::Udp;
        let packet = Transmit::new(datagram.bytes, udp, datagram.from, datagram.to);
        let _ = stream.handle_incoming_data(self.component, packet, theirs(now));
    }

    fn wake(&mut self, _: Instant) {}

    fn drain(&mut self, now: Instant, out: Out<'_>) -> Option<Instant> {
        loop {
            let polled = self.agent.poll(theirs(now));
            while let Some(sent) = self.agent.poll_transmit(theirs(now)) {
                let sent = sent.transmit;
                out(Datagram::new(sent.from, sent.to, &sent.data));
            }
            match polled {
                AgentPoll::Closed => return None,
                AgentPoll::WaitUntil(at) => {
                    return Some(Instant::from_nanos(at.as_nanos().unsigned_abs()));
                }
                AgentPoll::SelectedPair(selected) => {
                    let pair = selected.selected.candidate_pair();
                    self.selected = Some((pair.local.base_address, pair.remote.address));
                }
                AgentPoll::ComponentStateChange(change) => {
                    self.failed = change.state == ComponentConnectionState::Failed;
                }
                AgentPoll::AllocateSocket(_)
                | AgentPoll::RemoveSocket(_)
                | AgentPoll::GatheredCandidate(_)
                | AgentPoll::GatheringComplete(_) => {}
            }
        }
    }

    fn standing(&self) -> Standing {
        match self.selected {
            _ if self.failed => Standing::Lost,
            Some((local, remote)) => Standing::Settled { local, remote },
            None => Standing::Checking,
        }
    }

    fn close(&mut self, now: Instant) -> bool {
        self.agent.close(theirs(now));
        self.failed = true;
        true
    }
}

fn theirs(now: Instant) -> rice_stun_proto::Instant {
    rice_stun_proto::Instant::from_nanos(now.as_nanos().cast_signed())
}

/// Host candidates, best first, and the one that a NAT makes of the first of them.
fn candidates(setup: &Setup, component: usize) -> Vec<Candidate> {
    let make = |kind, foundation: usize, address, preference| {
        let udp = TransportType::Udp;
        let priority = Candidate::calculate_priority(kind, udp, None, preference, component);
        Candidate::builder(component, kind, udp, &foundation.to_string(), address)
            .priority(priority)
    };
    let hosts = setup.addresses().enumerate().map(|(index, address)| {
        make(CandidateType::Host, index, address, 100 - index as u32).build()
    });
    let mapped = setup.mapping().map(|(outer, inner)| {
        make(CandidateType::ServerReflexive, setup.ips.len(), outer, 100)
            .base_address(inner)
            .related_address(inner)
            .build()
    });
    hosts.chain(mapped).collect()
}
