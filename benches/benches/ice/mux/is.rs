//! `is`: each agent is asked whether it takes the message, as its documentation has it.
use super::crowd::{BEGIN, Incoming, LOCAL, PEER, Server, check, peer};
use crate::clock;
use core::net::SocketAddr;
use is::{
    Candidate, IceAgent, IceCreds, Protocol,
    stun::{StunMessage, StunPacket},
};
use sans_io::Instant;

pub(crate) struct Is {
    agents: Vec<IceAgent>,
}

impl Is {
    /// Agents that have settled.
    pub(crate) fn new(sessions: u32) -> Self {
        let agent = |number: u32| {
            let mut agent = IceAgent::new(IceCreds::new());
            agent.set_ice_lite(true);
            agent.set_controlling(false);
            agent.add_local_candidate(Candidate::host(LOCAL, "udp").expect("a good address"));
            let (ufrag, pass) = (PEER.0.to_owned(), PEER.1.to_owned());
            agent.set_remote_credentials(IceCreds { ufrag, pass });
            agent.handle_timeout(clock::theirs(BEGIN));
            let ours = agent.local_credentials();
            let first = check(&ours.ufrag, &ours.pass, 0);
            assert!(take(&mut agent, BEGIN, peer(number), &first), "it is answered");
            agent
        };
        Self { agents: (0..sessions).map(agent).collect() }
    }
}

/// Whether an agent answers a message.
fn take(agent: &mut IceAgent, now: Instant, source: SocketAddr, bytes: &[u8]) -> bool {
    let message = StunMessage::parse(bytes).expect("a message");
    let packet = StunPacket { proto: Protocol::Udp, source, destination: LOCAL, message };
    agent.handle_packet(clock::theirs(now), packet);
    agent.handle_timeout(clock::theirs(now));
    while agent.poll_event().is_some() {}
    let mut sent = 0;
    while agent.poll_transmit().is_some() {
        sent += 1;
    }
    sent > 0
}

impl Server for Is {
    fn credentials(&self, session: u32) -> (String, String) {
        let credentials = self.agents[session as usize].local_credentials();
        (credentials.ufrag.clone(), credentials.pass.clone())
    }

    fn check(&mut self, now: Instant, packet: &Incoming) -> bool {
        let message = StunMessage::parse(&packet.bytes).expect("a message");
        let agent = self.agents.iter_mut().find(|agent| agent.accepts_message(&message));
        agent.is_some_and(|agent| take(agent, now, packet.from, &packet.bytes))
    }

    /// It has no part in that.
    fn data(&mut self, _: Instant, _: &Incoming) -> bool {
        false
    }

    fn idle(&mut self) -> bool {
        false
    }
}
