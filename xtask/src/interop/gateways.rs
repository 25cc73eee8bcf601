//! What rtpengine and our own gateway make of a call between a browser and a phone, side by side:
//! of the offer on its way over, and of the answer on its way back. Chromium and phones are the
//! ends. No media flows.

mod attribute_rules;
mod browsers;
mod facts;
mod judge;
mod media_rules;
mod offers;
mod ours;
mod report;
mod rtpengine;
mod rules;

use std::path::Path;

use super::browser::Browser;
use super::phones::{CONTENT, Line, Model, Phone, Security, Way};
use crate::lab::{Lab, NatKind, Node};
use crate::run::Failure;
use facts::{Facts, Stage};
use ours::Ours;
use report::Report;
use rtpengine::{Daemon, Rtpengine};

/// Offers of browsers that are generated; Chromium's own come on top.
const GENERATED: u64 = 60;

/// Whom a gateway makes its offer for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Callee {
    Browser,
    Phone(Security),
}

/// Something between two ends: what it makes of an offer for the callee, and of the answer for the
/// caller. An error is its refusal, in words.
pub(super) trait Gateway {
    fn offer(&mut self, offer: &str) -> Result<String, String>;
    fn answer(&mut self, answer: &str) -> Result<String, String>;
}

/// What became of an offer through one gateway.
#[derive(Debug)]
struct Passage {
    offered: Result<String, String>,
    /// What the callee says.
    callee: Result<String, String>,
    answered: Result<String, String>,
}

/// Has an offer cross a gateway to a callee that answers it.
fn cross(
    gateway: &mut dyn Gateway,
    offer: &str,
    callee: &mut dyn FnMut(&str) -> Result<String, String>,
) -> Passage {
    let offered = gateway.offer(offer);
    let said = match &offered {
        Ok(offered) => callee(offered),
        Err(_) => Err("was not asked".to_owned()),
    };
    let answered = match &said {
        Ok(answer) => gateway.answer(answer),
        Err(why) => Err(why.clone()),
    };
    Passage { offered, callee: said, answered }
}

/// Plays all calls. What was said lies in the directory, and so does the list of kinds of
/// differences.
pub(crate) fn run(dir: &Path) -> Result<String, Failure> {
    let daemon = Daemon::start(dir)?;
    let lab = Lab::up(NatKind::Masquerade, NatKind::Masquerade)?;
    let mut browser = Browser::start(&lab, Node::HostA, dir)?;
    let mut report = Report::new(dir);
    browsers_call(&daemon, &mut browser, &mut report, dir)?;
    phones_call(&daemon, &mut browser, &mut report, dir)?;
    for offer in offers::OF_PHONES {
        let mut chromium = |offer: &str| browsers::answer(&mut browser, offer);
        let name = format!("written-{}", offer.name);
        let mut ours = Ours::new(Callee::Browser)?;
        let ours = cross(&mut ours, offer.text, &mut chromium);
        let mut theirs = Rtpengine::new(&daemon, Callee::Browser);
        let theirs = cross(&mut theirs, offer.text, &mut chromium);
        compare(&mut report, &name, offer.text, Callee::Browser, &ours, &theirs)?;
    }
    report.finish()
}

/// Chromium's own offers and generated ones go to phones.
fn browsers_call(
    daemon: &Daemon,
    browser: &mut Browser,
    report: &mut Report,
    dir: &Path,
) -> Result<(), Failure> {
    let own = browsers::offer(browser)?;
    let phones = [Security::None, Security::Sdes, Security::Dtls];
    let all = phones.iter().enumerate().map(|(place, security)| {
        let generated = browsers::generated(place, phones.len(), GENERATED);
        (Model::Baresip, *security, [vec![own.clone()], generated].concat())
    });
    // Linphone without a sound card stands still in calls in which it alone would speak.
    let of_linphone = vec![own.clone(), browsers::without_candidates(&own)];
    let all = all.chain([(Model::Linphone, Security::None, of_linphone)]);
    for (model, security, offers) in all {
        let name = format!("to-{}-{}", model.name(), Way::new(security).name());
        let home = dir.join(&name);
        std::fs::create_dir_all(&home).map_err(|error| format!("{}: {error}", home.display()))?;
        let phone = Phone::start(model, Way::new(security), &home)?;
        let mut line = Line::open(phone.address())?;
        let mut callee = |offer: &str| {
            let answer = line.offer(offer).map_err(|failure| failure.to_string())?;
            line.hang_up().map_err(|failure| failure.to_string())?;
            Ok(answer)
        };
        for (number, offer) in offers.iter().enumerate() {
            let to = Callee::Phone(security);
            let ours = cross(&mut Ours::new(to)?, offer, &mut callee);
            let theirs = cross(&mut Rtpengine::new(daemon, to), offer, &mut callee);
            for passage in [&ours, &theirs] {
                let dead = passage.callee.as_ref().err().filter(|why| why.starts_with("no answer"));
                if let Some(why) = dead {
                    return Err(Failure::Failed(format!("{name}, offer {number}: {why}")));
                }
            }
            compare(report, &format!("{name}-{number:02}"), offer, to, &ours, &theirs)?;
        }
    }
    Ok(())
}

/// What phones offer goes to Chromium, and its answer back to them: they stay in the call.
fn phones_call(
    daemon: &Daemon,
    browser: &mut Browser,
    report: &mut Report,
    dir: &Path,
) -> Result<(), Failure> {
    for model in [Model::Baresip, Model::Linphone, Model::Twinkle] {
        for way in model.ways().iter().filter(|way| **way == Way::new(way.security)) {
            let name = format!("from-{}-{}", model.name(), way.name());
            let home = dir.join(&name);
            std::fs::create_dir_all(&home)
                .map_err(|error| format!("{}: {error}", home.display()))?;
            let mut call = || {
                let phone = Phone::start(model, *way, &home)?;
                let mut line = Line::open(phone.address())?;
                let ours = phone_calls(&mut line, &mut Ours::new(Callee::Browser)?, browser)?;
                let mut theirs = Rtpengine::new(daemon, Callee::Browser);
                Ok::<_, Failure>((ours, phone_calls(&mut line, &mut theirs, browser)?))
            };
            // A phone without a sound card may stand still when the machine is busy.
            let ((offer, ours), (_, theirs)) = call().or_else(|_| call())?;
            compare(report, &name, &offer, Callee::Browser, &ours, &theirs)?;
        }
    }
    Ok(())
}

/// A call that a phone is asked to make, and its offer.
fn phone_calls(
    line: &mut Line,
    gateway: &mut dyn Gateway,
    browser: &mut Browser,
) -> Result<(String, Passage), Failure> {
    line.invite("")?;
    let offer = line.answered()?;
    let mut passage = cross(gateway, &offer, &mut |offer: &str| browsers::answer(browser, offer));
    if let Ok(answer) = &passage.answered {
        line.acknowledge(answer)?;
        if let Err(failure) = line.stay(CONTENT) {
            passage.answered = Err(failure.to_string());
            return Ok((offer, passage));
        }
    }
    line.hang_up()?;
    Ok((offer, passage))
}

/// Compares both stages of what both made of an offer.
fn compare(
    report: &mut Report,
    name: &str,
    offer: &str,
    callee: Callee,
    ours: &Passage,
    theirs: &Passage,
) -> Result<(), Failure> {
    let (over, back) = match callee {
        Callee::Phone(_) => (Stage::OfferToPhone, Stage::AnswerToBrowser),
        Callee::Browser => (Stage::OfferToBrowser, Stage::AnswerToPhone),
    };
    report.note(name, offer, ours, theirs)?;
    let facts = |stage, text| Facts::new(stage, text);
    report.add(name, offer, over, &facts(over, &ours.offered), &facts(over, &theirs.offered));
    report.add(name, offer, back, &facts(back, &ours.answered), &facts(back, &theirs.answered));
    Ok(())
}
