//! The signaling states and who may do what in which (RFC 8829 §3.2, figure 2).

use core::fmt;

/// Where the exchange of descriptions stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SignalingState {
    /// No offer is open.
    Stable,
    /// An own offer waits for its answer.
    HaveLocalOffer,
    /// An own offer has a provisional answer.
    HaveRemotePranswer,
    /// An offer of the peer waits for the answer of this side.
    HaveRemoteOffer,
    /// An offer of the peer was answered for the time being.
    HaveLocalPranswer,
    /// The end.
    Closed,
}

impl SignalingState {
    /// As WebRTC spells it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Stable => "stable",
            Self::HaveLocalOffer => "have-local-offer",
            Self::HaveRemotePranswer => "have-remote-pranswer",
            Self::HaveRemoteOffer => "have-remote-offer",
            Self::HaveLocalPranswer => "have-local-pranswer",
            Self::Closed => "closed",
        }
    }
}

impl fmt::Display for SignalingState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
