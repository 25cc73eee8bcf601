//! Calls between the negotiator of `sdp-proto` and SIP phones: in clear, with keys in the
//! descriptions and over DTLS, from either side, held and resumed, with offers that come late,
//! answers that come early or twice, and media that a phone has or not. No media flows.

mod call;
mod phone;
mod scenes;
mod sip;

use std::path::Path;

use crate::run::Failure;

pub(crate) use call::CONTENT;
pub(crate) use phone::{Model, Phone, Security, Way, free};
pub(crate) use sip::Line;

/// Calls a phone in each way that it knows, and is called by it. What was said lies in the
/// directory.
pub(crate) fn run(model: Model, dir: &Path) -> Result<String, Failure> {
    let mut exchanges = 0;
    let mut bad = Vec::new();
    for way in model.ways() {
        let name = way.name();
        let dir = dir.join(name);
        std::fs::create_dir_all(&dir).map_err(|error| format!("{}: {error}", dir.display()))?;
        let mut protocol = String::new();
        let outcome = scenes::play(model, *way, &dir, &mut protocol);
        let path = dir.join("said.txt");
        std::fs::write(&path, protocol).map_err(|error| format!("{}: {error}", path.display()))?;
        match outcome {
            Ok(count) => exchanges += count,
            Err(failure) => {
                bad.push(format!("{name}: {failure}\n  what was said: {}", path.display()));
            }
        }
    }
    if !bad.is_empty() {
        return Err(Failure::Failed(bad.join("\n")));
    }
    let names: Vec<&str> = model.ways().iter().map(|way| way.name()).collect();
    Ok(format!("{exchanges} exchanges agreed on: {}", names.join(", ")))
}
