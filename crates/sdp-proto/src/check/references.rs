//! Names that refer to something elsewhere in the description: mids, extension ids, rids
//! (RFC 5888 §6, RFC 8285 §7, RFC 8851 §4, RFC 8853 §5.2).

use alloc::vec::Vec;

use super::connections::Connections;
use super::values::Says;
use super::{Sink, missing};
use crate::attribute::{Group, Simulcast, SimulcastList};
use crate::diagnostic::{Code, Diagnostic, ValueError};
use crate::section::{AttributeLine, utf8};

/// A name and where it is defined.
type Defined<'s> = (&'s str, Diagnostic);

/// Names of the description so far.
#[derive(Default)]
pub(super) struct References<'s> {
    /// The first mid of each section, and the index of the section.
    mids: Vec<(&'s str, usize, Diagnostic)>,
    /// Number of sections, and the `m=` line of the last one.
    sections: usize,
    line: u32,
    /// Whether the last section has a mid, readable or not.
    named: bool,
    /// The first section without one.
    unnamed: Option<u32>,
    groups: Vec<AttributeLine<'s>>,
    extensions: Extensions,
    rids: Vec<Defined<'s>>,
    simulcast: Vec<AttributeLine<'s>>,
}

impl<'s> References<'s> {
    pub(super) fn section(&mut self, line: u32, sink: &mut Sink<'_>) {
        self.close(sink);
        self.sections += 1;
        self.line = line;
        self.named = false;
        self.extensions.section();
    }

    pub(super) fn attribute(
        &mut self,
        line: &AttributeLine<'s>,
        says: &Says<'s>,
        sink: &mut Sink<'_>,
    ) {
        match *says {
            Says::ExtMap(id) => self.extensions.take(id, line, self.sections > 0, sink),
            // In a section it is a finding of its own.
            Says::Group if self.sections == 0 => self.groups.push(*line),
            Says::Mid(mid) if self.sections > 0 && !self.named => {
                self.named = true;
                if let Some(mid) = mid {
                    self.mids.push((mid, self.sections - 1, value(line, Code::MidRepeated)));
                }
            }
            Says::Rid(rid) if self.sections > 0 => {
                self.rids.push((rid, value(line, Code::RidRepeated)));
            }
            Says::Simulcast if self.sections > 0 => self.simulcast.push(*line),
            _ => {}
        }
    }

    /// Ends the current section.
    fn close(&mut self, sink: &mut Sink<'_>) {
        if self.sections > 0 && !self.named {
            self.unnamed.get_or_insert(self.line);
        }
        if self.rids.is_empty() && self.simulcast.is_empty() {
            return;
        }
        self.rids.sort_unstable_by_key(|(name, place)| (*name, place.line));
        for pair in self.rids.windows(2) {
            if let [(first, _), (again, place)] = pair
                && first == again
            {
                sink(*place);
            }
        }
        for line in &self.simulcast {
            let Some(Ok(simulcast)) = line.read::<Simulcast<'s>>() else { continue };
            let lists = simulcast.send.iter().chain(&simulcast.recv);
            let mut wanted = lists.flat_map(SimulcastList::streams).flatten();
            let unknown = |rid: &str| self.rids.binary_search_by(|(r, _)| (*r).cmp(rid)).is_err();
            if wanted.any(|want| unknown(want.rid)) {
                sink(value(line, Code::SimulcastUnknownRid));
            }
        }
        self.rids.clear();
        self.simulcast.clear();
    }

    pub(super) fn end(mut self, connections: &Connections, sink: &mut Sink<'_>) {
        self.close(sink);
        self.mids.sort_unstable_by_key(|(name, section, _)| (*name, *section));
        for pair in self.mids.windows(2) {
            if let [(first, ..), (again, _, place)] = pair
                && first == again
            {
                sink(*place);
            }
        }
        // A group of nothing tells what its writer supports, and groups nothing (RFC 5888 §9.3).
        let groups = |line: &AttributeLine<'s>| match line.read::<Group<'_>>() {
            Some(Ok(group)) => group.mids().next().is_some(),
            Some(Err(_)) | None => false,
        };
        if let Some(line) = self.unnamed.filter(|_| self.groups.iter().any(groups)) {
            sink(missing(line, Code::MissingMid));
        }
        for line in &self.groups {
            self.group(line, connections, sink);
        }
    }

    fn group(&self, line: &AttributeLine<'s>, connections: &Connections, sink: &mut Sink<'_>) {
        let Some(Ok(group)) = line.read::<Group<'_>>() else { return };
        let text = line.value().and_then(|text| utf8(text).ok()).unwrap_or_default();
        let find = |mid: &str| self.mids.binary_search_by(|(known, ..)| (*known).cmp(mid)).ok();
        let mut offset = 0;
        for (index, mid) in text.split(crate::value::BLANKS).enumerate() {
            let end = offset + mid.len() as u32;
            if index > 0 && !mid.is_empty() && find(mid).is_none() {
                sink(line.place(ValueError { code: Code::GroupUnknownMid, start: offset, end }));
            }
            offset = end + 1;
        }
        if group.is_bundle() {
            let members = group.mids().filter_map(find);
            let sections = members.filter_map(|at| self.mids.get(at).map(|(_, index, _)| *index));
            if let Some(finding) = connections.bundled(sections) {
                sink(finding);
            }
        }
    }
}

/// A finding about all of the value.
fn value(line: &AttributeLine<'_>, code: Code) -> Diagnostic {
    let end = line.value().map_or(0, <[u8]>::len) as u32;
    line.place(ValueError { code, start: 0, end })
}

/// The extension ids of the current section, or of the session part.
#[derive(Default)]
struct Extensions {
    /// A bit for each id up to 255.
    ids: [u64; 4],
    in_session: bool,
    mixed: bool,
}

impl Extensions {
    fn section(&mut self) {
        self.ids = [0; 4];
    }

    fn take(&mut self, id: u16, line: &AttributeLine<'_>, in_media: bool, sink: &mut Sink<'_>) {
        self.in_session |= !in_media;
        if self.in_session && in_media && !self.mixed {
            self.mixed = true;
            sink(value(line, Code::ExtMapLevels));
        }
        // Ids from 4096 on offer a choice and may stand for several extensions (RFC 8285 §7).
        let Some(bits) = self.ids.get_mut(usize::from(id / 64)) else { return };
        let bit = 1 << (id % 64);
        if *bits & bit != 0 {
            sink(value(line, Code::ExtMapRepeated));
        }
        *bits |= bit;
    }
}
