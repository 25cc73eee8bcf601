//! What each side tells the other to be found and known by, in as few bytes as may be, and the line of
//! text that people copy.
use crate::identity::Fingerprint;
use data_encoding::BASE64URL_NOPAD;
use spool::{Candidate, CandidateKind, CandidateTransport, IceCredentials, IceParameters};
use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    str::FromStr,
    time::Duration,
};
use thiserror::Error;

/// How the line begins.
const PREFIX: &str = "spool1:";

/// The one version there is.
const VERSION: u8 = 1;

/// More candidates than any host has that is meant well.
const CANDIDATES_MAX: usize = 64;

/// The longest line taken in: far more than that many candidates make.
const LINE_MAX: usize = 8192;

/// One side of a meeting: the fingerprint of its certificate and its ICE parameters.
///
/// `Display` and `FromStr` are the line that people copy, `spool1:` and base64url. Who changes the line
/// on its way can be in the middle; see [`Link::words`](crate::Link::words).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invitation {
    /// What its certificate is known by.
    pub fingerprint: Fingerprint,
    /// How it may be reached.
    pub ice: IceParameters,
}

/// Why a text is no invitation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum InvitationError {
    /// It does not begin as one does.
    #[error("it does not begin with spool1:")]
    Prefix,
    /// Another version of this program wrote it.
    #[error("another version of spool wrote it; use the same on both sides")]
    Version,
    /// It is cut off, has something in it that does not belong there, or makes no sense.
    #[error("it is not whole; copy all of the line, and nothing else")]
    Broken,
}

impl Invitation {
    /// The bytes of it, at most a few hundred.
    pub fn pack(&self) -> Vec<u8> {
        let mut packed = vec![VERSION];
        packed.extend_from_slice(&self.fingerprint.0);
        put_text(&mut packed, &self.ice.credentials.ufrag);
        put_text(&mut packed, &self.ice.credentials.pwd);
        let pacing = self.ice.pacing.map_or(0, |pacing| pacing.as_millis());
        packed.push(u8::try_from(pacing).unwrap_or(u8::MAX));
        let datagrams = |c: &&Candidate| c.transport == CandidateTransport::Udp;
        for candidate in self.ice.candidates.iter().filter(datagrams).take(CANDIDATES_MAX) {
            put_candidate(&mut packed, candidate);
        }
        packed
    }

    /// Reads what [`pack`](Self::pack) wrote.
    pub fn unpack(packed: &[u8]) -> Result<Self, InvitationError> {
        let (version, mut rest) = packed.split_first().ok_or(InvitationError::Broken)?;
        if *version != VERSION {
            return Err(InvitationError::Version);
        }
        Self::unpack_first(&mut rest).ok_or(InvitationError::Broken)
    }

    fn unpack_first(rest: &mut &[u8]) -> Option<Self> {
        let fingerprint = Fingerprint(*take(rest)?);
        let (ufrag, pwd) = (take_text(rest)?, take_text(rest)?);
        let credentials = IceCredentials::new(ufrag, pwd).ok()?;
        let [pacing] = *take(rest)?;
        let pacing = (pacing > 0).then(|| Duration::from_millis(pacing.into()));
        let mut candidates = Vec::new();
        while !rest.is_empty() {
            candidates.push(take_candidate(rest)?);
            if candidates.len() > CANDIDATES_MAX {
                return None;
            }
        }
        Some(Self { fingerprint, ice: IceParameters { credentials, candidates, pacing } })
    }
}

fn put_text(packed: &mut Vec<u8>, text: &str) {
    // ICE has no longer ones (RFC 8839 §5.4)
    let bytes = text.as_bytes().get(..255).unwrap_or(text.as_bytes());
    packed.push(bytes.len() as u8);
    packed.extend_from_slice(bytes);
}

fn put_candidate(packed: &mut Vec<u8>, candidate: &Candidate) {
    let kind = match candidate.kind {
        CandidateKind::Host => 0,
        CandidateKind::ServerReflexive => 1,
        CandidateKind::PeerReflexive => 2,
        CandidateKind::Relayed => 3,
    };
    packed.push(kind | u8::from(candidate.address.is_ipv6()) << 2);
    packed.extend_from_slice(&candidate.priority.to_be_bytes());
    packed.extend_from_slice(&candidate.address.port().to_be_bytes());
    match candidate.address.ip() {
        IpAddr::V4(v4) => packed.extend_from_slice(&v4.octets()),
        IpAddr::V6(v6) => packed.extend_from_slice(&v6.octets()),
    }
    put_text(packed, candidate.foundation.as_str());
}

/// The related address is left out: it serves diagnosis alone, and tells more than it must.
fn take_candidate(rest: &mut &[u8]) -> Option<Candidate> {
    let [head] = *take(rest)?;
    let kind = match head & 3 {
        0 => CandidateKind::Host,
        1 => CandidateKind::ServerReflexive,
        2 => CandidateKind::PeerReflexive,
        _ => CandidateKind::Relayed,
    };
    let priority = u32::from_be_bytes(*take(rest)?);
    let port = u16::from_be_bytes(*take(rest)?);
    let ip: IpAddr = match head >> 2 {
        0 => Ipv4Addr::from(*take::<4>(rest)?).into(),
        1 => Ipv6Addr::from(*take::<16>(rest)?).into(),
        _ => return None,
    };
    let foundation = take_text(rest)?.parse().ok()?;
    let address = SocketAddr::new(ip, port);
    let related = None;
    Some(Candidate {
        foundation,
        component: ice_proto::COMPONENT,
        transport: CandidateTransport::Udp,
        priority,
        address,
        kind,
        related,
    })
}

fn take<'a, const N: usize>(rest: &mut &'a [u8]) -> Option<&'a [u8; N]> {
    let (taken, behind) = rest.split_first_chunk()?;
    *rest = behind;
    Some(taken)
}

fn take_text<'a>(rest: &mut &'a [u8]) -> Option<&'a str> {
    let [len] = *take(rest)?;
    let (text, behind) = rest.split_at_checked(len.into())?;
    *rest = behind;
    str::from_utf8(text).ok()
}

impl fmt::Display for Invitation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(PREFIX)?;
        f.write_str(&BASE64URL_NOPAD.encode(&self.pack()))
    }
}

impl FromStr for Invitation {
    type Err = InvitationError;

    /// Spaces and ends of lines within are passed over: mail and chat break long lines.
    fn from_str(text: &str) -> Result<Self, InvitationError> {
        if text.len() > LINE_MAX {
            return Err(InvitationError::Broken);
        }
        let text: String = text.split_whitespace().collect();
        let text = text.strip_prefix(PREFIX).ok_or(InvitationError::Prefix)?;
        let packed =
            BASE64URL_NOPAD.decode(text.as_bytes()).map_err(|_| InvitationError::Broken)?;
        Self::unpack(&packed)
    }
}

#[cfg(test)]
mod tests {
    use super::{Invitation, InvitationError};
    use crate::identity::Fingerprint;
    use proptest::prelude::*;
    use spool::{Candidate, CandidateKind, IceCredentials, IceParameters};
    use std::time::Duration;

    fn invitation() -> Invitation {
        let mut candidates: Vec<_> = ["192.0.2.1:5000", "[2001:db8::1]:5001", "198.51.100.9:9"]
            .map(|address| Candidate::host(address.parse().unwrap()))
            .into();
        candidates[2].kind = CandidateKind::Relayed;
        candidates[2].priority = 7;
        let credentials = IceCredentials::new("8hhYabcd", "asd88fgpdd777uzjYhagZgXX").unwrap();
        let pacing = Some(Duration::from_millis(5));
        let ice = IceParameters { credentials, candidates, pacing };
        Invitation { fingerprint: Fingerprint([7; 32]), ice }
    }

    #[test]
    fn what_is_packed_is_unpacked_and_short() {
        let invitation = invitation();
        let line = invitation.to_string();
        assert_eq!(line.parse::<Invitation>().unwrap(), invitation);
        assert!(line.len() < 190, "{}", line.len());
        let wrapped = format!("  {}\r\n {}\n", &line[..50], &line[50..]);
        assert_eq!(wrapped.parse::<Invitation>().unwrap(), invitation);
    }

    #[test]
    fn each_mistake_is_told() {
        let line = invitation().to_string();
        assert_eq!("hello".parse::<Invitation>(), Err(InvitationError::Prefix));
        assert_eq!("spool1:".parse::<Invitation>(), Err(InvitationError::Broken));
        assert_eq!("spool1:AgAA".parse::<Invitation>(), Err(InvitationError::Version));
        assert_eq!(line[..line.len() - 3].parse::<Invitation>(), Err(InvitationError::Broken));
        assert_eq!(format!("{line}!").parse::<Invitation>(), Err(InvitationError::Broken));
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes: Vec<u8>) {
            let _ = Invitation::unpack(&bytes);
            let mut after = invitation().pack();
            after.extend(bytes);
            if let Ok(invitation) = Invitation::unpack(&after) {
                prop_assert_eq!(invitation.pack(), after);
            }
        }
    }
}
