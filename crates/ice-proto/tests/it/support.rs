//! Two agents in a simulated network, and what is measured of them.
mod call;
mod crowd;
mod listening;
mod puppet;
mod reflector;
mod relay;
mod tcp_puppet;

pub(crate) use call::{Call, DATA_EVERY};
pub(crate) use crowd::{Client, Crowd, answering};
pub(crate) use listening::add_tcp_turn_server;
pub(crate) use puppet::{LOCAL, PEER, Puppet, Request, error_of};
pub(crate) use reflector::Reflector;
pub(crate) use relay::{Relay, relay_config};
pub(crate) use tcp_puppet::{BOTH, PASSIVE, TcpPuppet, at, framed, unframed, wire};

use core::{
    net::{IpAddr, SocketAddr},
    time::Duration,
};
use ice_proto::{
    Candidate, CandidatePolicy, IceAgent, IceConfig, IceEvent, IceState, RelayServer, Role,
    SelectedPair,
};
use nat_sim::{Chance, Happening, Host, HostId, Link, MachineId, NatId, World};
use sans_io::{Instant, SocketIds};
use turn_proto::{PeerPolicy, RelayAddress, TurnServerConfig, Users};

pub(crate) const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// Two agents: the first makes the offer.
pub(crate) struct Meeting {
    pub world: World,
    pub hosts: [HostId; 2],
    pub agents: [MachineId; 2],
    /// When both sides had everything they need.
    pub met_at: Instant,
}

/// What the agents have come to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Outcome {
    /// When a pair first worked, since the meeting.
    pub valid: Option<Duration>,
    /// When the pair was settled on.
    pub selected: Option<Duration>,
    pub pair: Option<SelectedPair>,
    pub failed: bool,
}

/// The default configuration in each role.
pub(crate) fn configs() -> [IceConfig; 2] {
    [Role::Controlling, Role::Controlled].map(|role| IceConfig { role, ..IceConfig::default() })
}

/// A seed for the agents of a run.
pub(crate) fn seed(world: u64, agent: usize) -> [u8; 32] {
    let mut seed = [0; 32];
    seed[..8].copy_from_slice(&world.to_be_bytes());
    seed[8] = agent as u8;
    seed
}

/// A host on the internet, 12.5 ms from anything, that loses so much of what it sends.
pub(crate) fn lossy(percent: u32) -> Host {
    let up = Link::after(nat_sim::ACCESS_DELAY).with_loss(Chance::percent(percent));
    Host::on_internet().up(up)
}

impl Meeting {
    /// Agents on these hosts, which have not met yet.
    pub(crate) fn new(
        mut world: World,
        number: u64,
        hosts: [HostId; 2],
        configs: [IceConfig; 2],
    ) -> Self {
        let mut left = configs.into_iter().enumerate();
        let agents = hosts.map(|host| {
            let (index, config) = left.next().unwrap();
            let agent = IceAgent::new(config, seed(number, index), SocketIds::root());
            world.install(host, agent.unwrap())
        });
        Self { met_at: world.now(), world, hosts, agents }
    }

    /// Two agents that may use relays only, of one server. Gives that server as well.
    pub(crate) fn over_relays(number: u64, patience: Duration) -> (Self, HostId) {
        let mut world = World::new(number);
        let (server, turn) = add_turn_server(&mut world);
        let hosts = [0, 1].map(|_| world.add_host(Host::on_internet()).unwrap());
        let configs = configs().map(|config| IceConfig {
            turn_servers: vec![turn.clone()],
            policy: CandidatePolicy::Relay,
            patience,
            ..config
        });
        (Self::new(world, number, hosts, configs), server)
    }

    /// Two hosts on the internet, with so much loss.
    pub(crate) fn on_internet(number: u64, loss_percent: u32, configs: [IceConfig; 2]) -> Self {
        let mut world = World::new(number);
        let hosts = [0, 1].map(|_| world.add_host(lossy(loss_percent)).unwrap());
        Self::new(world, number, hosts, configs)
    }

    pub(crate) fn agent(&self, i: usize) -> &IceAgent {
        self.world.machine(self.agents[i])
    }

    pub(crate) fn with<R>(
        &mut self,
        i: usize,
        command: impl FnOnce(&mut IceAgent, Instant) -> R,
    ) -> R {
        self.world.with(self.agents[i], command)
    }

    /// Gathers at all addresses of the host.
    pub(crate) fn gather(&mut self, i: usize) {
        let addresses: Vec<IpAddr> = self.world.addresses(self.hosts[i]);
        self.with(i, |agent, now| agent.gather(now, &addresses)).unwrap();
    }

    /// Waits until both agents have all their candidates.
    pub(crate) fn gathered(&mut self) {
        let end = self.world.now().saturating_add(Duration::from_secs(60));
        for i in [0, 1] {
            self.gather(i);
        }
        for i in [0, 1] {
            let done = |event: &IceEvent| *event == IceEvent::GatheringComplete;
            let agent = self.agents[i];
            let before = self.world.take_events::<IceAgent>(agent);
            if !before.iter().any(|(_, event)| done(event)) {
                let found = self.world.run_until_event::<IceAgent>(agent, end, done);
                assert!(found.is_some(), "agent {i} never finished gathering");
            }
        }
    }

    /// Tells agent `to` everything that the other one would say now.
    pub(crate) fn describe(&mut self, to: usize) {
        let from = self.agent(1 - to);
        let credentials = from.local_credentials().clone();
        let candidates: Vec<Candidate> = from.local_candidates().copied().collect();
        let pacing = from.local_pacing();
        self.with(to, |agent, now| {
            agent.set_remote_pacing(now, Some(pacing));
            for candidate in candidates {
                agent.add_remote_candidate(now, candidate).unwrap();
            }
            agent.end_of_remote_candidates(now);
            agent.set_remote_credentials(now, credentials).unwrap();
        });
    }

    /// Gathers, and exchanges descriptions at one instant.
    pub(crate) fn meet(&mut self) {
        self.gathered();
        self.introduce();
    }

    /// Exchanges descriptions at one instant.
    pub(crate) fn introduce(&mut self) {
        self.describe(1);
        self.describe(0);
        self.met_at = self.world.now();
    }

    /// Runs until both have settled on a pair, or until `limit` has passed.
    pub(crate) fn run(&mut self, limit: Duration) {
        let end = self.world.now().saturating_add(limit);
        let agents = self.agents;
        self.world.run_until_true(end, |world| {
            agents.iter().all(|id| {
                let agent = world.machine::<IceAgent>(*id);
                agent.selected_pair().is_some_and(|pair| pair.nominated)
            })
        });
    }

    /// What each agent has told, since the last call.
    pub(crate) fn outcomes(&mut self) -> [Outcome; 2] {
        let met_at = self.met_at;
        self.agents.map(|agent| {
            let mut outcome = Outcome::default();
            for (at, event) in self.world.take_events::<IceAgent>(agent) {
                let at = at.saturating_since(met_at);
                match event {
                    IceEvent::PathChanged(pair) => {
                        outcome.valid.get_or_insert(at);
                        outcome.pair = Some(pair);
                    }
                    IceEvent::Selected(pair) => {
                        outcome.selected.get_or_insert(at);
                        outcome.pair = Some(pair);
                    }
                    IceEvent::StateChanged(IceState::Failed) => outcome.failed = true,
                    _ => {}
                }
            }
            outcome
        })
    }

    /// Whether both have settled on the two ends of one path. `None`: one has not settled.
    pub(crate) fn agree(&self) -> Option<bool> {
        let settled = |i: usize| self.agent(i).pairs().find(|pair| pair.nominated);
        let (a, b) = (settled(0)?, settled(1)?);
        Some(a.local.address == b.path.remote() && b.local.address == a.path.remote())
    }

    /// How many packets the two hosts have sent, since the log is kept.
    pub(crate) fn packets(&self) -> usize {
        let ours = self.hosts.map(nat_sim::NodeId::from);
        let log = self.world.log().iter();
        log.filter(|e| e.happening == Happening::Sent && ours.contains(&e.node)).count()
    }

    /// Sends a datagram each way and sees whether it arrives.
    pub(crate) fn exchange(&mut self) -> bool {
        for i in [0, 1] {
            let data = [b'0' + i as u8; 100];
            let agent = self.agents[i];
            let now = self.world.now();
            let packet = self.with(i, |agent: &mut IceAgent, _| agent.send(now, &data));
            let Ok(packet) = packet else { return false };
            self.world.transmit(agent.host, &packet);
        }
        self.world.run_for(ms(500));
        [0, 1].iter().all(|i| {
            let got = self.world.take_delivered(self.hosts[*i]);
            got.iter().any(|delivery| delivery.bytes[..] == [b'1' - *i as u8; 100])
        })
    }
}

/// A STUN server on the internet.
pub(crate) fn add_stun_server(world: &mut World) -> SocketAddr {
    let host = world.add_host(Host::on_internet().named("stun")).unwrap();
    let machine = world.install(host, Reflector);
    world.open(machine, SocketAddr::new(world.address(host), 3478)).unwrap()
}

/// A TURN server on the internet with one user.
pub(crate) fn add_turn_server(world: &mut World) -> (HostId, RelayServer) {
    add_turn_server_for(world, 16)
}

/// The same, with so many allocations for the user. It answers Binding requests as well.
pub(crate) fn add_turn_server_for(world: &mut World, allocations: usize) -> (HostId, RelayServer) {
    let host = world.add_host(Host::on_internet().named("turn")).unwrap();
    let ip = world.address(host);
    let server = install_turn_server(world, host, ip, &[ip], allocations);
    (host, server)
}

/// A TURN server forgets everything.
pub(crate) fn restart_turn_server(world: &mut World, host: HostId, relay: &RelayServer, seed: u8) {
    let users = Users::new("sim").with("user", "secret").unwrap();
    let nets = ["203.0.113.0/24", "198.51.100.0/24", "192.0.2.0/24"];
    let policy = nets
        .iter()
        .fold(PeerPolicy::global_only(), |policy, net| policy.allow(net.parse().unwrap()));
    let config = TurnServerConfig::new(users, policy)
        .with_listener(relay.address)
        .with_relay(RelayAddress::new(relay.address.ip()));
    let new = turn_proto::TurnServer::new(config, SocketIds::root(), [seed; 32]).unwrap();
    world.with(host, |old: &mut turn_proto::TurnServer, _| *old = new);
}

/// A TURN server on this host that is asked at one address and relays at others.
pub(crate) fn install_turn_server(
    world: &mut World,
    host: HostId,
    asked_at: IpAddr,
    relays_at: &[IpAddr],
    allocations: usize,
) -> RelayServer {
    let address = SocketAddr::new(asked_at, 3478);
    let users = Users::new("sim").with("user", "secret").unwrap();
    // The simulated internet is made of documentation addresses.
    let policy = ["203.0.113.0/24", "198.51.100.0/24", "192.0.2.0/24", "2001:db8::/32"]
        .iter()
        .fold(PeerPolicy::global_only(), |policy, net| policy.allow(net.parse().unwrap()));
    let config = TurnServerConfig::new(users, policy).with_listener(address);
    let relays = relays_at.iter().copied().map(RelayAddress::new);
    let mut config = relays.fold(config, TurnServerConfig::with_relay);
    config.max_allocations_per_user = allocations;
    let server = turn_proto::TurnServer::new(config, SocketIds::root(), [99; 32]).unwrap();
    let machine = world.install(host, server);
    world.open(machine, address).unwrap();
    RelayServer {
        address,
        transport: ice_proto::RelayTransport::Udp,
        username: "user".into(),
        password: "secret".into(),
    }
}

/// The value below which `percent` of the values are.
pub(crate) fn percentile(values: &mut [Duration], percent: usize) -> Duration {
    values.sort_unstable();
    let index = (values.len() * percent).div_ceil(100).max(1) - 1;
    values.get(index).copied().unwrap_or(Duration::MAX)
}

/// A host behind this NAT.
pub(crate) fn behind(world: &mut World, nat: NatId) -> HostId {
    world.add_host(Host::behind(nat)).unwrap()
}
