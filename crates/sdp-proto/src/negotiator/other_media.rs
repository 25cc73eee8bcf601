//! A section that the application serves itself: fax over T.38, MSRP, BFCP and whatever else has an
//! `m=` line (RFC 3264 §5.1, §6).

use alloc::vec::Vec;
use core::net::IpAddr;
use core::num::NonZeroU16;

use super::custom::Custom;
use super::facts::SectionFacts;
use crate::WriteError;
use crate::attribute::{Attribute, Direction};
use crate::data_channel::DISCARD_PORT;
use crate::field::{Connection, ConnectionAddress, MediaLine};
use crate::section::Section;
use crate::text::{TextError, Token, Word, Words};

/// What one side says of a section of which the negotiator knows no more than the `m=` and `c=` lines:
/// order, direction, rejection and changes are its own, the attributes the application's.
///
/// ```
/// use sdp_proto::negotiator::{OtherMedia, Transceiver};
///
/// let fax = OtherMedia::new("image", "udptl", ["t38"])?
///     .at("192.0.2.9".parse()?, 49170.try_into()?)
///     .with_attribute("T38FaxVersion", Some("0"))?;
/// let wish = Transceiver::other(fax);
/// assert_eq!(wish.other.unwrap().port.get(), 49170);
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OtherMedia {
    /// `image`, `message`, `application`, ...
    pub media: Word<'static>,
    /// Such as `udptl` or `TCP/TLS/MSRP`.
    pub proto: Word<'static>,
    /// The formats, the preferred one first.
    pub formats: Words<'static>,
    /// The address.
    pub connection: Connection<'static>,
    /// The port.
    pub port: NonZeroU16,
    attributes: Vec<Custom>,
}

impl OtherMedia {
    /// A section with these words in its `m=` line, no address and the port 9 until there is one:
    /// until then it receives nothing (RFC 3264 §8.4).
    pub fn new<S: AsRef<str>>(
        media: &str,
        proto: &str,
        formats: impl IntoIterator<Item = S>,
    ) -> Result<Self, TextError> {
        let line = MediaLine::new(Token::new(media)?, DISCARD_PORT, proto, formats)?.into_owned();
        Ok(Self {
            media: line.media,
            proto: line.proto,
            formats: line.formats.ok_or(TextError::Empty)?,
            connection: Connection::UNKNOWN,
            port: DISCARD,
            attributes: Vec::new(),
        })
    }

    /// The same at this address and port.
    #[must_use]
    pub fn at(mut self, address: IpAddr, port: NonZeroU16) -> Self {
        let address = ConnectionAddress::Ip(address);
        self.connection = Connection { address, ttl: None, count: None };
        self.port = port;
        self
    }

    /// The same with one more attribute. All are the application's but `mid`, `bundle-only`, `group`
    /// and the direction.
    pub fn with_attribute(mut self, name: &str, value: Option<&str>) -> Result<Self, WriteError> {
        self.attributes.push(Custom::of_other(name, value)?);
        Ok(self)
    }

    /// The attributes.
    pub fn attributes(&self) -> &[Custom] {
        &self.attributes
    }

    /// As a peer describes it, where it is in use. Attributes that could not be written are left
    /// out.
    pub(super) fn read(
        line: &MediaLine<'static>,
        connection: Option<&Connection<'static>>,
        section: &Section<'_>,
    ) -> Option<Self> {
        let attributes = section.attributes().filter_map(|attribute| {
            let name = core::str::from_utf8(attribute.name()).ok()?;
            Custom::of_other(name, attribute.text().ok()?).ok()
        });
        Some(Self {
            media: line.media.clone(),
            proto: line.proto.clone(),
            formats: line.formats.clone()?,
            connection: connection.cloned().unwrap_or(Connection::UNKNOWN),
            port: NonZeroU16::new(line.port)?,
            attributes: attributes.collect(),
        })
    }

    /// The same for another peer: without the attributes that this crate has types for, which say how
    /// this peer is reached, or belong to other kinds of media.
    pub(super) fn relayed(&self) -> Self {
        let foreign = |own: &&Custom| {
            let read = Attribute::read(own.name(), own.value());
            matches!(read, Ok(Attribute::Unknown { .. }))
        };
        let attributes = self.attributes.iter().filter(foreign).cloned().collect();
        Self { attributes, ..self.clone() }
    }

    /// Whether this is what a section carries.
    pub(super) fn serves(&self, facts: &SectionFacts) -> bool {
        let line = &facts.line;
        facts.kind.is_none() && self.media == line.media && self.proto == line.proto
    }

    /// This side of what a peer offers: the formats that both have, in its order (RFC 3264 §6.1);
    /// `None` where there are none.
    pub(super) fn answering(&self, offered: &MediaLine<'_>) -> Option<Self> {
        let own = |format: &&str| self.formats.iter().any(|own| own == *format);
        let formats = Words::new(offered.formats().filter(own)).ok()?;
        Some(Self { formats, ..self.clone() })
    }

    /// Which way media may go of what is wanted.
    pub(super) fn direction(&self, wanted: Direction) -> Direction {
        let nowhere = self.connection.ip().is_some_and(|ip| ip.is_unspecified());
        Direction::from_parts(wanted.sends(), wanted.receives() && !nowhere)
    }

    /// The `m=` line.
    pub(super) fn line(&self) -> MediaLine<'static> {
        MediaLine {
            media: self.media.clone(),
            port: self.port.get(),
            port_count: None,
            proto: self.proto.clone(),
            formats: Some(self.formats.clone()),
        }
    }
}

const DISCARD: NonZeroU16 = match NonZeroU16::new(DISCARD_PORT) {
    Some(port) => port,
    None => NonZeroU16::MIN,
};
