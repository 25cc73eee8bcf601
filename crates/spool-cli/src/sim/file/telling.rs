//! What became of a scenario, for people and for programs.
use super::run::{Done, Link};
use ice_proto::{CandidateKind, IceState, SelectedPair};
use nat_sim::{DropCause, Scenario};
use serde_json::{Value, json};
use std::{fmt::Write, time::Duration};

const fn kind(kind: CandidateKind) -> &'static str {
    match kind {
        CandidateKind::Host => "host",
        CandidateKind::ServerReflexive => "srflx",
        CandidateKind::PeerReflexive => "prflx",
        CandidateKind::Relayed => "relay",
    }
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

impl Done {
    pub(super) fn json(&self, scenario: &Scenario) -> Value {
        let stats = self.world.stats();
        let story: Vec<_> =
            self.story.iter().map(|(at, text)| json!({ "at_ms": ms(*at), "text": text })).collect();
        json!({
            "seed": scenario.seed,
            "elapsed_ms": ms(self.world.elapsed()),
            "connections": self.links.iter().map(connection).collect::<Vec<_>>(),
            "story": story,
            "packets": {
                "sent": stats.sent,
                "forwarded": stats.forwarded,
                "received": stats.received,
                "dropped": stats.dropped_total(),
            },
            "trace_hash": format!("{:016x}", self.world.trace_hash()),
        })
    }

    pub(super) fn text(&self, scenario: &Scenario) -> String {
        let mut text = String::new();
        // writing to a String cannot fail
        let _ = self.write(&mut text, scenario);
        text
    }

    fn write(&self, text: &mut String, scenario: &Scenario) -> std::fmt::Result {
        for link in &self.links {
            let (a, b) = &link.names;
            write!(text, "{a} - {b}   ")?;
            match &link.connected {
                Some((took, [Some(pair), _])) => {
                    let how = if link.is_direct() { "direct" } else { "relayed" };
                    writeln!(text, "{how} after {:.1} ms: {}", ms(*took), path(pair))?;
                }
                _ => writeln!(text, "not connected")?,
            }
            if link.states != [IceState::Completed; 2] {
                let [of_a, of_b] = link.states;
                writeln!(text, "   in the end {a} is {of_a}, {b} is {of_b}")?;
            }
            if link.connected.is_none() {
                for (name, reason) in [a, b].into_iter().zip(&link.reasons) {
                    writeln!(text, "   {name}:")?;
                    for line in reason.lines() {
                        writeln!(text, "      {line}")?;
                    }
                }
            }
        }
        writeln!(text)?;
        for (at, what) in &self.story {
            writeln!(text, "{:>9.3} s  {what}", at.as_secs_f64())?;
        }
        let stats = self.world.stats();
        writeln!(
            text,
            "\n{} packets sent, {} passed on by NATs, {} received, {} dropped in {:.3} s",
            stats.sent,
            stats.forwarded,
            stats.received,
            stats.dropped_total(),
            self.world.elapsed().as_secs_f64(),
        )?;
        for cause in DropCause::all() {
            let count = stats.dropped(cause);
            if count > 0 {
                writeln!(text, "{count:>9} dropped: {}", cause.name())?;
            }
        }
        writeln!(text, "seed {}, trace {:016x}", scenario.seed, self.world.trace_hash())
    }
}

fn connection(link: &Link) -> Value {
    let (a, b) = &link.names;
    let mut value = json!({
        "offers": a,
        "answers": b,
        "connected": link.connected.is_some(),
        "states": link.states.map(|state| state.to_string()),
    });
    let Some(members) = value.as_object_mut() else { return value };
    if let Some((took, [Some(pair), _])) = &link.connected {
        members.insert("direct".into(), json!(link.is_direct()));
        members.insert("time_to_connect_ms".into(), json!(ms(*took)));
        let local = json!({ "type": kind(pair.local), "address": pair.path.local().to_string() });
        let remote =
            json!({ "type": kind(pair.remote), "address": pair.path.remote().to_string() });
        members.insert("local".into(), local);
        members.insert("remote".into(), remote);
    } else {
        members.insert("reasons".into(), json!(link.reasons));
    }
    value
}

fn path(pair: &SelectedPair) -> String {
    let (local, remote) = (pair.path.local(), pair.path.remote());
    format!("{} {local} - {} {remote}", kind(pair.local), kind(pair.remote))
}
