//! Does the time to read a description grow with its size, or faster? Prints a table of texts
//! that double, readable ones and ones that ask for trouble, for us and for the peers:
//! `cargo run --profile bench -p benches --example growth`. With `-- --instructions` it is ours
//! alone, counted by valgrind, which no noisy machine can touch; it fails where a shape is over
//! [`WORST`].
#[expect(dead_code, reason = "the benchmark uses all of them")]
#[path = "../benches/sdp/peers.rs"]
mod peers;

use benches::{busy, descriptions::SHAPES, instructions_of};
use core::{hint::black_box, time::Duration};
use sdp_proto::{Limits, Policy, Session};
use std::borrow::Cow;

/// Sizes in bytes.
const SIZES: [usize; 5] = [65_536, 131_072, 262_144, 524_288, 1_048_576];
/// Whoever takes longer than this is not asked for the next size.
const PATIENCE: Duration = Duration::from_millis(1500);
/// So many rounds, in each of which all sizes take their turn; no more than patience lasts for.
const ROUNDS: usize = 41;

type Reader = (&'static str, fn(&str) -> Option<usize>);

const READERS: [Reader; 7] = [
    ("sdp-proto", parse),
    ("sdp-proto, checked", check),
    ("sdp-types", peers::sdp_types),
    ("sdp-rs", peers::sdp_rs),
    ("sdp", peers::sdp),
    ("rtc-sdp", peers::rtc_sdp),
    ("webrtc-sdp", peers::webrtc_sdp),
];

/// The most that twice the text may take.
const WORST: f64 = 2.3;

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match args[..] {
        [] => times(),
        ["--instructions"] => instructions(),
        [LOOP, work, shape, size] => read_once(work, shape, size),
        _ => panic!("nothing, or --instructions"),
    }
}

#[expect(clippy::print_stdout, reason = "the table is what this is for")]
fn times() {
    println!("| shape | who | accepts | 64 KiB, µs | 128 | 256 | 512 | 1 MiB | worst doubling |");
    println!("|---|---|---|---:|---:|---:|---:|---:|---:|");
    for (shape, make) in SHAPES {
        let texts = SIZES.map(make);
        for (who, read) in READERS {
            let accepts = if read(&texts[0]).is_some() { "yes" } else { "no" };
            let times = grow(&texts, read);
            let worst = times.windows(2).map(|pair| doubling(&pair[0], &pair[1]));
            let worst = worst.fold(0.0, f64::max);
            let cell = |times: &Vec<f64>| format!("{:.0}", median(times.clone()));
            let mut cells: Vec<String> = times.iter().map(cell).collect();
            cells.resize(SIZES.len(), "gave up".to_owned());
            println!("| {shape} | {who} | {accepts} | {} | {worst:.2} |", cells.join(" | "));
        }
    }
}

/// How a process that valgrind watches is told what to read.
const LOOP: &str = "--loop";
/// What it does with the text it made.
const READ: &str = "read";
const NOTHING: &str = "nothing";
/// The reader of ours that looks at most.
const CHECKED: fn(&str) -> Option<usize> = check;

/// Makes a text, and reads it if that is to be done.
fn read_once(work: &str, shape: &str, size: &str) {
    let (shape, size): (usize, usize) = (shape.parse().expect(LOOP), size.parse().expect(LOOP));
    let text = black_box(SHAPES[shape].1(size));
    if work == READ {
        black_box(CHECKED(&text));
    }
}

#[expect(clippy::print_stdout, reason = "the table is what this is for")]
fn instructions() {
    println!("| shape | 64 KiB, thousands of instructions | 128 | 256 | worst doubling |");
    println!("|---|---:|---:|---:|---:|");
    let mut over = Vec::new();
    for (index, (shape, _)) in SHAPES.iter().enumerate() {
        let sizes = &SIZES[..3];
        let counts: Vec<u32> = sizes.iter().map(|size| count(index, *size)).collect();
        let doublings = counts.windows(2).map(|pair| f64::from(pair[1]) / f64::from(pair[0]));
        let worst = doublings.fold(0.0, f64::max);
        let cells: Vec<String> = counts.iter().map(|n| (n / 1000).to_string()).collect();
        println!("| {shape} | {} | {worst:.2} |", cells.join(" | "));
        if worst > WORST {
            over.push(*shape);
        }
    }
    assert!(over.is_empty(), "over {WORST}: {over:?}");
}

/// Instructions that reading a text takes, the making of it not counted.
fn count(shape: usize, size: usize) -> u32 {
    let all = |work| instructions_of(&[LOOP, work, &shape.to_string(), &size.to_string()]);
    u32::try_from(all(READ) - all(NOTHING)).expect("some, and not billions")
}

/// Microseconds for each text and round. The sizes take turns, so that a noisy neighbour disturbs
/// all of them alike and none has the caches to itself. Larger ones are left out where patience ends.
fn grow(texts: &[String], read: fn(&str) -> Option<usize>) -> Vec<Vec<f64>> {
    let mut times: Vec<Vec<f64>> = Vec::new();
    for text in texts {
        let time = time(text, read);
        times.push(vec![time.as_secs_f64() * 1e6]);
        if time > PATIENCE {
            break;
        }
    }
    let mut spent = Duration::ZERO;
    while times[0].len() < ROUNDS && spent < PATIENCE {
        for (text, times) in texts.iter().zip(&mut times) {
            let time = time(text, read);
            times.push(time.as_secs_f64() * 1e6);
            spent += time;
        }
    }
    times
}

fn time(text: &str, read: fn(&str) -> Option<usize>) -> Duration {
    busy(|| _ = black_box(read(black_box(text))))
}

/// How many times as long the double takes, in the round that is in the middle.
fn doubling(single: &[f64], double: &[f64]) -> f64 {
    median(single.iter().zip(double).map(|(single, double)| double / single).collect())
}

fn median(mut numbers: Vec<f64>) -> f64 {
    let middle = numbers.len() / 2;
    *numbers.select_nth_unstable_by(middle, f64::total_cmp).1
}

/// Only what the defaults would refuse for its size.
fn session(text: &str) -> Option<Session<'_>> {
    Session::parse_with(Cow::Borrowed(text.as_bytes()), Limits::unlimited()).ok()
}

fn parse(text: &str) -> Option<usize> {
    Some(session(text)?.media_count())
}

/// All findings, which is what both accepting and refusing come to.
fn check(text: &str) -> Option<usize> {
    let session = session(text)?;
    session.check(Policy::Compat).ok()?;
    Some(session.media_count())
}
