//! Writing a description from nothing, in order and valid at every step (RFC 8866 §9).

use alloc::borrow::Cow;
use alloc::string::String;

use crate::Policy;
use crate::attribute::TypedAttribute;
use crate::field::{Bandwidth, Connection, MediaLine, Origin, Timing};
use crate::limits::Limits;
use crate::session::Session;
use crate::text::Text;
use crate::write::{self, WriteError};

/// Writes a description line by line.
///
/// Each call writes one line or refuses and writes none: what would break the line, what its
/// type does not allow, and what may not stand after the lines so far. What
/// [`finish`](Self::finish) returns, [`Policy::Strict`] accepts.
///
/// ```
/// use sdp_proto::attribute::{Mid, SctpPort};
/// use sdp_proto::field::{Connection, MediaLine, Origin};
/// use sdp_proto::text::Token;
/// use sdp_proto::Builder;
///
/// let mut builder = Builder::new(&Origin::anonymous(4962303333179871722, 1))?;
/// let media = Token::new("application")?;
/// builder.media(&MediaLine::new(media, 9, "UDP/DTLS/SCTP", ["webrtc-datachannel"])?)?;
/// builder.connection(&Connection::UNKNOWN)?;
/// builder.attribute(&Mid(Token::new("0")?))?;
/// builder.attribute(&SctpPort(5000))?;
/// let session = builder.finish()?;
/// assert_eq!(session.media().len(), 1);
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Builder {
    text: String,
    stage: Stage,
    in_media: bool,
    named: bool,
    timed: bool,
}

/// How far the current part has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    Name,
    Information,
    Connection,
    Bandwidth,
    Time,
    Attribute,
}

impl Builder {
    /// Starts with `v=0` and the origin. `s=-` and `t=0 0` follow unless given.
    pub fn new(origin: &Origin<'_>) -> Result<Self, WriteError> {
        let mut builder = Self {
            text: String::from("v=0\r\n"),
            stage: Stage::Name,
            in_media: false,
            named: false,
            timed: false,
        };
        let line = write::field_line('o', origin)?;
        builder.push(&line);
        Ok(builder)
    }

    /// `s=`: the name of the session.
    pub fn name(&mut self, name: &Text<'_>) -> Result<&mut Self, WriteError> {
        if self.named || self.in_media || self.stage > Stage::Name {
            return Err(WriteError::Order { line: 's' });
        }
        let line = write::field_line('s', name)?;
        self.named = true;
        self.push(&line);
        Ok(self)
    }

    /// `i=`: information for people, of the session or of the section.
    pub fn information(&mut self, text: &Text<'_>) -> Result<&mut Self, WriteError> {
        self.line('i', Stage::Information, text)
    }

    /// `c=`: the address that media goes to.
    pub fn connection(&mut self, connection: &Connection<'_>) -> Result<&mut Self, WriteError> {
        self.line('c', Stage::Connection, connection)
    }

    /// `b=`: a limit of bandwidth. May be called several times.
    pub fn bandwidth(&mut self, bandwidth: &Bandwidth<'_>) -> Result<&mut Self, WriteError> {
        self.line('b', Stage::Bandwidth, bandwidth)
    }

    /// `t=`: when the session is active. May be called several times.
    pub fn timing(&mut self, timing: &Timing) -> Result<&mut Self, WriteError> {
        if self.in_media {
            return Err(WriteError::Order { line: 't' });
        }
        self.line('t', Stage::Time, timing)?;
        self.timed = true;
        Ok(self)
    }

    /// An attribute of the session or of the section.
    pub fn attribute<'v, T: TypedAttribute<'v>>(
        &mut self,
        value: &T,
    ) -> Result<&mut Self, WriteError> {
        let line = write::typed_line(value)?;
        self.attributes_begin();
        self.push(&line);
        Ok(self)
    }

    /// An attribute by name. One that has a type must have a value of that type.
    pub fn attribute_text(
        &mut self,
        name: &str,
        value: Option<&str>,
    ) -> Result<&mut Self, WriteError> {
        let line = write::attribute_line(name, value)?;
        self.attributes_begin();
        self.push(&line);
        Ok(self)
    }

    /// `m=`: the start of a media section.
    pub fn media(&mut self, media: &MediaLine<'_>) -> Result<&mut Self, WriteError> {
        let line = write::field_line('m', media)?;
        MediaLine::strict(line.get(2..).unwrap_or_default())?;
        self.attributes_begin();
        self.in_media = true;
        self.stage = Stage::Name;
        self.push(&line);
        Ok(self)
    }

    /// The description, which [`Policy::Strict`] accepts. An error says what the lines together
    /// lack, such as a mid that a group names.
    pub fn finish(self) -> Result<Session<'static>, WriteError> {
        self.finish_within(Limits::default())
    }

    /// The same within other limits than the usual ones.
    pub(crate) fn finish_within(mut self, limits: Limits) -> Result<Session<'static>, WriteError> {
        self.attributes_begin();
        let text = Cow::Owned(self.text.into_bytes());
        let session = Session::parse_with(text, limits)?;
        session.check(Policy::Strict)?;
        Ok(session)
    }

    fn line(
        &mut self,
        letter: char,
        stage: Stage,
        value: &dyn core::fmt::Display,
    ) -> Result<&mut Self, WriteError> {
        let again = self.stage == stage && matches!(letter, 'i' | 'c');
        if self.stage > stage || again {
            return Err(WriteError::Order { line: letter });
        }
        let line = write::field_line(letter, value)?;
        self.name_done();
        self.stage = stage;
        self.push(&line);
        Ok(self)
    }

    /// Writes the session name unless there is one.
    fn name_done(&mut self) {
        if !self.named {
            self.named = true;
            self.push("s=-");
        }
    }

    /// Writes what must stand before the first attribute or section.
    fn attributes_begin(&mut self) {
        self.name_done();
        if !self.timed {
            self.timed = true;
            self.push("t=0 0");
        }
        self.stage = Stage::Attribute;
    }

    fn push(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push_str("\r\n");
    }
}

#[cfg(test)]
mod tests;
