//! Why each section, codec and extension was kept or dropped.

use alloc::string::{String, ToString};
use core::fmt;

/// One line of the log that [`Negotiator::explain`](super::Negotiator::explain) gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// Index of the section, from 0.
    pub section: usize,
    /// What it is about.
    pub subject: Subject,
    /// What became of it, and why.
    pub reason: Reason,
}

/// What an [`Explanation`] is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// The section as a whole.
    Section,
    /// A format by its payload type and codec, such as `96 VP8/90000`.
    Codec(String),
    /// A header extension by its URI.
    Extension(String),
    /// A simulcast stream by its rid.
    Rid(String),
}

/// Why something was kept or dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    /// Kept: both sides have it.
    Agreed,
    /// ReceivedOffer; the answer will tell.
    Offered,
    /// The peer offered it and this side does not have it.
    NotOurs,
    /// This side offered it and the answer leaves it out.
    NotTheirs,
    /// Both have the codec, with parameters that make it another format.
    Parameters,
    /// A second format, extension or rid that is the same as an earlier one.
    Duplicate,
    /// Not written as its grammar has it, so that it means nothing.
    Malformed,
    /// RTX or RED whose original is not among the agreed formats.
    NoOriginal,
    /// All numbers are in use for something else.
    NoNumber,
    /// Its payload type or its id stands for something else in a section of the same group (RFC 9143
    /// §9.1).
    NumberInUse,
    /// The answer moved it to another number, which it may not.
    NumberChanged,
    /// One side wants it one way, the other side the other way alone.
    Direction,
    /// This side takes one encoding of a source alone.
    NoSimulcast,
    /// An encoding with restrictions that this side does not know, that are none of an answer, or
    /// that depends on one that is not (RFC 8851 §6).
    Restrictions,
    /// The offer switched the section off.
    OfferedOff,
    /// The answer rejected the section.
    RejectedByPeer,
    /// The application rejected the section.
    RejectedHere,
    /// The transceiver of the section was stopped.
    Stopped,
    /// Neither audio, video, text nor data channels.
    UnknownKind,
    /// Not one of the protocols with DTLS, or one of those that the configuration bears.
    Protocol,
    /// A data channel section besides the one that there is.
    SecondDataChannel,
    /// No codec in common.
    NoCodec,
    /// No ICE credentials on the transport that the section would use.
    NoCredentials,
    /// No certificate fingerprint on the transport that the section would use.
    NoFingerprint,
    /// No crypto suite in common, or no keys at all.
    NoKeys,
    /// The transport says `holdconn`, which DTLS has no use for (RFC 8842 §5.1).
    HoldConn,
    /// Media would go to a multicast address, which a side without ICE does not answer with its own.
    Multicast,
    /// RTCP would need a port of its own, against the policy.
    NoRtcpMux,
    /// The section is wanted inside a BUNDLE group alone, and there will be none.
    NoBundle,
    /// It is wanted in a group whose RTP is of another protocol (RFC 9143 §9.1).
    BundleProtocol,
    /// The section that carries the transport of the group was rejected (RFC 9143 §7.3.3).
    TagRejected,
    /// The BUNDLE policy of this side allows no further transport (RFC 8829 §5.3.1).
    BundlePolicy,
}

impl Reason {
    /// Whether it was kept.
    pub const fn is_kept(self) -> bool {
        matches!(self, Self::Agreed | Self::Offered)
    }

    /// A few words for people.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Agreed => "both sides have it",
            Self::Offered => "offered",
            Self::NotOurs => "this side does not have it",
            Self::NotTheirs => "the answer leaves it out",
            Self::Parameters => "its parameters do not agree",
            Self::Duplicate => "the same as an earlier one",
            Self::Malformed => "not written as its grammar has it",
            Self::NoOriginal => "the format it goes with was not agreed",
            Self::NoNumber => "no number is free",
            Self::NumberInUse => "its number stands for something else in the group",
            Self::NumberChanged => "the answer moved it to another number",
            Self::Direction => "the two sides want it opposite ways",
            Self::Restrictions => "its restrictions cannot be kept",
            Self::NoSimulcast => "this side takes one encoding alone",
            Self::OfferedOff => "the offer switches it off",
            Self::RejectedByPeer => "the peer rejected it",
            Self::RejectedHere => "the application rejected it",
            Self::Stopped => "its transceiver was stopped",
            Self::UnknownKind => "neither audio, video, text nor data channels",
            Self::Protocol => "not a protocol with DTLS",
            Self::SecondDataChannel => "there is a data channel section already",
            Self::NoCodec => "no codec in common",
            Self::NoCredentials => "no ICE credentials",
            Self::NoFingerprint => "no certificate fingerprint",
            Self::NoKeys => "no crypto suite in common",
            Self::HoldConn => "holdconn has no meaning for DTLS",
            Self::Multicast => "its address is that of a group of hosts",
            Self::NoRtcpMux => "RTCP would need a port of its own",
            Self::NoBundle => "wanted in a BUNDLE group alone, and there is none",
            Self::BundleProtocol => "its group has RTP of another protocol",
            Self::TagRejected => "the section with the transport of its group was rejected",
            Self::BundlePolicy => "the BUNDLE policy allows no further transport",
        }
    }
}

/// Such as `section 1: 97 H264/90000 dropped: its parameters do not agree`.
impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "section {}: ", self.section)?;
        match &self.subject {
            Subject::Section => {}
            Subject::Codec(name) | Subject::Extension(name) => write!(f, "{name} ")?,
            Subject::Rid(name) => write!(f, "rid {name} ")?,
        }
        let fate = if self.reason.is_kept() { "kept" } else { "dropped" };
        write!(f, "{fate}: {}", self.reason.as_str())
    }
}

/// Collects the log of one section.
#[derive(Debug)]
pub(super) struct ExplanationLog<'e> {
    pub(super) section: usize,
    pub(super) lines: &'e mut alloc::vec::Vec<Explanation>,
}

impl ExplanationLog<'_> {
    pub(super) fn section(&mut self, reason: Reason) {
        self.push(Subject::Section, reason);
    }

    pub(super) fn codec(&mut self, format: &crate::codec::Format<'_>, reason: Reason) {
        let name = match &format.codec {
            Some(codec) => codec.to_string(),
            None => format.payload_type.to_string(),
        };
        self.push(Subject::Codec(name), reason);
    }

    pub(super) fn extension(&mut self, uri: &str, reason: Reason) {
        self.push(Subject::Extension(uri.into()), reason);
    }

    pub(super) fn rid(&mut self, rid: &str, reason: Reason) {
        self.push(Subject::Rid(rid.into()), reason);
    }

    pub(super) fn push(&mut self, subject: Subject, reason: Reason) {
        self.lines.push(Explanation { section: self.section, subject, reason });
    }
}
