//! `is`, of str0m, driven as str0m drives it: told the time after each packet.
use crate::{
    clock,
    peer::{Datagram, Out, Peer, Setup, Standing},
};
use core::time::Duration;
use is::{
    Candidate, IceAgent, IceAgentEvent, IceConnectionState, IceCreds, Protocol,
    stun::{StunMessage, StunPacket},
};
use sans_io::Instant;
use std::net::SocketAddr;

pub(crate) struct Is {
    agent: IceAgent,
    nominated: Option<(SocketAddr, SocketAddr)>,
}

/// A Ta other than the default of 50 ms.
pub(crate) type Settings = Option<Duration>;

#[derive(Clone)]
pub(crate) struct Description {
    credentials: IceCreds,
    candidates: Vec<Candidate>,
}

impl Peer for Is {
    type Settings = Settings;
    type Description = Description;
    const SIZE: usize = size_of::<IceAgent>();

    fn new(pacing: Settings, setup: &Setup, now: Instant) -> Self {
        let mut agent = IceAgent::new(IceCreds::new());
        agent.set_controlling(setup.side.controls());
        if let Some(pacing) = pacing {
            agent.set_timing_advance(pacing);
        }
        for address in setup.addresses() {
            agent.add_local_candidate(Candidate::host(address, "udp").expect("a good address"));
        }
        if let Some((outer, inner)) = setup.mapping() {
            let candidate = Candidate::server_reflexive(outer, inner, "udp");
            agent.add_local_candidate(candidate.expect("a good address"));
        }
        agent.handle_timeout(clock::theirs(now));
        Self { agent, nominated: None }
    }

    fn description(&self) -> Description {
        // As the other side reads them.
        let told = |candidate: Candidate| Candidate::from_sdp_string(&candidate.to_sdp_string());
        let candidates = self.agent.local_candidates().map(told);
        Description {
            credentials: self.agent.local_credentials().clone(),
            candidates: candidates.collect::<Result<_, _>>().expect("its own text"),
        }
    }

    fn hear(&mut self, now: Instant, description: &Description) {
        self.agent.set_remote_credentials(description.credentials.clone());
        for candidate in &description.candidates {
            self.agent.add_remote_candidate(candidate.clone());
        }
        self.agent.handle_timeout(clock::theirs(now));
    }

    fn receive(&mut self, now: Instant, datagram: Datagram<'_>, _: Out<'_>) {
        let Ok(message) = StunMessage::parse(datagram.bytes) else { return };
        let (proto, source, destination) = (Protocol::Udp, datagram.from, datagram.to);
        let packet = StunPacket { proto, source, destination, message };
        self.agent.handle_packet(clock::theirs(now), packet);
        self.agent.handle_timeout(clock::theirs(now));
    }

    fn wake(&mut self, now: Instant) {
        self.agent.handle_timeout(clock::theirs(now));
    }

    fn drain(&mut self, _: Instant, out: Out<'_>) -> Option<Instant> {
        while let Some(sent) = self.agent.poll_transmit() {
            out(Datagram::new(sent.source, sent.destination, &sent.contents));
        }
        while let Some(event) = self.agent.poll_event() {
            if let IceAgentEvent::NominatedSend { source, destination, .. } = event {
                self.nominated = Some((source, destination));
            }
        }
        self.agent.poll_timeout().map(clock::ours)
    }

    fn standing(&self) -> Standing {
        match (self.agent.state(), self.nominated) {
            (IceConnectionState::Disconnected, _) => Standing::Lost,
            (_, Some((local, remote))) => Standing::Settled { local, remote },
            (_, None) => Standing::Checking,
        }
    }

    fn close(&mut self, _: Instant) -> bool {
        false
    }
}
