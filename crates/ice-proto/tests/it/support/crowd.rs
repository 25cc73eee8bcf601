//! A mux on one host, and clients with agents of their own that meet it.
use super::seed;
use core::{
    net::{IpAddr, SocketAddr},
    time::Duration,
};
use ice_proto::{
    Candidate, IceAgent, IceConfig, IceCredentials, IceEvent, IceMux, IceState, Implementation,
    MuxConfig, MuxEvent, Role, SelectedPair, SessionId,
};
use nat_sim::{HostId, MachineId, World};
use sans_io::{Instant, SocketIds};

pub(crate) const PORT: u16 = 3479;

/// What one side of a session says of itself.
struct Description {
    credentials: IceCredentials,
    candidates: Vec<Candidate>,
    pacing: Duration,
}

/// A session of the mux, and the agent that is its peer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Client {
    pub host: HostId,
    pub agent: MachineId,
    pub session: SessionId,
}

pub(crate) struct Crowd {
    pub world: World,
    pub server: HostId,
    pub mux: MachineId,
    pub clients: Vec<Client>,
    /// What the mux has told.
    pub events: Vec<(Instant, MuxEvent)>,
}

/// A session that answers.
pub(crate) fn answering(implementation: Implementation) -> IceConfig {
    IceConfig { role: Role::Controlled, implementation, ..IceConfig::default() }
}

impl Crowd {
    /// A mux on this host, which has gathered.
    pub(crate) fn new(mut world: World, server: HostId, gathering: IceConfig) -> Self {
        let config = MuxConfig { port: PORT, gathering, ..MuxConfig::default() };
        let mux = IceMux::new(&config, seed(0, 7), SocketIds::root()).unwrap();
        let mux = world.install(server, mux);
        let mut this = Self { world, server, mux, clients: Vec::new(), events: Vec::new() };
        let addresses = this.world.addresses(server);
        this.with(|mux, now| mux.gather(now, &addresses)).unwrap();
        let end = this.world.now().saturating_add(Duration::from_secs(60));
        let done = |event: &MuxEvent| *event == MuxEvent::GatheringComplete;
        let before = this.world.take_events::<IceMux>(mux);
        if !before.iter().any(|(_, event)| done(event)) {
            assert!(this.world.run_until_event::<IceMux>(mux, end, done).is_some());
        }
        this
    }

    pub(crate) fn with<R>(&mut self, command: impl FnOnce(&mut IceMux, Instant) -> R) -> R {
        self.world.with(self.mux, command)
    }

    pub(crate) fn mux(&self) -> &IceMux {
        self.world.machine(self.mux)
    }

    pub(crate) fn agent(&self, client: Client) -> &IceAgent {
        self.world.machine(client.agent)
    }

    /// A client on this host, with a session of the mux. They have not been told of each other.
    pub(crate) fn add(&mut self, host: HostId, client: IceConfig, session: &IceConfig) -> Client {
        let number = self.clients.len();
        let agent = IceAgent::new(client, seed(number as u64, 1), SocketIds::root()).unwrap();
        let agent = self.world.install(host, agent);
        let addresses: Vec<IpAddr> = self.world.addresses(host);
        let gather = |agent: &mut IceAgent, now| agent.gather(now, &addresses);
        self.world.with(agent, gather).unwrap();
        let session = self.with(|mux, now| mux.add(now, session)).unwrap();
        let client = Client { host, agent, session };
        self.clients.push(client);
        client
    }

    /// Waits until all clients have all their candidates.
    pub(crate) fn gathered(&mut self) {
        let end = self.world.now().saturating_add(Duration::from_secs(60));
        for client in self.clients.clone() {
            let done = |event: &IceEvent| *event == IceEvent::GatheringComplete;
            let before = self.world.take_events::<IceAgent>(client.agent);
            if !before.iter().any(|(_, event)| done(event)) {
                let found = self.world.run_until_event::<IceAgent>(client.agent, end, done);
                assert!(found.is_some(), "a client never finished gathering");
            }
        }
    }

    /// Tells a client and its session of each other at one instant.
    pub(crate) fn introduce(&mut self, client: Client) {
        self.tell_session(client);
        self.tell_client(client);
    }

    /// Tells a session what its client says.
    pub(crate) fn tell_session(&mut self, client: Client) {
        let agent = self.agent(client);
        let told = Description {
            credentials: agent.local_credentials().clone(),
            candidates: agent.local_candidates().copied().collect(),
            pacing: agent.local_pacing(),
        };
        self.with(|mux, now| {
            let id = client.session;
            mux.set_remote_pacing(now, id, Some(told.pacing));
            mux.set_remote_credentials(now, id, told.credentials).unwrap();
            for candidate in told.candidates {
                mux.add_remote_candidate(now, id, candidate).unwrap();
            }
            mux.end_of_remote_candidates(now, id);
            mux.description_sent(now, id);
        });
    }

    /// Tells a client what its session says.
    pub(crate) fn tell_client(&mut self, client: Client) {
        let session = self.mux().session(client.session).unwrap();
        let told = Description {
            credentials: session.local_credentials().clone(),
            candidates: session.local_candidates().copied().collect(),
            pacing: self.mux().local_pacing(client.session).unwrap(),
        };
        let lite = session.implementation() == Implementation::Lite;
        self.world.with(client.agent, |agent: &mut IceAgent, now| {
            agent.set_remote_pacing(now, Some(told.pacing));
            agent.set_remote_lite(now, lite);
            agent.set_remote_credentials(now, told.credentials).unwrap();
            for candidate in told.candidates {
                agent.add_remote_candidate(now, candidate).unwrap();
            }
            agent.end_of_remote_candidates(now);
        });
    }

    pub(crate) fn introduce_all(&mut self) {
        for client in self.clients.clone() {
            self.introduce(client);
        }
    }

    /// Time passes.
    pub(crate) fn run_for(&mut self, span: Duration) {
        self.world.run_for(span);
        let told = self.world.take_events::<IceMux>(self.mux);
        self.events.extend(told);
    }

    /// Runs until all sessions have settled at both ends, or until `limit` has passed. How long it was.
    pub(crate) fn settle_within(&mut self, limit: Duration) -> Option<Duration> {
        let begin = self.world.now();
        while self.world.now() < begin.saturating_add(limit) {
            if self.clients.iter().all(|client| self.has_settled(*client)) {
                return Some(self.world.now().saturating_since(begin));
            }
            self.run_for(Duration::from_millis(5));
        }
        None
    }

    pub(crate) fn has_settled(&self, client: Client) -> bool {
        let ours = self.mux().selected_pair(client.session);
        let theirs = self.agent(client).selected_pair();
        [ours, theirs].iter().all(|pair: &Option<SelectedPair>| pair.is_some_and(|p| p.nominated))
    }

    /// Whether a client and its session use the two ends of one path.
    pub(crate) fn agree(&self, client: Client) -> bool {
        let session = self.mux().session(client.session);
        let ours = session.and_then(|session| session.pairs().find(|pair| pair.nominated));
        let theirs = self.agent(client).pairs().find(|pair| pair.nominated);
        match (ours, theirs) {
            (Some(a), Some(b)) => {
                a.local.address == b.path.remote() && b.local.address == a.path.remote()
            }
            _ => false,
        }
    }

    /// Sends a datagram each way for every client. Those whose data did not come, or came to another
    /// session.
    pub(crate) fn exchange(&mut self) -> Vec<usize> {
        let data = |number: usize| (number as u32).to_be_bytes();
        for (number, client) in self.clients.clone().into_iter().enumerate() {
            let now = self.world.now();
            let bytes = data(number);
            let sent = self.with(|mux, _| mux.send(now, client.session, &bytes));
            if let Ok(packet) = sent {
                self.world.transmit(self.server, &packet);
            }
            let send = |agent: &mut IceAgent, now| agent.send(now, &bytes);
            if let Ok(packet) = self.world.with(client.agent, send) {
                self.world.transmit(client.host, &packet);
            }
            self.run_for(Duration::from_millis(1));
        }
        self.run_for(Duration::from_secs(1));
        let came = self.world.take_delivered(self.server);
        let mux = self.mux();
        let arrived = |number: usize, client: Client| {
            let of_it = |session| session == Some(client.session);
            came.iter().any(|d| d.bytes[..] == data(number) && of_it(mux.session_at(&d.path)))
        };
        let mut lost: Vec<usize> =
            (0..self.clients.len()).filter(|n| !arrived(*n, self.clients[*n])).collect();
        for (number, client) in self.clients.clone().into_iter().enumerate() {
            let came = self.world.take_delivered(client.host);
            if !came.iter().any(|d| d.bytes[..] == data(number)) {
                lost.push(number);
            }
        }
        lost
    }

    /// Where the mux listens.
    pub(crate) fn address(&self) -> SocketAddr {
        SocketAddr::new(self.world.address(self.server), PORT)
    }

    /// How often a session has said that it is in this state.
    pub(crate) fn told(&self, client: Client, state: IceState) -> usize {
        let wanted = MuxEvent::Session { id: client.session, event: IceEvent::StateChanged(state) };
        self.events.iter().filter(|(_, event)| *event == wanted).count()
    }
}
