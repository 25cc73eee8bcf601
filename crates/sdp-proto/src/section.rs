//! A section: the session part or one media description, and the attributes in it.

use alloc::borrow::Cow;

use crate::attribute::{Attribute, Direction, Known, TypedAttribute};
use crate::diagnostic::{Code, Diagnostic, ValueError};
use crate::document::Document;
use crate::field::{Bandwidth, Connection};
use crate::line::{Kind, Line};
use crate::value::trim_end;

/// The session part of a description, or one of its media sections.
///
/// Getters read the text when they are called. `Ok(None)` means that the section does not have
/// it; an error says where the text cannot be read and why.
#[derive(Clone, Copy)]
pub struct Section<'s> {
    pub(crate) document: &'s Document<'s>,
    /// Index of the media section; `None` for the session part.
    pub(crate) media: Option<usize>,
    pub(crate) first: u32,
    pub(crate) last: u32,
}

impl<'s> Section<'s> {
    /// The session part.
    pub(crate) fn session(document: &'s Document<'s>) -> Self {
        let lines = document.session_part();
        Self { document, media: None, first: lines.start, last: lines.end }
    }

    /// Index of the media section, from 0; `None` for the session part.
    pub const fn index(&self) -> Option<usize> {
        self.media
    }

    /// All lines of the section in order, the `m=` line included.
    pub fn lines(&self) -> impl DoubleEndedIterator<Item = Line<'s>> + Clone + use<'s> {
        let document = self.document;
        (self.first..self.last).filter_map(move |index| document.line(index as usize))
    }

    /// The attribute lines in order.
    pub fn attributes(&self) -> impl Iterator<Item = AttributeLine<'s>> + Clone + use<'s> {
        self.lines().filter_map(AttributeLine::new)
    }

    /// Whether there is an attribute with this name.
    pub fn has(&self, name: &str) -> bool {
        self.attributes().any(|a| a.name() == name.as_bytes())
    }

    /// The first attribute of this type.
    pub fn get<T: TypedAttribute<'s>>(&self) -> Result<Option<T>, Diagnostic> {
        self.all::<T>().next().transpose()
    }

    /// All attributes of this type in order.
    pub fn all<T: TypedAttribute<'s>>(
        &self,
    ) -> impl Iterator<Item = Result<T, Diagnostic>> + use<'s, T> {
        self.attributes().filter_map(AttributeLine::read)
    }

    /// The `c=` line of this section itself (RFC 8866 §5.7).
    pub fn own_connection(&self) -> Result<Option<Connection<'s>>, Diagnostic> {
        self.field(Kind::Connection, Connection::parse)
    }

    /// The `b=` lines (RFC 8866 §5.8).
    pub fn bandwidths(&self) -> impl Iterator<Item = Result<Bandwidth<'s>, Diagnostic>> {
        let lines = self.lines().filter(|line| line.kind() == Kind::Bandwidth);
        lines.map(|line| read_field(line, Bandwidth::parse))
    }

    /// The direction attribute of this section itself (RFC 8866 §6.7).
    pub fn own_direction(&self) -> Option<Direction> {
        self.get::<Direction>().ok().flatten()
    }

    /// The first line of `kind`, read with `parse`.
    pub(crate) fn field<T>(
        &self,
        kind: Kind,
        parse: impl FnOnce(&'s str) -> Result<T, ValueError>,
    ) -> Result<Option<T>, Diagnostic> {
        let line = self.lines().find(|line| line.kind() == kind);
        line.map(|line| read_field(line, parse)).transpose()
    }
}

impl core::fmt::Debug for Section<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Section").field("lines", &(self.first + 1..self.last + 1)).finish()
    }
}

/// Reads the value of a line other than `a=`.
pub(crate) fn read_field<'s, T>(
    line: Line<'s>,
    parse: impl FnOnce(&'s str) -> Result<T, ValueError>,
) -> Result<T, Diagnostic> {
    let place = |e: ValueError| Diagnostic {
        line: line.number(),
        columns: (line.column(e.start), line.column(e.end)),
        code: e.code,
    };
    parse(utf8(line.value()).map_err(place)?).map_err(place)
}

/// The text of a value, or the place of its first byte that is not UTF-8.
pub(crate) fn utf8(value: &[u8]) -> Result<&str, ValueError> {
    core::str::from_utf8(value).map_err(|e| {
        let start = e.valid_up_to() as u32;
        ValueError { code: Code::NotUtf8, start, end: start + 1 }
    })
}

/// An attribute line: its name and value as bytes, typed on demand.
#[derive(Clone, Copy, Debug)]
pub struct AttributeLine<'s>(Line<'s>);

impl<'s> AttributeLine<'s> {
    pub(crate) fn new(line: Line<'s>) -> Option<Self> {
        (line.record.kind == Kind::ATTRIBUTE).then_some(Self(line))
    }

    /// Name and value.
    #[inline]
    pub(crate) fn parts(&self) -> (&'s [u8], Option<&'s [u8]>) {
        self.0.attribute().unwrap_or_default()
    }

    /// The line that this is.
    #[inline]
    pub const fn line(&self) -> Line<'s> {
        self.0
    }

    /// The name, which in a well-formed description is a token.
    #[inline]
    pub fn name(&self) -> &'s [u8] {
        self.parts().0
    }

    /// What follows the colon; `None` where there is none.
    #[inline]
    pub fn value(&self) -> Option<&'s [u8]> {
        self.parts().1
    }

    /// The name as text, replacement characters for what is not UTF-8.
    pub fn name_lossy(&self) -> Cow<'s, str> {
        alloc::string::String::from_utf8_lossy(self.name())
    }

    /// Reads it as whatever its name says it is.
    pub fn typed(&self) -> Result<Attribute<'s>, Diagnostic> {
        match Known::find(self.name()) {
            Some(known) => {
                self.text().and_then(|value| known.read(value)).map_err(|e| self.place(e))
            }
            None => match utf8(self.name()) {
                Ok(name) => Ok(Attribute::Unknown { name, value: self.value() }),
                Err(e) => Err(self.place(e)),
            },
        }
    }

    /// The value as text, without blanks at its end.
    pub(crate) fn text(&self) -> Result<Option<&'s str>, ValueError> {
        Ok(self.value().map(utf8).transpose()?.map(trim_end))
    }

    /// The same, cut from `base`, the text that was parsed, where that is UTF-8 and this line is
    /// of it: all lines are then known to be with one look.
    pub(crate) fn text_in(&self, base: Option<&'s str>) -> Result<Option<&'s str>, ValueError> {
        let value = self.value().zip(base);
        match value.and_then(|(value, base)| self.0.cut(value, base)) {
            Some(text) => Ok(Some(trim_end(text))),
            None => self.text(),
        }
    }

    /// Reads it as a `T` if its name is one of `T`'s.
    pub(crate) fn read<T: TypedAttribute<'s>>(self) -> Option<Result<T, Diagnostic>> {
        let own = self.name();
        let name = T::NAMES.iter().copied().find(|name| name.as_bytes() == own)?;
        Some(self.text().and_then(|value| T::read(name, value)).map_err(|e| self.place(e)))
    }

    pub(crate) fn place(&self, e: ValueError) -> Diagnostic {
        place(&self.0, e)
    }
}

/// Where in an attribute line a value is not as it should be.
pub(crate) fn place(line: &Line<'_>, e: ValueError) -> Diagnostic {
    let at = line.attribute_value_at();
    let columns = (line.column(at + e.start), line.column(at + e.end));
    Diagnostic { line: line.number(), columns, code: e.code }
}
