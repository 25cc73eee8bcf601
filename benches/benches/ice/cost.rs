//! What connecting costs: time, allocations, memory.
use crate::{
    goals::Verdict,
    pair::{Pair, Wire},
    peer::{Peer, Setup, Side},
    plan::{Plan, World},
    who::{Kind, Who},
};
use benches::{Suite, busy};
use core::{hint::black_box, time::Duration};

/// Turns that each gets, one after the other, so that a noisy machine is noisy for all.
const ROUNDS: usize = 200;
/// Sessions in a turn: long for the clock, short for a noisy neighbour.
const BATCH: usize = 10;
const CPU_US: f64 = 10.0;
const ALLOCATIONS: u64 = 40;
const HEAP: u64 = 3 * 1024;
const STRUCT: u64 = 1536;

/// What the agents of one session have allocated; nothing unless built to count it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Memory {
    /// Of both.
    allocations: Option<u64>,
    /// That one of them still holds.
    held: Option<u64>,
}

fn setups() -> [Setup; 2] {
    let plan = Plan::new(World::Host1, 1);
    Side::BOTH.map(|side| plan.setup(side))
}

/// Ways to measure one who takes part.
pub(crate) struct Meter {
    pub(crate) size: usize,
    /// A turn: the time of one session.
    turn: Box<dyn FnMut() -> Duration>,
    memory: Box<dyn Fn() -> Memory>,
}

pub(crate) fn meter<P: Peer>(settings: P::Settings) -> Meter {
    let (setups, mut wire) = (setups(), Wire::new());
    let turn = move || {
        // Who has just had a turn has left the caches to his own kind.
        batch::<P>(settings, &setups, &mut wire);
        batch::<P>(settings, &setups, &mut wire)
    };
    Meter { size: P::SIZE, turn: Box::new(turn), memory: Box::new(move || memory::<P>(settings)) }
}

/// Some sessions: the time of one.
fn batch<P: Peer>(settings: P::Settings, setups: &[Setup; 2], wire: &mut Wire) -> Duration {
    let mut pairs = Vec::with_capacity(BATCH);
    let mut time = busy(|| pairs.extend((0..BATCH).map(|_| Pair::<P>::new(settings, setups))));
    let told: Vec<_> = pairs.iter().map(Pair::descriptions).collect();
    time += busy(|| {
        for (pair, told) in pairs.iter_mut().zip(&told) {
            pair.connect(told, wire);
        }
    });
    time / BATCH as u32
}

/// Connects two agents; for those who count instructions.
pub(crate) fn once<P: Peer>(settings: P::Settings) -> impl FnMut(()) -> bool {
    let (setups, mut wire) = (setups(), Wire::new());
    move |()| {
        let mut pair = Pair::<P>::new(settings, black_box(&setups));
        let told = pair.descriptions();
        pair.connect(&told, &mut wire);
        pair.is_settled()
    }
}

#[cfg(feature = "allocations")]
fn memory<P: Peer>(settings: P::Settings) -> Memory {
    let (setups, mut wire, mut pair) = (setups(), Wire::new(), None);
    let born = allocation_counter::measure(|| pair = Some(Pair::<P>::new(settings, &setups)));
    let mut pair = pair.expect("it was just made");
    let told = pair.descriptions();
    let met = allocation_counter::measure(|| pair.connect(&told, &mut wire));
    let both = born.bytes_current + met.bytes_current;
    Memory {
        allocations: Some(born.count_total + met.count_total),
        held: u64::try_from(both / 2).ok(),
    }
}

#[cfg(not(feature = "allocations"))]
fn memory<P: Peer>(_: P::Settings) -> Memory {
    Memory::default()
}

#[expect(clippy::print_stdout, reason = "the table is what this is for")]
pub(crate) fn print(whos: &[Who]) {
    println!(
        "| who | connecting both, µs, min | p50 | ratio | allocations of both | heap of one, bytes \
         | struct, bytes | goal |\n|---|---:|---:|---:|---:|---:|---:|---|"
    );
    let mut meters: Vec<Meter> = whos.iter().map(|who| (who.meter)()).collect();
    let mut times = vec![Vec::with_capacity(ROUNDS); meters.len()];
    for _ in 0..ROUNDS {
        for (meter, times) in meters.iter_mut().zip(&mut times) {
            times.push((meter.turn)().as_secs_f64() * 1e6);
        }
    }
    for ((who, meter), mine) in whos.iter().zip(&meters).zip(&times) {
        let min = mine.iter().copied().fold(f64::INFINITY, f64::min);
        let ratio = median(mine.iter().zip(&times[0]).map(|(mine, first)| mine / first));
        let (memory, size) = ((meter.memory)(), meter.size as u64);
        let mut verdict = Verdict::default();
        if who.kind == Kind::Ours {
            // The least, since whatever else the machine does only adds to it.
            verdict.real_at_most("µs", min, CPU_US);
            if let Memory { allocations: Some(allocations), held: Some(held) } = memory {
                verdict.at_most("allocations", Some(allocations), ALLOCATIONS);
                verdict.at_most("heap", Some(held), HEAP);
            }
            verdict.at_most("struct", Some(size), STRUCT);
        }
        let blank = |value: Option<u64>| value.map_or_else(String::new, |value| value.to_string());
        println!(
            "| {} | {min:.1} | {:.1} | {ratio:.2} | {} | {} | {size} | {} |",
            who.name,
            median(mine.iter().copied()),
            blank(memory.allocations),
            blank(memory.held),
            verdict.cell()
        );
    }
}

fn median(numbers: impl Iterator<Item = f64>) -> f64 {
    let mut numbers: Vec<f64> = numbers.collect();
    let middle = numbers.len() / 2;
    *numbers.select_nth_unstable_by(middle, f64::total_cmp).1
}

/// The same as jobs for criterion and valgrind.
pub(crate) fn suite(whos: Vec<Who>) -> Suite {
    let mut suite = Suite::default();
    let mut job = suite.job("connect two agents", (), true);
    for who in whos {
        job.by(who.name, who.once);
    }
    suite
}
