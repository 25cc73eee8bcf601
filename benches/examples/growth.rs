//! Does the time to read a description grow with its size, or faster? Prints a table of texts
//! that double, readable ones and ones that ask for trouble, for us and for the peers:
//! `cargo run --profile bench -p benches --example growth`.
#[expect(dead_code, reason = "the benchmark uses all of them")]
#[path = "../benches/sdp/peers.rs"]
mod peers;

use benches::{busy, descriptions::SHAPES};
use core::{hint::black_box, time::Duration};
use sdp_proto::{Limits, Policy, Session};
use std::borrow::Cow;

/// Sizes in bytes.
const SIZES: [usize; 5] = [65_536, 131_072, 262_144, 524_288, 1_048_576];
/// Whoever takes longer than this is not asked for the next size.
const PATIENCE: Duration = Duration::from_millis(1500);
/// Of so many tries the fastest counts; no more than patience lasts for.
const TRIES: u32 = 41;

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

#[expect(clippy::print_stdout, reason = "the table is what this is for")]
fn main() {
    println!("| shape | who | accepts | 64 KiB, µs | 128 | 256 | 512 | 1 MiB | worst doubling |");
    println!("|---|---|---|---:|---:|---:|---:|---:|---:|");
    for (shape, make) in SHAPES {
        let texts = SIZES.map(make);
        for (who, read) in READERS {
            let accepts = if read(&texts[0]).is_some() { "yes" } else { "no" };
            let times = grow(&texts, read);
            let worst = times.windows(2).map(|pair| pair[1] / pair[0]).fold(0.0, f64::max);
            let mut cells: Vec<String> = times.iter().map(|time| format!("{time:.0}")).collect();
            cells.resize(SIZES.len(), "gave up".to_owned());
            println!("| {shape} | {who} | {accepts} | {} | {worst:.2} |", cells.join(" | "));
        }
    }
}

/// Microseconds for each text, until patience ends.
fn grow(texts: &[String], read: fn(&str) -> Option<usize>) -> Vec<f64> {
    let mut times = Vec::new();
    for text in texts {
        let best = best(text, read);
        times.push(best.as_secs_f64() * 1e6);
        if best > PATIENCE {
            break;
        }
    }
    times
}

fn best(text: &str, read: fn(&str) -> Option<usize>) -> Duration {
    let (mut best, mut spent) = (Duration::MAX, Duration::ZERO);
    for _ in 0..TRIES {
        let time = busy(|| _ = black_box(read(black_box(text))));
        best = best.min(time);
        spent += time;
        if spent > PATIENCE {
            break;
        }
    }
    best
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
