//! Networks that double, delay, throttle and lose what is sent: both agents connect and agree, and
//! what they send stays bounded, however long it takes.
use crate::support::{Meeting, configs, ms};
use core::time::Duration;
use ice_proto::{IceConfig, IceState};
use nat_sim::{Chance, Happening, Host, HostId, Link, NodeId, World};
use sans_io::Instant;
use std::net::IpAddr;

const fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

/// Two hosts on the internet with so many addresses each, which `linked` gives their links.
fn hosts(seed: u64, addresses: u8, linked: impl Fn(Host) -> Host) -> (World, [HostId; 2]) {
    let mut world = World::new(seed);
    let hosts = [1, 2].map(|net| {
        let host = (1..=addresses).fold(Host::on_internet(), |host, last| {
            host.with_address(IpAddr::from([203, 0, 113, 10 * net + last]))
        });
        world.add_host(linked(host)).unwrap()
    });
    world.keep_log();
    (world, hosts)
}

/// Two such hosts, whose packets go out over such a link.
fn over(seed: u64, addresses: u8, up: Link, down: Link) -> Meeting {
    let (world, hosts) = hosts(seed, addresses, |host| host.up(up).down(down));
    Meeting::new(world, seed, hosts, configs())
}

/// When the hosts sent packets.
fn sent(meeting: &Meeting, hosts: &[HostId]) -> Vec<Instant> {
    let nodes: Vec<NodeId> = hosts.iter().map(|host| NodeId::from(*host)).collect();
    let log = meeting.world.log().iter();
    log.filter(|entry| entry.happening == Happening::Sent && nodes.contains(&entry.node))
        .map(|entry| entry.at)
        .collect()
}

/// The most packets that both agents sent within `span`.
fn most_within(meeting: &Meeting, span: Duration) -> usize {
    let times = sent(meeting, &meeting.hosts);
    let mut most = 0;
    let mut first = 0;
    for (last, at) in times.iter().enumerate() {
        while times[first].saturating_add(span) <= *at {
            first += 1;
        }
        most = most.max(last + 1 - first);
    }
    most
}

/// With so many pairs, and so many copies of each packet that arrive, no agent sends more in a
/// second: 16 checks a pair, though never more than one every 5 ms, and an answer to each copy.
fn is_calm(meeting: &Meeting, pairs: usize, copies: usize, label: &str) {
    let most = most_within(meeting, secs(1));
    let bound = (1 + copies) * (32 * pairs).min(402);
    assert!(most <= bound, "{label}: {most} packets in a second, not {bound}");
}

/// Meets, and gives how long it took until both had settled.
fn settle(meeting: &mut Meeting, limit: Duration, label: &str) -> Duration {
    meeting.meet();
    meeting.run(limit);
    let explain = |i: usize| meeting.agent(i).explain().to_string();
    assert_eq!(meeting.agree(), Some(true), "{label}:\n{}\n{}", explain(0), explain(1));
    meeting.world.now().saturating_since(meeting.met_at)
}

/// The network is back, `span` after they met: both settle at most five seconds later.
fn outlasts(meeting: &mut Meeting, span: Duration, label: &str) {
    meeting.run(secs(60));
    let took = meeting.world.now().saturating_since(meeting.met_at);
    assert_eq!(meeting.agree(), Some(true), "{label}: {:?}", meeting.outcomes());
    assert!(took <= span + secs(5), "{label}: {took:?}");
}

/// Some seconds later nothing has changed, and only consent is asked for.
fn stays(meeting: &mut Meeting, span: Duration, label: &str) {
    meeting.world.run_for(secs(2));
    let before = meeting.packets();
    meeting.world.run_for(span);
    let packets = meeting.packets() - before;
    let most = span.as_secs() as usize * 32 / 30 + 8;
    assert!(packets <= most, "{label}: {packets} packets in {span:?}");
    assert_eq!(meeting.agree(), Some(true), "{label}");
    let states = [0, 1].map(|i| meeting.agent(i).state());
    assert_eq!(states, [IceState::Completed; 2], "{label}");
}

#[test]
fn packets_that_are_doubled_and_late_beget_no_flood() {
    for one_way in [10, 25, 50, 100, 150, 300, 450, 600] {
        for (up, down) in [(50, 0), (100, 0), (100, 50), (100, 100)] {
            for addresses in [1, 2, 4] {
                for seed in 0..3 {
                    let label =
                        format!("{one_way} ms, {up}+{down} %, {addresses} addresses, seed {seed}");
                    let link = Link::after(ms(one_way)).with_duplication(Chance::percent(up));
                    let back = Link::default().with_duplication(Chance::percent(down));
                    let mut meeting = over(seed, addresses, link, back);
                    let took = settle(&mut meeting, secs(60), &label);
                    assert!(took <= ms(4 * one_way) + ms(300), "{label}: {took:?}");
                    let copies = if up == 50 { 2 } else { 2 + usize::from(down > 0) * 2 };
                    is_calm(&meeting, usize::from(addresses).pow(2), copies, &label);
                }
            }
        }
    }
}

#[test]
fn any_round_trip_up_to_the_patience_connects_and_stays() {
    for one_way in [1_000, 2_000, 3_000, 3_750, 4_000, 4_500, 5_000, 6_000, 8_000, 10_000, 12_000] {
        for addresses in [1_usize, 4] {
            for copies in [0_usize, 100] {
                let label = format!("{one_way} ms, {addresses} addresses, {copies} %");
                let link =
                    Link::after(ms(one_way)).with_duplication(Chance::percent(copies as u32));
                let mut meeting = over(1, addresses as u8, link, Link::default());
                let took = settle(&mut meeting, secs(90), &label);
                assert!(took <= ms(4 * one_way) + secs(1), "{label}: {took:?}");
                is_calm(&meeting, addresses.pow(2), 1 + copies / 100, &label);
                if one_way <= 10_000 && copies == 0 {
                    meeting.world.run_for(ms(4 * one_way));
                    stays(&mut meeting, secs(300), &label);
                }
            }
        }
    }
}

#[test]
fn a_link_that_is_filled_by_the_checks_themselves_connects() {
    for kbit in [8, 16, 32, 64] {
        for addresses in [1, 4] {
            for seed in 0..4 {
                let label = format!("{kbit} kbit/s, {addresses} addresses, seed {seed}");
                let link = Link::after(ms(25)).with_rate(kbit * 1000, 60_000);
                let mut meeting = over(seed, addresses, link, Link::default());
                settle(&mut meeting, secs(60), &label);
                is_calm(&meeting, usize::from(addresses).pow(2), 1, &label);
                // What waits in the queues is still to be answered.
                meeting.world.run_for(secs(60));
                stays(&mut meeting, secs(120), &label);
            }
        }
    }
}

/// What one side sends is lost, for a while.
#[test]
fn one_way_loss_for_a_while_is_outlived() {
    for direction in [0, 1] {
        for span in [5, 10, 20, 25, 30, 35] {
            for seed in 0..5 {
                let label = format!("{direction} silent for {span} s, seed {seed}");
                let mut meeting = over(seed, 1, Link::after(ms(25)), Link::default());
                let host = meeting.hosts[direction];
                let silent = Link::after(ms(25)).with_loss(Chance::ALWAYS);
                meeting.gathered();
                meeting.world.set_links(host, silent, Link::default());
                meeting.introduce();
                meeting.world.run_for(secs(span));
                meeting.world.set_links(host, Link::after(ms(25)), Link::default());
                outlasts(&mut meeting, secs(span), &label);
                is_calm(&meeting, 1, 1, &label);
            }
        }
    }
}

#[test]
fn all_lost_at_the_start_costs_no_more_than_five_seconds_beyond_it() {
    for span in [1, 2, 5, 8, 10, 16, 20, 25, 30, 35] {
        for addresses in [1, 3] {
            for seed in 0..4 {
                let label = format!("{span} s, {addresses} addresses, seed {seed}");
                let mut meeting = over(seed, addresses, Link::after(ms(25)), Link::default());
                let [a, b] = meeting.hosts;
                meeting.gathered();
                meeting.world.cut(a, b);
                meeting.introduce();
                meeting.world.run_for(secs(span));
                meeting.world.mend(a, b);
                outlasts(&mut meeting, secs(span), &label);
            }
        }
    }
}

/// It begins when checks, an answer or a nomination are on their way.
#[test]
fn an_outage_in_the_midst_of_checks_costs_no_more_than_five_seconds_beyond_it() {
    for begin in [5, 15, 25, 35, 50, 60, 75, 85, 100] {
        for span in [1, 5, 20, 25] {
            let label = format!("{span} s from {begin} ms on");
            let mut meeting = over(begin, 2, Link::after(ms(25)), Link::default());
            let [a, b] = meeting.hosts;
            meeting.meet();
            meeting.world.run_for(ms(begin));
            meeting.world.cut(a, b);
            meeting.world.run_for(secs(span));
            meeting.world.mend(a, b);
            outlasts(&mut meeting, secs(span), &label);
        }
    }
}

#[test]
fn nominations_that_are_lost_or_doubled_do_not_multiply() {
    for one_way in [25, 300, 2_000] {
        for loss in [0, 30, 60] {
            let label = format!("{one_way} ms, {loss} %");
            let link = Link::after(ms(one_way))
                .with_duplication(Chance::ALWAYS)
                .with_loss(Chance::percent(loss));
            let mut meeting = over(3, 1, link, Link::default());
            meeting.meet();
            meeting.run(secs(60));
            assert_eq!(meeting.agree(), Some(true), "{label}");
            is_calm(&meeting, 1, 2, &label);
        }
    }
}

/// Whoever sets a longer patience has reason to expect that the network comes back within it.
#[test]
fn an_outage_of_a_minute_within_the_patience_costs_no_more_than_five_seconds_beyond_it() {
    for span in [38, 45, 60, 100] {
        for addresses in [1, 3] {
            for one_side in [false, true] {
                let label = format!("{span} s, {addresses} addresses, {one_side}");
                let (world, hosts) = hosts(span, addresses, |host| host);
                let configs = configs().map(|config| IceConfig { patience: secs(120), ..config });
                let mut meeting = Meeting::new(world, span, hosts, configs);
                let [a, b] = meeting.hosts;
                meeting.gathered();
                let silent = Link::default().with_loss(Chance::ALWAYS);
                if one_side {
                    meeting.world.set_links(a, silent, Link::default());
                } else {
                    meeting.world.cut(a, b);
                }
                meeting.introduce();
                meeting.world.run_for(secs(span));
                meeting.world.mend(a, b);
                meeting.world.set_links(a, Link::after(ms(12)), Link::after(ms(12)));
                outlasts(&mut meeting, secs(span), &label);
                is_calm(&meeting, usize::from(addresses).pow(2), 1, &label);
            }
        }
    }
}
