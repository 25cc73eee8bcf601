//! What the last answer settled: sections, formats, extensions, transports (RFC 8829 §5.11).

use alloc::vec::Vec;

use super::direct::DirectTransport;
use super::encoding::{SimulcastStream, rids};
use super::explain::Explanation;
use super::facts::Said;
use super::kind::Kind;
use super::numbers::Numbers;
use super::other_media::OtherMedia;
use super::side_terms::SideTerms;
use super::transceiver::{Transceiver, TransceiverId, Transceivers};
use crate::attribute::{Direction, ExtMap, Fingerprint, SctpPort, TlsId};
use crate::codec::Format;
use crate::field::MediaLine;
use crate::text::{Text, Token};
use crate::{IceCredentials, Session};

/// What both sides hold to. A rollback returns to it whole.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Agreement {
    pub(super) sections: Vec<AgreedSection>,
    /// The BUNDLE groups: indices of sections, the one with the transport first.
    pub(super) groups: Vec<Vec<usize>>,
    /// The LS groups: sections that are played in step.
    pub(super) lip_sync: Vec<Vec<usize>>,
    pub(super) payload_types: Numbers,
    pub(super) extension_ids: Numbers,
    pub(super) next_mid: u32,
    pub(super) local: Option<Session<'static>>,
    pub(super) remote: Option<Session<'static>>,
    /// Whether `local` is an answer.
    pub(super) answered: bool,
    pub(super) explanations: Vec<Explanation>,
}

impl Agreement {
    /// The sections in order, rejected ones included.
    pub fn sections(&self) -> &[AgreedSection] {
        &self.sections
    }

    /// The section with this mid.
    pub fn by_mid(&self, mid: &str) -> Option<&AgreedSection> {
        self.sections.iter().find(|section| section.mid == mid)
    }

    /// The transport that a section uses: its own, or that of its BUNDLE group.
    pub fn transport(&self, section: usize) -> Option<&AgreedTransport> {
        let section = self.sections.get(section).filter(|section| section.live)?;
        self.sections.get(section.transport)?.own_transport.as_ref()
    }

    /// The section whose transport goes on in one that carries a transport: its own, or where it is
    /// new and first in a group that goes on, that of the others. What leaves a group takes a new one.
    pub(super) fn going_on(&self, section: usize, group: Option<&[usize]>) -> Option<usize> {
        match self.sections.get(section).filter(|section| section.live) {
            Some(before) if before.transport == section || group.is_some() => Some(section),
            Some(_) => None,
            None => {
                let (first, others) = group?.split_first()?;
                let mut others = others.iter().copied().filter(|_| *first == section);
                others.find(|other| self.group_of(*other).is_some())
            }
        }
    }

    /// The description of this side.
    pub const fn local(&self) -> Option<&Session<'static>> {
        self.local.as_ref()
    }

    /// The description of the peer.
    pub const fn remote(&self) -> Option<&Session<'static>> {
        self.remote.as_ref()
    }

    /// Drops the transceivers that an offer made which did not come to anything.
    pub(super) fn drop_implicit(&self, transceivers: &mut Transceivers) {
        transceivers.retain(|entry| {
            !entry.implicit || self.sections.iter().any(|s| s.transceiver == Some(entry.id))
        });
    }

    /// The group that a section is in.
    pub(super) fn group_of(&self, section: usize) -> Option<usize> {
        self.groups.iter().position(|group| group.contains(&section))
    }

    /// A mid that no section of `used` has: a number, so that it tells nothing and is short
    /// (RFC 8829 §5.2.1).
    pub(super) fn fresh_mid(next: &mut u32, used: &[Token<'static>]) -> Token<'static> {
        loop {
            let mid = Token::new(alloc::format!("{next}"))
                .unwrap_or_else(|_| unreachable!("digits are a token"));
            *next = next.wrapping_add(1);
            if !used.contains(&mid) {
                return mid;
            }
        }
    }
}

/// What was agreed about one section.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgreedSection {
    /// Its name: of the offer, or an own one where the peer gives none.
    pub mid: Token<'static>,
    /// What it carries; `None` for what nobody serves here.
    pub kind: Option<Kind>,
    /// Whether it is in use. One that is not keeps its place, and may be used again for another.
    pub live: bool,
    /// Whom it serves. None once it is rejected.
    pub transceiver: Option<TransceiverId>,
    /// Which way media flows, seen from this side.
    pub direction: Direction,
    /// What this side says of its part.
    pub local: SideTerms,
    /// What the peer says of its part.
    pub remote: SideTerms,
    /// What this side wanted when it was agreed.
    pub(super) wanted: Option<Transceiver>,
    /// The formats in the order of the answer; the first one that is not RTX, RED or the like is
    /// the one to send.
    pub codecs: Vec<AgreedCodec>,
    /// The header extensions, directions seen from this side.
    pub extensions: Vec<ExtMap<'static>>,
    /// Whether one- and two-byte header extensions may be mixed.
    pub allow_mixed: bool,
    /// The encodings that this side sends, by the payload types of the peer.
    pub send_encodings: Vec<SimulcastStream>,
    /// The encodings that this side receives, by its own payload types.
    pub receive_encodings: Vec<SimulcastStream>,
    /// Whether those of one way are sent at once. Otherwise they only say what a stream may be.
    pub simulcast: bool,
    /// Whether RTCP shares the port with RTP.
    pub rtcp_mux: bool,
    /// Whether RTCP packets may be of reduced size.
    pub rtcp_rsize: bool,
    /// What was agreed about data channels; `None` where there is no association, as where either
    /// side says port 0 (RFC 8841 §10.3).
    pub data: Option<DataTerms>,
    /// Index of the section whose transport this one uses.
    pub transport: usize,
    /// The transport, if it is this section's own.
    pub own_transport: Option<AgreedTransport>,
    /// The ICE credentials of this side on the transport that the section uses; none without ICE.
    pub local_credentials: Option<IceCredentials<'static>>,
    /// Those that were wanted for a transport of its own when it got them.
    pub(super) asked_credentials: Option<IceCredentials<'static>>,
    /// Where and how the peer takes media, where the section does without ICE.
    pub direct: Option<DirectTransport>,
    /// What the peer says of a section that the application serves itself.
    pub other: Option<OtherMedia>,
    /// The `m=` line as it was last written.
    pub(super) line: MediaLine<'static>,
}

impl AgreedSection {
    /// A section that is not in use.
    pub(super) fn off(
        mid: Token<'static>,
        kind: Option<Kind>,
        line: MediaLine<'static>,
        index: usize,
    ) -> Self {
        Self {
            mid,
            kind,
            live: false,
            transceiver: None,
            direction: Direction::Inactive,
            local: SideTerms::default(),
            remote: SideTerms::default(),
            wanted: None,
            codecs: Vec::new(),
            extensions: Vec::new(),
            allow_mixed: false,
            send_encodings: Vec::new(),
            receive_encodings: Vec::new(),
            simulcast: false,
            rtcp_mux: false,
            rtcp_rsize: false,
            data: None,
            transport: index,
            own_transport: None,
            local_credentials: None,
            asked_credentials: None,
            direct: None,
            other: None,
            line,
        }
    }
}

impl AgreedSection {
    /// The rids of what this side sends.
    pub fn send_rids(&self) -> Vec<&Token<'static>> {
        rids(&self.send_encodings).collect()
    }

    /// The rids of what this side receives.
    pub fn receive_rids(&self) -> Vec<&Token<'static>> {
        rids(&self.receive_encodings).collect()
    }
}

/// A format that both sides have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgreedCodec {
    /// As this side describes it: its payload type is the one to expect.
    pub local: Format<'static>,
    /// As the peer describes it: its payload type is the one to send with.
    pub remote: Format<'static>,
    /// Feedback that both sides know.
    pub feedback: Vec<Text<'static>>,
    /// What tells the codec from others.
    pub(super) key: alloc::string::String,
}

/// A data channel association (RFC 8841).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DataTerms {
    /// The SCTP port of the peer.
    pub sctp_port: u16,
    /// That of this side. A new one on both sides stands for a new association (RFC 8841 §10.3).
    pub local_port: u16,
    /// The largest message that the peer takes, in bytes; 0 for any.
    pub max_message_size: u64,
}

impl DataTerms {
    /// The association between these ports, if it is one.
    pub(super) fn new(said: &Said, local: SctpPort) -> Option<Self> {
        let sctp_port = said.sctp_port.unwrap_or(SctpPort::USUAL.0);
        (sctp_port != 0 && local.0 != 0).then(|| Self {
            sctp_port,
            local_port: local.0,
            max_message_size: said.max_message_size(),
        })
    }

    /// The port with which to answer an offer: none to none, a new one to a new one, else the one
    /// that it had.
    pub(super) fn answering(before: Option<&Self>, said: &Said, usual: SctpPort) -> SctpPort {
        let theirs = said.sctp_port.unwrap_or(SctpPort::USUAL.0);
        match before {
            _ if theirs == 0 => SctpPort(0),
            None => usual,
            Some(before) if before.sctp_port == theirs => SctpPort(before.local_port),
            Some(before) => SctpPort(before.local_port.checked_add(1).unwrap_or(1)),
        }
    }
}

/// Which part this side plays in the DTLS handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DtlsRole {
    /// Opens.
    Client,
    /// Waits.
    Server,
}

/// A transport as the peer describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgreedTransport {
    /// The peer's ICE credentials.
    pub credentials: IceCredentials<'static>,
    /// The peer's certificates.
    pub fingerprints: Vec<Fingerprint<'static>>,
    /// The identity that the peer gives the association.
    pub tls_id: Option<TlsId<'static>>,
    /// The part of this side.
    pub role: DtlsRole,
}
