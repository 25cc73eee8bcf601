//! Scenarios of the simulator as text: what is printed reads the same, what is built runs, and runs
//! the same twice.
use nat_sim::{MachineId, Peer, Running, Scenario};
use std::time::Duration;

const HOSTS_MAX: usize = 6;
const FAULTS_MAX: usize = 12;
const PORT: u16 = 5000;

/// Reads a scenario; runs a small one.
pub fn nat_scenario(data: &[u8]) {
    let Ok(text) = core::str::from_utf8(data) else { return };
    let Ok(scenario) = text.parse::<Scenario>() else { return };
    let printed = scenario.to_string();
    assert_eq!(printed.parse().as_ref(), Ok(&scenario), "printed as\n{printed}");
    let small = scenario.hosts.len() <= HOSTS_MAX
        && scenario.nats.len() <= HOSTS_MAX
        && scenario.timeline.len() <= FAULTS_MAX;
    if small {
        assert_eq!(run(&scenario), run(&scenario), "one seed, two runs\n{printed}");
    }
}

/// Everybody tells everybody hello; the hash of what happened.
fn run(scenario: &Scenario) -> Option<u64> {
    let Running { mut world, hosts, .. } = scenario.build().ok()?;
    let peers: Vec<MachineId> =
        hosts.values().map(|host| world.install_peer(*host, PORT)).collect();
    let addresses: Vec<_> = peers.iter().map(|peer| world.peer_address(*peer)).collect();
    let half = scenario.duration.min(Duration::from_secs(60)) / 2;
    for _ in 0..2 {
        for peer in &peers {
            for to in &addresses {
                world.with(*peer, |peer: &mut Peer, now| peer.send(now, *to, "hello"));
            }
        }
        world.run_for(half);
    }
    Some(world.trace_hash())
}
