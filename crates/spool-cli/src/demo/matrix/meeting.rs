//! Two agents behind two NATs meet in the simulator.
use ice_proto::{IceAgent, IceConfig, IceEvent, IceState, RelayServer, Role};
use nat_sim::{Host, HostId, MachineId, Nat, Preset, TopologyError, World};
use sans_io::{Instant, SocketIds};
use spool::IpPrefix;
use std::{
    net::{IpAddr, SocketAddr},
    time::Duration,
};
use turn_proto::{PeerPolicy, RelayAddress, TurnServer, TurnServerConfig, Users};

/// From one host to another and back: what the simulator's links take unless told otherwise.
pub(super) const ROUND_TRIP: Duration = Duration::from_millis(50);

/// Virtual time after which a meeting counts as failed. ICE itself gives up after 39.5 s.
const PATIENCE: Duration = Duration::from_secs(45);

const PORT: u16 = 3478;
const USER: &str = "demo";
const PASSWORD: &str = "demo-password";

/// How two agents fared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Data went both ways without a relay, after so long.
    Direct(Duration),
    /// Data went both ways through a relay, after so long.
    Relayed(Duration),
    /// Nothing went.
    Never,
}

/// What can go wrong with the simulation itself.
pub(super) type Broken = Box<dyn std::error::Error>;

/// Has the agent behind `left` make the offer and the one behind `right` answer it, with a STUN and
/// TURN server on the internet. `None` is no NAT at all. The clock runs from the moment at which
/// both have the other's description.
pub(super) fn play(left: Option<Preset>, right: Option<Preset>) -> Result<Outcome, Broken> {
    Scene { nats: [left, right].map(|nat| nat.map(Nat::of)), ..Scene::default() }.play()
}

/// What a meeting is made of, besides the server.
struct Scene {
    nats: [Option<Nat>; 2],
    /// How long the descriptions take to get across.
    wait: Duration,
    /// Whether the server relays for the agents, or tells them their addresses only.
    relays: bool,
    config: IceConfig,
}

impl Default for Scene {
    fn default() -> Self {
        let config = IceConfig::default();
        Self { nats: [None, None], wait: Duration::ZERO, relays: true, config }
    }
}

impl Scene {
    fn play(self) -> Result<Outcome, Broken> {
        let mut world = World::new(1);
        let server = install_server(&mut world)?;
        let mut config = self.config;
        if self.relays {
            let (username, password) = (USER.into(), PASSWORD.into());
            config.turn_servers.push(RelayServer {
                address: server,
                transport: ice_proto::RelayTransport::Udp,
                username,
                password,
            });
        } else {
            config.stun_servers.push(server);
        }
        let mut agents = Vec::new();
        for (nat, role) in self.nats.into_iter().zip([Role::Controlling, Role::Controlled]) {
            let host = host(&mut world, nat)?;
            let config = IceConfig { role, ..config.clone() };
            agents.push(install_agent(&mut world, host, config)?);
        }
        let agents = [agents[0], agents[1]];
        for agent in agents {
            let end = World::START.saturating_add(PATIENCE);
            let over = |event: &IceEvent| matches!(event, IceEvent::GatheringComplete);
            // what is there when time is over has to do
            let _ = world.run_until_event::<IceAgent>(agent, end, over);
        }
        world.run_for(self.wait);
        introduce(&mut world, agents)?;
        Ok(watch(&mut world, agents))
    }
}

fn install_server(world: &mut World) -> Result<SocketAddr, Broken> {
    let host = world.add_host(Host::on_internet().named("server"))?;
    let ip = world.address(host);
    let address = SocketAddr::new(ip, PORT);
    // what the simulator calls the internet is made of addresses for documentation
    let everywhere = IpPrefix::new(IpAddr::from([0, 0, 0, 0]), 0)?;
    let peers = PeerPolicy::global_only().allow(everywhere);
    let users = Users::new("turn").with(USER, PASSWORD)?;
    let config = TurnServerConfig::new(users, peers).with_listener(address);
    let config = config.with_relay(RelayAddress::new(ip));
    let machine = world.install(host, TurnServer::new(config, SocketIds::root(), [9; 32])?);
    world.open(machine, address).map_err(|fault| format!("{address}: {fault:?}"))?;
    Ok(address)
}

fn host(world: &mut World, nat: Option<Nat>) -> Result<HostId, TopologyError> {
    match nat {
        None => world.add_host(Host::on_internet()),
        Some(nat) => {
            let nat = world.add_nat(nat)?;
            world.add_host(Host::behind(nat))
        }
    }
}

fn install_agent(world: &mut World, host: HostId, config: IceConfig) -> Result<MachineId, Broken> {
    let seed = [config.role as u8 + 1; 32];
    let agent = IceAgent::new(config, seed, SocketIds::root())?;
    let addresses = world.addresses(host);
    let machine = world.install(host, agent);
    world.with(machine, |agent: &mut IceAgent, now| agent.gather(now, &addresses))?;
    Ok(machine)
}

/// Tells each agent what the other's description would.
fn introduce(world: &mut World, agents: [MachineId; 2]) -> Result<(), Broken> {
    for (to, from) in [(agents[0], agents[1]), (agents[1], agents[0])] {
        world.with(from, |agent: &mut IceAgent, now| agent.description_sent(now));
        let peer = world.machine::<IceAgent>(from);
        let credentials = peer.local_credentials().clone();
        let pacing = peer.local_pacing();
        let candidates: Vec<_> = peer.local_candidates().copied().collect();
        world.with(to, |agent: &mut IceAgent, now| -> Result<(), Broken> {
            agent.set_remote_pacing(now, Some(pacing));
            agent.set_remote_credentials(now, credentials)?;
            for candidate in candidates {
                agent.add_remote_candidate(now, candidate)?;
            }
            agent.end_of_remote_candidates(now);
            Ok(())
        })?;
    }
    Ok(())
}

/// Runs until both have settled, and tells when data could first go both ways.
fn watch(world: &mut World, agents: [MachineId; 2]) -> Outcome {
    let start = world.now();
    let end = start.saturating_add(PATIENCE);
    let both = |world: &World, wanted: &[IceState]| {
        agents.iter().all(|agent| wanted.contains(&world.machine::<IceAgent>(*agent).state()))
    };
    let usable = [IceState::Connected, IceState::Completed];
    let mut first: Option<Instant> = None;
    let settled = world.run_until_true(end, |world| {
        if first.is_none() && both(world, &usable) {
            first = Some(world.now());
        }
        both(world, &[IceState::Completed]) || both(world, &[IceState::Failed])
    });
    let pair = world.machine::<IceAgent>(agents[0]).selected_pair();
    match (settled, first, pair) {
        (true, Some(at), Some(pair)) if pair.is_direct() => {
            Outcome::Direct(at.saturating_since(start))
        }
        (true, Some(at), Some(_)) => Outcome::Relayed(at.saturating_since(start)),
        _ => Outcome::Never,
    }
}

#[cfg(test)]
mod tests {
    use super::{Outcome, Scene, play};
    use ice_proto::IceConfig;
    use nat_sim::{Behaviour, Dependence, Lifetime, Nat, Preset};
    use std::time::Duration;

    /// Behind NATs that forget after 30 s, without a relay, the answer takes five minutes.
    fn slow_answer(config: IceConfig) -> Outcome {
        let forgetful = Behaviour {
            lifetime: Lifetime::idle(Duration::from_secs(30)),
            ..Behaviour::of(Dependence::Endpoint, Dependence::AddressAndPort)
        };
        let nats = [(); 2].map(|()| Some(Nat::new(forgetful.clone())));
        let wait = Duration::from_secs(300);
        Scene { nats, wait, relays: false, config }.play().unwrap()
    }

    #[test]
    fn an_offer_may_wait_five_minutes_for_its_answer_behind_a_nat_of_30_s() {
        let outcome = slow_answer(IceConfig::default());
        assert!(matches!(outcome, Outcome::Direct(_)), "{outcome:?}");
        // and that is the keepalives' doing
        let rare = Duration::from_secs(3600);
        let outcome = slow_answer(IceConfig { mapping_keepalive: rare, ..IceConfig::default() });
        assert_eq!(outcome, Outcome::Never);
    }

    #[test]
    fn two_public_hosts_meet_directly_within_two_round_trips() {
        let Outcome::Direct(took) = play(None, None).unwrap() else { panic!("not direct") };
        assert!(took <= Duration::from_millis(100), "{took:?}");
    }

    #[test]
    fn home_routers_are_crossed_directly_and_symmetric_nats_through_the_relay() {
        let home = Some(Preset::PortRestrictedCone);
        let symmetric = Some(Preset::Symmetric);
        assert!(matches!(play(home, home), Ok(Outcome::Direct(_))));
        assert!(matches!(play(symmetric, symmetric), Ok(Outcome::Relayed(_))));
    }

    #[test]
    fn without_udp_nothing_goes() {
        assert_eq!(play(Some(Preset::UdpBlocked), None).unwrap(), Outcome::Never);
    }
}
