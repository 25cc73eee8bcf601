//! The one pass over the text: where lines start and end, and what kind each is (RFC 8866 §5).

use alloc::vec::Vec;

use crate::bytes::{self, find_byte};
use crate::limits::{LimitError, Limits};
use crate::line::{Kind, Record, flag};

/// What the pass finds.
pub(crate) struct Scanned {
    pub(crate) lines: Vec<Record>,
    /// Index of each `m=` line in `lines`.
    pub(crate) sections: Vec<u32>,
    /// Length of a byte order mark.
    pub(crate) prefix: u8,
}

/// The byte order mark of UTF-8.
pub(crate) const BOM: &[u8] = b"\xEF\xBB\xBF";

/// Splits `text` into line records. Linear in its length, whatever the bytes.
pub(crate) fn scan(text: &[u8], limits: &Limits) -> Result<Scanned, LimitError> {
    if text.len() > limits.bytes_bound() {
        return Err(LimitError::Bytes { bytes: text.len(), max: limits.bytes_bound() });
    }
    let prefix = if text.starts_with(BOM) { BOM.len() } else { 0 };
    // Lines of real descriptions average 30 bytes and more; shorter ones make the vector grow.
    let guess = (text.len() / 24 + 8).min(limits.lines_max);
    // Sections of browsers take a kilobyte and more each. Taken first, so that the lines lie last
    // and an allocator can let them grow in place.
    let sections = Vec::with_capacity((text.len() / 1024 + 4).min(limits.media_max));
    let mut scanner = Scanner {
        text,
        limits,
        // A text without any LF in which CR ends the lines. Searching for the first LF costs a
        // line's length in any other text.
        cr_ends: find_byte(text, b'\n').is_none(),
        out: Scanned { lines: Vec::with_capacity(guess), sections, prefix: prefix as u8 },
        attributes: 0,
    };
    let mut at = prefix;
    while at < text.len() {
        at = scanner.line(at)?;
    }
    Ok(scanner.out)
}

struct Scanner<'a> {
    text: &'a [u8],
    limits: &'a Limits,
    cr_ends: bool,
    out: Scanned,
    /// Attributes of the current section so far.
    attributes: usize,
}

impl Scanner<'_> {
    /// Takes the line that starts at `start`; returns where the next one starts.
    fn line(&mut self, start: usize) -> Result<usize, LimitError> {
        let mut flags = 0;
        let mut at = start;
        let (end, eol) = loop {
            at = bytes::find_control(self.text, at);
            match self.text.get(at..) {
                Some([b'\n', ..]) => break (at, 1),
                Some([b'\r', b'\n', ..]) => break (at, 2),
                Some([b'\r', b'\r', b'\n', ..]) => break (at, 3),
                Some([b'\r', ..]) if self.cr_ends => break (at, 1),
                Some([b'\r', ..]) => flags |= flag::BARE_CR,
                Some([0, ..]) => flags |= flag::NUL,
                Some([_, ..]) => {}
                Some([]) | None => break (self.text.len(), 0),
            }
            at += 1;
        };
        if self.out.lines.len() >= self.limits.lines_max {
            return Err(LimitError::Lines { max: self.limits.lines_max });
        }
        let number = self.out.lines.len() as u32 + 1;
        let content = self.text.get(start..end).unwrap_or_default();
        if content.len() > self.limits.line_bytes_max {
            let max = self.limits.line_bytes_max;
            return Err(LimitError::LineBytes { line: number, bytes: content.len(), max });
        }
        let mut record = classify(content);
        record.start = start as u32;
        record.flags |= flags;
        record.set_line_end(eol);
        self.count(&record, content, number)?;
        self.make_room(start);
        self.out.lines.push(record);
        Ok(end + eol)
    }

    /// Counts the lines from `start` on where there are more than was guessed, and makes room once
    /// for all of them: a vector that doubles would ask for up to three times what it needs.
    fn make_room(&mut self, start: usize) {
        let lines = &mut self.out.lines;
        if lines.len() < lines.capacity() {
            return;
        }
        let end = if self.cr_ends { b'\r' } else { b'\n' };
        let rest = self.text.get(start..).unwrap_or_default();
        let more = rest.split(|byte| *byte == end).count();
        lines.reserve_exact(more.min(self.limits.lines_max.saturating_sub(lines.len())));
    }

    /// Holds the line to the limits and opens a section at an `m=` line.
    fn count(&mut self, record: &Record, content: &[u8], line: u32) -> Result<(), LimitError> {
        if record.kind == Kind::ATTRIBUTE {
            self.attributes += 1;
            let max = self.limits.attributes_max;
            if self.attributes > max {
                return Err(LimitError::Attributes { line, max });
            }
        } else if record.kind == Kind::MEDIA {
            self.attributes = 0;
            let max = self.limits.media_max;
            if self.out.sections.len() >= max {
                return Err(LimitError::Media { line, max });
            }
            check_formats(content, self.limits, line)?;
            self.out.sections.push(line - 1);
        }
        Ok(())
    }
}

/// Counts the fields of an `m=` line after the first three.
pub(crate) fn check_formats(content: &[u8], limits: &Limits, line: u32) -> Result<(), LimitError> {
    let fields = content.split(|b| matches!(b, b' ' | b'\t')).filter(|f| !f.is_empty()).count();
    let max = limits.formats_max;
    if fields.saturating_sub(3) > max {
        return Err(LimitError::Formats { line, max });
    }
    Ok(())
}

/// Says what kind of line `content` is, and where its value and its attribute name end.
pub(crate) fn classify(content: &[u8]) -> Record {
    match content {
        // The straight case first: nearly every line of every description.
        [b'a', b'=', ..] => Record::attribute(content, 2),
        [letter @ b'a'..=b'z', b'=', ..] => Record::new(*letter, content),
        _ => classify_odd(content),
    }
}

/// Lines that do not start with a letter and an equals sign.
fn classify_odd(content: &[u8]) -> Record {
    let blank = |b: &u8| matches!(b, b' ' | b'\t');
    let Some(indent) = content.iter().position(|b| !blank(b)) else {
        return Record::new(Kind::BLANK, content);
    };
    let rest = content.get(indent..).unwrap_or_default();
    let gap = rest.iter().skip(1).take_while(|b| blank(b)).count();
    match (rest.first(), rest.get(1 + gap)) {
        (Some(letter @ b'a'..=b'z'), Some(b'=')) => {
            let mut record = if *letter == b'a' {
                Record::attribute(content, indent + 1 + gap + 1)
            } else {
                Record::new(*letter, content)
            };
            record.flags |= if indent > 0 { flag::INDENTED } else { 0 };
            record.flags |= if gap > 0 { flag::SPACED_EQUALS } else { 0 };
            record
        }
        _ => Record::new(Kind::STRAY, content),
    }
}

#[cfg(test)]
mod tests;
