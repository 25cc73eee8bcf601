//! Which NATs let whom connect with whom, how, and how fast: the table of the demo.
use crate::{exit::Failure, lines};
use console::{Alignment, StyledObject, pad_str, style};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use meeting::{Outcome, ROUND_TRIP};
use nat_sim::Preset;
use std::time::{Duration, Instant};

mod meeting;

/// The NATs of the table: `None` is none. Name, and what it is.
const KINDS: [(Option<Preset>, &str, &str); 6] = [
    (None, "public", "no NAT and no firewall"),
    (Some(Preset::PortRestrictedCone), "home", "most home routers"),
    (Some(Preset::CarrierBlock), "carrier", "a provider's NAT with a block of ports each"),
    (Some(Preset::MobileCarrier), "mobile", "a symmetric NAT: another port for each destination"),
    (Some(Preset::Firewall), "firewall", "no NAT, only answers come in"),
    (Some(Preset::UdpBlocked), "no UDP", "a router that drops UDP"),
];

const LABEL: usize = 12;
const CELL: usize = 11;

/// A bar appears when it takes longer.
const BAR_AFTER: Duration = Duration::from_secs(1);

/// Plays every pair and prints the table.
pub(crate) fn show() -> Result<(), Failure> {
    say("\n2. Which NATs let whom connect, simulated: 25 ms one way, a TURN server at hand\n");
    let began = Instant::now();
    let bar = ProgressBar::with_draw_target(
        Some((KINDS.len() * KINDS.len()) as u64),
        ProgressDrawTarget::hidden(),
    );
    let bar = match ProgressStyle::with_template("   {bar:40} {pos}/{len} meetings") {
        Ok(style) => bar.with_style(style),
        Err(_template) => bar,
    };
    let mut rows = vec![head()];
    for (offers, name, _) in KINDS {
        let mut row = label(name);
        for (answers, ..) in KINDS {
            if began.elapsed() > BAR_AFTER && bar.is_hidden() {
                bar.set_draw_target(ProgressDrawTarget::stderr());
            }
            let outcome = meeting::play(offers, answers)
                .map_err(|error| Failure::NotStarted(format!("the simulation failed: {error}")))?;
            row.push_str(&pad(&cell(outcome).to_string()));
            bar.inc(1);
        }
        rows.push(row);
    }
    bar.finish_and_clear();
    for row in &rows {
        say(row.trim_end());
    }
    legend();
    Ok(())
}

fn head() -> String {
    let names: String = KINDS.iter().map(|(_, name, _)| pad(name)).collect();
    format!("{}{names}", label(""))
}

fn label(name: &str) -> String {
    pad_str(&format!("   {name}"), LABEL, Alignment::Left, None).into_owned()
}

fn pad(text: &str) -> String {
    pad_str(text, CELL, Alignment::Left, None).into_owned()
}

/// `direct 1.5`: without a relay, after one and a half round trips.
fn cell(outcome: Outcome) -> StyledObject<String> {
    match outcome {
        Outcome::Direct(took) => style(format!("direct {}", trips(took))).green(),
        Outcome::Relayed(took) => style(format!("relay {}", trips(took))).yellow(),
        Outcome::Never => style("-".to_owned()).red(),
    }
}

/// Round trips, with one decimal.
fn trips(took: Duration) -> String {
    format!("{:.1}", took.as_secs_f64() / ROUND_TRIP.as_secs_f64())
}

fn legend() {
    say("\n   Rows offer, columns answer. direct 1.5: data could go both ways without a");
    say("   relay, one and a half round trips after both had the description of the");
    say("   other. relay: through the TURN server. -: not at all.\n");
    for (_, name, what) in KINDS {
        say(format!("   {name:<9} {what}"));
    }
}

fn say(text: impl AsRef<str>) {
    lines::print(text.as_ref().as_bytes());
}
