//! What is known of each section when all lines were seen: its address, what it shares a port for,
//! and its mid (RFC 8866 §5.7, RFC 5888 §4).

use alloc::vec::Vec;

use super::says::{Family, MediaSays, Track};
use super::{Sink, missing, value};
use crate::diagnostic::{Code, Diagnostic};
use crate::document::Document;
use crate::line::Line;

/// A `c=` line.
#[derive(Clone, Copy)]
pub(super) struct Address<'s> {
    pub(super) line: u32,
    pub(super) content: &'s [u8],
    pub(super) family: Family,
}

/// A section, or the session part, which has no `m=` line.
#[derive(Clone, Copy, Default)]
pub(super) struct Section<'s> {
    /// Number of the `m=` line.
    pub(super) line: u32,
    /// The `m=` line; `None` where it cannot be read.
    media: Option<MediaSays<'s>>,
    /// The first `c=` line of its own.
    pub(super) address: Option<Address<'s>>,
    pub(super) bundle_only: bool,
    pub(super) rtcp_mux: bool,
    /// Whether the header extension of the mid is mapped, here or in the session part.
    pub(super) mid_extension: bool,
    /// Whether there is a mid, readable or not.
    named: bool,
    /// The track of its first stream; `None` before that.
    track: Option<Track<'s>>,
}

impl<'s> Section<'s> {
    pub(super) fn port(&self) -> u16 {
        self.media.map_or(0, |media| media.port)
    }

    /// The protocol, of RTP alone.
    pub(super) fn rtp(&self) -> Option<&'s str> {
        self.media?.rtp
    }

    /// Whether it is switched off, and not because it waits for BUNDLE.
    pub(super) fn is_off(&self) -> bool {
        self.port() == 0 && !self.bundle_only
    }
}

/// The mid of a section.
struct Name<'s> {
    mid: &'s str,
    section: usize,
    /// What to say if another section has it, too.
    again: Diagnostic,
}

/// The sections so far. The last one is the one at hand.
pub(super) struct Sections<'s> {
    session: Section<'s>,
    all: Vec<Section<'s>>,
    /// The first mid of each section; in order once all lines were seen.
    names: Vec<Name<'s>>,
    /// The first section without a mid.
    unnamed: Option<u32>,
}

impl<'s> Sections<'s> {
    pub(super) fn new(document: &Document<'_>) -> Self {
        let count = document.section_count();
        let (all, names) = (Vec::with_capacity(count), Vec::with_capacity(count));
        Self { session: Section::default(), all, names, unnamed: None }
    }

    pub(super) fn open(&mut self, line: u32, media: Option<MediaSays<'s>>, sink: &mut Sink<'_>) {
        self.close(sink);
        let mid_extension = self.session.mid_extension;
        self.all.push(Section { line, media, mid_extension, ..Section::default() });
    }

    /// Ends the section at hand.
    fn close(&mut self, sink: &mut Sink<'_>) {
        let Some(section) = self.all.last() else { return };
        let off = section.media.is_some_and(|media| media.port == 0);
        if !off && self.address(section).is_none() {
            sink(missing(section.line, Code::MissingConnection));
        }
        if !section.named {
            self.unnamed.get_or_insert(section.line);
        }
    }

    /// The section at hand, or the session part.
    pub(super) fn current(&mut self) -> &mut Section<'s> {
        self.all.last_mut().unwrap_or(&mut self.session)
    }

    /// Takes the mid of the section at hand; `None` where it cannot be read.
    pub(super) fn name(&mut self, line: &Line<'s>, mid: Option<&'s str>) {
        let section = self.all.len();
        let Some(current) = self.all.last_mut().filter(|current| !current.named) else { return };
        current.named = true;
        if let Some(mid) = mid {
            let again = value(line, Code::MidRepeated);
            self.names.push(Name { mid, section: section - 1, again });
        }
    }

    /// Takes a stream of the section at hand and the track in it, which is one and the same in all of
    /// them (RFC 8830 §2).
    pub(super) fn track(&mut self, line: &Line<'s>, track: Track<'s>, sink: &mut Sink<'_>) {
        if *self.current().track.get_or_insert(track) != track {
            sink(value(line, Code::MsidTracks));
        }
    }

    /// Ends the description: from here on sections are found by their mids.
    pub(super) fn end(&mut self, sink: &mut Sink<'_>) {
        self.close(sink);
        self.names.sort_unstable_by_key(|name| (name.mid, name.section));
        for pair in self.names.windows(2) {
            if let [first, again] = pair
                && first.mid == again.mid
            {
                sink(again.again);
            }
        }
    }

    pub(super) fn find(&self, mid: &str) -> Option<usize> {
        let at = self.names.binary_search_by(|name| name.mid.cmp(mid)).ok()?;
        self.names.get(at).map(|name| name.section)
    }

    pub(super) fn get(&self, index: usize) -> Option<&Section<'s>> {
        self.all.get(index)
    }

    pub(super) fn count(&self) -> usize {
        self.all.len()
    }

    /// The line of the first section without a mid.
    pub(super) const fn unnamed(&self) -> Option<u32> {
        self.unnamed
    }

    /// The address that holds for a section.
    pub(super) fn address(&self, section: &Section<'s>) -> Option<Address<'s>> {
        section.address.or(self.session.address)
    }
}
