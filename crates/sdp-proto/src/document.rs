//! The document: line records over the caller's bytes, printed byte for byte (RFC 8866 §5).

mod change;

use alloc::borrow::Cow;
use alloc::vec::Vec;
use core::ops::Range;

use crate::limits::{LimitError, Limits};
use crate::line::{Line, Record};
use crate::scan::{self, BOM};

/// Text that is understood line by line and kept as it was written. What stands in the lines is
/// the affair of those who look at it.
#[derive(Clone)]
pub(crate) struct Document<'a> {
    /// The text that was parsed.
    base: Cow<'a, [u8]>,
    /// Text of edited lines; its offsets continue those of `base`.
    extra: Vec<u8>,
    lines: Vec<Record>,
    /// Index of each `m=` line.
    sections: Vec<u32>,
    limits: Limits,
    /// Length of a byte order mark.
    prefix: u8,
    edited: bool,
}

impl<'a> Document<'a> {
    /// Takes a text apart, whatever is in it, unless it exceeds the limits.
    pub(crate) fn parse(text: Cow<'a, [u8]>, limits: Limits) -> Result<Self, LimitError> {
        let scanned = scan::scan(&text, &limits)?;
        Ok(Self {
            base: text,
            extra: Vec::new(),
            lines: scanned.lines,
            sections: scanned.sections,
            limits,
            prefix: scanned.prefix,
            edited: false,
        })
    }

    pub(crate) fn into_owned(self) -> Document<'static> {
        Document {
            base: Cow::Owned(self.base.into_owned()),
            extra: self.extra,
            lines: self.lines,
            sections: self.sections,
            limits: self.limits,
            prefix: self.prefix,
            edited: self.edited,
        }
    }

    /// The text that was parsed, edited or not.
    pub(crate) fn base(&self) -> &[u8] {
        &self.base
    }

    pub(crate) const fn limits(&self) -> &Limits {
        &self.limits
    }

    pub(crate) const fn is_edited(&self) -> bool {
        self.edited
    }

    /// The byte order mark, empty where there is none.
    pub(crate) fn byte_order_mark(&self) -> &'static [u8] {
        BOM.get(..usize::from(self.prefix)).unwrap_or_default()
    }

    /// The text: borrowed if unmodified, else put together.
    pub(crate) fn to_bytes(&self) -> Cow<'_, [u8]> {
        if !self.edited {
            return Cow::Borrowed(&self.base);
        }
        let mut out = Vec::with_capacity(self.base.len() + self.extra.len());
        self.write_to(&mut out);
        Cow::Owned(out)
    }

    pub(crate) fn write_to(&self, out: &mut Vec<u8>) {
        if !self.edited {
            out.extend_from_slice(&self.base);
            return;
        }
        out.extend_from_slice(self.byte_order_mark());
        for line in self.lines() {
            out.extend_from_slice(line.content());
            out.extend_from_slice(line.line_end());
        }
    }

    pub(crate) const fn line_count(&self) -> usize {
        self.lines.len()
    }

    #[inline]
    pub(crate) fn line(&self, index: usize) -> Option<Line<'_>> {
        let record = *self.lines.get(index)?;
        let bytes = self.slice(record.start, record.len + record.line_end());
        Some(Line::new(index as u32, record, bytes))
    }

    pub(crate) fn lines(&self) -> impl DoubleEndedIterator<Item = Line<'_>> + Clone + '_ {
        (0..self.lines.len()).filter_map(|index| self.line(index))
    }

    pub(crate) const fn section_count(&self) -> usize {
        self.sections.len()
    }

    /// The lines of the session part: everything before the first `m=` line.
    pub(crate) fn session_part(&self) -> Range<u32> {
        0..self.sections.first().copied().unwrap_or(self.lines.len() as u32)
    }

    /// The lines of a media section.
    pub(crate) fn section(&self, index: usize) -> Option<Range<u32>> {
        let first = *self.sections.get(index)?;
        let last = self.sections.get(index + 1).copied().unwrap_or(self.lines.len() as u32);
        Some(first..last)
    }

    /// Bytes at a virtual offset: in the text, or past it in the edited text.
    fn slice(&self, start: u32, len: u32) -> &[u8] {
        let (start, len) = (start as usize, len as usize);
        let (text, start) = match start.checked_sub(self.base.len()) {
            // An empty slice at the very end of the text is in neither part, or in both.
            Some(past) => (&self.extra[..], past),
            None => (&*self.base, start),
        };
        text.get(start..start + len).unwrap_or_default()
    }
}
