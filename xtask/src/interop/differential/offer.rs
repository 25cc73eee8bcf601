//! Offers as many implementations write them, made from a seed.

use std::fmt::Write as _;

use sdp_proto::attribute::Direction;

use super::super::dice::Dice;
use super::formats::{AUDIO, EXTENSIONS, Sample, VIDEO};
use super::spelling::Spelling;

/// One offer, and what the answering application wants.
pub(super) struct Offer {
    pub(super) text: String,
    /// The direction that the answerer sets on all of its transceivers; none for its default.
    pub(super) way: Option<Direction>,
}

const WAYS: [Direction; 4] =
    [Direction::SendRecv, Direction::SendOnly, Direction::RecvOnly, Direction::Inactive];
const MIDS: [&str; 6] = ["0", "1", "2", "3", "audio", "a-b_c"];
const RIDS: [&[&str]; 3] = [&["h", "l"], &["h", "m", "l"], &["1", "2", "3"]];

/// What all sections of an offer have in common.
struct Shape {
    spelling: Spelling,
    with_mids: bool,
    group: Group,
    setup: &'static str,
    /// Where extensions have their numbers.
    first_id: usize,
    extensions: Vec<&'static str>,
    /// The sections share one transport's description.
    shared: bool,
}

/// Which sections are in the BUNDLE group.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Group {
    None,
    All,
    /// All but the first one.
    Rest,
    /// All; those after the first one only so.
    BundleOnly,
    /// All, in the other order.
    Backwards,
    /// All, and a mid that there is not.
    Stray,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Media {
    Audio,
    Video,
    Data,
}

struct Section {
    mid: &'static str,
    media: Media,
    rejected: bool,
}

/// The offer of this seed.
pub(super) fn generate(seed: u64) -> Offer {
    let mut dice = Dice::new(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
    for _ in 0..8 {
        dice.below(2);
    }
    let sections = sections(&mut dice);
    let shape = shape(&mut dice, sections.len());
    let way = dice.once_in(2).then(|| dice.one(&WAYS));
    let mut text = session(&shape, &sections);
    // A payload type means one thing in a group.
    let mut numbers: Vec<usize> = (96..128).collect();
    for (index, section) in sections.iter().enumerate() {
        write_section(&mut dice, &shape, index, section, &mut numbers, &mut text);
    }
    Offer { text: shape.spelling.respell(&text), way }
}

fn sections(dice: &mut Dice) -> Vec<Section> {
    let count = 1 + dice.below(4);
    let mut data = false;
    let offset = if dice.once_in(6) { 2 } else { 0 };
    let section = |index: usize| {
        let media = match dice.below(if data { 4 } else { 5 }) {
            0 | 1 => Media::Audio,
            2 | 3 => Media::Video,
            _ => Media::Data,
        };
        data |= media == Media::Data;
        Section { mid: MIDS[index + offset], media, rejected: dice.once_in(10) }
    };
    let mut all: Vec<Section> = (0..count).map(section).collect();
    // An offer without anything is no offer.
    if all.iter().all(|section| section.rejected) {
        all[0].rejected = false;
    }
    all
}

fn shape(dice: &mut Dice, sections: usize) -> Shape {
    let with_mids = !dice.once_in(12);
    let group = match dice.below(12) {
        _ if !with_mids => Group::None,
        0 | 1 => Group::None,
        2 if sections > 2 => Group::Rest,
        3 | 4 => Group::BundleOnly,
        5 => Group::Backwards,
        6 if dice.once_in(3) => Group::Stray,
        _ => Group::All,
    };
    let setup = match dice.below(8) {
        0 => "active",
        1 => "passive",
        _ => "actpass",
    };
    let extensions = EXTENSIONS
        .iter()
        .copied()
        // MID and RID are what a group and simulcast need, so that most have them.
        .filter(|uri| if uri.contains(":sdes:") { !dice.once_in(8) } else { dice.once_in(2) })
        .collect();
    Shape {
        spelling: Spelling::new(dice),
        with_mids,
        group,
        setup,
        first_id: if dice.once_in(20) { 15 } else { 1 },
        extensions,
        shared: dice.once_in(5),
    }
}

const TRANSPORT: &str = "a=ice-ufrag:peer\na=ice-pwd:peerasd88fgpdd777uzjYhagZg\n\
    a=fingerprint:sha-256 07:07:07:07:07:07:07:07:07:07:07:07:07:07:07:07:\
    07:07:07:07:07:07:07:07:07:07:07:07:07:07:07:07\n";

fn session(shape: &Shape, sections: &[Section]) -> String {
    let mut text = "v=0\no=- 4611731400430051336 2 IN IP4 127.0.0.1\ns=-\nt=0 0\n".to_owned();
    let mut mids: Vec<&str> =
        sections.iter().filter(|section| !section.rejected).map(|section| section.mid).collect();
    match shape.group {
        Group::None => mids.clear(),
        Group::Rest => drop(mids.remove(0)),
        Group::Backwards => mids.reverse(),
        Group::Stray => mids.push("stray"),
        Group::All | Group::BundleOnly => {}
    }
    if !mids.is_empty() {
        let _never = writeln!(text, "a=group:BUNDLE {}", mids.join(" "));
    }
    if shape.shared {
        let _never = writeln!(text, "{TRANSPORT}a=setup:{}", shape.setup);
    }
    text
}

fn write_section(
    dice: &mut Dice,
    shape: &Shape,
    index: usize,
    section: &Section,
    numbers: &mut Vec<usize>,
    text: &mut String,
) {
    let samples = match section.media {
        Media::Audio => AUDIO,
        Media::Video => VIDEO,
        Media::Data => &[],
    };
    let formats = choose(dice, samples, numbers);
    let only = shape.group == Group::BundleOnly && index > 0 && !section.rejected;
    let port = if section.rejected || only { 0 } else { 9 };
    let (name, proto) = match section.media {
        Media::Audio => ("audio", shape.spelling.media_proto()),
        Media::Video => ("video", shape.spelling.media_proto()),
        Media::Data => ("application", shape.spelling.data_proto()),
    };
    let list = if section.media == Media::Data {
        shape.spelling.data_format().to_owned()
    } else {
        let list: Vec<String> = formats.iter().map(|(number, _)| number.to_string()).collect();
        list.join(" ")
    };
    let mut lines = format!("m={name} {port} {proto} {list}\nc=IN IP4 0.0.0.0\n");
    let mut attributes = String::new();
    if !shape.shared {
        let _never = writeln!(attributes, "{TRANSPORT}a=setup:{}", shape.setup);
    }
    attributes.push_str(shape.spelling.candidates());
    if shape.with_mids {
        let _never = writeln!(attributes, "a=mid:{}", section.mid);
    }
    if only {
        attributes.push_str("a=bundle-only\n");
    }
    if section.media == Media::Data {
        attributes.push_str(shape.spelling.data_port());
    } else {
        media_attributes(dice, shape, index, section, &formats, &mut attributes);
    }
    lines.push_str(&shape.spelling.order(dice, &attributes));
    text.push_str(&lines);
}

fn media_attributes(
    dice: &mut Dice,
    shape: &Shape,
    index: usize,
    section: &Section,
    formats: &[(usize, &Sample)],
    text: &mut String,
) {
    let way = dice.one(&WAYS);
    if !dice.once_in(5) {
        let _never = writeln!(text, "a={}", way.as_str());
    }
    if !dice.once_in(40) {
        text.push_str("a=rtcp-mux\n");
    }
    if dice.once_in(2) {
        text.push_str("a=rtcp-rsize\n");
    }
    let simulcasts = section.media == Media::Video && dice.once_in(4);
    for (place, uri) in shape.extensions.iter().enumerate() {
        // Each section has some of them, by the same numbers (RFC 9143 §9.1).
        if dice.once_in(4) && !(simulcasts && uri.contains(":sdes:")) {
            continue;
        }
        let way = if dice.once_in(12) { "/recvonly" } else { "" };
        let _never = writeln!(text, "a=extmap:{}{way} {uri}", shape.first_id + place);
    }
    if dice.once_in(2) {
        text.push_str("a=extmap-allow-mixed\n");
    }
    for (number, sample) in formats {
        sample.write(*number, formats, text);
    }
    if simulcasts {
        simulcast(dice, text);
    }
    if dice.once_in(2) {
        let _never = writeln!(text, "a=msid:stream track-{index}");
    }
}

fn simulcast(dice: &mut Dice, text: &mut String) {
    let (rids, way) = (dice.one(&RIDS), dice.one(&["send", "send", "recv"]));
    for rid in rids {
        let restrictions = if dice.once_in(6) { " max-width=640;max-height=360" } else { "" };
        let _never = writeln!(text, "a=rid:{rid} {way}{restrictions}");
    }
    let streams = rids.join(if dice.once_in(8) { "," } else { ";" });
    let paused = if dice.once_in(6) { "~" } else { "" };
    if !dice.once_in(10) {
        let _never = writeln!(text, "a=simulcast:{way} {paused}{streams}");
    }
}

/// Some of the formats in some order, with payload types.
fn choose(
    dice: &mut Dice,
    samples: &'static [Sample],
    numbers: &mut Vec<usize>,
) -> Vec<(usize, &'static Sample)> {
    let mut chosen: Vec<(usize, &Sample)> = Vec::new();
    if samples.is_empty() {
        return chosen;
    }
    for _ in 0..=dice.below(6) {
        let sample = &samples[dice.below(samples.len())];
        let known = |(number, known): &(usize, &Sample)| {
            std::ptr::eq(*known, sample) || sample.fixed == Some(*number)
        };
        if chosen.iter().any(known) || numbers.len() < 4 {
            continue;
        }
        let number = match sample.fixed {
            Some(number) => number,
            None => numbers.swap_remove(dice.below(numbers.len())),
        };
        chosen.push((number, sample));
        if let Some(companion) = sample.companion
            && !dice.once_in(3)
        {
            chosen.push((numbers.swap_remove(dice.below(numbers.len())), companion));
        }
    }
    chosen
}

#[cfg(test)]
mod tests {
    use super::generate;

    #[test]
    fn a_seed_gives_the_same_offer_always_and_another_one_another() {
        assert_eq!(generate(7).text, generate(7).text);
        assert_ne!(generate(7).text, generate(8).text);
    }
}
