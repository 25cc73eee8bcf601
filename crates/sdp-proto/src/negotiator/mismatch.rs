//! Why a description of the peer was refused, and an own command was not carried out.

use super::state::SignalingState;
use crate::{AcceptError, Diagnostic, WriteError};

/// Why a description of the peer was refused. Nothing was changed by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Mismatch {
    /// It is too large or ill-formed for the policy.
    #[error(transparent)]
    Text(#[from] AcceptError),
    /// A line that matters cannot be read.
    #[error(transparent)]
    Unreadable(#[from] Diagnostic),
    /// It does not belong in this state, as an answer without an offer (RFC 8829 §5.6).
    #[error("it does not belong in the state {state}")]
    State {
        /// The state.
        state: SignalingState,
    },
    /// Outputs wait that nobody polls.
    #[error("too many outputs wait to be polled")]
    Backlog,
    /// An offer would make more transceivers than allowed.
    #[error("more than {max} transceivers")]
    Transceivers {
        /// The limit.
        max: usize,
    },
    /// An offer has fewer sections than were agreed, or an answer has not as many as the offer
    /// (RFC 3264 §6, §8).
    #[error("{found} sections where {expected} are due")]
    SectionCount {
        /// How many there should be.
        expected: usize,
        /// How many there are.
        found: usize,
    },
    /// A section of an offer changed its mid or its kind while in use, or one of an answer its kind
    /// or its protocol (RFC 3264 §6, §8.3).
    #[error("section {section} is not the one that was agreed")]
    SectionChanged {
        /// Index of the section.
        section: usize,
    },
    /// Two sections have the same mid (RFC 5888 §4).
    #[error("section {section} has the mid of an earlier one")]
    MidRepeated {
        /// Index of the second one.
        section: usize,
    },
    /// The answer accepts a section that the offer had switched off (RFC 3264 §6).
    #[error("section {section} was not offered")]
    NotOffered {
        /// Index of the section.
        section: usize,
    },
    /// The direction of the answer does not fit that of the offer (RFC 3264 §6.1).
    #[error("the direction of section {section} does not fit the offer")]
    Direction {
        /// Index of the section.
        section: usize,
    },
    /// The answer accepts a section with none of the offered codecs (RFC 3264 §6.1).
    #[error("section {section} has none of the offered codecs")]
    NoCodec {
        /// Index of the section.
        section: usize,
    },
    /// The answer groups sections that the offer does not (RFC 9143 §7.3), or accepts a
    /// bundle-only section outside of a group.
    #[error("section {section} is bundled otherwise than offered")]
    Bundle {
        /// Index of the section.
        section: usize,
    },
    /// The answer has no rtcp-mux where that is required or was agreed (RFC 8829 §5.11).
    #[error("section {section} does not multiplex RTCP")]
    RtcpMux {
        /// Index of the section.
        section: usize,
    },
    /// The answer has no ICE credentials or fingerprint for a section in use, or without ICE a
    /// multicast address (RFC 3264 §6.1).
    #[error("section {section} has no transport")]
    NoTransport {
        /// Index of the section.
        section: usize,
    },
    /// The answer says `actpass` or `holdconn`, or turns the role around in a DTLS association
    /// that goes on (RFC 8842 §5.3). `actpass` is borne there, unless the policy is strict.
    #[error("section {section} takes a DTLS role that it cannot have")]
    Setup {
        /// Index of the section.
        section: usize,
    },
    /// An answer restarts ICE, or DTLS, that the offer did not restart (RFC 8829 §5.10, §5.11).
    #[error("section {section} restarts what the offer did not restart")]
    RestartNotOffered {
        /// Index of the section.
        section: usize,
    },
    /// An answer keeps the ICE credentials although the offer restarts (RFC 8829 §5.10).
    #[error("section {section} does not take part in the restart")]
    RestartIgnored {
        /// Index of the section.
        section: usize,
    },
}

/// Why an own command was not carried out. Nothing was changed by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CommandError {
    /// It does not belong in this state.
    #[error("not possible in the state {state}")]
    State {
        /// The state.
        state: SignalingState,
    },
    /// Outputs wait that nobody polls.
    #[error("too many outputs wait to be polled")]
    Backlog,
    /// There is no such transceiver, or it was stopped.
    #[error("there is no such transceiver")]
    NoSuchTransceiver,
    /// There is no such section in the offer.
    #[error("there is no section {section}")]
    NoSuchSection {
        /// Index that was asked for, from 0.
        section: usize,
    },
    /// There is a data channel transceiver already; one carries all channels.
    #[error("there is a data channel transceiver already")]
    SecondDataChannel,
    /// A transceiver of [`Kind::Other`](super::Kind::Other) without what the application says of it,
    /// or one of another kind with it.
    #[error("what the application serves itself does not go with its kind")]
    OtherMedia,
    /// A section that another kind of media cannot take: one that is not in use, or that has ICE.
    #[error("the section cannot be given to another kind of media")]
    NotReplaceable,
    /// More transceivers than [`Config::transceivers_max`](super::Config::transceivers_max).
    #[error("more than {max} transceivers")]
    Transceivers {
        /// The limit.
        max: usize,
    },
    /// More candidates than [`Config::candidates_max`](super::Config::candidates_max).
    #[error("more than {max} candidates in a section")]
    Candidates {
        /// The limit.
        max: usize,
    },
    /// More sections than [`Limits::media_max`](crate::Limits::media_max).
    #[error("more than {max} sections")]
    Sections {
        /// The limit.
        max: usize,
    },
    /// The peer restarts ICE, so the answer needs new credentials:
    /// [`Negotiator::restart_ice`](super::Negotiator::restart_ice) first (RFC 8839 §4.4.2).
    #[error("the peer restarts ICE, which takes new credentials here as well")]
    CredentialsNeeded,
    /// There are no codecs for a section that is to be offered.
    #[error("a transceiver has no codec to offer")]
    NoCodec,
    /// A section is to be offered with keys, and [`Direct::crypto`](super::Direct::crypto) has none.
    #[error("a transceiver is to be offered with keys, and there are none")]
    NoKeys,
    /// The description cannot be written.
    #[error(transparent)]
    Write(#[from] WriteError),
}
