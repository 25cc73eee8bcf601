//! The document: line records over the caller's bytes, printed byte for byte (RFC 8866 §5).

use alloc::borrow::Cow;
use alloc::vec::Vec;
use core::fmt;

use crate::limits::{LimitError, Limits};
use crate::line::{Line, Record};
use crate::media::Media;
use crate::scan::{self, BOM};
use crate::section::Section;

/// A session description: text that is understood line by line and kept as it was written.
///
/// A parse makes one pass and stores 12 bytes a line; values are read when they are asked for.
/// Everything in the text stays: blank lines, unknown lines, odd spacing, duplicates, bytes that
/// are not UTF-8. An unmodified description prints as the very bytes that were parsed, and an
/// edit touches the edited line alone.
///
/// A parse refuses nothing but what exceeds the [`Limits`]. Whether the text is acceptable is a
/// question of [`Policy`](crate::Policy), asked with [`check`](Self::check) or in one go with
/// [`accept`](Self::accept).
///
/// ```
/// use sdp_proto::{Policy, Session};
///
/// let text = b"v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nt=0 0\r\n\
///     m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\na=mid:0\r\n";
/// let session = Session::accept(text, Policy::Strict)?;
/// let media = session.media().next().expect("one section");
/// assert_eq!(media.mid()?.as_deref(), Some("0"));
/// assert_eq!(&*session.to_bytes(), text);
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Session<'a> {
    /// The text that was parsed.
    pub(crate) base: Cow<'a, [u8]>,
    /// Text of edited lines; its offsets continue those of `base`.
    pub(crate) extra: Vec<u8>,
    pub(crate) lines: Vec<Record>,
    /// Index of each `m=` line.
    pub(crate) sections: Vec<u32>,
    pub(crate) limits: Limits,
    pub(crate) prefix: u8,
    pub(crate) edited: bool,
}

impl<'a> Session<'a> {
    /// Takes a description apart under the default [`Limits`], whatever is in it.
    pub fn parse(text: &'a [u8]) -> Result<Self, LimitError> {
        Self::parse_with(Cow::Borrowed(text), Limits::default())
    }

    /// Takes a description apart, borrowed or owned, under the given limits.
    pub fn parse_with(text: Cow<'a, [u8]>, limits: Limits) -> Result<Self, LimitError> {
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

    /// A copy that borrows nothing.
    pub fn into_owned(self) -> Session<'static> {
        Session {
            base: Cow::Owned(self.base.into_owned()),
            extra: self.extra,
            lines: self.lines,
            sections: self.sections,
            limits: self.limits,
            prefix: self.prefix,
            edited: self.edited,
        }
    }

    /// The bounds this description is held to, by edits as well.
    pub const fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Whether an edit was made since the parse.
    pub const fn is_edited(&self) -> bool {
        self.edited
    }

    /// The text: borrowed if unmodified, else put together.
    pub fn to_bytes(&self) -> Cow<'_, [u8]> {
        if !self.edited {
            return Cow::Borrowed(&self.base);
        }
        let mut out = Vec::with_capacity(self.base.len() + self.extra.len());
        self.write_to(&mut out);
        Cow::Owned(out)
    }

    /// Appends the text to `out`.
    pub fn write_to(&self, out: &mut Vec<u8>) {
        if !self.edited {
            out.extend_from_slice(&self.base);
            return;
        }
        out.extend_from_slice(BOM.get(..usize::from(self.prefix)).unwrap_or_default());
        for line in self.lines() {
            out.extend_from_slice(line.content);
            out.extend_from_slice(line.eol);
        }
    }

    /// Number of lines, blank and stray ones included.
    pub fn line_count(&self) -> usize {
        self.lines.len()
    }

    /// The line at `index`, from 0.
    pub fn line(&self, index: usize) -> Option<Line<'_>> {
        let record = *self.lines.get(index)?;
        let bytes = self.slice(record.start, record.len + record.line_end());
        let (content, eol) = bytes.split_at_checked(record.len as usize)?;
        Some(Line { index: index as u32, record, content, eol })
    }

    /// All lines in order.
    pub fn lines(&self) -> impl DoubleEndedIterator<Item = Line<'_>> + Clone + '_ {
        (0..self.lines.len()).filter_map(|index| self.line(index))
    }

    /// The session part: everything before the first `m=` line.
    pub fn session_section(&self) -> Section<'_> {
        let last = self.sections.first().copied().unwrap_or(self.lines.len() as u32);
        Section { session: self, media: None, first: 0, last }
    }

    /// Number of media sections: of `m=` lines, readable or not.
    pub fn media_count(&self) -> usize {
        self.sections.len()
    }

    /// The media section at `index`, from 0.
    pub fn media_at(&self, index: usize) -> Option<Media<'_>> {
        let first = *self.sections.get(index)?;
        let last = self.sections.get(index + 1).copied().unwrap_or(self.lines.len() as u32);
        Some(Media { section: Section { session: self, media: Some(index), first, last } })
    }

    /// The media sections in order.
    pub fn media(&self) -> impl DoubleEndedIterator<Item = Media<'_>> + ExactSizeIterator + '_ {
        (0..self.sections.len()).map(|index| {
            let first = self.sections.get(index).copied().unwrap_or_default();
            let last = self.sections.get(index + 1).copied().unwrap_or(self.lines.len() as u32);
            Media { section: Section { session: self, media: Some(index), first, last } }
        })
    }

    /// The first media section whose `mid` is this one (RFC 5888 §4).
    pub fn media_by_mid(&self, mid: &str) -> Option<Media<'_>> {
        self.media().find(|media| media.mid().ok().flatten().is_some_and(|m| m.as_str() == mid))
    }

    /// Bytes at a virtual offset: in the text, or past it in the edited text.
    pub(crate) fn slice(&self, start: u32, len: u32) -> &[u8] {
        let (start, len) = (start as usize, len as usize);
        let (text, start) = match start.checked_sub(self.base.len()) {
            // An empty slice at the very end of the text is in neither part, or in both.
            Some(past) => (&self.extra[..], past),
            None => (&*self.base, start),
        };
        text.get(start..start + len).unwrap_or_default()
    }
}

impl fmt::Debug for Session<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("lines", &self.lines.len())
            .field("media", &self.sections.len())
            .field("edited", &self.edited)
            .finish_non_exhaustive()
    }
}

/// Prints the text; bytes that are not UTF-8 become replacement characters. For the very bytes
/// see [`Session::to_bytes`].
impl fmt::Display for Session<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for chunk in self.to_bytes().utf8_chunks() {
            f.write_str(chunk.valid())?;
            if !chunk.invalid().is_empty() {
                f.write_str("\u{FFFD}")?;
            }
        }
        Ok(())
    }
}

/// Two descriptions are equal when they print the same bytes.
impl PartialEq for Session<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.to_bytes() == other.to_bytes()
    }
}

impl Eq for Session<'_> {}
