//! Names that refer to something elsewhere in a section: extension ids and rids (RFC 8285 §7, RFC
//! 8851 §4, RFC 8853 §5.2).

use alloc::vec::Vec;

use super::{Sink, value};
use crate::attribute::{Simulcast, SimulcastList};
use crate::diagnostic::{Code, Diagnostic};
use crate::line::Line;
use crate::section::AttributeLine;

/// A name and where it is defined.
type Defined<'s> = (&'s str, Diagnostic);

/// Names of the description so far.
#[derive(Default)]
pub(super) struct References<'s> {
    /// Whether this is behind the session part.
    in_media: bool,
    extensions: Extensions,
    rids: Vec<Defined<'s>>,
    simulcast: Vec<AttributeLine<'s>>,
}

impl<'s> References<'s> {
    pub(super) fn section(&mut self, sink: &mut Sink<'_>) {
        self.end(sink);
        self.in_media = true;
        self.extensions.section();
    }

    /// Takes an `a=extmap`.
    pub(super) fn extension(&mut self, line: &Line<'s>, id: u16, sink: &mut Sink<'_>) {
        self.extensions.take(id, line, self.in_media, sink);
    }

    /// Takes an `a=rid`.
    pub(super) fn rid(&mut self, line: &Line<'s>, rid: &'s str) {
        if self.in_media {
            self.rids.push((rid, value(line, Code::RidRepeated)));
        }
    }

    /// Takes an `a=simulcast`.
    pub(super) fn simulcast(&mut self, line: &Line<'s>) {
        if self.in_media {
            self.simulcast.extend(AttributeLine::new(*line));
        }
    }

    /// Ends the current section, or the description.
    pub(super) fn end(&mut self, sink: &mut Sink<'_>) {
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
                sink(value(&line.line(), Code::SimulcastUnknownRid));
            }
        }
        self.rids.clear();
        self.simulcast.clear();
    }
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

    fn take(&mut self, id: u16, line: &Line<'_>, in_media: bool, sink: &mut Sink<'_>) {
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
