//! Candidates: addresses at which an agent may be reached (RFC 8445 §5.1.1 and §5.3).
use crate::{CandidateTransport, Foundation, TcpType};
use core::{fmt, net::SocketAddr};
use sans_io::canonical;
use thiserror::Error;

/// The component that all candidates of this crate belong to: one stream, one component, as BUNDLE
/// and rtcp-mux make it.
pub const COMPONENT: u16 = 1;

/// How a candidate was found (RFC 8445 §4, "Candidate Type").
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CandidateKind {
    /// An address of the host's own interface.
    Host,
    /// Seen by the peer when a connectivity check arrived.
    PeerReflexive,
    /// Seen by a STUN or TURN server: the outer side of a NAT.
    ServerReflexive,
    /// An address of a TURN server that passes everything on.
    Relayed,
}

impl CandidateKind {
    /// The word that `a=candidate` uses (RFC 8839 §5.1).
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Host => "host",
            Self::PeerReflexive => "prflx",
            Self::ServerReflexive => "srflx",
            Self::Relayed => "relay",
        }
    }
}

impl fmt::Display for CandidateKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What one agent tells the other about one of its addresses (RFC 8445 §5.3).
///
/// ```
/// use ice_proto::{Candidate, CandidateKind};
/// let candidate = Candidate::host("192.0.2.1:5000".parse()?);
/// assert_eq!(candidate.kind, CandidateKind::Host);
/// assert_eq!(candidate.priority, 2_130_706_431);
/// assert_eq!(candidate.to_string(), "host udp 192.0.2.1:5000");
/// # Ok::<(), core::net::AddrParseError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Candidate {
    /// Equal for candidates that are likely to work or fail together (RFC 8445 §5.1.1.3).
    pub foundation: Foundation,
    /// Always [`COMPONENT`] in this crate.
    pub component: u16,
    /// What carries the bytes.
    pub transport: CandidateTransport,
    /// From 1 to 2³¹ − 1; higher is better (RFC 8445 §5.1.2).
    pub priority: u32,
    /// Where it may be reached; the port of one that only connects means nothing, and is 9.
    pub address: SocketAddr,
    /// How it was found.
    pub kind: CandidateKind,
    /// The base of a reflexive candidate, the mapped address of a relayed one; for diagnosis only.
    pub related: Option<SocketAddr>,
}

impl Candidate {
    /// A host candidate of the only address of its host: foundation "1" and the highest priority.
    pub fn host(address: SocketAddr) -> Self {
        Self {
            foundation: Foundation::numbered(1),
            component: COMPONENT,
            transport: CandidateTransport::Udp,
            priority: crate::priority::candidate(
                CandidateKind::Host,
                CandidateTransport::Udp,
                u16::MAX,
            ),
            address: canonical(address),
            kind: CandidateKind::Host,
            related: None,
        }
    }

    /// Refuses what cannot be a candidate of a peer.
    pub(crate) fn validate(&self) -> Result<(), AddCandidateError> {
        if self.component != COMPONENT {
            return Err(AddCandidateError::Component(self.component));
        }
        if self.priority == 0 || self.priority > i32::MAX as u32 {
            return Err(AddCandidateError::Priority(self.priority));
        }
        let ip = self.address.ip();
        let broadcast = matches!(ip, core::net::IpAddr::V4(v4) if v4.is_broadcast());
        // Nobody connects to one that is active, whose port means nothing (RFC 6544 §4.5).
        let has_port =
            self.address.port() != 0 || self.transport == CandidateTransport::Tcp(TcpType::Active);
        if ip.is_unspecified() || ip.is_multicast() || broadcast || !has_port {
            return Err(AddCandidateError::Address(self.address));
        }
        Ok(())
    }
}

impl fmt::Display for Candidate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.kind, self.transport, self.address)
    }
}

/// Why a candidate of the peer was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum AddCandidateError {
    /// It is for another component than the only one there is.
    #[error("component {0} is not in use: all flows share component 1")]
    Component(u16),
    /// Its transport is not in use: see [`IceConfig::tcp`](crate::IceConfig::tcp).
    #[error("candidates over {0} are not in use")]
    Transport(CandidateTransport),
    /// Its priority is not between 1 and 2³¹ − 1 (RFC 8445 §5.1.2).
    #[error("priority {0} is out of range")]
    Priority(u32),
    /// Nothing can be sent to such an address.
    #[error("{0} cannot be reached")]
    Address(SocketAddr),
    /// [`remote_candidates_max`](crate::IceConfig::remote_candidates_max) is reached.
    #[error("too many remote candidates")]
    Full,
    /// It is of another generation than the newest: ICE was restarted since it was found.
    #[error("ICE was restarted since this candidate was found")]
    Generation,
    /// The agent is closed.
    #[error("the agent is closed")]
    Closed,
}

#[cfg(test)]
mod tests {
    use super::{AddCandidateError, Candidate};
    use crate::{CandidateTransport, TcpType};
    use alloc::string::ToString;

    fn host() -> Candidate {
        Candidate::host("192.0.2.1:5000".parse().unwrap())
    }

    #[test]
    fn a_sound_candidate_is_taken() {
        assert_eq!(host().validate(), Ok(()));
    }

    #[test]
    fn unusable_candidates_are_refused_by_fault() {
        let component = Candidate { component: 2, ..host() };
        assert_eq!(component.validate(), Err(AddCandidateError::Component(2)));
        for priority in [0, 1 << 31, u32::MAX] {
            let bad = Candidate { priority, ..host() };
            assert_eq!(bad.validate(), Err(AddCandidateError::Priority(priority)));
        }
        for address in ["0.0.0.0:9", "192.0.2.1:0", "224.0.0.1:9", "255.255.255.255:9", "[::]:9"] {
            let address = address.parse().unwrap();
            let bad = Candidate { address, ..host() };
            assert_eq!(bad.validate(), Err(AddCandidateError::Address(address)));
        }
    }

    #[test]
    fn the_port_of_a_candidate_that_only_connects_means_nothing() {
        let address = "192.0.2.1:0".parse().unwrap();
        let active = CandidateTransport::Tcp(TcpType::Active);
        let passive = CandidateTransport::Tcp(TcpType::Passive);
        let of = |transport| Candidate { transport, address, ..host() };
        assert_eq!(of(active).validate(), Ok(()));
        assert_eq!(of(passive).validate(), Err(AddCandidateError::Address(address)));
        assert_eq!(of(active).to_string(), "host tcp active 192.0.2.1:0");
    }

    #[test]
    fn mapped_addresses_become_plain() {
        let mapped = Candidate::host("[::ffff:192.0.2.1]:9".parse().unwrap());
        assert_eq!(mapped.address, "192.0.2.1:9".parse().unwrap());
    }
}
