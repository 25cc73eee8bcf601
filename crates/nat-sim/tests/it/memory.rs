//! How much a world takes, and that a large one works.
use allocation_counter::measure;
use nat_sim::{Host, HostId, MachineId, Peer, World};
use std::time::Duration;

const HOSTS: u64 = 10_000;

fn world() -> (World, Vec<HostId>) {
    let mut world = World::new(1);
    let hosts = (0..HOSTS).map(|_| world.add_host(Host::on_internet()).unwrap()).collect();
    (world, hosts)
}

fn with_peers() -> (World, Vec<MachineId>) {
    let (mut world, hosts) = world();
    let peers = hosts.into_iter().map(|host| world.install_peer(host, 9)).collect();
    (world, peers)
}

/// Bytes for each host, with all that the world keeps about it.
fn bytes_a_host<W>(make: impl FnOnce() -> W) -> u64 {
    let mut made = None;
    let taken = measure(|| made = Some(make()));
    u64::try_from(taken.bytes_current).unwrap() / HOSTS
}

#[test]
fn an_idle_host_takes_less_than_two_kilobytes() {
    let (bare, running) = (bytes_a_host(world), bytes_a_host(with_peers));
    assert!((100..1_200).contains(&bare), "{bare} bytes without a machine");
    assert!((bare..2_000).contains(&running), "{running} bytes with a machine");
}

#[test]
fn ten_thousand_hosts_talk_in_one_world() {
    let (mut world, peers) = with_peers();
    let addresses: Vec<_> = peers.iter().map(|peer| world.peer_address(*peer)).collect();
    for (index, peer) in peers.iter().enumerate() {
        let to = addresses[(index + 1) % addresses.len()];
        world.with(*peer, |peer: &mut Peer, now| peer.send(now, to, "hello"));
    }
    world.run_for(Duration::from_millis(100));
    for (index, peer) in peers.iter().enumerate() {
        let heard = world.take_events::<Peer>(*peer);
        let from = addresses[(index + addresses.len() - 1) % addresses.len()];
        assert_eq!((heard.len(), heard[0].1.from), (1, from));
    }
    assert_eq!(world.stats().received, HOSTS);
}
