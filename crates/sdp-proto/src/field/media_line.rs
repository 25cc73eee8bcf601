//! `m=`: what kind of media a section describes, on which port, by which protocol (RFC 8866 §5.14).

use core::fmt;
use core::num::NonZeroU32;

use crate::diagnostic::{Code, ValueError};
use crate::text::{TextError, Token, Word, Words, is_token_byte};
use crate::value::{Field, Fields, payload_type};

/// The line that opens a media section.
///
/// Reading one bears words where the grammar wants tokens, as in the `m=application/x 0 RTP/AVP
/// (null)` of some cameras; what the grammar says is among the diagnostics.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MediaLine<'a> {
    /// `audio`, `video`, `application`, ...
    pub media: Word<'a>,
    /// The port; 0 rejects the section or leaves it to a BUNDLE group.
    pub port: u16,
    /// Number of ports or port pairs, where more than one.
    pub port_count: Option<NonZeroU32>,
    /// Such as `UDP/TLS/RTP/SAVPF` or `UDP/DTLS/SCTP`.
    pub proto: Word<'a>,
    /// For RTP the payload types in order of preference. None where a camera left them out.
    pub formats: Option<Words<'a>>,
}

impl<'a> MediaLine<'a> {
    /// A line to be written: tokens, the protocol with slashes between them.
    pub fn new<S: AsRef<str>>(
        media: Token<'a>,
        port: u16,
        proto: &'a str,
        formats: impl IntoIterator<Item = S>,
    ) -> Result<Self, TextError> {
        for part in proto.split('/') {
            Token::new(part)?;
        }
        let formats = Some(Words::new(formats)?);
        Ok(Self { media: media.into(), port, port_count: None, proto: Word::new(proto)?, formats })
    }

    /// Reads the value of the line.
    pub fn parse(value: &'a str) -> Result<Self, ValueError> {
        let syntax = Code::MediaSyntax;
        let mut fields = Fields::new(value);
        let media = fields.expect(syntax)?.word(Code::MediaType)?;
        let (port, count) = fields.expect(syntax)?.split(b'/');
        let port = port.number(Code::MediaPort)?;
        let port_count = count.map(|count| count.integer(Code::MediaPortCount)).transpose()?;
        let proto = fields.expect(syntax)?.word(Code::MediaProtocol)?;
        let formats = fields.words(Code::MediaFormat)?;
        Ok(Self { media, port, port_count, proto, formats })
    }

    /// A copy that borrows nothing.
    pub fn into_owned(self) -> MediaLine<'static> {
        MediaLine {
            media: self.media.into_owned(),
            port: self.port,
            port_count: self.port_count,
            proto: self.proto.into_owned(),
            formats: self.formats.map(Words::into_owned),
        }
    }

    /// The formats in order.
    pub fn formats(&self) -> impl Iterator<Item = &str> + Clone {
        self.formats.iter().flat_map(Words::iter)
    }

    /// Whether the formats are RTP payload types (RFC 8866 §5.14).
    pub fn is_rtp(&self) -> bool {
        is_rtp(&self.proto)
    }

    /// Whether it is a WebRTC data channel association (RFC 8841 §4.3, RFC 8864).
    pub fn is_data_channel(&self) -> bool {
        let sctp = self.proto.split('/').next_back() == Some("SCTP");
        sctp && self.media == "application"
    }

    /// What the grammar says about a value that can be read.
    pub(crate) fn strict(value: &str) -> Result<(), ValueError> {
        let token = |field: Field<'_>, code| {
            let good = !field.text.is_empty() && field.text.bytes().all(is_token_byte);
            if good { Ok(()) } else { Err(field.fault(code)) }
        };
        let mut fields = Fields::new(value);
        token(fields.expect(Code::MediaSyntax)?, Code::MediaType)?;
        let ports = fields.expect(Code::MediaSyntax)?;
        let proto = fields.expect(Code::MediaSyntax)?;
        proto.parts(b'/').try_for_each(|part| token(part, Code::MediaProtocol))?;
        fields.clone().expect(Code::MediaSyntax)?;
        let rtp = is_rtp(proto.text);
        port_range(ports, rtp)?;
        fields.try_for_each(|format| {
            token(format, Code::MediaFormat)?;
            if rtp && payload_type(format.text).is_none() {
                return Err(format.fault(Code::PayloadType));
            }
            Ok(())
        })
    }
}

/// Several ports in a row are ports, too; those of RTP are pairs.
fn port_range(ports: Field<'_>, rtp: bool) -> Result<(), ValueError> {
    let (first, count) = ports.split(b'/');
    let Some(count) = count else { return Ok(()) };
    let first: u64 = first.number(Code::MediaPort)?;
    let count: u64 = count.number(Code::MediaPortCount)?;
    let ports_after = count.saturating_sub(1).saturating_mul(if rtp { 2 } else { 1 });
    if first.saturating_add(ports_after) > u64::from(u16::MAX) {
        return Err(ports.fault(Code::MediaPortRange));
    }
    Ok(())
}

/// Whether a protocol carries RTP: `RTP/AVP` and its kin, with anything before it.
fn is_rtp(proto: &str) -> bool {
    const PROFILES: [&str; 4] = ["AVP", "SAVP", "AVPF", "SAVPF"];
    let mut parts = proto.split('/').skip_while(|part| *part != "RTP").skip(1);
    parts.next().is_some_and(|profile| PROFILES.contains(&profile))
}

impl fmt::Display for MediaLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.media, self.port)?;
        if let Some(count) = self.port_count {
            write!(f, "/{count}")?;
        }
        write!(f, " {}", self.proto)?;
        self.formats.as_ref().map_or(Ok(()), |formats| write!(f, " {formats}"))
    }
}
