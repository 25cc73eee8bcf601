//! Changing a document line by line; all other lines stay byte for byte.

use alloc::borrow::Cow;
use alloc::vec::Vec;

use super::Document;
use crate::limits::{LimitError, Limits};
use crate::line::{Kind, Record};
use crate::scan;
use crate::write::{self, WriteError};

/// A rebuild drops replaced text once this much of it has gathered.
const GARBAGE_MAX: usize = 64 * 1024;

impl Document<'_> {
    /// Puts `content` in place of the line at `index`.
    pub(crate) fn replace(&mut self, index: usize, content: &str) -> Result<(), WriteError> {
        let old = *self.lines.get(index).ok_or(WriteError::NoSuchLine { index })?;
        let eol = self.line(index).map(|line| line.line_end().to_vec()).unwrap_or_default();
        let record = self.store(content, &eol)?;
        self.change(index, 1, Some(record))?;
        self.edited = true;
        self.forget(&old);
        Ok(())
    }

    /// Puts `content` before the line at `index`, or at the end where that is the line count.
    pub(crate) fn insert(&mut self, index: usize, content: &str) -> Result<(), WriteError> {
        if index > self.lines.len() {
            return Err(WriteError::NoSuchLine { index });
        }
        let before = index.checked_sub(1).and_then(|i| self.line(i));
        let unended =
            before.filter(|line| line.line_end().is_empty()).map(|line| line.content().to_vec());
        let usual = self.line(0).map_or(&b"\r\n"[..], |line| line.line_end());
        let usual = if usual.is_empty() { b"\r\n" } else { usual }.to_vec();
        let eol = before.map_or(usual.clone(), |line| line.line_end().to_vec());
        let record = self.store(content, &eol)?;
        self.change(index, 0, Some(record))?;
        self.edited = true;
        if let (Some(content), Some(previous)) = (unended, index.checked_sub(1)) {
            self.end_line(previous, &content, &usual);
        }
        Ok(())
    }

    /// Takes the line at `index` out.
    pub(crate) fn remove(&mut self, index: usize) -> Result<(), WriteError> {
        let old = *self.lines.get(index).ok_or(WriteError::NoSuchLine { index })?;
        self.change(index, 1, None)?;
        self.edited = true;
        self.forget(&old);
        Ok(())
    }

    /// Keeps the text of a new line; its record.
    fn store(&mut self, content: &str, eol: &[u8]) -> Result<Record, WriteError> {
        let bytes = content.as_bytes();
        write::unbroken(bytes)?;
        let mut record = scan::classify(bytes);
        if matches!(record.kind, Kind::BLANK | Kind::STRAY) || record.flags != 0 {
            return Err(WriteError::NotALine);
        }
        let max = self.limits.line_bytes_max;
        if bytes.len() > max {
            let line = self.lines.len() as u32;
            return Err(LimitError::LineBytes { line, bytes: bytes.len(), max }.into());
        }
        if record.kind == Kind::MEDIA {
            scan::check_formats(bytes, &self.limits, self.lines.len() as u32)?;
        }
        record.set_line_end(eol.len());
        record.start = self.put(bytes, eol);
        Ok(record)
    }

    /// Appends text to the edited part and gives its offset.
    fn put(&mut self, content: &[u8], eol: &[u8]) -> u32 {
        let start = self.base.len() + self.extra.len();
        self.extra.extend_from_slice(content);
        self.extra.extend_from_slice(eol);
        start as u32
    }

    /// Gives a last line the line end that it lacked.
    fn end_line(&mut self, index: usize, content: &[u8], eol: &[u8]) {
        let start = self.put(content, eol);
        if let Some(record) = self.lines.get_mut(index) {
            record.start = start;
            record.set_line_end(eol.len());
        }
    }

    /// Swaps `removed` records at `index` for `new`, or leaves all as it was over a limit.
    fn change(
        &mut self,
        index: usize,
        removed: usize,
        new: Option<Record>,
    ) -> Result<(), WriteError> {
        let old: Vec<Record> = self.lines.splice(index..index + removed, new).collect();
        match count(&self.lines, &self.limits) {
            Ok(sections) => {
                self.sections = sections;
                Ok(())
            }
            Err(limit) => {
                self.lines.splice(index..index + usize::from(new.is_some()), old);
                Err(limit.into())
            }
        }
    }

    /// Counts replaced text, and rebuilds the document once there is much of it, so that memory
    /// stays within a small multiple of the text.
    fn forget(&mut self, old: &Record) {
        let edited = old.start as usize >= self.base.len();
        let live: usize = if edited && self.extra.len() > GARBAGE_MAX {
            let base = self.base.len();
            let own = self.lines.iter().filter(|record| record.start as usize >= base);
            own.map(|record| (record.len + record.line_end()) as usize).sum()
        } else {
            return;
        };
        if self.extra.len() > live * 2 + GARBAGE_MAX {
            let text = self.to_bytes().into_owned();
            // What was within the limits still is, so this cannot fail.
            if let Ok(scanned) = scan::scan(&text, &self.limits) {
                self.base = Cow::Owned(text);
                self.extra = Vec::new();
                self.lines = scanned.lines;
                self.sections = scanned.sections;
            }
        }
    }
}

/// Indices of the `m=` lines, or the limit that is exceeded.
fn count(lines: &[Record], limits: &Limits) -> Result<Vec<u32>, LimitError> {
    if lines.len() > limits.lines_max {
        return Err(LimitError::Lines { max: limits.lines_max });
    }
    let mut sections = Vec::new();
    let (mut attributes, mut bytes) = (0, 0_usize);
    for (index, record) in lines.iter().enumerate() {
        let line = index as u32 + 1;
        bytes += (record.len + record.line_end()) as usize;
        match record.kind {
            Kind::ATTRIBUTE => attributes += 1,
            Kind::MEDIA => {
                attributes = 0;
                sections.push(index as u32);
            }
            _ => {}
        }
        if attributes > limits.attributes_max {
            return Err(LimitError::Attributes { line, max: limits.attributes_max });
        }
        if sections.len() > limits.media_max {
            return Err(LimitError::Media { line, max: limits.media_max });
        }
    }
    let max = limits.bytes_bound();
    if bytes > max { Err(LimitError::Bytes { bytes, max }) } else { Ok(sections) }
}

#[cfg(test)]
mod tests;
