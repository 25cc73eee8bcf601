//! The client and the server over networks that lose, delay, double and damage packets.
use core::time::Duration;
use nat_sim::{Chance, Host, Link, World};
use std::net::SocketAddr;
use stun_proto::{
    Auth, BindingRequest, BindingServer, ClientConfig, ClientEvent, RequestFault, ServerConfig,
    StunClient,
};

/// What becomes of ten requests over a link that loses so many of a hundred packets each way.
fn ten_requests(seed: u64, loss: u32) -> Vec<(Duration, ClientEvent)> {
    let mut world = World::new(seed);
    let link = Link::after(Duration::from_millis(20))
        .with_jitter(Duration::from_millis(30))
        .with_duplication(Chance::percent(10))
        .with_reordering(Chance::percent(10), Duration::from_millis(50))
        .with_corruption(Chance::percent(loss / 2))
        .with_loss(Chance::percent(loss));
    let server = world.add_host(Host::on_internet().named("server")).unwrap();
    let client = world.add_host(Host::on_internet().named("client").over(link)).unwrap();
    let there = SocketAddr::new(world.address(server), 3478);
    let here = SocketAddr::new(world.address(client), 5000);

    let machine = world.install(server, BindingServer::new(ServerConfig::default(), [1; 32]));
    world.open(machine, there).unwrap();
    let config = ClientConfig { auth: Auth::None, fingerprint: true, ..ClientConfig::default() };
    let machine = world.install(client, StunClient::new(config, [2; 32]));
    world.open(machine, here).unwrap();

    let start = world.now();
    for _ in 0..10 {
        world.with(machine, |client: &mut StunClient, now| {
            client.request(now, BindingRequest::new(sans_io::Path::udp(here, there))).unwrap();
        });
    }
    world.run_for(Duration::from_secs(60));
    let events = world.take_events::<StunClient>(machine);
    events.into_iter().map(|(at, event)| (at.saturating_since(start), event)).collect()
}

#[test]
fn every_request_ends_with_one_event() {
    for seed in 0..50 {
        for loss in [0, 30, 70, 100] {
            let events = ten_requests(seed, loss);
            assert_eq!(events.len(), 10, "seed {seed}, loss {loss}");
            for (after, event) in events {
                match event {
                    ClientEvent::Bound(binding) => {
                        assert_eq!(binding.mapped, binding.path.local(), "FINGERPRINT sees damage");
                        assert!(loss < 100 && after <= Duration::from_millis(39_500));
                    }
                    ClientEvent::Failed { fault, .. } => {
                        assert_eq!(fault, RequestFault::TimedOut);
                        assert!(loss > 0 && after == Duration::from_millis(39_500));
                    }
                }
            }
        }
    }
}
