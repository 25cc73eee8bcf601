//! The description of one side of a data channel: DTLS and SCTP over ICE (RFC 8841, RFC 8842).

use alloc::vec::Vec;
use core::net::IpAddr;

use crate::attribute::{
    Candidate, CandidateType, EndOfCandidates, Fingerprint, Group, IceLite, IceOptions, IcePacing,
    MaxMessageSize, Mid, SctpPort, Setup, TlsId, Transport,
};
use crate::build::Builder;
use crate::diagnostic::Diagnostic;
use crate::field::{Connection, MediaLine, Origin, Timing};
use crate::line::Kind;
use crate::media::{IceCredentials, Media};
use crate::section::read_field;
use crate::session::Session;
use crate::text::{TextError, Token};
use crate::write::WriteError;

/// What a side says in order to open a data channel association.
///
/// [`offer`](Self::offer) writes a description with one `m=application` section;
/// [`answer`](Self::answer) writes one with as many sections as the offer has, in its order, and
/// rejects all but the data channel (RFC 3264 §6).
///
/// ```
/// use sdp_proto::attribute::{Fingerprint, IcePwd, IceUfrag, Setup};
/// use sdp_proto::{DataChannel, IceCredentials};
///
/// let side = |id, ufrag: &'static str| -> Result<DataChannel<'_>, sdp_proto::text::TextError> {
///     let pwd = IcePwd::new("asd88fgpdd777uzjYhagZg")?;
///     let credentials = IceCredentials { ufrag: IceUfrag::new(ufrag)?, pwd };
///     Ok(DataChannel::new(id, credentials, [Fingerprint::sha256([7; 32])]))
/// };
/// let offer = side(1, "8hhY")?.offer()?;
/// let answer = side(2, "9uB6")?.answer(&offer)?;
/// let media = answer.data_channel().expect("accepted");
/// assert_eq!(media.setup()?, Some(Setup::Active));
/// assert_eq!(media.sctp_port()?, Some(5000));
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct DataChannel<'a> {
    /// Number of the session, up to 2^63 - 1; random (RFC 8829 §5.2.1).
    pub session_id: u64,
    /// Rises by one with each description that differs from the last.
    pub session_version: u64,
    /// The mid of the section in an offer. An answer takes that of the offer.
    pub mid: Token<'a>,
    /// What authenticates connectivity checks.
    pub credentials: IceCredentials<'a>,
    /// Extensions of ICE that this side speaks.
    pub ice_options: Option<IceOptions<'a>>,
    /// Interval between checks that this side wishes; 50 ms where it says nothing.
    pub ice_pacing: Option<IcePacing>,
    /// Whether this side is a lite implementation.
    pub ice_lite: bool,
    /// Fingerprints of the certificate that this side shows.
    pub fingerprints: Vec<Fingerprint<'a>>,
    /// The DTLS role in an offer. An answer takes the one that fits the offer.
    pub setup: Setup,
    /// The identity of the DTLS association.
    pub tls_id: Option<TlsId<'a>>,
    /// The SCTP port.
    pub sctp_port: SctpPort,
    /// The largest message that this side takes, in bytes.
    pub max_message_size: MaxMessageSize,
    /// Candidates known so far.
    pub candidates: Vec<Candidate<'a>>,
    /// Whether these are all.
    pub end_of_candidates: bool,
}

impl<'a> DataChannel<'a> {
    /// A side with the usual values: mid `0`, SCTP port 5000, messages up to 256 KiB, ICE option
    /// `ice2` (RFC 8839 §4.3.1), setup `actpass`, no candidates.
    pub fn new(
        session_id: u64,
        credentials: IceCredentials<'a>,
        fingerprints: impl IntoIterator<Item = Fingerprint<'a>>,
    ) -> Self {
        Self {
            session_id,
            session_version: 1,
            mid: Token::new("0").unwrap_or_else(|_| unreachable!("a digit is a token")),
            credentials,
            ice_options: IceOptions::new(["ice2"]).ok(),
            ice_pacing: None,
            ice_lite: false,
            fingerprints: fingerprints.into_iter().collect(),
            setup: Setup::ActPass,
            tls_id: None,
            sctp_port: SctpPort::USUAL,
            max_message_size: MaxMessageSize(262_144),
            candidates: Vec::new(),
            end_of_candidates: false,
        }
    }

    /// Writes an offer.
    pub fn offer(&self) -> Result<Session<'static>, WriteError> {
        let mut builder = self.begin(Some(&self.mid), &[])?;
        self.section(&mut builder, Some(&self.mid), self.setup, None)?;
        builder.finish()
    }

    /// Writes the answer to an offer. The first data channel section of it is accepted, unless
    /// it is switched off; all others are rejected.
    pub fn answer(&self, offer: &Session<'_>) -> Result<Session<'static>, AnswerError> {
        let wanted = offer.data_channel().ok_or(AnswerError::NoDataChannel)?;
        let mid = wanted.mid()?;
        let bundled = mid.as_ref().filter(|mid| is_bundled(offer, mid));
        let setup = wanted.setup()?.unwrap_or(Setup::ActPass).answer();
        let mut builder = self.begin(bundled, &timings(offer)?)?;
        for media in offer.media() {
            if media.media_index() == wanted.media_index() {
                self.section(&mut builder, mid.as_ref(), setup, Some(&media))?;
            } else {
                reject(&mut builder, &media)?;
            }
        }
        Ok(builder.finish()?)
    }

    /// The session part, with a BUNDLE group where there is a member.
    fn begin(
        &self,
        bundled: Option<&Token<'_>>,
        timings: &[Timing],
    ) -> Result<Builder, WriteError> {
        let mut builder = Builder::new(&Origin::anonymous(self.session_id, self.session_version))?;
        for timing in timings {
            builder.timing(timing)?;
        }
        if let Some(mid) = bundled {
            let semantics = Token::new("BUNDLE").map_err(|_| WriteError::Name)?;
            builder.attribute(&Group::new(semantics, [mid.clone()]))?;
        }
        if self.ice_lite {
            builder.attribute(&IceLite)?;
        }
        // A lite agent sends no checks that could be paced (RFC 8839 §4.3.1).
        if let Some(pacing) = self.ice_pacing.as_ref().filter(|_| !self.ice_lite) {
            builder.attribute(pacing)?;
        }
        Ok(builder)
    }

    /// The media section. It repeats the protocol and formats of the offer that it answers, so
    /// that a peer of before RFC 8841 is answered in its own terms.
    fn section(
        &self,
        builder: &mut Builder,
        mid: Option<&Token<'_>>,
        setup: Setup,
        offer: Option<&Media<'_>>,
    ) -> Result<(), WriteError> {
        let (connection, port) = default_destination(&self.candidates, 1);
        let offered = offer.and_then(|media| media.line().ok());
        let line = match &offered {
            Some(line) => MediaLine { port, port_count: None, ..line.clone() },
            None => data_channel_line(port).map_err(|_| WriteError::NotALine)?,
        };
        builder.media(&line)?.connection(&connection)?;
        if let Some(mid) = mid {
            builder.attribute(&Mid(mid.clone()))?;
        }
        builder.attribute(&self.credentials.ufrag)?.attribute(&self.credentials.pwd)?;
        if let Some(options) = &self.ice_options {
            builder.attribute(options)?;
        }
        for fingerprint in &self.fingerprints {
            builder.attribute(fingerprint)?;
        }
        builder.attribute(&setup)?;
        // An answer has a tls-id only where the offer has one (RFC 8842 §5.3).
        let asked = offer.is_none_or(|media| media.has("tls-id"));
        if let Some(tls_id) = self.tls_id.as_ref().filter(|_| asked) {
            builder.attribute(tls_id)?;
        }
        match line.formats().next().filter(|_| line.proto == "DTLS/SCTP") {
            Some(port) => {
                let value = alloc::format!("{port} webrtc-datachannel 1024");
                builder.attribute_text("sctpmap", Some(&value))?;
            }
            None => {
                builder.attribute(&self.sctp_port)?;
            }
        }
        builder.attribute(&self.max_message_size)?;
        for candidate in &self.candidates {
            builder.attribute(candidate)?;
        }
        if self.end_of_candidates {
            builder.attribute(&EndOfCandidates)?;
        }
        Ok(())
    }
}

/// The address and port for a peer without ICE: the candidate most likely to work, relayed
/// before server reflexive before host (RFC 8839 §4.2.1.2), or none at all. Component 1 is RTP or
/// data, 2 RTCP.
pub(crate) fn default_destination(
    candidates: &[Candidate<'_>],
    component: u16,
) -> (Connection<'static>, u16) {
    let rank = |typ: &CandidateType<'_>| match typ {
        CandidateType::Relayed => 0,
        CandidateType::ServerReflexive => 1,
        CandidateType::Host => 2,
        CandidateType::PeerReflexive | CandidateType::Other(_) => 3,
    };
    let usable = candidates.iter().filter(|candidate| {
        candidate.component == component && candidate.transport == Transport::Udp
    });
    let best = usable
        .filter_map(|candidate| Some((candidate, candidate.address.ip()?)))
        .min_by_key(|(candidate, ip)| {
            // A peer without ICE is likely one without IPv6.
            (rank(&candidate.typ), matches!(ip, IpAddr::V6(_)), u32::MAX - candidate.priority)
        });
    match best {
        Some((candidate, ip)) => (Connection::new(ip), candidate.port),
        None => (Connection::UNKNOWN, DISCARD_PORT),
    }
}

/// The port of a section without a default candidate (RFC 8840 §4.1.1).
pub(crate) const DISCARD_PORT: u16 = 9;

fn data_channel_line(port: u16) -> Result<MediaLine<'static>, TextError> {
    let media = Token::new("application")?;
    MediaLine::new(media, port, "UDP/DTLS/SCTP", ["webrtc-datachannel"])
}

/// The `t=` lines of the offer, which the answer repeats (RFC 3264 §6).
fn timings(offer: &Session<'_>) -> Result<Vec<Timing>, Diagnostic> {
    let lines = offer.session_section().lines().filter(|line| line.kind() == Kind::Time);
    lines.map(|line| read_field(line, Timing::parse)).collect()
}

fn is_bundled(offer: &Session<'_>, mid: &str) -> bool {
    let groups = offer.session_section().all::<Group<'_>>();
    groups.flatten().any(|group| group.is_bundle() && group.mids().any(|m| m == mid))
}

/// A section that answers `media` with no: port 0, its formats, its mid (RFC 3264 §6).
fn reject(builder: &mut Builder, media: &Media<'_>) -> Result<(), AnswerError> {
    let line = MediaLine { port: 0, port_count: None, ..media.line()? };
    builder.media(&line)?.connection(&Connection::UNKNOWN)?;
    if let Some(mid) = media.mid()? {
        builder.attribute(&Mid(mid))?;
    }
    builder.attribute(&crate::attribute::Direction::Inactive)?;
    Ok(())
}

/// Why an offer cannot be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AnswerError {
    /// The offer has no data channel section, or has it switched off.
    #[error("the offer has no data channel")]
    NoDataChannel,
    /// Part of the offer that the answer needs cannot be read.
    #[error("the offer cannot be read: {0}")]
    Offer(#[from] Diagnostic),
    /// The answer cannot be written.
    #[error(transparent)]
    Write(#[from] WriteError),
}

impl Session<'_> {
    /// The first data channel section that is not switched off (RFC 8841 §4.3).
    pub fn data_channel(&self) -> Option<Media<'_>> {
        let on = |media: &Media<'_>| media.line().is_ok_and(|line| line.is_data_channel());
        self.media().find(|media| on(media) && !media.is_rejected())
    }
}

#[cfg(test)]
mod tests;
