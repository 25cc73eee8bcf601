//! A section as this side is going to write it, in an offer or an answer (RFC 8829 §5.2.1, §5.3.1).

use alloc::vec::Vec;

use super::custom::Custom;
use super::direct::Carriage;
use super::kind::Kind;
use super::other_media::OtherMedia;
use super::own_ice::OwnIce;
use super::side_terms::SideTerms;
use super::simulcast;
use crate::WriteError;
use crate::attribute::{Crypto, Direction, ExtMap, Msid, SctpPort, Setup};
use crate::codec::Format;
use crate::field::MediaLine;
use crate::text::{Text, Token, Words};

/// All that is written of a section.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SectionDraft {
    /// Media word, protocol and formats.
    pub(super) line: MediaLine<'static>,
    pub(super) mid: Option<Token<'static>>,
    pub(super) kind: Option<Kind>,
    /// Rejected, or switched off, where not.
    pub(super) live: bool,
    pub(super) bundle_only: bool,
    /// The section that carries the transport: this one, or another of its BUNDLE group.
    pub(super) owner: usize,
    /// The DTLS role to write, where the transport is this section's own.
    pub(super) setup: Option<Setup>,
    /// How media travels, where the transport is this section's own.
    pub(super) carriage: Carriage,
    /// Keys to write.
    pub(super) crypto: Vec<Crypto<'static>>,
    pub(super) tls_id: bool,
    /// Its ICE credentials, where it has ICE.
    pub(super) ice: Option<OwnIce>,
    pub(super) direction: Direction,
    pub(super) formats: Vec<(Format<'static>, Vec<Text<'static>>)>,
    pub(super) extensions: Vec<ExtMap<'static>>,
    pub(super) allow_mixed: bool,
    /// What this side says of its part, its encodings apart.
    pub(super) own: SideTerms,
    pub(super) simulcast: simulcast::Lines,
    /// Whether to say where RTCP goes if it has a port of its own.
    pub(super) rtcp: bool,
    pub(super) rtcp_mux: bool,
    pub(super) rtcp_mux_only: bool,
    pub(super) rtcp_rsize: bool,
    /// The own port of a data channel association.
    pub(super) sctp_port: SctpPort,
    /// What the application says of a section that it serves itself.
    pub(super) other: Option<OtherMedia>,
    /// What the application adds.
    pub(super) attributes: Vec<Custom>,
}

impl SectionDraft {
    /// The MediaStreams of a section of media that is in use.
    pub(super) fn streams(&self) -> Option<&[Msid<'static>]> {
        let media = self.live && self.kind.is_some_and(Kind::is_rtp);
        media.then_some(&self.own.streams[..])
    }

    /// A section that is off: port 0, at least one format (RFC 3264 §6).
    pub(super) fn off(
        line: MediaLine<'static>,
        mid: Option<Token<'static>>,
        owner: usize,
        kind: Option<Kind>,
    ) -> Self {
        Self {
            line,
            mid,
            kind,
            live: false,
            bundle_only: false,
            owner,
            setup: None,
            carriage: Carriage::Ice,
            crypto: Vec::new(),
            tls_id: false,
            ice: None,
            direction: Direction::Inactive,
            formats: Vec::new(),
            extensions: Vec::new(),
            allow_mixed: false,
            own: SideTerms::default(),
            simulcast: simulcast::Lines::default(),
            rtcp: false,
            rtcp_mux: false,
            rtcp_mux_only: false,
            rtcp_rsize: false,
            sctp_port: SctpPort(0),
            other: None,
            attributes: Vec::new(),
        }
    }
}

/// The `m=` line for these formats.
pub(super) fn line(
    kind: Kind,
    formats: &[Format<'static>],
) -> Result<MediaLine<'static>, WriteError> {
    let media = Token::new(kind.as_str()).map_err(|_| WriteError::NotALine)?;
    let numbers: Vec<alloc::string::String> = match kind {
        Kind::Data | Kind::Other => ["webrtc-datachannel".into()].into(),
        Kind::Audio | Kind::Video | Kind::Text => {
            formats.iter().map(|format| alloc::format!("{}", format.payload_type)).collect()
        }
    };
    MediaLine::new(media, 0, kind.proto(), numbers).map_err(|_| WriteError::NotALine)
}

/// The formats of an `m=` line as they were or, where there are none, one that stands for none.
pub(super) fn rejected(line: MediaLine<'static>) -> MediaLine<'static> {
    let formats = line.formats.or_else(|| Words::new(["0"]).ok());
    MediaLine { port: 0, port_count: None, formats, ..line }
}
