//! `cargo xtask chaos`: the shipped server under thousands of clients, floods, reloads, drains and kills.
//! One server stays up for the whole time: its memory must be flat, its figures must agree with its
//! log, and nothing may be left over of who has left. The other one is drained and killed again and
//! again, and must end as it should and be there again.

mod client;
mod flood;
mod operator;
mod server;
mod worker;

use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, SystemTime};

use stun_proto::Entropy;

use crate::interop::install::{self, Tool};
use crate::run::{Failure, show};
use operator::Seen;
use server::{Figures, Logged, Place, Server};
use worker::{Leaving, Tally};

/// Threads of clients, each with up to a hundred of them at one of the servers, and of floods.
const WORKERS: u8 = 24;
const FLOODS: u8 = 3;

/// How long the run in CI takes.
const SHORT: Duration = Duration::from_secs(30);

/// How long an allocation lasts that nobody refreshes.
const LIFETIME: Duration = Duration::from_secs(600);

pub(crate) fn main(words: &[&str]) -> Result<String, Failure> {
    let usage = || Failure::Usage("chaos [--minutes N | --seconds N]".into());
    let number = |text: &str| text.parse::<u64>().ok().filter(|n| *n > 0).ok_or_else(usage);
    match words {
        [] => again("--seconds", SHORT.as_secs()),
        ["--minutes", n] => again("--seconds", 60 * number(n)?),
        ["--seconds", n] => again("--seconds", number(n)?),
        ["run", "--seconds", n] => run(Duration::from_secs(number(n)?)),
        _ => Err(usage()),
    }
}

/// Runs this program again with as many descriptors as the system lets it have: each client takes one.
fn again(flag: &str, seconds: u64) -> Result<String, Failure> {
    Tool::Spool.provide()?;
    Tool::Openssl.provide()?;
    let program = std::env::current_exe().map_err(|error| format!("current_exe: {error}"))?;
    let script = "ulimit -n $(ulimit -Hn); exec \"$0\" \"$@\"";
    let mut command = Command::new("sh");
    command.args(["-c", script]).arg(program);
    show(command.args(["chaos", "run", flag, &seconds.to_string()]))?;
    Ok(format!("{seconds} s of it"))
}

fn run(time: Duration) -> Result<String, Failure> {
    let dir = install::directory().join("chaos");
    std::fs::create_dir_all(&dir).map_err(|error| format!("{}: {error}", dir.display()))?;
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let seed = since.as_nanos() as u64;
    println!("chaos: {} s, seed {seed}", time.as_secs());
    let mut root = [0; 32];
    root[..8].copy_from_slice(&seed.to_le_bytes());
    let mut entropy = Entropy::new(root);
    let places = [Place::make("steady", &dir)?, Place::make("shaken", &dir)?];
    let steady = Server::start(&places[0], 0)?;
    let shaken = Server::start(&places[1], 0)?;

    let (over, flooded) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let mut workers = Vec::new();
    for number in 0..WORKERS {
        let (over, seed) = (Arc::clone(&over), entropy.secret());
        let of = usize::from(number % 2);
        let server = places[of].address;
        let leaving = if of == 0 { Leaving::Politely } else { Leaving::AtOnce };
        let run = move || worker::run(number, server, leaving, seed, &over);
        workers.push((of, thread::spawn(run)));
    }
    let mut floods = Vec::new();
    for number in 0..FLOODS {
        let (over, flooded) = (Arc::clone(&over), Arc::clone(&flooded));
        let (places, seed) = (places.clone(), entropy.secret());
        floods.push(thread::spawn(move || {
            flooded.fetch_add(flood::run(number, &places, seed, &over), Ordering::Relaxed);
        }));
    }
    let seen = operator::run(time, &places, &steady, shaken, &mut entropy);
    over.store(true, Ordering::Relaxed);
    let mut tallies = [Tally::default(), Tally::default()];
    let lost = |_| Failure::Failed("a thread of clients panicked".into());
    for (of, worker) in workers {
        tallies[of].add(worker.join().map_err(lost)?);
    }
    for flood in floods {
        flood.join().map_err(lost)?;
    }
    let seen = seen?;
    report(&seen, &tallies, flooded.load(Ordering::Relaxed));
    let before = steady.logged();
    let figures = settled(&steady)?;
    // what has ended by now is in the log a moment later
    thread::sleep(Duration::from_millis(200));
    judge(&steady, &seen, &tallies[0], [before, steady.logged()], figures)?;
    steady.signal("-TERM")?;
    // there are clients left that have vanished, so it is served for a while
    let status = steady.ended(server::DRAIN + Duration::from_secs(5))?;
    if !status.success() {
        return Err(Failure::Failed(format!("the server ended with {status}")));
    }
    println!("chaos: ok");
    Ok(String::new())
}

fn report(seen: &Seen, tallies: &[Tally; 2], flooded: u64) {
    for (name, tally) in ["steady", "shaken"].into_iter().zip(tallies) {
        println!(
            "{name}: {} asked, {} allocated, {} full, {} failed; {} datagrams, {} messages arrived; \
             {} vanished; up to {} at once",
            tally.asked,
            tally.allocated,
            tally.full,
            tally.failed,
            tally.sent,
            tally.arrived,
            tally.vanished.len(),
            tally.kept_most
        );
    }
    println!(
        "{flooded} messages and connections of floods; {} reloads, {} of them of files with a fault; \
         {} drains, {} ends at once, {} kills",
        seen.reloads, seen.broken_reloads, seen.drains, seen.ends, seen.kills
    );
    let kb = |at: usize| seen.memory_kb.get(at).copied().unwrap_or_default();
    let len = seen.memory_kb.len();
    println!(
        "memory of the steady one: {} KB, {} KB, {} KB",
        kb(len / 4),
        kb(len / 2),
        kb(len - 1)
    );
}

/// Its figures, once the last requests are through.
fn settled(steady: &Server) -> Result<Figures, Failure> {
    let mut last = steady.figures()?;
    for _ in 0..50 {
        thread::sleep(Duration::from_millis(200));
        let now = steady.figures()?;
        if now == last {
            return Ok(now);
        }
        last = now;
    }
    Err(steady.failure("does not come to rest"))
}

/// Whether all agrees. The log was read before and after the figures: nobody comes any more, and who
/// vanished ends at any time.
fn judge(
    steady: &Server,
    seen: &Seen,
    tally: &Tally,
    [before, logged]: [Logged; 2],
    now: Figures,
) -> Result<(), Failure> {
    let wrong = |what: String| Err(steady.failure(&what));
    let alive = tally.vanished.iter().filter(|refreshed| refreshed.elapsed() < LIFETIME).count();
    let (least, most) = (alive as u64, alive as u64 + tally.unsure);
    // some of them are just about to end
    let ending = tally
        .vanished
        .iter()
        .filter(|refreshed| refreshed.elapsed().abs_diff(LIFETIME) < Duration::from_secs(10));
    let slack = ending.count() as u64;
    if now.allocations + slack < least || now.allocations > most + slack {
        return wrong(format!("has {} allocations, not {least} to {most}", now.allocations));
    }
    let told = logged.alive()..=before.alive();
    if now.lines_lost > 0 || !told.contains(&now.allocations) {
        return wrong(format!("logged {told:?} allocations and has {}", now.allocations));
    }
    // who vanished had relayed nothing
    let told = [logged.bytes_to_peers, logged.bytes_to_clients];
    let counted = [now.bytes_to_peers, now.bytes_to_clients];
    if told != counted && tally.unsure == 0 {
        return wrong(format!("logged {told:?} bytes and counts {counted:?}"));
    }
    if logged.reloaded != seen.reloads - seen.broken_reloads
        || logged.not_reloaded != seen.broken_reloads
    {
        return wrong(format!("{} reloads, and logged {logged:?}", seen.reloads));
    }
    if tally.failed * 50 > tally.asked || tally.arrived == 0 {
        return wrong(format!("{} of {} failed", tally.failed, tally.asked));
    }
    let (middle, end) = seen.memory_kb.split_at(seen.memory_kb.len() / 2);
    let highest = |part: &[u64]| part.iter().copied().max().unwrap_or_default();
    let (middle, end) = (highest(middle), highest(end));
    if end > middle + middle / 4 + 8 * 1024 {
        return wrong(format!("has grown from {middle} to {end} KB"));
    }
    Ok(())
}
