//! `spool sdp diff`: what differs between two descriptions once both are spelled alike.
use super::drawing::shown;
use crate::{exit::Failure, lines};
use sdp_proto::{Media, Section, Session};
use std::{
    collections::{BTreeMap, VecDeque},
    fmt::Write,
    path::PathBuf,
};

/// Compare in the canonical spelling, sections matched by mid
///
/// The order of lines within a section does not count, that of the sections does.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// A description; `-` is stdin
    #[arg(value_name = "A")]
    a: PathBuf,
    /// Another one
    #[arg(value_name = "B")]
    b: PathBuf,
}

pub(super) fn run(args: &Args) -> Result<(), Failure> {
    super::stdin_once([&args.a, &args.b])?;
    let (a, b) = (super::session(&args.a)?, super::session(&args.b)?);
    if a == b {
        return Ok(());
    }
    let spelled = |session: Session<'static>, path: &PathBuf| {
        super::no_other_text(&session, path)?;
        session.normalised().map_err(|error| super::beyond(path, &error))
    };
    let (a, b) = (spelled(a, &args.a)?, spelled(b, &args.b)?);
    let found = differences(&a, &b);
    if found.is_empty() {
        return Ok(());
    }
    let names = format!("--- {}\n+++ {}\n", super::name(&args.a), super::name(&args.b));
    lines::print_foreign((names + found.trim_end()).as_bytes());
    Err(Failure::NotStarted("the descriptions differ".to_owned()))
}

/// The differences, in the order of `a` and then of what only `b` has.
fn differences(a: &Session<'_>, b: &Session<'_>) -> String {
    let mut out = String::new();
    compare(&mut out, "session", Some(a.session_section()), Some(b.session_section()));
    let mut places: BTreeMap<String, VecDeque<usize>> = BTreeMap::new();
    for media in b.media() {
        places.entry(key(&media)).or_default().push_back(media.media_index());
    }
    let mut taken = vec![false; b.media_count()];
    for media in a.media() {
        let key = key(&media);
        // of several sections with one mid the first goes with the first
        let place = places.get_mut(&key).and_then(VecDeque::pop_front);
        let other = place.and_then(|place| b.media_at(place));
        let (from, to) = (media.media_index() + 1, place.map(|place| place + 1));
        let title = match to {
            Some(to) if to != from => format!("{key}, moved from section {from} to {to}"),
            _ => format!("{key}, section {from}"),
        };
        if let Some(taken) = place.and_then(|place| taken.get_mut(place)) {
            *taken = true;
        }
        if to.is_some_and(|to| to != from) {
            let _ = writeln!(out, "@@ {title} @@");
        }
        compare(&mut out, &title, Some(*media), other.map(|other| *other));
    }
    for media in b.media().filter(|media| taken.get(media.media_index()) == Some(&false)) {
        let title = format!("{}, section {}", key(&media), media.media_index() + 1);
        compare(&mut out, &title, None, Some(*media));
    }
    out
}

/// By what a section is known: its mid, or else its place.
fn key(media: &Media<'_>) -> String {
    match media.mid() {
        Ok(Some(mid)) => format!("mid {mid}"),
        _ => format!("no mid, number {}", media.media_index() + 1),
    }
}

/// The lines that only one of the two has, each as often as it has it more often.
fn compare(out: &mut String, title: &str, a: Option<Section<'_>>, b: Option<Section<'_>>) {
    let mut surplus: BTreeMap<&[u8], i64> = BTreeMap::new();
    for (section, step) in [(a, 1), (b, -1)] {
        for line in section.iter().flat_map(Section::lines) {
            *surplus.entry(line.content()).or_default() += step;
        }
    }
    if surplus.values().all(|n| *n == 0) {
        return;
    }
    let head = format!("@@ {title} @@\n");
    if !out.ends_with(&head) {
        out.push_str(&head);
    }
    for (section, sign, step) in [(a, '-', 1), (b, '+', -1)] {
        for line in section.iter().flat_map(Section::lines) {
            let left = surplus.entry(line.content()).or_default();
            if *left * step > 0 {
                *left -= step;
                let _ = writeln!(out, "{sign}{}", shown(line.content()));
            }
        }
    }
}
