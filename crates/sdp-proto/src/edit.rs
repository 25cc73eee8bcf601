//! Changing a parsed description, line by line; all other lines stay byte for byte (RFC 8866 §5).

use alloc::borrow::Cow;
use alloc::vec::Vec;

use crate::attribute::TypedAttribute;
use crate::limits::{LimitError, Limits};
use crate::line::{Kind, Record};
use crate::scan;
use crate::session::Session;
use crate::write::{self, WriteError};

/// The session part or a media section.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Part {
    /// Everything before the first `m=` line.
    Session,
    /// The media section at this index, from 0.
    Media(usize),
}

/// A rebuild drops replaced text once this much of it has gathered.
const GARBAGE_MAX: usize = 64 * 1024;

impl Session<'_> {
    /// Puts `content`, such as `a=sendonly`, in place of the line at `index`.
    pub fn replace_line(&mut self, index: usize, content: &str) -> Result<(), WriteError> {
        let old = *self.lines.get(index).ok_or(WriteError::NoSuchLine { index })?;
        let eol = self.line(index).map(|line| line.eol.to_vec()).unwrap_or_default();
        let record = self.store(content, &eol)?;
        self.change(index, 1, Some(record))?;
        self.edited = true;
        self.forget(&old);
        Ok(())
    }

    /// Puts `content` before the line at `index`, or at the end where that is the line count.
    ///
    /// The new line ends as the line before it does. After a last line without a line end, that
    /// line gets one and the new one has none.
    pub fn insert_line(&mut self, index: usize, content: &str) -> Result<(), WriteError> {
        if index > self.lines.len() {
            return Err(WriteError::NoSuchLine { index });
        }
        let before = index.checked_sub(1).and_then(|i| self.line(i));
        let unended = before.filter(|line| line.eol.is_empty()).map(|line| line.content.to_vec());
        let usual = self.line(0).map_or(&b"\r\n"[..], |line| line.eol);
        let usual = if usual.is_empty() { b"\r\n" } else { usual }.to_vec();
        let eol = before.map_or(usual.clone(), |line| line.eol.to_vec());
        let record = self.store(content, &eol)?;
        self.change(index, 0, Some(record))?;
        self.edited = true;
        if let (Some(content), Some(previous)) = (unended, index.checked_sub(1)) {
            self.end_line(previous, &content, &usual);
        }
        Ok(())
    }

    /// Takes the line at `index` out.
    pub fn remove_line(&mut self, index: usize) -> Result<(), WriteError> {
        let old = *self.lines.get(index).ok_or(WriteError::NoSuchLine { index })?;
        self.change(index, 1, None)?;
        self.edited = true;
        self.forget(&old);
        Ok(())
    }

    /// Adds an attribute at the end of a part.
    ///
    /// ```
    /// use sdp_proto::attribute::SctpPort;
    /// use sdp_proto::{Part, Session};
    ///
    /// let text = b"v=0\no=- 1 1 IN IP4 0.0.0.0\ns=-\nt=0 0\nm=application 9 UDP/DTLS/SCTP x\n";
    /// let mut session = Session::parse(text)?;
    /// session.add_attribute(Part::Media(0), &SctpPort(5000))?;
    /// assert!(session.to_bytes().ends_with(b"SCTP x\na=sctp-port:5000\n"));
    /// # Ok::<(), Box<dyn core::error::Error>>(())
    /// ```
    pub fn add_attribute<'v, T: TypedAttribute<'v>>(
        &mut self,
        part: Part,
        value: &T,
    ) -> Result<(), WriteError> {
        let line = write::typed_line(value)?;
        let end = self.end_of(part)?;
        self.insert_line(end, &line)
    }

    /// Adds an attribute by name at the end of a part.
    pub fn add_attribute_text(
        &mut self,
        part: Part,
        name: &str,
        value: Option<&str>,
    ) -> Result<(), WriteError> {
        let line = write::attribute_line(name, value)?;
        let end = self.end_of(part)?;
        self.insert_line(end, &line)
    }

    /// Puts an attribute in place of the first one of its type, or at the end of the part, and
    /// takes out any others of its type.
    pub fn set_attribute<'v, T: TypedAttribute<'v>>(
        &mut self,
        part: Part,
        value: &T,
    ) -> Result<(), WriteError> {
        let line = write::typed_line(value)?;
        let found = self.find(part, T::NAMES)?;
        match found.split_first() {
            None => self.add_attribute(part, value),
            Some((first, others)) => {
                self.replace_line(*first, &line)?;
                others.iter().rev().try_for_each(|index| self.remove_line(*index))
            }
        }
    }

    /// Takes all attributes with this name out of a part; says how many there were.
    pub fn remove_attributes(&mut self, part: Part, name: &str) -> Result<usize, WriteError> {
        let found = self.find(part, &[name])?;
        found.iter().rev().try_for_each(|index| self.remove_line(*index))?;
        Ok(found.len())
    }

    /// Indices of the attributes of a part with one of these names.
    fn find(&self, part: Part, names: &[&str]) -> Result<Vec<usize>, WriteError> {
        let section = match part {
            Part::Session => self.session_section(),
            Part::Media(index) => *self.media_at(index).ok_or(WriteError::NoSuchMedia { index })?,
        };
        let wanted = |name: &[u8]| names.iter().any(|n| n.as_bytes() == name);
        let found = section.attributes().filter(|attribute| wanted(attribute.name()));
        Ok(found.map(|attribute| attribute.line().index as usize).collect())
    }

    /// Index after the last line of a part; blank lines at its end stay behind it.
    fn end_of(&self, part: Part) -> Result<usize, WriteError> {
        let (first, last) = match part {
            Part::Session => {
                let section = self.session_section();
                (section.first, section.last)
            }
            Part::Media(index) => {
                let media = self.media_at(index).ok_or(WriteError::NoSuchMedia { index })?;
                (media.first, media.last)
            }
        };
        let idle = |index: &u32| {
            let kind = self.lines.get(*index as usize).map(|record| record.kind);
            matches!(kind, Some(Kind::BLANK | Kind::STRAY))
        };
        let blanks = (first..last).rev().take_while(idle).count();
        Ok(last as usize - blanks)
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

    /// Counts replaced text, and rebuilds the description once there is much of it, so that
    /// memory stays within a small multiple of the text.
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
