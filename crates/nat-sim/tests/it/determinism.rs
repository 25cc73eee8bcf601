//! The same seed gives the same run.
use core::time::Duration;
use nat_sim::{
    Behaviour, Bursts, Chance, Dependence, Hairpin, Host, Link, Model, Nat, NatId, Peer,
    PortChoice, Preset, Stream, World,
};

fn random_link(stream: &mut Stream) -> Link {
    let ms = |stream: &mut Stream, most| Duration::from_millis(stream.below(most));
    let mut link = Link::after(ms(stream, 60)).with_jitter(ms(stream, 20));
    link = link.with_loss(Chance::percent(stream.below(20) as u32));
    if stream.happens(Chance::percent(20)) {
        let percent = |n| Chance::percent(n);
        let bursts = Bursts { enter: percent(2), leave: percent(20), loss: percent(80) };
        link = link.with_bursts(bursts).with_duplication(percent(5));
    }
    if stream.happens(Chance::percent(30)) {
        link = link.with_rate(1_000_000, 3_000);
    }
    link.with_reordering(Chance::percent(3), ms(stream, 30)).with_corruption(Chance::percent(1))
}

fn random_model(stream: &mut Stream) -> Model {
    if stream.happens(Chance::percent(50)) {
        return Preset::ALL[stream.below(Preset::ALL.len() as u64) as usize].model();
    }
    let dependence = |stream: &mut Stream| Dependence::ALL[stream.below(3) as usize];
    let ports = [PortChoice::Preserving, PortChoice::Random, PortChoice::Contiguous];
    let hairpins = [Hairpin::None, Hairpin::InternalSource, Hairpin::ExternalSource];
    Model::Behaviour(Behaviour {
        ports: ports[stream.below(3) as usize],
        hairpin: hairpins[stream.below(3) as usize],
        overloads: stream.happens(Chance::percent(30)),
        ..Behaviour::of(dependence(stream), dependence(stream))
    })
}

/// Some hosts behind some NATs ask, knock and talk all over the place for a while.
fn random_run(seed: u64) -> (u64, u64) {
    let mut world = World::new(seed);
    let mut stream = world.stream("topology");
    let mut nats: Vec<NatId> = Vec::new();
    let mut peers = Vec::new();
    for _ in 0..2 {
        let host = world.add_host(Host::on_internet()).unwrap();
        peers.push(world.install_peer(host, 3478));
    }
    for _ in 0..stream.between(1, 4) {
        let mut nat = Nat::new(random_model(&mut stream)).over(random_link(&mut stream));
        if let Some(outer) = nats.last().filter(|_| stream.happens(Chance::percent(30))) {
            nat = nat.behind(*outer);
        }
        nats.push(world.add_nat(nat).unwrap());
    }
    for _ in 0..stream.between(2, 6) {
        let nat = nats[stream.below(nats.len() as u64) as usize];
        let host = Host::behind(nat).over(random_link(&mut stream));
        let host = world.add_host(host).unwrap();
        peers.push(world.install_peer(host, 5000));
    }
    let mut targets: Vec<_> = peers.iter().map(|peer| world.peer_address(*peer)).collect();
    for peer in &peers[2..] {
        targets.extend(world.ask(*peer, peers[0]));
    }
    for _ in 0..60 {
        let from = peers[stream.below(peers.len() as u64) as usize];
        let to = targets[stream.below(targets.len() as u64) as usize];
        let bytes = vec![b'?'; stream.between(1, 1200) as usize];
        world.after(Duration::from_millis(stream.below(3000)), move |world| {
            world.with(from, |peer: &mut Peer, now| peer.send(now, to, bytes));
        });
    }
    let nat = nats[0];
    world.after(Duration::from_secs(1), move |world| world.reboot_nat(nat));
    world.run_for(Duration::from_secs(5));
    (world.trace_hash(), world.stats().sent)
}

#[test]
fn the_same_seed_gives_the_same_trace_in_a_thousand_random_worlds() {
    let mut hashes = std::collections::BTreeSet::new();
    let mut sent = 0;
    for seed in 0..1_000 {
        let first = random_run(seed);
        assert_eq!(first, random_run(seed), "seed {seed}");
        hashes.insert(first.0);
        sent += first.1;
    }
    assert_eq!(hashes.len(), 1_000, "different seeds give different traces");
    assert!(sent > 60_000, "the worlds are busy: {sent} packets");
}

#[test]
fn a_log_changes_nothing() {
    let run = |log: bool| {
        let mut world = World::new(3);
        if log {
            world.keep_log();
        }
        let (a, b) = (Host::on_internet(), Host::on_internet());
        let (a, b) = (world.add_host(a).unwrap(), world.add_host(b).unwrap());
        let (a, b) = (world.install_peer(a, 1), world.install_peer(b, 2));
        world.ask(a, b);
        (world.trace_hash(), world.log().len())
    };
    assert_eq!(run(false), (run(true).0, 0));
    assert_eq!(run(true).1, 4);
}

#[test]
fn one_hosts_randomness_does_not_depend_on_who_else_is_there() {
    let arrivals = |others: bool| {
        let mut world = World::new(9);
        let lossy = Link::after(Duration::from_millis(5)).with_loss(Chance::percent(50));
        let server = world.add_host(Host::on_internet().named("server")).unwrap();
        if others {
            let other = Host::on_internet().named("other").over(lossy);
            let other = world.add_host(other).unwrap();
            let (other, to) = (world.install_peer(other, 1), world.address(server));
            let to = std::net::SocketAddr::new(to, 3478);
            world.with(other, |peer: &mut Peer, now| peer.send(now, to, "noise"));
        }
        let host = world.add_host(Host::on_internet().named("alice").over(lossy)).unwrap();
        let (peer, server) = (world.install_peer(host, 0), world.install_peer(server, 3478));
        let to = world.peer_address(server);
        for n in 0..50_u8 {
            world.with(peer, |peer: &mut Peer, now| peer.send(now, to, vec![n]));
        }
        world.run_for(Duration::from_secs(1));
        let local = world.peer_address(peer).port();
        let heard = world.take_events::<Peer>(server);
        let heard: Vec<_> = heard.into_iter().filter(|(_, h)| h.bytes.len() == 1).collect();
        (local, heard.into_iter().map(|(_, h)| h.bytes).collect::<Vec<_>>())
    };
    assert_eq!(arrivals(false), arrivals(true));
}
