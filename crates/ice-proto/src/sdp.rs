//! Candidates as `a=candidate` writes them (RFC 8839 §5.1), through `sdp-proto`.
use crate::{Candidate, CandidateKind, CandidateTransport, Foundation, FoundationError, TcpType};
use alloc::format;
use core::net::{IpAddr, SocketAddr};
use sdp_proto::{
    attribute::{self, Address, CandidateType},
    text::IceText,
};
use thiserror::Error;

/// Why a candidate in SDP cannot be used. RFC 8839 §5.1 has agents pass over those that they do not
/// understand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum CandidateTextError {
    /// Its address is a name, which must be looked up first.
    #[error("the address is a name")]
    Name,
    /// Its transport is not known here.
    #[error("the transport is not supported")]
    Transport,
    /// It is over TCP, and does not say which side opens the connection (RFC 6544 §4.5).
    #[error("the candidate over TCP has no tcptype")]
    TcpType,
    /// Its kind is not known here.
    #[error("the kind of candidate is not known")]
    Kind,
    /// Its foundation is too long.
    #[error(transparent)]
    Foundation(#[from] FoundationError),
}

impl Candidate {
    /// Reads what the peer says of one of its addresses.
    ///
    /// ```
    /// use ice_proto::{Candidate, CandidateKind};
    /// let text = "candidate:1 1 udp 2130706431 192.0.2.1 5000 typ host";
    /// let candidate = Candidate::from_sdp(&text.parse()?)?;
    /// assert_eq!(candidate.kind, CandidateKind::Host);
    /// assert_eq!(candidate.to_sdp().attribute().to_string(), text);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn from_sdp(text: &attribute::Candidate<'_>) -> Result<Self, CandidateTextError> {
        let Address::Ip(ip) = text.address else { return Err(CandidateTextError::Name) };
        let transport = match text.transport {
            attribute::Transport::Udp => CandidateTransport::Udp,
            attribute::Transport::Tcp => {
                let tcp = text.tcptype.ok_or(CandidateTextError::TcpType)?;
                CandidateTransport::Tcp(match tcp {
                    attribute::TcpType::Active => TcpType::Active,
                    attribute::TcpType::Passive => TcpType::Passive,
                    attribute::TcpType::SimultaneousOpen => TcpType::SimultaneousOpen,
                })
            }
            attribute::Transport::Other(_) => return Err(CandidateTextError::Transport),
        };
        let kind = match text.typ {
            CandidateType::Host => CandidateKind::Host,
            CandidateType::ServerReflexive => CandidateKind::ServerReflexive,
            CandidateType::PeerReflexive => CandidateKind::PeerReflexive,
            CandidateType::Relayed => CandidateKind::Relayed,
            CandidateType::Other(_) => return Err(CandidateTextError::Kind),
        };
        let related = match (&text.raddr, text.rport) {
            (Some(Address::Ip(ip)), Some(port)) => Some(SocketAddr::new(*ip, port)),
            _ => None,
        };
        Ok(Self {
            foundation: text.foundation.parse()?,
            component: text.component,
            transport,
            priority: text.priority,
            address: SocketAddr::new(ip, text.port),
            kind,
            related,
        })
    }

    /// The candidate in the form that is told to the peer. One that is neither a host nor has a
    /// related address gets an unspecified one, as the grammar wants some.
    pub fn to_sdp(&self) -> attribute::Candidate<'static> {
        let typ = match self.kind {
            CandidateKind::Host => CandidateType::Host,
            CandidateKind::ServerReflexive => CandidateType::ServerReflexive,
            CandidateKind::PeerReflexive => CandidateType::PeerReflexive,
            CandidateKind::Relayed => CandidateType::Relayed,
        };
        let address = (Address::Ip(self.address.ip()), self.address.port());
        let foundation = foundation(&self.foundation);
        let mut text =
            attribute::Candidate::new(foundation, self.component, self.priority, address, typ);
        if let CandidateTransport::Tcp(tcp) = self.transport {
            text.transport = attribute::Transport::Tcp;
            text.tcptype = Some(match tcp {
                TcpType::Active => attribute::TcpType::Active,
                TcpType::Passive => attribute::TcpType::Passive,
                TcpType::SimultaneousOpen => attribute::TcpType::SimultaneousOpen,
            });
        }
        if self.kind != CandidateKind::Host {
            let unspecified = match self.address {
                SocketAddr::V4(_) => IpAddr::from([0; 4]),
                SocketAddr::V6(_) => IpAddr::from([0; 16]),
            };
            let related = self.related.unwrap_or(SocketAddr::new(unspecified, 9));
            text.raddr = Some(Address::Ip(related.ip()));
            text.rport = Some(related.port());
        }
        text
    }
}

/// A learned candidate has a foundation that is outside the grammar on purpose; should it be
/// written all the same, it gets one inside.
fn foundation(foundation: &Foundation) -> IceText<'static> {
    let text = foundation.as_str();
    let text = text.strip_prefix('*').map_or_else(|| text.into(), |n| format!("prflx{n}"));
    match IceText::new(text) {
        Ok(text) => text,
        Err(error) => unreachable!("both foundations and `prflx` with a number fit: {error}"),
    }
}

#[cfg(test)]
mod tests {
    use super::CandidateTextError;
    use crate::{Candidate, CandidateKind, CandidateTransport, Foundation, TcpType};
    use alloc::string::ToString;

    fn read(text: &str) -> Result<Candidate, CandidateTextError> {
        Candidate::from_sdp(&text.parse().unwrap())
    }

    #[test]
    fn what_is_written_is_read() {
        let host = Candidate::host("192.0.2.1:5000".parse().unwrap());
        let reflexive = Candidate {
            kind: CandidateKind::ServerReflexive,
            related: Some("10.0.0.1:5000".parse().unwrap()),
            ..host
        };
        let tcp = [TcpType::Active, TcpType::Passive, TcpType::SimultaneousOpen]
            .map(|tcp| Candidate { transport: CandidateTransport::Tcp(tcp), ..host });
        for candidate in [host, reflexive].into_iter().chain(tcp) {
            let text = candidate.to_sdp().attribute().to_string();
            assert_eq!(read(&text), Ok(candidate), "{text}");
        }
    }

    #[test]
    fn a_hidden_related_address_is_written_as_the_grammar_wants() {
        let relayed = Candidate {
            kind: CandidateKind::Relayed,
            foundation: Foundation::unique(3),
            ..Candidate::host("192.0.2.1:5000".parse().unwrap())
        };
        let text = relayed.to_sdp().attribute().to_string();
        assert!(text.ends_with("typ relay raddr 0.0.0.0 rport 9"), "{text}");
        assert!(text.starts_with("candidate:prflx3 "), "{text}");
    }

    #[test]
    fn what_is_not_understood_is_named() {
        let name = read("candidate:1 1 udp 1 a.local 5000 typ host");
        assert_eq!(name, Err(CandidateTextError::Name));
        let transport = read("candidate:1 1 sctp 1 192.0.2.1 5000 typ host");
        assert_eq!(transport, Err(CandidateTextError::Transport));
        let tcp_type = read("candidate:1 1 tcp 1 192.0.2.1 5000 typ host");
        assert_eq!(tcp_type, Err(CandidateTextError::TcpType));
        let kind = read("candidate:1 1 udp 1 192.0.2.1 5000 typ starlight");
        assert_eq!(kind, Err(CandidateTextError::Kind));
    }
}
