//! Mids, and what the sections of a group have to agree on (RFC 5888 §6, §8.5.3; RFC 9143 §5, §7.1,
//! §7.5.3, §9).

use alloc::vec::Vec;

use super::says::Family;
use super::sections::{Section, Sections};
use super::{Sink, missing, value};
use crate::attribute::{Attribute, Fmtp, Group, RtpMap};
use crate::codec::Format;
use crate::diagnostic::{Code, ValueError};
use crate::document::Document;
use crate::line::Line;
use crate::section::{AttributeLine, place, utf8};

/// The groups so far.
pub(super) struct Groups<'s> {
    document: &'s Document<'s>,
    lines: Vec<AttributeLine<'s>>,
    /// Where payload types are mapped and parametrised, by section. Noted where there are groups.
    noted: Vec<Noted>,
}

/// A line about a payload type.
#[derive(Clone, Copy)]
struct Noted {
    section: u32,
    number: u8,
    /// Index of the line.
    line: u32,
}

impl<'s> Groups<'s> {
    pub(super) const fn new(document: &'s Document<'s>) -> Self {
        Self { document, lines: Vec::new(), noted: Vec::new() }
    }

    /// Takes an `a=group` of the session part.
    pub(super) fn take(&mut self, line: &Line<'s>) {
        self.lines.extend(AttributeLine::new(*line));
    }

    /// Takes a line about a payload type in the section at hand, of so many.
    pub(super) fn note(&mut self, line: &Line<'s>, number: u8, sections: usize) {
        // Two sections are what it takes to disagree.
        if self.lines.is_empty() || self.document.section_count() < 2 {
            return;
        }
        if self.noted.is_empty() {
            // About half of the lines of a section are about its formats.
            self.noted.reserve(self.document.line_count() / 2);
        }
        if let Some(section) = sections.checked_sub(1) {
            self.noted.push(Noted { section: section as u32, number, line: line.index });
        }
    }

    /// Looks at all groups, when all sections are known.
    pub(super) fn end(&self, sections: &Sections<'s>, sink: &mut Sink<'_>) {
        // The first BUNDLE group of each section, counted from 1.
        let mut bundled = Vec::new();
        let mut grouped = false;
        for (number, line) in (1..).zip(&self.lines) {
            let Some(Ok(group)) = line.read::<Group<'_>>() else { continue };
            let line = &line.line();
            grouped |= group.mids().next().is_some();
            let mut members = members(sections, line, &group, sink);
            if group.is_bundle() {
                bundled.resize(sections.count(), 0);
                let mut again = |index: &usize| is_taken(&mut bundled, *index, number);
                if members.iter().filter(|index| again(index)).count() > 0 {
                    sink(value(line, Code::GroupTwice));
                }
                bundle(sections, line, &members, sink);
                members.retain(|index| bundled.get(*index) == Some(&number));
                members.sort_unstable();
                members.dedup();
                self.payload_types(&members, sink);
            } else if group.semantics == "FID" {
                flows(sections, line, &members, sink);
            }
        }
        // A group of nothing tells what its writer supports, and groups nothing (RFC 5888 §9.3).
        if let Some(line) = sections.unnamed().filter(|_| grouped) {
            sink(missing(line, Code::MissingMid));
        }
    }

    /// A payload type may stand in several sections of a BUNDLE group for one format alone.
    fn payload_types(&self, members: &[usize], sink: &mut Sink<'_>) {
        if members.len() < 2 {
            return;
        }
        // The first line about each payload type, by its place in the list.
        let mut first = [usize::MAX; 128];
        // The section at hand, and a bit for each payload type that was looked at there.
        let (mut section, mut seen) = (u32::MAX, 0_u128);
        for (at, noted) in members.iter().flat_map(|index| self.of(*index)) {
            let Some(place) = first.get_mut(usize::from(noted.number)) else { continue };
            let Some(other) = self.noted.get(*place) else {
                *place = at;
                continue;
            };
            if noted.section != section {
                (section, seen) = (noted.section, 0);
            }
            let bit = 1 << (noted.number & 127);
            if other.section == section || seen & bit != 0 {
                continue;
            }
            seen |= bit;
            // Mostly both say the same, word for word.
            let words = |at| self.about(at).map(|line| line.line().content());
            if words(*place).eq(words(at)) {
                continue;
            }
            let (a, b) = (self.format(*place), self.format(at));
            if !a.same_configuration(&b) {
                sink(missing(noted.line + 1, Code::BundlePayloadType));
                return;
            }
        }
    }

    /// The lines about payload types of a section, with their places in the list.
    fn of(&self, section: usize) -> impl Iterator<Item = (usize, Noted)> + '_ {
        let section = section as u32;
        let start = self.noted.partition_point(|noted| noted.section < section);
        let rest = self.noted.iter().copied().enumerate().skip(start);
        rest.take_while(move |(_, noted)| noted.section == section)
    }

    /// The lines about the payload type of a line of the list, from there on in its section.
    fn about(&self, at: usize) -> impl Iterator<Item = AttributeLine<'s>> + '_ {
        let document = self.document;
        let rest = self.noted.get(at..).unwrap_or_default();
        let first = rest.first().copied();
        let same = move |noted: &&Noted| first.is_some_and(|first| noted.section == first.section);
        let rest = rest.iter().take_while(same);
        let rest = rest.filter(move |noted| first.is_some_and(|f| noted.number == f.number));
        rest.filter_map(move |noted| AttributeLine::new(document.line(noted.line as usize)?))
    }

    /// The format that a line of the list is about, with the other line about it next to it.
    fn format(&self, at: usize) -> Format<'static> {
        let mut format = Format { payload_type: 0, codec: None, fmtp: None };
        let Some(noted) = self.noted.get(at) else { return format };
        format.payload_type = noted.number;
        for line in self.about(at).map(|line| line.typed()) {
            match line {
                Ok(Attribute::RtpMap(map)) => {
                    format.codec.get_or_insert(RtpMap::into_owned(map));
                }
                Ok(Attribute::Fmtp(fmtp)) => {
                    format.fmtp.get_or_insert(Fmtp::into_owned(fmtp));
                }
                Ok(_) | Err(_) => {}
            }
        }
        format
    }
}

/// The sections of a group; what names none is a finding.
fn members(
    sections: &Sections<'_>,
    line: &Line<'_>,
    group: &Group<'_>,
    sink: &mut Sink<'_>,
) -> Vec<usize> {
    let value = line.attribute().and_then(|(_, value)| value);
    let text = value.and_then(|value| utf8(value).ok()).unwrap_or_default();
    let mut offset = 0;
    for (index, mid) in text.split(crate::value::BLANKS).enumerate() {
        let end = offset + mid.len() as u32;
        if index > 0 && !mid.is_empty() && sections.find(mid).is_none() {
            sink(place(line, ValueError { code: Code::GroupUnknownMid, start: offset, end }));
        }
        offset = end + 1;
    }
    group.mids().filter_map(|mid| sections.find(mid)).collect()
}

/// What the sections of a BUNDLE group have to agree on.
fn bundle(sections: &Sections<'_>, line: &Line<'_>, members: &[usize], sink: &mut Sink<'_>) {
    let members = || members.iter().filter_map(|index| sections.get(*index));
    if members().any(Section::is_off) {
        sink(value(line, Code::BundleDisabled));
    }
    let muxed = members().next().is_some_and(|tagged| tagged.rtcp_mux);
    let rtp = || members().filter(|section| section.rtp().is_some() && !section.is_off());
    let protocol = rtp().next().and_then(Section::rtp);
    let first = [
        (Code::BundleProtocol, rtp().find(|section| section.rtp() != protocol)),
        (Code::BundleRtcpMux, rtp().find(|section| !(section.rtcp_mux || muxed))),
        (Code::BundleMidExtension, rtp().find(|section| !section.mid_extension)),
    ];
    for (code, section) in first {
        if let Some(section) = section {
            sink(missing(section.line, code));
        }
    }
    // All have addresses of one family (RFC 9143 §7.1.1).
    let addresses = members().filter_map(|section| sections.address(section));
    let mut known = addresses.filter(|address| address.family != Family::Unknown);
    let family = known.next().map(|first| first.family);
    if let Some(other) = known.find(|address| Some(address.family) != family) {
        sink(missing(other.line, Code::BundleAddressTypes));
    }
}

/// Sections of one flow have addresses of their own (RFC 5888 §8.5.3).
fn flows<'s>(sections: &Sections<'s>, line: &Line<'_>, members: &[usize], sink: &mut Sink<'_>) {
    let members = members.iter().filter_map(|index| sections.get(*index));
    let on = members.filter(|section| section.port() != 0);
    let place = |section: &Section<'s>| {
        (section.port(), sections.address(section).map(|address| address.content))
    };
    let mut places: Vec<_> = on.map(place).collect();
    places.sort_unstable();
    if places.windows(2).any(|pair| matches!(pair, [a, b] if a == b)) {
        sink(value(line, Code::FidAddress));
    }
}

/// Takes a section for a group; whether it is one of that or of another one already.
fn is_taken(groups: &mut [usize], section: usize, group: usize) -> bool {
    match groups.get_mut(section) {
        Some(free @ 0) => {
            *free = group;
            false
        }
        Some(_) => true,
        None => false,
    }
}

#[cfg(test)]
mod tests;
