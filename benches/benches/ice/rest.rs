//! What they send when all is well, and how one learns that it is not.
use crate::{
    figures::{Sample, cell},
    goals::Verdict,
    plan::{Plan, Then, World},
    session::{Farewell, Outcome},
    who::{Kind, Who},
};
use core::time::Duration;

const REST: Duration = Duration::from_secs(30);
/// Short enough for some to live on, long enough for some to give up.
const OUTAGE: Duration = Duration::from_secs(28);
/// Packets in 30 s: consent checks every 4 to 6 s, from both, with their answers.
const IDLE_MEAN: f64 = 24.5;
const IDLE_MAX: u64 = 32;
/// One interval of consent checks.
const KNOWING_MS: u64 = 6_000;

#[expect(clippy::print_stdout, reason = "the table is what this is for")]
pub(crate) fn idle(whos: &[Who], seeds: u64) {
    println!("| world | who | packets in 30 s, mean | max | goal |\n|---|---|---:|---:|---|");
    for world in World::ALL {
        for who in whos {
            let outcomes = play(who, world, Then::Rest(REST), seeds);
            let done = |outcome: &Outcome| outcome.done.map(|_| outcome.idle);
            let idle = Sample::new(outcomes.iter().map(done));
            let mut verdict = Verdict::default();
            if who.kind != Kind::Theirs {
                verdict.real_at_most("mean", idle.mean(), IDLE_MEAN);
                verdict.at_most("max", idle.max(), IDLE_MAX);
            }
            let (mean, max, goal) = (idle.mean(), cell(idle.max()), verdict.cell());
            println!("| {} | {} | {mean:.1} | {max} | {goal} |", world.name(), who.name);
        }
    }
}

#[expect(clippy::print_stdout, reason = "the table is what this is for")]
pub(crate) fn farewell(whos: &[Who], seeds: u64) {
    println!(
        "| what | who | one was lost | the other knew | p50, ms | max, ms | goal |\n\
         |---|---|---:|---:|---:|---:|---|"
    );
    let cases = [
        ("A closes, or falls silent", World::Host1, Then::Close),
        ("28 s of outage", World::Host1, Then::Outage(OUTAGE)),
        ("the NAT of A takes another port", World::ConePublic, Then::Rebind),
    ];
    for (name, world, then) in cases {
        for who in whos {
            println!("{}", row(name, who, &play(who, world, then, seeds)));
        }
    }
}

fn row(name: &str, who: &Who, outcomes: &[Outcome]) -> String {
    let farewells = || outcomes.iter().filter_map(|outcome| outcome.farewell);
    let later = farewells().filter_map(|farewell| match farewell {
        Farewell::Nobody => None,
        Farewell::One(later) => Some(later),
    });
    let later = Sample::millis(later);
    let mut verdict = Verdict::default();
    if who.kind != Kind::Theirs && later.runs() > 0 {
        verdict.share("knew", later.count(), later.runs(), 1000);
        verdict.at_most("max", later.max(), KNOWING_MS);
    }
    format!(
        "| {name} | {} | {}/{} | {}/{} | {} | {} | {} |",
        who.name,
        later.runs(),
        farewells().count(),
        later.count(),
        later.runs(),
        cell(later.percentile(50)),
        cell(later.max()),
        verdict.cell()
    )
}

fn play(who: &Who, world: World, then: Then, seeds: u64) -> Vec<Outcome> {
    let plan = |seed| Plan { then, ..Plan::new(world, seed) };
    (0..seeds).map(|seed| who.play(&plan(seed))).collect()
}
