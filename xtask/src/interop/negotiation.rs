//! Offers and answers between the negotiator of `sdp-proto` and Chromium: each description is
//! taken by the other side, and both think the same of it. Nothing is connected.

mod browser_offers;
mod changes;
mod table;
mod verdict;
mod walk;
mod we_offer;

use std::path::Path;

use super::browser::Browser;
use crate::lab::{Lab, NatKind, Node};
use crate::run::Failure;
use table::Table;

/// What is shown.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Topic {
    BrowserOffers,
    WeOffer,
    Changes,
    Walk,
}

/// One conversation, from the first offer to the last answer.
struct Scenario {
    name: &'static str,
    play: fn(&mut Table) -> Result<(), Failure>,
}

const fn scenario(name: &'static str, play: fn(&mut Table) -> Result<(), Failure>) -> Scenario {
    Scenario { name, play }
}

/// Plays all scenarios of a topic in one browser. What was said lies in the directory.
pub(crate) fn run(topic: Topic, dir: &Path) -> Result<String, Failure> {
    let scenarios = match topic {
        Topic::BrowserOffers => browser_offers::SCENARIOS,
        Topic::WeOffer => we_offer::SCENARIOS,
        Topic::Changes => changes::SCENARIOS,
        Topic::Walk => walk::SCENARIOS,
    };
    let lab = Lab::up(NatKind::Masquerade, NatKind::Masquerade)?;
    let browser = Browser::start(&lab, Node::HostA, dir)?;
    let mut table = Table::new(browser)?;
    let mut bad = Vec::new();
    for Scenario { name, play } in scenarios {
        let outcome = play(&mut table);
        let path = dir.join(format!("{name}.txt"));
        std::fs::write(&path, table.protocol())
            .map_err(|error| Failure::Failed(format!("{}: {error}", path.display())))?;
        if let Err(failure) = outcome {
            bad.push(format!("{name}: {failure}\n  what was said: {}", path.display()));
        }
    }
    if bad.is_empty() {
        let (all, exchanges) = (scenarios.len(), table.agreed());
        return Ok(format!("{all} scenarios, both sides agree after {exchanges} steps"));
    }
    Err(Failure::Failed(bad.join("\n")))
}
