//! Agents of `ice-proto` by themselves, where somebody else knows whose a packet is.
use super::crowd::{BEGIN, Incoming, LOCAL, PEER, Server, check, peer};
use ice_proto::{IceAgent, IceConfig, IceCredentials, IceState, Implementation, Role};
use sans_io::{Input, Instant, Machine, Output, Path, SocketIds, SocketRequest, Verdict};

pub(crate) struct Alone {
    agents: Vec<IceAgent>,
}

impl Alone {
    /// Agents that have settled.
    pub(crate) fn new(sessions: u32) -> Self {
        Self { agents: (0..sessions).map(settled).collect() }
    }
}

fn settled(number: u32) -> IceAgent {
    let config = IceConfig {
        role: Role::Controlled,
        implementation: Implementation::Lite,
        ..IceConfig::default()
    };
    let mut seed = [7; 32];
    seed[..4].copy_from_slice(&number.to_be_bytes());
    let mut agent = IceAgent::new(config, seed, SocketIds::root()).expect("a good configuration");
    agent.gather(BEGIN, &[LOCAL.ip()]).expect("an address");
    drain(&mut agent);
    let peer_says = IceCredentials::new(PEER.0, PEER.1).expect("good credentials");
    agent.set_remote_credentials(BEGIN, peer_says).expect("good credentials");
    agent.end_of_remote_candidates(BEGIN);
    let ours = agent.local_credentials().clone();
    let bytes = check(&ours.ufrag, &ours.pwd, 0);
    let taken = agent.handle_input(BEGIN, Input::received(Path::udp(LOCAL, peer(number)), &bytes));
    assert_eq!(taken, Verdict::Consumed);
    drain(&mut agent);
    assert_eq!(agent.state(), IceState::Completed);
    agent
}

fn drain(agent: &mut IceAgent) -> u32 {
    let mut sent = 0;
    loop {
        match agent.poll_output() {
            Output::Transmit(_) => sent += 1,
            Output::Socket(SocketRequest::Bind { id, .. }) => {
                let opened = Input::Socket { id, state: Ok(LOCAL) };
                assert_eq!(agent.handle_input(BEGIN, opened), Verdict::Consumed);
            }
            Output::Timeout(_) => return sent,
            Output::Socket(_) | Output::Lookup(_) | Output::Event(_) => {}
        }
    }
}

impl Server for Alone {
    fn credentials(&self, session: u32) -> (String, String) {
        let credentials = self.agents[session as usize].local_credentials();
        (credentials.ufrag.to_string(), credentials.pwd.to_string())
    }

    fn check(&mut self, now: Instant, packet: &Incoming) -> bool {
        let agent = &mut self.agents[packet.session as usize];
        let input = Input::received(Path::udp(LOCAL, packet.from), &packet.bytes);
        let consumed = agent.handle_input(now, input) == Verdict::Consumed;
        drain(agent) == 1 && consumed
    }

    fn data(&mut self, now: Instant, packet: &Incoming) -> bool {
        let agent = &mut self.agents[packet.session as usize];
        let input = Input::received(Path::udp(LOCAL, packet.from), &packet.bytes);
        matches!(agent.handle_input(now, input), Verdict::Deliver { .. })
    }

    fn idle(&mut self) -> bool {
        false
    }
}
