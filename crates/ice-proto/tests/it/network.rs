//! Networks that change under a call: how long it is without data, and that it goes on.
use crate::support::{
    Call, Meeting, add_stun_server, add_turn_server, behind, configs, lossy, ms, percentile,
    restart_turn_server,
};
use core::{net::IpAddr, time::Duration};
use ice_proto::{
    GatherError, IceAgent, IceConfig, IceEvent, IceState, RelayServer, RestartReason, Restarts,
};
use nat_sim::{Chance, Host, HostId, Link, Nat, NatId, Preset, World};

const LOSSES: [u32; 3] = [0, 10, 30];

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trouble {
    /// Nothing gets through for 45 s, and no signals either.
    Outage,
    /// The same, but signals do.
    OutageOfData,
    /// The phone goes from the Wi-Fi of its home to its carrier.
    Phone,
    /// A laptop sleeps for a minute.
    Lid,
    /// The router of one side forgets all its mappings.
    NatReboot,
    /// It gets another address.
    NewAddress,
    /// The relay that both use forgets all its allocations.
    ServerRestart,
}

/// A world with everything in it, and a call that goes on.
struct Scene {
    call: Call,
    hosts: [HostId; 2],
    nats: [NatId; 2],
    carrier: NatId,
    turn: HostId,
    relay: RelayServer,
}

impl Scene {
    fn new(trouble: Trouble, seed: u64, loss: u32) -> Self {
        let mut world = World::new(seed);
        let stun_servers = vec![add_stun_server(&mut world)];
        let (turn, relay) = add_turn_server(&mut world);
        let nats = [0, 1].map(|_| world.add_nat(Nat::of(Preset::PortRestrictedCone)).unwrap());
        let carrier = world.add_nat(Nat::of(Preset::MobileCarrier)).unwrap();
        let up = || Link::after(nat_sim::ACCESS_DELAY).with_loss(Chance::percent(loss));
        let hosts = [0, 1].map(|i| match trouble {
            Trouble::Outage | Trouble::OutageOfData => world.add_host(lossy(loss)).unwrap(),
            _ => world.add_host(Host::behind(nats[i]).up(up())).unwrap(),
        });
        let relays_only = trouble == Trouble::ServerRestart;
        let configs = configs().map(|config| IceConfig {
            stun_servers: if relays_only { Vec::new() } else { stun_servers.clone() },
            turn_servers: vec![relay.clone()],
            restarts: Restarts::WhenNeeded,
            policy: if relays_only {
                ice_proto::CandidatePolicy::Relay
            } else {
                ice_proto::CandidatePolicy::All
            },
            ..config
        });
        let call = Call::settled(Meeting::new(world, seed, hosts, configs));
        Self { call, hosts, nats, carrier, turn, relay }
    }

    /// Makes the trouble. Gives when the network was good again, and which side has to be reached.
    fn strike(&mut self, trouble: Trouble, loss: u32) -> sans_io::Instant {
        let call = &mut self.call;
        let [a, b] = self.hosts;
        match trouble {
            Trouble::Outage | Trouble::OutageOfData => {
                call.silent = trouble == Trouble::Outage;
                call.talks = false;
                call.meeting.world.set_up(a, false);
                call.meeting.world.set_up(b, false);
                call.run_for(Duration::from_secs(45));
                call.meeting.world.set_up(a, true);
                call.meeting.world.set_up(b, true);
            }
            Trouble::Phone => {
                let up = Link::after(nat_sim::ACCESS_DELAY).with_loss(Chance::percent(loss));
                call.meeting.world.roam(a, Host::behind(self.carrier).up(up)).unwrap();
                call.tell_addresses(0);
            }
            Trouble::Lid => {
                call.silent = true;
                call.talks = false;
                call.meeting.world.set_up(a, false);
                call.run_for(Duration::from_secs(60));
                call.meeting.world.set_up(a, true);
                call.tell_addresses(0);
            }
            Trouble::NatReboot => call.meeting.world.reboot_nat(self.nats[0]),
            Trouble::NewAddress => call.meeting.world.rebind_nat(self.nats[0]).unwrap(),
            Trouble::ServerRestart => {
                restart_turn_server(&mut call.meeting.world, self.turn, &self.relay, 7);
            }
        }
        (call.silent, call.talks) = (false, true);
        call.now()
    }
}

/// The longest time without data on either side since the network was good again, of all seeds.
fn gaps(trouble: Trouble, loss: u32, watch: Duration) -> Vec<Duration> {
    let mut gaps = Vec::new();
    // What comes after an outage is a matter of chance; the others wait for timers most of the time.
    let seeds = match trouble {
        Trouble::Outage => 200,
        Trouble::NewAddress | Trouble::ServerRestart => 12,
        Trouble::OutageOfData | Trouble::Phone | Trouble::Lid | Trouble::NatReboot => 50,
    };
    for seed in 0..seeds {
        let mut scene = Scene::new(trouble, seed, loss);
        let begin = scene.strike(trouble, loss);
        let call = &mut scene.call;
        call.run_for(watch);
        let label = || {
            let [a, b] = [0, 1].map(|i| call.meeting.agent(i).explain().to_string());
            format!("{trouble:?} at {loss} %, seed {seed}:\n{a}\n\n{b}\n{:?}", call.events)
        };
        // One that restarts once more has not settled.
        assert_ne!(call.meeting.agree(), Some(false), "{}", label());
        gaps.push(call.gap(0, begin).max(call.gap(1, begin)));
    }
    gaps
}

/// Bounds for the median and for all, by loss.
#[expect(clippy::print_stdout, reason = "the table of the crate documentation is made of this")]
fn bound(trouble: Trouble, watch: Duration, bounds: [[u64; 2]; 3]) {
    for (loss, [median, all]) in LOSSES.into_iter().zip(bounds) {
        let mut gaps = gaps(trouble, loss, watch);
        let [half, most] = [50, 100].map(|percent| percentile(&mut gaps, percent));
        println!("{trouble:?} at {loss} %: {half:?} in the median, {most:?} at most");
        assert!(half <= ms(median) && most <= ms(all), "{trouble:?} {loss} %: {half:?} {most:?}");
    }
}

#[test]
fn after_an_outage_that_outlasts_consent_a_call_is_back_within_three_seconds() {
    bound(Trouble::Outage, Duration::from_secs(5), [[400, 600], [500, 1_500], [600, 3_000]]);
}

#[test]
fn an_outage_of_data_alone_is_over_soon_after() {
    bound(
        Trouble::OutageOfData,
        Duration::from_secs(20),
        [[1_000, 3_000], [1_500, 4_000], [3_000, 10_000]],
    );
}

#[test]
fn a_phone_that_leaves_its_wifi_keeps_its_call() {
    bound(Trouble::Phone, Duration::from_secs(8), [[500, 700], [600, 2_000], [1_000, 5_000]]);
}

#[test]
fn a_laptop_that_wakes_keeps_its_call() {
    bound(Trouble::Lid, Duration::from_secs(8), [[500, 700], [600, 2_000], [1_000, 5_000]]);
}

#[test]
fn a_router_that_restarts_does_not_end_a_call() {
    bound(Trouble::NatReboot, Duration::from_secs(5), [[60, 60], [60, 150], [150, 400]]);
}

#[test]
fn a_router_with_a_new_address_does_not_end_a_call() {
    bound(
        Trouble::NewAddress,
        Duration::from_secs(30),
        [[15_000, 16_000], [15_000, 20_000], [16_000, 25_000]],
    );
}

#[test]
fn a_relay_that_restarts_does_not_end_a_call() {
    bound(
        Trouble::ServerRestart,
        Duration::from_secs(50),
        [[15_500, 16_000], [16_000, 20_000], [18_000, 45_000]],
    );
}

#[test]
fn an_address_that_is_merely_new_waits_for_the_next_restart() {
    let mut world = World::new(1);
    let hosts = [0, 1].map(|_| world.add_host(Host::on_internet()).unwrap());
    let mut call = Call::settled(Meeting::new(world, 1, hosts, configs()));
    let up = Host::on_internet().also_on_internet();
    let old = call.meeting.world.addresses(hosts[0]);
    // The host stays where it is and has one address more.
    let new: IpAddr = "203.0.113.200".parse().unwrap();
    let _ = up;
    let both: Vec<IpAddr> = old.iter().copied().chain([new]).collect();
    call.meeting.with(0, |agent, now| agent.on_network_change(now, &both)).unwrap();
    call.run_for(Duration::from_secs(1));
    assert_eq!(call.restarts(0), 0);
    assert_eq!(call.unsent, [0; 2]);
    let agent = call.meeting.agents[0];
    call.meeting.with(0, |agent: &mut IceAgent, now| assert!(agent.restart(now).is_some()));
    call.run_for(Duration::from_secs(1));
    // The simulated host has no such address.
    let failed = call.events[0].iter().any(|(_, event)| {
        matches!(event, IceEvent::GatheringFailed(failure) if failure.local.ip() == new)
    });
    assert!(failed, "{agent:?} asked for a socket there");
    assert_eq!(call.meeting.agree(), Some(true));
}

#[test]
fn before_the_choice_a_new_address_is_gathered_and_a_lost_one_withdrawn() {
    let mut world = World::new(1);
    let hosts = [0, 1].map(|_| world.add_host(Host::on_internet()).unwrap());
    let mut call = Call::of_strangers(Meeting::new(world, 1, hosts, configs()));
    for i in [0, 1] {
        call.meeting.gather(i);
    }
    call.run_for(ms(20));
    call.meeting.world.roam(hosts[0], Host::on_internet()).unwrap();
    call.tell_addresses(0);
    call.introduce(0);
    call.introduce(1);
    assert!(call.settle_within(Duration::from_secs(2)).is_some());
    assert_eq!(call.restarts(0), 0);
    assert_eq!(call.meeting.agree(), Some(true));
}

#[test]
fn who_is_not_told_to_restart_by_itself_does_so_when_it_is_told_of_the_network() {
    let mut call = Call::settled(Meeting::on_internet(1, 0, configs()));
    let host = call.meeting.hosts[0];
    call.meeting.world.roam(host, Host::on_internet()).unwrap();
    call.run_for(ms(500));
    assert_eq!(call.meeting.agent(0).state(), IceState::Failed);
    assert_eq!((call.restarts(0), call.reasons(0)), (0, vec![RestartReason::PathLost]));
    call.tell_addresses(0);
    assert!(call.settle_within(Duration::from_secs(2)).is_some());
    assert_eq!(call.restarts(0), 1);
}

#[test]
fn who_is_seen_at_another_address_says_so_once() {
    let mut world = World::new(1);
    let nat = world.add_nat(Nat::of(Preset::PortRestrictedCone)).unwrap();
    // Nothing keeps the packets from the new address out of the other side.
    let hosts = [behind(&mut world, nat), world.add_host(Host::on_internet()).unwrap()];
    let mut call = Call::settled(Meeting::new(world, 1, hosts, configs()));
    call.meeting.world.rebind_nat(nat).unwrap();
    call.run_for(Duration::from_secs(20));
    assert_eq!(call.reasons(0), [RestartReason::AddressChanged]);
    assert_eq!(call.meeting.agent(0).state(), IceState::Completed);
}

#[test]
fn a_first_attempt_that_fails_is_not_repeated() {
    let configs = configs().map(|config| IceConfig { restarts: Restarts::WhenNeeded, ..config });
    let mut meeting = Meeting::on_internet(1, 0, configs);
    meeting.gathered();
    meeting.describe(0);
    meeting.world.set_up(meeting.hosts[1], false);
    let mut call = Call::new(meeting);
    call.run_for(Duration::from_secs(60));
    assert_eq!(call.meeting.agent(0).state(), IceState::Failed);
    assert_eq!(call.restarts(0), 0);
}

#[test]
fn networks_that_come_and_go_before_the_choice_leave_room_for_the_last_one() {
    let meeting = Meeting::on_internet(9, 0, configs());
    let mut call = Call::of_strangers(meeting);
    for i in [0, 1] {
        call.meeting.gather(i);
        call.introduce(i);
    }
    for turn in 0..80 {
        let host = call.meeting.hosts[turn % 2];
        call.meeting.world.roam(host, Host::on_internet()).unwrap();
        call.tell_addresses(turn % 2);
        call.run_for(ms(5));
    }
    assert_eq!(call.meeting.agree(), None, "it was too fast for them");
    assert!(call.settle_within(Duration::from_secs(5)).is_some());
    assert_eq!(call.meeting.agree(), Some(true));
}

#[test]
fn a_network_change_that_is_refused_changes_nothing() {
    let max = IceConfig::default().local_addresses_max;
    let many: Vec<IpAddr> = (0..=max).map(|n| [192, 0, 2, n as u8].into()).collect();
    let nowhere = vec![IpAddr::from([0, 0, 0, 0])];
    for settles in [true, false] {
        let mut meeting = Meeting::on_internet(1, 0, configs());
        if settles {
            meeting.meet();
            meeting.run(Duration::from_secs(5));
        } else {
            meeting.gathered();
        }
        for (addresses, error) in
            [(&nowhere, GatherError::Address(nowhere[0])), (&many, GatherError::TooManyAddresses)]
        {
            let change = |agent: &mut IceAgent, now| agent.on_network_change(now, addresses);
            assert_eq!(meeting.with(0, change), Err(error));
        }
        if !settles {
            meeting.introduce();
            meeting.run(Duration::from_secs(5));
        }
        assert_eq!(meeting.agree(), Some(true));
        assert!(meeting.exchange(), "settled before: {settles}");
    }
}
