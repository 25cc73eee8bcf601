//! Mids, and what the sections of a group have to agree on (RFC 5888 §6, §8.5.3; RFC 9143 §5, §7.1,
//! §7.5.3, §9).

use alloc::vec::Vec;

use super::connections::Connections;
use super::values::Says;
use super::{Sink, missing, value};
use crate::attribute::{Attribute, Fmtp, Group, RtpMap};
use crate::codec::Format;
use crate::diagnostic::{Code, Diagnostic, ValueError};
use crate::field::MediaLine;
use crate::section::{AttributeLine, utf8};
use crate::session::Session;

/// A section as its groups see it.
#[derive(Default)]
struct Member<'s> {
    /// Number and content of the `m=` line.
    line: u32,
    port: u16,
    /// The protocol, of RTP alone.
    protocol: Option<&'s str>,
    /// The `c=` line.
    connection: Option<&'s [u8]>,
    bundle_only: bool,
    mux: bool,
    mid_extension: bool,
    /// Where its part of the list of formats starts.
    formats: usize,
}

impl Member<'_> {
    const fn is_off(&self) -> bool {
        self.port == 0 && !self.bundle_only
    }
}

/// The mids and groups so far.
#[derive(Default)]
pub(super) struct Groups<'s> {
    sections: Vec<Member<'s>>,
    /// The first mid of each section, and the index of the section.
    mids: Vec<(&'s str, usize, Diagnostic)>,
    /// Whether the last section has a mid, readable or not.
    named: bool,
    /// The first section without one.
    unnamed: Option<u32>,
    lines: Vec<AttributeLine<'s>>,
    /// Whether the session part maps the mid extension.
    mid_extension: bool,
    /// Where payload types are mapped and parametrised, by section. Noted where there are groups.
    formats: Vec<Noted>,
    /// The `c=` line of the session part.
    connection: Option<&'s [u8]>,
}

/// A line about a payload type.
#[derive(Clone, Copy)]
struct Noted {
    section: usize,
    number: u8,
    /// Index of the line.
    line: u32,
}

impl<'s> Groups<'s> {
    pub(super) fn section(&mut self, line: u32, media: Option<&MediaLine<'s>>) {
        self.close();
        self.named = false;
        let protocol = media.filter(|media| media.is_rtp()).and_then(|m| m.proto.borrowed());
        let port = media.map_or(0, |media| media.port);
        self.sections.push(Member {
            line,
            port,
            protocol,
            mid_extension: self.mid_extension,
            formats: self.formats.len(),
            ..Member::default()
        });
    }

    pub(super) fn connection(&mut self, content: &'s [u8]) {
        let place = self.sections.last_mut().map_or(&mut self.connection, |s| &mut s.connection);
        place.get_or_insert(content);
    }

    pub(super) fn attribute(&mut self, line: &AttributeLine<'s>, says: &Says<'s>) {
        let index = self.sections.len();
        let Some(section) = self.sections.last_mut() else {
            match says {
                Says::ExtMap { mid: true, .. } => self.mid_extension = true,
                Says::Group => self.lines.push(*line),
                _ => {}
            }
            return;
        };
        match *says {
            Says::ExtMap { mid: true, .. } => section.mid_extension = true,
            Says::BundleOnly => section.bundle_only = true,
            Says::RtcpMux => section.mux = true,
            Says::Mid(mid) if !self.named => {
                self.named = true;
                if let Some(mid) = mid {
                    self.mids.push((mid, index - 1, value(line, Code::MidRepeated)));
                }
            }
            Says::RtpMap { number, .. } | Says::Fmtp { number, .. } if !self.lines.is_empty() => {
                self.formats.push(Noted { section: index - 1, number, line: line.line().index });
            }
            _ => {}
        }
    }

    /// Ends the current section.
    fn close(&mut self) {
        if let Some(section) = self.sections.last().filter(|_| !self.named) {
            self.unnamed.get_or_insert(section.line);
        }
    }

    pub(super) fn end(
        mut self,
        session: &Session<'s>,
        connections: &Connections,
        sink: &mut Sink<'_>,
    ) {
        self.close();
        self.mids.sort_unstable_by_key(|(name, section, _)| (*name, *section));
        for pair in self.mids.windows(2) {
            if let [(first, ..), (again, _, place)] = pair
                && first == again
            {
                sink(*place);
            }
        }
        let mut bundled = alloc::vec![false; self.sections.len()];
        let mut grouped = false;
        for line in &self.lines {
            let Some(Ok(group)) = line.read::<Group<'_>>() else { continue };
            grouped |= group.mids().next().is_some();
            let members = self.members(line, &group, sink);
            if group.is_bundle() {
                let fresh = |index: &usize| !again(&mut bundled, *index);
                let mut fresh: Vec<usize> = members.iter().copied().filter(fresh).collect();
                if fresh.len() < members.len() {
                    sink(value(line, Code::GroupTwice));
                }
                self.bundle(line, &members, sink);
                fresh.sort_unstable();
                self.payload_types(session, &fresh, sink);
                if let Some(finding) = connections.bundled(members.iter().copied()) {
                    sink(finding);
                }
            } else if group.semantics == "FID" {
                self.flows(line, &members, sink);
            }
        }
        // A group of nothing tells what its writer supports, and groups nothing (RFC 5888 §9.3).
        if let Some(line) = self.unnamed.filter(|_| grouped) {
            sink(missing(line, Code::MissingMid));
        }
    }

    /// The sections of a group; what names none is a finding.
    fn members(
        &self,
        line: &AttributeLine<'s>,
        group: &Group<'_>,
        sink: &mut Sink<'_>,
    ) -> Vec<usize> {
        let find = |mid: &str| self.mids.binary_search_by(|(known, ..)| (*known).cmp(mid)).ok();
        let text = line.value().and_then(|text| utf8(text).ok()).unwrap_or_default();
        let mut offset = 0;
        for (index, mid) in text.split(crate::value::BLANKS).enumerate() {
            let end = offset + mid.len() as u32;
            if index > 0 && !mid.is_empty() && find(mid).is_none() {
                sink(line.place(ValueError { code: Code::GroupUnknownMid, start: offset, end }));
            }
            offset = end + 1;
        }
        let places = group.mids().filter_map(find);
        places.filter_map(|at| self.mids.get(at).map(|(_, index, _)| *index)).collect()
    }

    /// What the sections of a BUNDLE group have to agree on.
    fn bundle(&self, line: &AttributeLine<'s>, members: &[usize], sink: &mut Sink<'_>) {
        let sections = || members.iter().filter_map(|index| self.sections.get(*index));
        if sections().any(Member::is_off) {
            sink(value(line, Code::BundleDisabled));
        }
        let muxed = sections().next().is_some_and(|tagged| tagged.mux);
        let rtp = || sections().filter(|section| section.protocol.is_some() && !section.is_off());
        let protocol = rtp().next().and_then(|section| section.protocol);
        let first = [
            (Code::BundleProtocol, rtp().find(|section| section.protocol != protocol)),
            (Code::BundleRtcpMux, rtp().find(|section| !(section.mux || muxed))),
            (Code::BundleMidExtension, rtp().find(|section| !section.mid_extension)),
        ];
        for (code, section) in first {
            if let Some(section) = section {
                sink(missing(section.line, code));
            }
        }
    }

    /// A payload type may stand in several sections of a BUNDLE group for one format alone.
    fn payload_types(&self, session: &Session<'s>, members: &[usize], sink: &mut Sink<'_>) {
        if members.len() < 2 {
            return;
        }
        // The first line about each payload type, by its place in the list.
        let mut first = [usize::MAX; 128];
        // The section at hand, and a bit for each payload type that was looked at there.
        let (mut section, mut seen) = (usize::MAX, 0_u128);
        for (at, noted) in members.iter().flat_map(|index| self.noted(*index)) {
            let Some(place) = first.get_mut(usize::from(noted.number)) else { continue };
            let Some(other) = self.formats.get(*place) else {
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
            let words = |at| self.about(session, at).map(|line| line.line().content());
            if words(*place).eq(words(at)) {
                continue;
            }
            let (a, b) = (self.format(session, *place), self.format(session, at));
            if !a.same_configuration(&b) {
                sink(missing(noted.line + 1, Code::BundlePayloadType));
                return;
            }
        }
    }

    /// The lines about payload types of a section, with their places in the list.
    fn noted(&self, section: usize) -> impl Iterator<Item = (usize, Noted)> + '_ {
        let start = self.sections.get(section).map_or(self.formats.len(), |s| s.formats);
        let rest = self.formats.iter().copied().enumerate().skip(start);
        rest.take_while(move |(_, noted)| noted.section == section)
    }

    /// The lines about the payload type of a line of the list, from there on in its section.
    fn about<'l>(
        &'l self,
        session: &'l Session<'s>,
        at: usize,
    ) -> impl Iterator<Item = AttributeLine<'l>> {
        let rest = self.formats.get(at..).unwrap_or_default();
        let first = rest.first().copied();
        let same = move |noted: &&Noted| first.is_some_and(|first| noted.section == first.section);
        let rest = rest.iter().take_while(same);
        let rest = rest.filter(move |noted| first.is_some_and(|f| noted.number == f.number));
        rest.filter_map(|noted| AttributeLine::new(session.line(noted.line as usize)?))
    }

    /// The format that a line of the list is about, with the other line about it next to it.
    fn format(&self, session: &Session<'s>, at: usize) -> Format<'static> {
        let mut format = Format { payload_type: 0, codec: None, fmtp: None };
        let Some(noted) = self.formats.get(at) else { return format };
        format.payload_type = noted.number;
        for line in self.about(session, at).map(|line| line.typed()) {
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

    /// Sections of one flow have addresses of their own (RFC 5888 §8.5.3).
    fn flows(&self, line: &AttributeLine<'s>, members: &[usize], sink: &mut Sink<'_>) {
        let sections = members.iter().filter_map(|index| self.sections.get(*index));
        let on = sections.filter(|section| section.port != 0);
        let mut places: Vec<_> =
            on.map(|section| (section.port, section.connection.or(self.connection))).collect();
        places.sort_unstable();
        if places.windows(2).any(|pair| matches!(pair, [a, b] if a == b)) {
            sink(value(line, Code::FidAddress));
        }
    }
}

/// Marks a place; whether it was marked already.
fn again(marks: &mut [bool], index: usize) -> bool {
    marks.get_mut(index).is_some_and(|mark| core::mem::replace(mark, true))
}

#[cfg(test)]
mod tests;
