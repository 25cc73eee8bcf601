//! Many generated offers, answered by Chromium, by Firefox and by our negotiator that can do what
//! each of them can. We agree with one of them wherever the RFCs do not decide.

mod facts;
mod formats;
mod judge;
mod offer;
mod ours;
mod report;
mod rules;
mod spelling;

use std::path::Path;

use sdp_proto::attribute::Direction;
use serde_json::{Value, json};

use super::browser::Browser;
use super::firefox::Firefox;
use crate::lab::{Lab, NatKind, Node};
use crate::run::Failure;
use facts::Facts;
use offer::Offer;
use ours::Abilities;
use report::{Exchange, Report};

const OFFERS: u64 = 500;

/// What answers a browser gives, and what answers we give when we can do what it can.
struct Answers {
    theirs: Vec<Result<String, String>>,
    ours: Vec<ours::Answer>,
}

/// The generated offer of this seed.
pub(super) fn generated(seed: u64) -> String {
    offer::generate(seed).text
}

/// Plays all offers. They lie in the directory with their answers, and so does the list of kinds of
/// differences.
pub(crate) fn run(dir: &Path) -> Result<String, Failure> {
    let offers: Vec<Offer> = (0..OFFERS).map(offer::generate).collect();
    let lab = Lab::up(NatKind::Masquerade, NatKind::Masquerade)?;
    let mut chromium = Browser::start(&lab, Node::HostA, dir)?;
    let of_chromium = ask(&offers, &mut |script| chromium.run(script))?;
    drop(chromium);
    let mut firefox = Firefox::start(&lab, Node::HostA, dir)?;
    let of_firefox = ask(&offers, &mut |script| firefox.run(script))?;
    drop(firefox);
    let mut report = Report::default();
    for (number, offer) in offers.iter().enumerate() {
        let mut exchanges = Vec::new();
        for (browser, all) in [("Chromium", &of_chromium), ("Firefox", &of_firefox)] {
            let (theirs, ours) = (&all.theirs[number], &all.ours[number]);
            write(dir, number, browser, offer, theirs, ours)?;
            let (theirs, ours) = (Facts::new(theirs), Facts::of_ours(ours));
            exchanges.push(Exchange { browser, theirs, ours });
        }
        report.add(number, &offer.text, &exchanges);
    }
    report.finish(dir)
}

/// Has the browser answer all offers on one page, and has us answer them as it could.
fn ask(
    offers: &[Offer],
    page: &mut dyn FnMut(&str) -> Result<Value, Failure>,
) -> Result<Answers, Failure> {
    let answering = include_str!("../../interop/answers.js");
    let own = page(&format!("{answering}\nreturn ownOffer();"))?;
    let probes = ["audio", "video"].map(|media| json!({ "sdp": formats::everything(media) }));
    let probed = page(&format!("{answering}\nreturn answers({});", json!(probes)))?;
    let said = |value: &Value| {
        let text = value.as_str().map(str::to_owned);
        text.ok_or_else(|| Failure::Failed(format!("no description: {probed}")))
    };
    let abilities = Abilities {
        offer: said(&own)?,
        audio: said(&probed[0]["sdp"])?,
        video: said(&probed[1]["sdp"])?,
    };
    let all: Vec<Value> = offers
        .iter()
        .map(|offer| json!({ "sdp": offer.text, "way": offer.way.map(Direction::as_str) }))
        .collect();
    let answered = page(&format!("{answering}\nreturn answers({});", json!(all)))?;
    let answered = answered.as_array().map_or(&[][..], Vec::as_slice);
    if answered.len() != offers.len() {
        return Err(Failure::Failed(format!("{} answers", answered.len())));
    }
    let text = |value: &Value| match value["sdp"].as_str() {
        Some(text) => Ok(text.to_owned()),
        None => Err(value["error"].as_str().unwrap_or("nothing").to_owned()),
    };
    let config = ours::config(&abilities)?;
    Ok(Answers {
        theirs: answered.iter().map(text).collect(),
        ours: offers.iter().map(|offer| ours::answer(&config, offer)).collect(),
    })
}

fn write(
    dir: &Path,
    number: usize,
    browser: &str,
    offer: &Offer,
    theirs: &Result<String, String>,
    ours: &ours::Answer,
) -> Result<(), Failure> {
    let path = dir.join(format!("{number:03}-{browser}.txt"));
    let show = |answer: &Result<String, String>| match answer {
        Ok(text) => text.clone(),
        Err(why) => format!("refused: {why}\n"),
    };
    let text = format!(
        "-- offer, answerer {}\n{}-- {browser}\n{}-- we\n{}-- why\n{}",
        offer.way.map_or("as it is", Direction::as_str),
        offer.text,
        show(theirs),
        show(&ours.text),
        ours.why
    );
    std::fs::write(&path, text)
        .map_err(|error| Failure::Failed(format!("{}: {error}", path.display())))
}
