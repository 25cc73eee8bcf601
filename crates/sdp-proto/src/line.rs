//! A line of a description: a 12 byte record of where it lies, and the view that a caller sees.

/// Record flags.
pub(crate) mod flag {
    /// The bits that hold the length of the line end.
    pub(crate) const LINE_END: u8 = 3;
    pub(crate) const NUL: u8 = 4;
    pub(crate) const BARE_CR: u8 = 8;
    pub(crate) const INDENTED: u8 = 16;
    pub(crate) const SPACED_EQUALS: u8 = 32;
}

/// Where a line lies and what it is. 12 bytes, since a text may be all line ends.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Record {
    /// Offset of the first byte in the text, or, past its end, in the edited text.
    pub(crate) start: u32,
    /// Bytes without the line end.
    pub(crate) len: u32,
    /// Bytes of the attribute name; `NO_COLON` where the attribute has no value.
    pub(crate) name_len: u16,
    /// The type letter, or one of the other constants of [`Kind`].
    pub(crate) kind: u8,
    /// The constants of [`flag`].
    pub(crate) flags: u8,
}

pub(crate) const NO_COLON: u16 = u16::MAX;

impl Record {
    pub(crate) fn new(kind: u8, content: &[u8]) -> Self {
        Self { start: 0, len: content.len() as u32, name_len: NO_COLON, kind, flags: 0 }
    }

    pub(crate) fn attribute(content: &[u8], value_at: usize) -> Self {
        let value = content.get(value_at..).unwrap_or_default();
        let colon = crate::bytes::find_byte(value, b':').unwrap_or(usize::MAX);
        let name_len = u16::try_from(colon).unwrap_or(NO_COLON);
        Self { name_len, ..Self::new(b'a', content) }
    }

    /// Bytes of the line end.
    pub(crate) const fn line_end(&self) -> u32 {
        (self.flags & flag::LINE_END) as u32
    }

    /// Says how long the line end is, which is 3 bytes at most.
    pub(crate) const fn set_line_end(&mut self, len: usize) {
        self.flags = self.flags & !flag::LINE_END | len as u8 & flag::LINE_END;
    }
}

/// What kind of line it is: its type letter (RFC 8866 §5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// `v=`, the protocol version.
    Version,
    /// `o=`, who made the session.
    Origin,
    /// `s=`, the name of the session.
    SessionName,
    /// `i=`, information for people.
    Information,
    /// `u=`, a web page.
    Uri,
    /// `e=`, an e-mail address.
    Email,
    /// `p=`, a phone number.
    Phone,
    /// `c=`, the address that media goes to.
    Connection,
    /// `b=`, bandwidth.
    Bandwidth,
    /// `t=`, when the session is active.
    Time,
    /// `r=`, when it repeats.
    Repeat,
    /// `z=`, changes of the time zone.
    Zone,
    /// `k=`, obsolete.
    Key,
    /// `a=`, an attribute.
    Attribute,
    /// `m=`, the start of a media section.
    Media,
    /// A letter that SDP does not define.
    Unknown(u8),
    /// Nothing, or white space.
    Blank,
    /// Text that is not of the form letter=value.
    Stray,
}

impl Kind {
    pub(crate) const ATTRIBUTE: u8 = b'a';
    pub(crate) const MEDIA: u8 = b'm';
    pub(crate) const BLANK: u8 = 0;
    pub(crate) const STRAY: u8 = 1;

    #[inline]
    pub(crate) const fn from_byte(byte: u8) -> Self {
        match byte {
            b'v' => Self::Version,
            b'o' => Self::Origin,
            b's' => Self::SessionName,
            b'i' => Self::Information,
            b'u' => Self::Uri,
            b'e' => Self::Email,
            b'p' => Self::Phone,
            b'c' => Self::Connection,
            b'b' => Self::Bandwidth,
            b't' => Self::Time,
            b'r' => Self::Repeat,
            b'z' => Self::Zone,
            b'k' => Self::Key,
            b'a' => Self::Attribute,
            b'm' => Self::Media,
            Self::BLANK => Self::Blank,
            Self::STRAY => Self::Stray,
            other => Self::Unknown(other),
        }
    }

    /// The type letter; `None` for blank and stray lines.
    pub const fn letter(self) -> Option<u8> {
        Some(match self {
            Self::Version => b'v',
            Self::Origin => b'o',
            Self::SessionName => b's',
            Self::Information => b'i',
            Self::Uri => b'u',
            Self::Email => b'e',
            Self::Phone => b'p',
            Self::Connection => b'c',
            Self::Bandwidth => b'b',
            Self::Time => b't',
            Self::Repeat => b'r',
            Self::Zone => b'z',
            Self::Key => b'k',
            Self::Attribute => b'a',
            Self::Media => b'm',
            Self::Unknown(letter) => letter,
            Self::Blank | Self::Stray => return None,
        })
    }
}

/// One line of a [`Session`](crate::Session), borrowed from it.
#[derive(Clone, Copy, Debug)]
pub struct Line<'s> {
    pub(crate) index: u32,
    pub(crate) record: Record,
    /// The line and its line end.
    bytes: &'s [u8],
}

impl<'s> Line<'s> {
    /// The line of this record, which stands in these bytes with its line end.
    #[inline]
    pub(crate) const fn new(index: u32, record: Record, bytes: &'s [u8]) -> Self {
        Self { index, record, bytes }
    }

    /// The line without white space and line end behind it.
    pub(crate) fn trimmed(self) -> Self {
        let bytes = self.content().trim_ascii_end();
        let mut record = Record { len: bytes.len() as u32, ..self.record };
        record.set_line_end(0);
        Self { record, bytes, ..self }
    }

    /// Line number, from 1.
    pub const fn number(&self) -> u32 {
        self.index + 1
    }

    /// What kind of line it is.
    #[inline]
    pub const fn kind(&self) -> Kind {
        Kind::from_byte(self.record.kind)
    }

    /// The line without its line end, byte for byte.
    #[inline]
    pub fn content(&self) -> &'s [u8] {
        self.bytes.get(..self.record.len as usize).unwrap_or_default()
    }

    /// The line end as it was written; empty on a last line that has none.
    pub fn line_end(&self) -> &'s [u8] {
        self.bytes.get(self.record.len as usize..).unwrap_or_default()
    }

    /// What follows the equals sign; all of a blank or stray line.
    #[inline]
    pub fn value(&self) -> &'s [u8] {
        self.content().get(self.value_at()..).unwrap_or_default()
    }

    /// Name and value of an attribute line; the value is `None` where there is no colon, and then
    /// blanks behind the name are no part of it.
    #[inline]
    pub fn attribute(&self) -> Option<(&'s [u8], Option<&'s [u8]>)> {
        if self.record.kind != Kind::ATTRIBUTE {
            return None;
        }
        let value = self.value();
        if self.record.name_len == NO_COLON {
            return Some((without_blanks(value), None));
        }
        let (name, rest) = value.split_at_checked(usize::from(self.record.name_len))?;
        Some((name, rest.get(1..)))
    }

    /// Offset of [`value`](Self::value) in the line.
    #[inline]
    pub(crate) fn value_at(&self) -> usize {
        if self.record.flags & (flag::INDENTED | flag::SPACED_EQUALS) != 0 {
            return self.content().iter().position(|b| *b == b'=').map_or(0, |at| at + 1);
        }
        if matches!(self.record.kind, Kind::BLANK | Kind::STRAY) { 0 } else { 2 }
    }

    /// The end of the line that `value` is, cut from `base`, the text that was parsed; `None` where
    /// the line was edited.
    pub(crate) fn cut<'b>(&self, value: &[u8], base: &'b str) -> Option<&'b str> {
        let end = (self.record.start + self.record.len) as usize;
        base.get(end.checked_sub(value.len())?..end)
    }

    /// Column (from 1) of byte `offset` of [`value`](Self::value).
    pub(crate) fn column(&self, offset: u32) -> u32 {
        self.value_at() as u32 + offset + 1
    }

    /// Offset in [`value`](Self::value) at which an attribute's value starts.
    pub(crate) fn attribute_value_at(&self) -> u32 {
        if self.record.name_len == NO_COLON {
            without_blanks(self.value()).len() as u32
        } else {
            u32::from(self.record.name_len) + 1
        }
    }
}

/// The bytes without blanks at their end.
fn without_blanks(bytes: &[u8]) -> &[u8] {
    let end = bytes.iter().rposition(|byte| !matches!(byte, b' ' | b'\t'));
    bytes.get(..end.map_or(0, |last| last + 1)).unwrap_or_default()
}
