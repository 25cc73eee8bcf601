//! What a machine said during a run: all of it in order, and again by lane.
use super::{Fault, Law, Subject};
use crate::{Instant, Machine, Output};
use alloc::{
    collections::BTreeMap,
    format,
    string::{String, ToString},
    vec::Vec,
};

/// A lane keeps its order even when drains come late: one for each path that is sent on, and one
/// each for events, requests, verdicts and commands.
#[derive(Default)]
pub(super) struct Log {
    pub(super) all: Vec<String>,
    lanes: BTreeMap<String, Vec<String>>,
}

impl Log {
    pub(super) fn note(&mut self, lane: &str, line: String) {
        self.all.push(line.clone());
        match self.lanes.get_mut(lane) {
            Some(lines) => lines.push(line),
            None => {
                self.lanes.insert(lane.to_string(), Vec::from([line]));
            }
        }
    }

    /// Polls until rest, notes everything, shows everything to `see`, and gives the deadline.
    pub(super) fn drain<S: Subject>(
        &mut self,
        machine: &mut S::Machine,
        mut see: impl FnMut(&Output<<S::Machine as Machine>::Event>),
    ) -> Result<Option<Instant>, Fault> {
        for _ in 0..=S::DRAIN_MAX {
            let output = machine.poll_output();
            see(&output);
            let lane = match &output {
                Output::Timeout(at) => return Ok(*at),
                Output::Transmit(t) => format!("{}", t.path),
                Output::Socket(_) => "socket".into(),
                Output::Lookup(_) => "lookup".into(),
                Output::Event(_) => "event".into(),
            };
            self.note(&lane, format!("{output:?}"));
        }
        Err((Law::Ends, format!("more than {} outputs in one drain", S::DRAIN_MAX)))
    }

    /// The first line, in strict order, in which two logs differ.
    pub(super) fn differs(&self, other: &Self) -> Option<String> {
        first_difference(&self.all, &other.all)
    }

    /// The first line in which a lane of two logs differs.
    pub(super) fn lane_differs(&self, other: &Self) -> Option<String> {
        let none = Vec::new();
        self.lanes.keys().chain(other.lanes.keys()).find_map(|lane| {
            let ours = self.lanes.get(lane).unwrap_or(&none);
            let theirs = other.lanes.get(lane).unwrap_or(&none);
            first_difference(ours, theirs).map(|line| format!("[{lane}] {line}"))
        })
    }
}

fn first_difference(ours: &[String], theirs: &[String]) -> Option<String> {
    let at = (0..ours.len().max(theirs.len())).find(|&i| ours.get(i) != theirs.get(i))?;
    let show = |lines: &[String]| lines.get(at).map_or("nothing".into(), String::clone);
    Some(format!("line {at}: recorded {}, replayed {}", show(ours), show(theirs)))
}
