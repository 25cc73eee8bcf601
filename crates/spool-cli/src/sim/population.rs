//! Pairs of hosts from a population, each in a world of its own, on all cores.
mod tally;

use super::session::{Broken, PATIENCE, Servers, Service, Session, is_direct};
use crate::{exit::Failure, lines};
use indicatif::{HumanCount, ProgressBar, ProgressDrawTarget, ProgressStyle};
use nat_sim::{Host, Population, Stream, World};
use std::{
    num::NonZero,
    sync::{
        atomic::{AtomicU64, Ordering},
        mpsc::{Sender, channel},
    },
    thread,
    time::{Duration, Instant},
};
use tally::{Ending, Meeting, Tally};

/// A bar appears when it takes longer.
const BAR_AFTER: Duration = Duration::from_secs(1);

/// Pairs that a thread takes at once.
const CHUNK: u64 = 32;

/// Runs so many pairs and prints what came of them.
pub(super) fn show(pairs: u64, seed: u64, json: bool) -> Result<(), Failure> {
    let threads = thread::available_parallelism().map_or(1, NonZero::get);
    let began = Instant::now();
    let bar = ProgressBar::with_draw_target(Some(pairs), ProgressDrawTarget::hidden());
    let bar =
        match ProgressStyle::with_template("{bar:40} {human_pos}/{human_len} pairs, {eta} left") {
            Ok(style) => bar.with_style(style),
            Err(_template) => bar,
        };
    let tally = run(pairs, seed, threads, |done| {
        if began.elapsed() > BAR_AFTER && bar.is_hidden() {
            // draws on a terminal only
            bar.set_draw_target(ProgressDrawTarget::stderr());
        }
        bar.set_position(done);
    });
    bar.finish_and_clear();
    let tally = tally.map_err(|error| Failure::NotStarted(format!("the simulation: {error}")))?;
    if json {
        lines::print(tally.json(seed).to_string().as_bytes());
        return Ok(());
    }
    lines::print(tally.text(seed).trim_end().as_bytes());
    let took = began.elapsed().as_secs_f64();
    let threads = HumanCount(threads as u64);
    crate::status::Status::new(false)
        .say(&format!("\n{} pairs in {took:.1} s, on {threads} threads", HumanCount(pairs)));
    Ok(())
}

/// Runs pairs on so many threads. Each pair depends on the seed and its number alone, so the sum is
/// the same whoever runs it.
fn run(
    pairs: u64,
    seed: u64,
    threads: usize,
    mut progress: impl FnMut(u64),
) -> Result<Tally, Broken> {
    let population = Population::default();
    let next = AtomicU64::new(0);
    let mut sum = Tally::default();
    thread::scope(|scope| {
        let (sender, receiver) = channel();
        for _ in 0..threads {
            let (population, next, sender) = (&population, &next, sender.clone());
            scope.spawn(move || work(population, pairs, seed, next, &sender));
        }
        drop(sender);
        for tally in receiver {
            // an early return ends the channel, and with it the threads
            sum.add(tally?);
            progress(sum.pairs());
        }
        Ok(sum)
    })
}

fn work(
    population: &Population,
    pairs: u64,
    seed: u64,
    next: &AtomicU64,
    sender: &Sender<Result<Tally, Broken>>,
) {
    loop {
        let first = next.fetch_add(CHUNK, Ordering::Relaxed);
        if first >= pairs {
            return;
        }
        let mut tally = Tally::default();
        let chunk = (first..pairs.min(first.saturating_add(CHUNK)))
            .try_for_each(|number| meet(population, seed, number).map(|met| tally.count(&met)));
        if sender.send(chunk.map(|()| tally)).is_err() {
            return;
        }
    }
}

/// Draws a pair of hosts and lets them connect.
fn meet(population: &Population, seed: u64, number: u64) -> Result<Meeting, Broken> {
    let mut stream = Stream::new(seed, "pair", &number.to_string());
    let accesses = [population.sample(&mut stream), population.sample(&mut stream)];
    let mut world = World::new(stream.next_u64());
    let server = world.add_host(Host::on_internet().named("server"))?;
    let mut servers = Servers::default();
    servers.add(&mut world, server, Service::Turn)?;
    let hosts = [accesses[0].add_to(&mut world, "alice")?, accesses[1].add_to(&mut world, "bob")?];
    let mut session = Session::start(&mut world, hosts, &servers, 0)?;
    let end = world.now().saturating_add(PATIENCE);
    world.run_until_true(end, |world| {
        for host in hosts {
            for delivery in world.take_delivered(host) {
                session.hear(delivery.machine);
            }
        }
        session.follow(world, |_, _, _| {});
        session.is_over()
    });
    let pairs = session.pairs(&world);
    let ending = match (session.time_to_connect(), pairs[0]) {
        (Some(took), Some(pair)) if is_direct(&pairs) => {
            Ending::Direct { took, ipv6: pair.path.local().is_ipv6() }
        }
        (Some(took), Some(_)) => Ending::Relayed { took },
        _ => Ending::Never,
    };
    Ok(Meeting {
        classes: accesses.map(|access| access.class),
        ending,
        packets: world.stats().sent,
        forwarded: world.stats().forwarded,
        hash: world.trace_hash(),
    })
}

#[cfg(test)]
mod tests {
    use super::run;

    #[test]
    fn the_sum_does_not_depend_on_the_number_of_threads() {
        let sum = |seed, threads| run(100, seed, threads, |_| {}).unwrap();
        let one = sum(1, 1);
        assert_eq!(one.json(1), sum(1, 3).json(1));
        assert_ne!(one.json(1), sum(2, 1).json(1));
        assert_eq!(one.pairs(), 100);
    }
}
