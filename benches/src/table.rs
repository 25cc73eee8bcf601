//! Times and ratios as a table: those who do the same job take turns.
use crate::{busy, suite::Operation};
use core::time::Duration;

/// Turns that each of them gets; the median is what counts.
const ROUNDS: usize = 41;
/// Turns that those get who have taken this much processor time.
const FEW_ROUNDS: usize = 5;
const PATIENCE: Duration = Duration::from_secs(20);
/// About how long a turn takes: long for the clock, short for a noisy neighbour.
const TURN: Duration = Duration::from_millis(4);

#[expect(clippy::print_stdout, reason = "the table is what this is for")]
pub(crate) fn print(operations: &mut [Operation], filter: &str) {
    println!("| job | who | ns | ratio | allocations |\n|---|---|---:|---:|---:|");
    for team in operations.chunk_by_mut(|a, b| a.job == b.job) {
        if !team.iter().any(|o| o.job.contains(filter)) {
            continue;
        }
        let times = take_turns(team);
        for (operation, mine) in team.iter_mut().zip(&times) {
            let mut ratios: Vec<f64> = mine.iter().zip(&times[0]).map(|(a, b)| a / b).collect();
            let (ns, ratio) = (median(&mut mine.clone()), median(&mut ratios));
            let allocations = allocations(|| operation.repeat(1));
            println!(
                "| {} | {} | {ns:.1} | {ratio:.2} | {allocations} |",
                operation.job, operation.who
            );
        }
    }
}

/// Nanoseconds of one operation, by operation and round.
fn take_turns(team: &mut [Operation]) -> Vec<Vec<f64>> {
    let counts: Vec<u32> = team.iter_mut().map(|o| o.count_for(TURN)).collect();
    let mut times = vec![Vec::with_capacity(ROUNDS); team.len()];
    let mut spent = Duration::ZERO;
    for round in 0..ROUNDS {
        if round >= FEW_ROUNDS && spent > PATIENCE {
            break;
        }
        for ((operation, count), times) in team.iter_mut().zip(&counts).zip(&mut times) {
            let time = busy(|| operation.repeat(u64::from(*count)));
            spent += time;
            times.push(time.as_secs_f64() * 1e9 / f64::from(*count));
        }
    }
    times
}

fn median(numbers: &mut [f64]) -> f64 {
    let middle = numbers.len() / 2;
    *numbers.select_nth_unstable_by(middle, f64::total_cmp).1
}

/// Allocations in `work`; nothing unless built to count them.
#[cfg(feature = "allocations")]
fn allocations(work: impl FnOnce()) -> String {
    allocation_counter::measure(work).count_total.to_string()
}

#[cfg(not(feature = "allocations"))]
fn allocations(_: impl FnOnce()) -> &'static str {
    ""
}
