//! Many lite sessions behind one socket, as a server has them: how long a packet takes to its own, and
//! what each of them holds.
mod alone;
mod crowd;
mod is;
mod ours;

use crate::{goals::Verdict, random::Random};
use benches::busy;
use core::{hint::black_box, time::Duration};
use crowd::{Crowd, Server};
use sans_io::Instant;

const FEW: u32 = 10;
const MANY: u32 = 100_000;
const RATIO: f64 = 1.5;
const MEMORY: u64 = 3 * 1024;
/// Turns that each crowd gets, one after the other.
const ROUNDS: usize = 60;
/// Packets in a turn.
const BATCH: usize = 256;

/// What arrives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Job {
    /// A check of a peer, which is answered.
    Check,
    /// Data of a peer, that the application is told whose it is.
    Data,
    /// The same, where each peer sends eight packets at once.
    Burst,
    /// A check of somebody that no session knows.
    Stranger,
    /// Nothing: it is asked what it has to say, and has nothing.
    Idle,
}

const JOBS: [(Job, &str); 5] = [
    (Job::Check, "a check, answered"),
    (Job::Data, "data, each packet another peer's"),
    (Job::Burst, "data, eight packets of a peer at a time"),
    (Job::Stranger, "a check of a stranger"),
    (Job::Idle, "nothing"),
];

#[expect(clippy::print_stdout, reason = "the table is what this is for")]
pub(crate) fn print() {
    println!(
        "| what arrives | who | {FEW} sessions, ns | {MANY} sessions, ns | ratio | goal |\n\
         |---|---|---:|---:|---:|---|"
    );
    let mut ours = [FEW, MANY].map(|sessions| Crowd::new(ours::Ours::new(sessions), sessions));
    for (job, name) in JOBS {
        let [few, many] = compare(&mut ours, job, ROUNDS, BATCH);
        let mut verdict = Verdict::default();
        verdict.real_at_most("ratio", many / few, RATIO);
        row(name, "ice-proto", [few, many], &verdict);
    }
    drop(ours);
    // What remains when nothing has to be found: an agent that is not in the caches.
    let mut known = [FEW, MANY].map(|sessions| Crowd::new(alone::Alone::new(sessions), sessions));
    for (job, name) in &JOBS[..2] {
        let times = compare(&mut known, *job, ROUNDS, BATCH);
        row(name, "ice-proto, whose it is is known", times, &Verdict::default());
    }
    drop(known);
    let mut theirs = [FEW, MANY].map(|sessions| Crowd::new(is::Is::new(sessions), sessions));
    for (job, name) in &JOBS[..1] {
        // Each of these asks one agent after the other.
        let times = compare(&mut theirs, *job, 3, 8);
        row(name, "is", times, &Verdict::default());
    }
    drop(theirs);
    println!("\n| who | sessions | memory of each, bytes | goal |\n|---|---:|---:|---|");
    let mut verdict = Verdict::default();
    let held = memory(|| ours::Ours::new(MANY));
    if held.is_some() {
        verdict.at_most("memory", held, MEMORY);
    }
    for (who, held, goal) in
        [("ice-proto", held, verdict.cell()), ("is", memory(|| is::Is::new(MANY)), String::new())]
    {
        let held =
            held.map_or_else(|| "needs --features allocations".to_owned(), |n| n.to_string());
        println!("| {who} | {MANY} | {held} | {goal} |");
    }
}

#[expect(clippy::print_stdout, reason = "the table is what this is for")]
fn row(name: &str, who: &str, [few, many]: [f64; 2], verdict: &Verdict) {
    let ratio = many / few;
    println!("| {name} | {who} | {few:.0} | {many:.0} | {ratio:.2} | {} |", verdict.cell());
}

/// The time of one packet in nanoseconds with few sessions, and with many.
fn compare<S: Server>(
    crowds: &mut [Crowd<S>; 2],
    job: Job,
    rounds: usize,
    batch: usize,
) -> [f64; 2] {
    let mut random = Random::new(7);
    let mut best = [f64::INFINITY; 2];
    for _ in 0..rounds {
        for (crowd, best) in crowds.iter_mut().zip(&mut best) {
            // Whoever had the turn before has left the caches to its own kind.
            turn(crowd, job, batch, &mut random);
            *best = best.min(turn(crowd, job, batch, &mut random));
        }
    }
    best
}

/// Packets for sessions that nobody can foresee: the time of one.
fn turn<S: Server>(crowd: &mut Crowd<S>, job: Job, batch: usize, random: &mut Random) -> f64 {
    crowd.pass(Duration::from_millis(1));
    let mut last = 0;
    let packets: Vec<_> = (0..batch)
        .map(|at| {
            if job != Job::Burst || at % 8 == 0 {
                last = random.below(crowd.sessions.into()) as u32;
            }
            match job {
                Job::Check => crowd.check(last, at as u8),
                Job::Data | Job::Burst | Job::Idle => crowd::data(last),
                Job::Stranger => crowd::stranger(last),
            }
        })
        .collect();
    let now: Instant = crowd.now;
    let server = &mut crowd.server;
    let time = busy(|| {
        for packet in &packets {
            let taken = match job {
                Job::Check => server.check(now, packet),
                Job::Data | Job::Burst => server.data(now, packet),
                Job::Stranger => !server.check(now, packet),
                Job::Idle => server.idle(),
            };
            assert!(black_box(taken), "it came to what it should");
        }
    });
    time.as_secs_f64() * 1e9 / f64::from(u32::try_from(batch).expect("a batch is small"))
}

/// What a server with many sessions holds, for each.
#[cfg(feature = "allocations")]
fn memory<S>(make: impl FnOnce() -> S) -> Option<u64> {
    let mut made = None;
    let held = allocation_counter::measure(|| made = Some(make()));
    u64::try_from(held.bytes_current).ok().map(|held| held / u64::from(MANY))
}

#[cfg(not(feature = "allocations"))]
fn memory<S>(_: impl FnOnce() -> S) -> Option<u64> {
    None
}
