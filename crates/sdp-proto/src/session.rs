//! What a caller has of a description: the document, and the views of its parts (RFC 8866 §5).

use alloc::borrow::Cow;
use alloc::vec::Vec;
use core::fmt;

use crate::document::Document;
use crate::limits::{LimitError, Limits};
use crate::line::Line;
use crate::media::Media;
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
    pub(crate) document: Document<'a>,
}

impl<'a> Session<'a> {
    /// Takes a description apart under the default [`Limits`], whatever is in it.
    pub fn parse(text: &'a [u8]) -> Result<Self, LimitError> {
        Self::parse_with(Cow::Borrowed(text), Limits::default())
    }

    /// Takes a description apart, borrowed or owned, under the given limits.
    pub fn parse_with(text: Cow<'a, [u8]>, limits: Limits) -> Result<Self, LimitError> {
        Document::parse(text, limits).map(|document| Self { document })
    }

    /// A copy that borrows nothing.
    pub fn into_owned(self) -> Session<'static> {
        Session { document: self.document.into_owned() }
    }

    /// The bounds this description is held to, by edits as well.
    pub const fn limits(&self) -> &Limits {
        self.document.limits()
    }

    /// Whether an edit was made since the parse.
    pub const fn is_edited(&self) -> bool {
        self.document.is_edited()
    }

    /// The text: borrowed if unmodified, else put together.
    pub fn to_bytes(&self) -> Cow<'_, [u8]> {
        self.document.to_bytes()
    }

    /// Appends the text to `out`.
    pub fn write_to(&self, out: &mut Vec<u8>) {
        self.document.write_to(out);
    }

    /// Number of lines, blank and stray ones included.
    pub fn line_count(&self) -> usize {
        self.document.line_count()
    }

    /// The line at `index`, from 0.
    pub fn line(&self, index: usize) -> Option<Line<'_>> {
        self.document.line(index)
    }

    /// All lines in order.
    pub fn lines(&self) -> impl DoubleEndedIterator<Item = Line<'_>> + Clone + '_ {
        self.document.lines()
    }

    /// The session part: everything before the first `m=` line.
    pub fn session_section(&self) -> Section<'_> {
        Section::session(&self.document)
    }

    /// Number of media sections: of `m=` lines, readable or not.
    pub fn media_count(&self) -> usize {
        self.document.section_count()
    }

    /// The media section at `index`, from 0.
    pub fn media_at(&self, index: usize) -> Option<Media<'_>> {
        Media::at(&self.document, index)
    }

    /// The media sections in order.
    pub fn media(&self) -> impl DoubleEndedIterator<Item = Media<'_>> + ExactSizeIterator + '_ {
        Media::all(&self.document)
    }

    /// The first media section whose `mid` is this one (RFC 5888 §4).
    pub fn media_by_mid(&self, mid: &str) -> Option<Media<'_>> {
        Media::by_mid(&self.document, mid)
    }
}

impl fmt::Debug for Session<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("lines", &self.document.line_count())
            .field("media", &self.document.section_count())
            .field("edited", &self.document.is_edited())
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
