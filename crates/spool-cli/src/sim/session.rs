//! Two agents that meet in a simulated network: gathering, the descriptions, how they fare.
use ice_proto::{
    Candidate, IceAgent, IceConfig, IceCredentials, IceEvent, IceState, RelayServer, Restarts,
    Role, SelectedPair,
};
use nat_sim::{HostId, MachineId, Stream, World};
use sans_io::{Instant, SocketIds};
use std::{net::SocketAddr, sync::Arc, time::Duration};
use turn_proto::{PeerPolicy, RelayAddress, TurnServer, TurnServerConfig, Users};

/// What a description or a candidate takes from one agent to the other: about as long as a packet
/// takes through a server.
pub(super) const SIGNALLING: Duration = Duration::from_millis(50);

/// Virtual time that two agents are given from the start. ICE itself gives up 39.5 s after the
/// descriptions are there, and a server that does not answer takes another 39.5 s before.
pub(super) const PATIENCE: Duration = Duration::from_secs(120);

/// A datagram that may be lost is sent so often, and so far apart.
const GREETINGS: u32 = 20;
const BETWEEN_GREETINGS: Duration = Duration::from_millis(100);

const PORT: u16 = 3478;
const USER: &str = "sim";
const PASSWORD: &str = "sim-password";

/// What can go wrong with the simulation itself.
pub(super) type Broken = Box<dyn std::error::Error + Send + Sync>;

/// What a server does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Service {
    /// Tells agents how it sees them.
    Stun,
    /// That, and relays for them.
    Turn,
}

/// The servers that agents ask.
#[derive(Clone, Debug, Default)]
pub(super) struct Servers {
    stun: Vec<SocketAddr>,
    turn: Vec<RelayServer>,
}

impl Servers {
    /// Starts a server on a host, on all its addresses.
    pub(super) fn add(
        &mut self,
        world: &mut World,
        host: HostId,
        service: Service,
    ) -> Result<(), Broken> {
        // the simulated internet begins with the networks for documentation
        let mut peers = PeerPolicy::global_only();
        for net in ["203.0.113.0/24", "198.51.100.0/24", "192.0.2.0/24", "2001:db8::/32"] {
            peers = peers.allow(net.parse()?);
        }
        let users = Users::new("sim").with(USER, PASSWORD)?;
        let mut config = TurnServerConfig::new(users, peers);
        let addresses = world.addresses(host);
        for ip in &addresses {
            config = config.with_listener(SocketAddr::new(*ip, PORT));
            config = config.with_relay(RelayAddress::new(*ip));
        }
        let seed = secret(&mut world.stream("server"));
        let machine = world.install(host, TurnServer::new(config, SocketIds::root(), seed)?);
        for ip in addresses {
            let address = SocketAddr::new(ip, PORT);
            world.open(machine, address).map_err(|fault| format!("{address}: {fault:?}"))?;
            match service {
                Service::Stun => self.stun.push(address),
                Service::Turn => {
                    let (username, password) = (USER.into(), PASSWORD.into());
                    self.turn.push(RelayServer {
                        address,
                        transport: ice_proto::RelayTransport::Udp,
                        username,
                        password,
                    });
                }
            }
        }
        Ok(())
    }
}

fn secret(stream: &mut Stream) -> [u8; 32] {
    let mut seed = [0; 32];
    for word in seed.as_chunks_mut::<8>().0 {
        *word = stream.next_u64().to_le_bytes();
    }
    seed
}

/// Two agents. The first makes the offer, when both have gathered; the second has it at once, and
/// the first has the answer [`SIGNALLING`] later. From then on time to connect is counted.
#[derive(Debug)]
pub(super) struct Session {
    agents: [MachineId; 2],
    states: [IceState; 2],
    gathered: [bool; 2],
    heard: [bool; 2],
    /// Which generation each side is in.
    ufrags: [Arc<str>; 2],
    /// When both have the description of the other.
    met: Option<Instant>,
    connected: Option<Instant>,
    greet_at: Option<Instant>,
    greetings: u32,
}

impl Session {
    /// Starts agents on two hosts. `number` tells sessions of one world apart.
    pub(super) fn start(
        world: &mut World,
        hosts: [HostId; 2],
        servers: &Servers,
        number: usize,
    ) -> Result<Self, Broken> {
        let mut agent = |host, role| -> Result<MachineId, Broken> {
            let written = |address| world.address_for(host, address);
            let turn = servers.turn.iter().cloned();
            let mut stun: Vec<_> = servers.stun.iter().map(|server| written(*server)).collect();
            // Behind a NAT64 they refuse a relay of the agent's family (440), and with it goes what
            // they would have told of its address: it is asked for by itself.
            let refusing = turn.clone().map(|server| server.address);
            stun.extend(refusing.map(|to| (to, written(to))).filter(|(a, b)| a != b).map(|s| s.1));
            let config = IceConfig {
                role,
                stun_servers: stun,
                turn_servers: turn
                    .map(|server| RelayServer { address: written(server.address), ..server })
                    .collect(),
                restarts: Restarts::WhenNeeded,
                ..IceConfig::default()
            };
            let seed = secret(&mut world.stream(&format!("session {number} {role:?}")));
            let machine = world.install(host, IceAgent::new(config, seed, SocketIds::root())?);
            let addresses = world.addresses(host);
            world.with(machine, |agent: &mut IceAgent, now| agent.gather(now, &addresses))?;
            Ok(machine)
        };
        let agents = [agent(hosts[0], Role::Controlling)?, agent(hosts[1], Role::Controlled)?];
        let ufrag = |agent: MachineId| {
            Arc::clone(&world.machine::<IceAgent>(agent).local_credentials().ufrag)
        };
        Ok(Self {
            ufrags: agents.map(ufrag),
            agents,
            states: [IceState::New; 2],
            gathered: [false; 2],
            heard: [false; 2],
            met: None,
            connected: None,
            greet_at: None,
            greetings: 0,
        })
    }

    /// Looks after both agents; to be called after each step of the world. Events are told with the
    /// side that they are of.
    pub(super) fn follow(
        &mut self,
        world: &mut World,
        mut tell: impl FnMut(usize, Instant, &IceEvent),
    ) {
        for side in [0, 1] {
            for (at, event) in world.take_events::<IceAgent>(self.agents[side]) {
                match event {
                    IceEvent::GatheringComplete => self.gathered[side] = true,
                    IceEvent::StateChanged(state) => self.states[side] = state,
                    IceEvent::Candidate(candidate) if self.met.is_some() => {
                        let ufrag = Arc::clone(&self.ufrags[side]);
                        carry(world, self.agents[1 - side], ufrag, candidate);
                    }
                    IceEvent::Restarted(ref credentials) => {
                        self.ufrags[side] = Arc::clone(&credentials.ufrag);
                        carry_restart(world, self.agents[1 - side], credentials.clone());
                        hand_out(world, self.agents[side]);
                    }
                    IceEvent::Candidate(_)
                    | IceEvent::CandidateLost(_)
                    | IceEvent::CandidateDropped(_)
                    | IceEvent::GatheringFailed(_)
                    | IceEvent::PathChanged(_)
                    | IceEvent::Selected(_)
                    | IceEvent::RoleChanged(_)
                    | IceEvent::RestartNeeded(_) => {}
                }
                tell(side, at, &event);
            }
        }
        if self.met.is_none() && self.gathered == [true; 2] {
            self.introduce(world);
        }
        if self.connected.is_none() && self.is_usable() {
            self.connected = Some(world.now());
            self.greet_at = Some(world.now());
        }
        if self.greet_at.is_some_and(|at| at <= world.now()) {
            self.greet(world);
        }
    }

    fn introduce(&mut self, world: &mut World) {
        let [offers, answers] = self.agents;
        let answered = world.now().saturating_add(SIGNALLING);
        self.met = Some(answered);
        hand_out(world, offers);
        describe(world, offers, answers);
        hand_out(world, answers);
        world.at(answered, move |world| describe(world, answers, offers));
    }

    /// Sends a datagram each way, and sees to it that it happens again if need be.
    fn greet(&mut self, world: &mut World) {
        for agent in self.agents {
            let now = world.now();
            let sent = world.with(agent, |agent: &mut IceAgent, _| agent.send(now, b"hello"));
            // without a path there is nothing to hear either
            if let Ok(packet) = sent {
                world.transmit(agent.host, &packet);
            }
        }
        self.greetings += 1;
        self.greet_at = None;
        if self.greetings < GREETINGS {
            let again = world.now().saturating_add(BETWEEN_GREETINGS);
            self.greet_at = Some(again);
            world.at(again, |_| {});
        }
    }

    /// A machine has got data from its peer.
    pub(super) fn hear(&mut self, machine: MachineId) {
        for (agent, heard) in self.agents.iter().zip(&mut self.heard) {
            *heard |= *agent == machine;
        }
        if self.heard == [true; 2] {
            self.greet_at = None;
        }
    }

    fn is_usable(&self) -> bool {
        let usable = |state| matches!(state, IceState::Connected | IceState::Completed);
        self.states.into_iter().all(usable)
    }

    /// Whether both have settled, and had data of each other; or both have given up.
    pub(super) fn is_over(&self) -> bool {
        let all = |wanted| self.states.iter().all(|state| *state == wanted);
        all(IceState::Completed) && self.greet_at.is_none() || all(IceState::Failed)
    }

    /// How far both have come.
    pub(super) const fn states(&self) -> [IceState; 2] {
        self.states
    }

    /// The agents.
    pub(super) const fn agents(&self) -> [MachineId; 2] {
        self.agents
    }

    /// How long it took until data could go both ways, if it did go both ways.
    pub(super) fn time_to_connect(&self) -> Option<Duration> {
        let (met, connected) = (self.met?, self.connected?);
        (self.heard == [true; 2]).then(|| connected.saturating_since(met))
    }

    /// The pair that the offering side uses, and the answering side.
    pub(super) fn pairs(&self, world: &World) -> [Option<SelectedPair>; 2] {
        self.agents.map(|agent| world.machine::<IceAgent>(agent).selected_pair())
    }
}

/// Whether no relay is in a path. One side alone may not know: a NAT can hide the relay of the other.
pub(super) fn is_direct(pairs: &[Option<SelectedPair>; 2]) -> bool {
    pairs.iter().flatten().all(SelectedPair::is_direct)
}

/// The description of an agent is on its way.
fn hand_out(world: &mut World, agent: MachineId) {
    world.with(agent, |agent: &mut IceAgent, now| agent.description_sent(now));
}

/// Tells one agent what the description of another says. What it has no room for it does without, as
/// it would with a description from anywhere.
fn describe(world: &mut World, from: MachineId, to: MachineId) {
    let peer = world.machine::<IceAgent>(from);
    let credentials = peer.local_credentials().clone();
    let pacing = peer.local_pacing();
    let candidates: Vec<_> = peer.local_candidates().copied().collect();
    let candidates: Vec<_> = candidates.into_iter().map(|c| written(world, to, c)).collect();
    world.with(to, |agent: &mut IceAgent, now| {
        agent.set_remote_pacing(now, Some(pacing));
        for candidate in candidates {
            let _ = agent.add_remote_candidate(now, candidate);
        }
        agent.end_of_remote_candidates(now);
        let _ = agent.set_remote_credentials(now, credentials);
    });
}

/// Brings a candidate that was found late to the other agent.
fn carry(world: &mut World, to: MachineId, ufrag: Arc<str>, candidate: Candidate) {
    world.after(SIGNALLING, move |world| {
        let candidate = written(world, to, candidate);
        world.with(to, |agent: &mut IceAgent, now| {
            let _ = agent.add_remote_candidate_of(now, &ufrag, candidate);
        });
    });
}

/// Brings the credentials of another generation to the other agent.
fn carry_restart(world: &mut World, to: MachineId, credentials: IceCredentials) {
    world.after(SIGNALLING, move |world| {
        world.with(to, |agent: &mut IceAgent, now| {
            // an agent that is closed does without
            let _ = agent.set_remote_credentials(now, credentials);
        });
    });
}

/// A candidate as an agent behind a NAT64 has to write it, which knows the prefix (RFC 7050).
fn written(world: &World, to: MachineId, candidate: Candidate) -> Candidate {
    Candidate { address: world.address_for(to.host, candidate.address), ..candidate }
}
