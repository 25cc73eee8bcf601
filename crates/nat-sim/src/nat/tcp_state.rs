//! Where a TCP session is, as a NAT sees it (RFC 7857 §2).
use crate::Segment;

/// The states of RFC 7857's figure, with the half-open one split by who began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) enum TcpState {
    /// Nothing seen yet.
    #[default]
    Closed,
    /// A SYN went out or came in.
    Init {
        /// Whether the inside began.
        from_inside: bool,
    },
    /// SYNs went both ways.
    Established,
    /// One side has closed.
    HalfClosed {
        /// Whether it was the inside.
        from_inside: bool,
    },
    /// Both sides have closed.
    Closing,
    /// A reset passed.
    Trans,
}

impl TcpState {
    /// The state after a segment.
    pub(crate) fn after(self, segment: &Segment, inside: bool) -> Self {
        if segment.rst {
            return Self::Trans;
        }
        match self {
            Self::Closed | Self::Closing | Self::Trans if segment.syn => {
                Self::Init { from_inside: inside }
            }
            Self::Init { from_inside } if segment.syn && from_inside != inside => Self::Established,
            Self::Established if segment.fin => Self::HalfClosed { from_inside: inside },
            Self::HalfClosed { from_inside } if segment.fin && from_inside != inside => {
                Self::Closing
            }
            Self::Trans if !segment.payload.is_empty() => Self::Established,
            state => state,
        }
    }
}
