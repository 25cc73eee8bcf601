//! What carries the bytes of a candidate, and for TCP which side opens the connection (RFC 6544 §3).
use core::fmt;
use sans_io::Transport;

/// Which side opens the connection of a TCP candidate (RFC 6544 §3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TcpType {
    /// Its agent does. Its port says nothing, and is told as 9.
    Active,
    /// The peer does: its agent listens there.
    Passive,
    /// Both do at the same time.
    SimultaneousOpen,
}

impl TcpType {
    /// The one that it makes a pair with (RFC 6544 §6.2).
    ///
    /// ```
    /// use ice_proto::TcpType;
    /// assert_eq!(TcpType::Active.counterpart(), TcpType::Passive);
    /// assert_eq!(TcpType::SimultaneousOpen.counterpart(), TcpType::SimultaneousOpen);
    /// ```
    #[must_use]
    pub const fn counterpart(self) -> Self {
        match self {
            Self::Active => Self::Passive,
            Self::Passive => Self::Active,
            Self::SimultaneousOpen => Self::SimultaneousOpen,
        }
    }

    /// The word that `tcptype` uses (RFC 6544 §4.5).
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Passive => "passive",
            Self::SimultaneousOpen => "so",
        }
    }
}

impl fmt::Display for TcpType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What carries the bytes of a candidate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CandidateTransport {
    /// Datagrams.
    Udp,
    /// A connection with a frame for each datagram (RFC 6544, RFC 4571).
    Tcp(TcpType),
}

impl CandidateTransport {
    /// That of the paths from or to such a candidate.
    pub const fn carrier(self) -> Transport {
        match self {
            Self::Udp => Transport::Udp,
            Self::Tcp(_) => Transport::Tcp,
        }
    }

    /// What the other end of a pair has (RFC 6544 §6.2).
    #[must_use]
    pub const fn counterpart(self) -> Self {
        match self {
            Self::Udp => Self::Udp,
            Self::Tcp(tcp) => Self::Tcp(tcp.counterpart()),
        }
    }

    /// Whether the agent of such a candidate waits for the peer to connect.
    pub const fn is_passive(self) -> bool {
        matches!(self, Self::Tcp(TcpType::Passive))
    }
}

impl fmt::Display for CandidateTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Udp => f.write_str("udp"),
            Self::Tcp(tcp) => write!(f, "tcp {tcp}"),
        }
    }
}
