//! What goes into a negotiator and what comes out of it.

use super::mismatch::Mismatch;
use super::origin::OriginFault;
use super::state::SignalingState;
use crate::Session;
use crate::text::Token;

/// Something from the peer.
#[derive(Clone, Copy, Debug)]
pub enum Input<'a> {
    /// An offer.
    Offer {
        /// The description.
        text: &'a [u8],
        /// What to do if an own offer is out.
        glare: Glare,
    },
    /// An answer that another one will follow.
    ProvisionalAnswer(&'a [u8]),
    /// The answer.
    Answer(&'a [u8]),
    /// The peer takes its offer back.
    Rollback,
}

/// What to do with an offer that crosses an own one. The application decides which side is the
/// polite one; one of them must be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Glare {
    /// Report it as [`Verdict::Glare`] and change nothing: the impolite side, or one that wants
    /// to decide first.
    #[default]
    Report,
    /// Take the own offer back and go on with that of the peer: the polite side (RFC 8829
    /// §4.1.10.2).
    Yield,
}

/// What became of an input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Verdict {
    /// Taken; poll the outputs.
    Consumed,
    /// An own offer is out, so this one was left alone. Nothing changed.
    Glare,
    /// It does not fit. Nothing changed.
    Refused(Mismatch),
}

/// What a negotiator wants.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub enum Output {
    /// Send this to the peer.
    Description(Description),
    /// Something happened.
    Event(Event),
    /// Nothing waits.
    Rest,
}

/// A description of this side, which [`Policy::Strict`](crate::Policy::Strict) accepts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Description {
    /// What it is.
    pub kind: DescriptionKind,
    /// The text.
    pub session: Session<'static>,
}

/// What a description is, which its text does not say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DescriptionKind {
    /// An offer.
    Offer,
    /// An answer that another one will follow.
    ProvisionalAnswer,
    /// The answer.
    Answer,
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The state is now this one.
    State(SignalingState),
    /// An offer came in: look at [`Negotiator::judgement`](super::Negotiator::judgement), then
    /// answer.
    Offered,
    /// The peer restarts ICE on the transport of the section with this mid.
    IceRestart {
        /// The mid.
        mid: Token<'static>,
    },
    /// The offer takes a new DTLS association on the transport of the section with this mid: it
    /// names another certificate or identity, or turns the roles around (RFC 8842 §3.1). The old
    /// one serves until the answer.
    NewDtls {
        /// The mid.
        mid: Token<'static>,
    },
    /// The `o=` line of the description is not what the one before it lets expect. It was taken all
    /// the same.
    Origin(OriginFault),
    /// The answer gives the section with this mid, and those bundled with it, another transport
    /// than they had, although this side asked for no restart: ICE and DTLS start anew for it.
    /// Chromium does so when the section that carried the transport goes.
    NewTransport {
        /// The mid.
        mid: Token<'static>,
    },
    /// The answer says `actpass` of the transport of the section with this mid, which no answer may
    /// (RFC 4145 §4.1). It was taken all the same, as the DTLS association goes on, in which this
    /// side keeps its part (RFC 8842 §5.4). [`Policy::Strict`](crate::Policy::Strict) refuses it.
    RoleLeftOpen {
        /// The mid.
        mid: Token<'static>,
    },
    /// An answer settled things: see [`Negotiator::agreement`](super::Negotiator::agreement).
    Negotiated {
        /// Whether another answer may follow.
        provisional: bool,
    },
    /// The open offer was taken back, and all is as it was before it.
    RolledBack,
    /// What the application wants is no longer what was agreed: time for an offer.
    NegotiationNeeded,
}
