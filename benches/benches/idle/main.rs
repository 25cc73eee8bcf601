//! Law 11 of the contract: polling a machine that has nothing to say costs the same, however many
//! timers it has armed.
mod sleeper;
mod turn;

use benches::Suite;
use core::hint::black_box;
use nat_sim::{Host, World};
use sans_io::{Children, Machine, Output};
use sleeper::Sleeper;

/// Ratios to the first should be near one; a look at every timer would show as 5,000.
const COUNTS: [(&str, u32); 3] = [("10", 10), ("1,000", 1_000), ("50,000", 50_000)];

fn main() {
    let mut suite = Suite::default();
    let mut machine = suite.job("poll a machine with timers", (), true);
    for (who, count) in COUNTS {
        let mut sleeper = Sleeper::new(count);
        machine.by(who, move |()| rests(black_box(&mut sleeper)));
    }
    let mut family = suite.job("poll a parent with children", (), true);
    for (who, count) in COUNTS {
        let mut children = Children::default();
        for _ in 0..count {
            children.insert(Sleeper::new(1));
        }
        family.by(who, move |()| {
            let children = black_box(&mut children);
            children.poll().is_none() && children.next().is_some()
        });
    }
    let mut server = suite.job("poll a TURN server with allocations", (), true);
    for (who, count) in COUNTS {
        let mut turn = turn::server(count);
        server.by(who, move |()| rests(black_box(&mut turn)));
    }
    let mut simulator = suite.job("look at a simulated host with machines", (), true);
    for (who, count) in COUNTS {
        let world = world(count);
        simulator.by(who, move |()| black_box(&world).next_at().is_some());
    }
    suite.run();
}

fn rests<M: Machine>(machine: &mut M) -> bool {
    matches!(machine.poll_output(), Output::Timeout(Some(_)))
}

fn world(machines: u32) -> World {
    let mut world = World::new(1);
    let host = world.add_host(Host::on_internet()).expect("a host");
    for _ in 0..machines {
        world.install(host, Sleeper::new(1));
    }
    world
}
