//! `rtc-ice`, of webrtc-rs.
use crate::{
    clock,
    peer::{Datagram, Out, Peer, Setup, Standing},
};
use bytes::BytesMut;
use core::time::Duration;
use rtc_ice::{
    agent::{Agent, Credentials, agent_config::AgentConfig},
    candidate::{
        Candidate, CandidateConfig, candidate_host::CandidateHostConfig,
        candidate_server_reflexive::CandidateServerReflexiveConfig, unmarshal_candidate,
    },
    state::ConnectionState,
};
use rtc_shared::{TransportContext, TransportMessage, TransportProtocol};
use sans_io::Instant;
use sansio::Protocol as _;
use std::{net::SocketAddr, sync::Arc};

pub(crate) struct Rtc {
    agent: Agent,
    controls: bool,
}

#[derive(Clone, Copy)]
pub(crate) enum Settings {
    Default,
    /// Checks every 50 ms instead of 200 ms, and nominates what works at once.
    Fast,
}

#[derive(Clone)]
pub(crate) struct Description {
    credentials: Credentials,
    candidates: Vec<Candidate>,
}

impl Peer for Rtc {
    type Settings = Settings;
    type Description = Description;
    const SIZE: usize = size_of::<Agent>();

    fn new(settings: Settings, setup: &Setup, now: Instant) -> Self {
        let controls = setup.side.controls();
        let mut config = AgentConfig { is_controlling: controls, ..AgentConfig::default() };
        match settings {
            Settings::Default => {}
            Settings::Fast => {
                config.check_interval = Duration::from_millis(50);
                config.srflx_acceptance_min_wait = Some(Duration::ZERO);
                config.prflx_acceptance_min_wait = Some(Duration::ZERO);
            }
        }
        let provider = rtc_crypto::default_provider().expect("a provider");
        let agent = Agent::new(clock::theirs(now), Arc::new(config), provider);
        let mut agent = agent.expect("a good configuration");
        for address in setup.addresses() {
            let host = CandidateHostConfig { base_config: base(address), ..Default::default() };
            let host = host.new_candidate_host().expect("a good address");
            agent.add_local_candidate(host).expect("room");
        }
        if let Some((outer, inner)) = setup.mapping() {
            let mapped = CandidateServerReflexiveConfig {
                base_config: base(outer),
                rel_addr: inner.ip().to_string(),
                rel_port: inner.port(),
                url: None,
            };
            let mapped = mapped.new_candidate_server_reflexive().expect("a good address");
            agent.add_local_candidate(mapped).expect("room");
        }
        Self { agent, controls }
    }

    fn description(&self) -> Description {
        // As the other side reads them.
        let told = |candidate: &Candidate| unmarshal_candidate(&candidate.marshal());
        let candidates = self.agent.get_local_candidates().iter().map(told);
        Description {
            credentials: self.agent.get_local_credentials().clone(),
            candidates: candidates.collect::<Result<_, _>>().expect("its own text"),
        }
    }

    fn hear(&mut self, now: Instant, description: &Description) {
        for candidate in &description.candidates {
            self.agent.add_remote_candidate(candidate.clone()).expect("a good candidate");
        }
        let Credentials { ufrag, pwd } = description.credentials.clone();
        let started =
            self.agent.start_connectivity_checks(clock::theirs(now), self.controls, ufrag, pwd);
        started.expect("good credentials");
    }

    fn receive(&mut self, now: Instant, datagram: Datagram<'_>, _: Out<'_>) {
        let transport = TransportContext {
            local_addr: datagram.to,
            peer_addr: datagram.from,
            transport_protocol: TransportProtocol::UDP,
            ecn: None,
        };
        let message = BytesMut::from(datagram.bytes);
        let packet = TransportMessage { now: clock::theirs(now), transport, message };
        // It calls an error what it does not know.
        let _ = self.agent.handle_read(packet);
    }

    fn wake(&mut self, now: Instant) {
        let _ = self.agent.handle_timeout(clock::theirs(now));
    }

    fn drain(&mut self, _: Instant, out: Out<'_>) -> Option<Instant> {
        while let Some(sent) = self.agent.poll_write() {
            let path = sent.transport;
            out(Datagram::new(path.local_addr, path.peer_addr, &sent.message));
        }
        while self.agent.poll_event().is_some() {}
        self.agent.poll_timeout().map(clock::ours)
    }

    fn standing(&self) -> Standing {
        match (self.agent.state(), self.agent.get_selected_candidate_pair()) {
            (
                ConnectionState::Failed | ConnectionState::Disconnected | ConnectionState::Closed,
                _,
            ) => Standing::Lost,
            (_, Some((local, remote))) => {
                Standing::Settled { local: local.base_addr(), remote: remote.addr() }
            }
            _ => Standing::Checking,
        }
    }

    fn close(&mut self, _: Instant) -> bool {
        let _ = self.agent.close();
        true
    }
}

fn base(address: SocketAddr) -> CandidateConfig {
    CandidateConfig {
        network: "udp".to_owned(),
        address: address.ip().to_string(),
        port: address.port(),
        component: 1,
        ..CandidateConfig::default()
    }
}
