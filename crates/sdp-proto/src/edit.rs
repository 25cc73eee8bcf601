//! Changing a parsed description, line by line; all other lines stay byte for byte (RFC 8866 §5).

use alloc::vec::Vec;

use crate::attribute::TypedAttribute;
use crate::line::Kind;
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

impl Session<'_> {
    /// Puts `content`, such as `a=sendonly`, in place of the line at `index`.
    pub fn replace_line(&mut self, index: usize, content: &str) -> Result<(), WriteError> {
        self.document.replace(index, content)
    }

    /// Puts `content` before the line at `index`, or at the end where that is the line count.
    ///
    /// The new line ends as the line before it does. After a last line without a line end, that
    /// line gets one and the new one has none.
    pub fn insert_line(&mut self, index: usize, content: &str) -> Result<(), WriteError> {
        self.document.insert(index, content)
    }

    /// Takes the line at `index` out.
    pub fn remove_line(&mut self, index: usize) -> Result<(), WriteError> {
        self.document.remove(index)
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
        let document = &self.document;
        let lines = match part {
            Part::Session => document.session_part(),
            Part::Media(index) => {
                document.section(index).ok_or(WriteError::NoSuchMedia { index })?
            }
        };
        let idle = |index: &u32| {
            let line = document.line(*index as usize);
            line.is_some_and(|line| matches!(line.kind(), Kind::Blank | Kind::Stray))
        };
        let blanks = lines.clone().rev().take_while(idle).count();
        Ok(lines.end as usize - blanks)
    }
}

#[cfg(test)]
mod tests;
