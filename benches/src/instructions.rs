//! Instructions as a table, counted by valgrind: what a noisy machine cannot touch.
//!
//! Valgrind hides what newer processors offer for SHA-1 and counts the portable code in its
//! place, so here it is differences that mean something, not ratios to a floor of hashing.
use crate::suite::Operation;
use core::time::Duration;
use std::process::Command;

/// How a process that valgrind watches is told what to repeat: index and number of times.
pub(crate) const LOOP: &str = "--loop";

/// About how long the counted repetitions take when nobody counts.
const WATCHED: Duration = Duration::from_millis(1);

/// The operation that this process is to repeat, where valgrind watches it.
pub(crate) fn only() -> Option<usize> {
    let mut args = std::env::args().skip_while(|arg| arg != LOOP);
    args.nth(1)?.parse().ok()
}

#[expect(clippy::print_stdout, reason = "the table is what this is for")]
pub(crate) fn print(operations: &mut [Operation], filter: &str) {
    println!("| job | who | instructions | more than the first |\n|---|---|---:|---:|");
    let (mut job, mut first) = (String::new(), 0);
    for (index, operation) in operations.iter_mut().enumerate() {
        if !operation.job.contains(filter) {
            continue;
        }
        // Two runs, so that what the process does besides cancels out.
        let count = operation.count_for(WATCHED);
        let instructions = (watch(index, 1 + count) - watch(index, 1)) / i64::from(count);
        if job != operation.job {
            (job, first) = (operation.job.clone(), instructions);
        }
        println!("| {job} | {} | {instructions} | {} |", operation.who, instructions - first);
    }
}

/// Runs this program under valgrind and gives the instructions that it took.
fn watch(index: usize, count: u32) -> i64 {
    instructions_of(&[LOOP, &index.to_string(), &count.to_string()])
}

/// The instructions that this program takes when it is called with these words, counted by
/// valgrind.
///
/// # Panics
///
/// Without valgrind.
pub fn instructions_of(words: &[&str]) -> i64 {
    let program = std::env::current_exe().expect("the path of this program");
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(program)
        .args(words)
        .output()
        .expect("valgrind, which must be installed");
    let text = String::from_utf8_lossy(&output.stderr);
    let collected = text.lines().find_map(|line| line.split_once("Collected : "));
    collected.and_then(|(_, n)| n.trim().parse().ok()).expect("the line with the count")
}
