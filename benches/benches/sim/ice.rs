//! ICE agents on simulated hosts behind NATs: whole sessions, and what goes through them.
use core::time::Duration;
use ice_proto::{IceAgent, IceConfig, Role};
use nat_sim::{Host, MachineId, Nat, Preset, World};
use sans_io::SocketIds;
use std::net::SocketAddr;
use stun_proto::{BindingServer, ServerConfig};

/// Sessions in one world, all at the same time.
const SESSIONS: usize = 25;
/// How long gathering and connecting get: more than they need.
const GATHERING: Duration = Duration::from_secs(1);
const CONNECTING: Duration = Duration::from_secs(4);
/// Between two datagrams of each agent, as with audio.
const INTERVAL: Duration = Duration::from_millis(20);
const SIZE: usize = 100;

/// Lets pairs of agents behind NATs connect and then send to each other, `datagrams` each. How many
/// hops packets have made: from a host to a NAT, from one NAT to another, and so on.
pub(crate) fn sessions(datagrams: u32) -> u64 {
    let mut world = World::new(1);
    let agents: Vec<_> = agents(&mut world);
    world.run_for(GATHERING);
    for [a, b] in &agents {
        describe(&mut world, *a, *b);
        describe(&mut world, *b, *a);
    }
    world.run_for(CONNECTING);
    let mut arrived = 0;
    for _ in 0..datagrams {
        for agent in agents.iter().flatten() {
            let now = world.now();
            let agent_of = |agent: &mut IceAgent, _| agent.send(now, &[0x55; SIZE]);
            let packet = world.with(*agent, agent_of).expect("a pair of agents that has connected");
            world.transmit(agent.host, &packet);
        }
        world.run_for(INTERVAL);
        for agent in agents.iter().flatten() {
            arrived += world.take_delivered(agent.host).len();
        }
    }
    world.run_for(Duration::from_secs(1));
    for agent in agents.iter().flatten() {
        arrived += world.take_delivered(agent.host).len();
    }
    assert_eq!(arrived, datagrams as usize * 2 * SESSIONS, "links that lose nothing");
    world.stats().sent + world.stats().forwarded
}

fn agents(world: &mut World) -> Vec<[MachineId; 2]> {
    let server = world.add_host(Host::on_internet()).expect("an address");
    let machine = world.install(server, BindingServer::new(ServerConfig::default(), [255; 32]));
    let server = SocketAddr::new(world.address(server), 3478);
    let server = world.open(machine, server).expect("a free port");
    let mut agent = |number: usize, role: Role| {
        let nat = world.add_nat(Nat::of(Preset::PortRestrictedCone)).expect("an address");
        let host = world.add_host(Host::behind(nat)).expect("an address");
        let config = IceConfig { role, stun_servers: vec![server], ..IceConfig::default() };
        let agent = IceAgent::new(config, [number as u8; 32], SocketIds::root());
        let machine = world.install(host, agent.expect("a good configuration"));
        let addresses = world.addresses(host);
        let begun = world.with(machine, |agent: &mut IceAgent, now| agent.gather(now, &addresses));
        begun.expect("an open agent");
        machine
    };
    (0..SESSIONS)
        .map(|n| [agent(2 * n, Role::Controlling), agent(2 * n + 1, Role::Controlled)])
        .collect()
}

/// Tells one agent all about another.
fn describe(world: &mut World, from: MachineId, to: MachineId) {
    let peer = world.machine::<IceAgent>(from);
    let (credentials, pacing) = (peer.local_credentials().clone(), peer.local_pacing());
    let candidates: Vec<_> = peer.local_candidates().copied().collect();
    world.with(to, |agent: &mut IceAgent, now| {
        agent.set_remote_pacing(now, Some(pacing));
        for candidate in candidates {
            agent.add_remote_candidate(now, candidate).expect("room");
        }
        agent.end_of_remote_candidates(now);
        agent.set_remote_credentials(now, credentials).expect("good credentials");
    });
}
