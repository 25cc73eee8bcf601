//! Foundations: which candidates are likely to work or fail together (RFC 8445 §5.1.1.3).
use crate::{CandidateKind, CandidateTransport};
use alloc::vec::Vec;
use core::{fmt, net::IpAddr};
use thiserror::Error;

/// The longest foundation that the grammar allows (RFC 8839 §5.1).
const LEN_MAX: usize = 32;

/// One to 32 letters, digits, `+` and `/` that name a group of candidates.
///
/// ```
/// use ice_proto::Foundation;
/// let foundation: Foundation = "4234997325".parse()?;
/// assert_eq!(foundation.as_str(), "4234997325");
/// assert!("no spaces".parse::<Foundation>().is_err());
/// # Ok::<(), ice_proto::FoundationError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Foundation {
    bytes: [u8; LEN_MAX],
    len: u8,
}

impl Foundation {
    /// The text.
    pub fn as_str(&self) -> &str {
        // Only ASCII is ever stored.
        core::str::from_utf8(&self.bytes[..usize::from(self.len)]).unwrap_or_default()
    }

    /// The number in decimal, as local candidates use it.
    pub(crate) fn numbered(number: u32) -> Self {
        Self::with_prefix(None, number)
    }

    /// A foundation that no signalled candidate can have, for a peer-reflexive one
    /// (RFC 8445 §7.3.1.3): its first character is outside the grammar.
    pub(crate) fn unique(number: u32) -> Self {
        Self::with_prefix(Some(b'*'), number)
    }

    fn with_prefix(prefix: Option<u8>, number: u32) -> Self {
        let mut digits = [0; 10];
        let mut first = digits.len();
        let mut left = number;
        loop {
            first -= 1;
            digits[first] = b'0' + (left % 10) as u8;
            left /= 10;
            if left == 0 {
                break;
            }
        }
        let mut this = Self { bytes: [0; LEN_MAX], len: 0 };
        for byte in prefix.into_iter().chain(digits[first..].iter().copied()) {
            this.bytes[usize::from(this.len)] = byte;
            this.len += 1;
        }
        this
    }
}

impl core::str::FromStr for Foundation {
    type Err = FoundationError;

    fn from_str(text: &str) -> Result<Self, FoundationError> {
        if text.is_empty() || text.len() > LEN_MAX {
            return Err(FoundationError::Length(text.len()));
        }
        if !text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'+' || byte == b'/') {
            return Err(FoundationError::Character);
        }
        let mut bytes = [0; LEN_MAX];
        bytes[..text.len()].copy_from_slice(text.as_bytes());
        Ok(Self { bytes, len: text.len() as u8 })
    }
}

impl fmt::Display for Foundation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Foundation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

/// Why a text is no foundation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum FoundationError {
    /// It is empty or longer than 32 characters.
    #[error("a foundation has 1 to 32 characters, not {0}")]
    Length(usize),
    /// It has a character other than letters, digits, `+` and `/`.
    #[error("a foundation consists of letters, digits, '+' and '/'")]
    Character,
}

/// What two local candidates must share to have the same foundation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Group {
    pub kind: CandidateKind,
    pub base: IpAddr,
    /// The STUN or TURN server, by the address it was asked at.
    pub server: Option<IpAddr>,
    pub transport: CandidateTransport,
}

/// Numbers the groups of local candidates in the order in which they come. A host that goes from
/// network to network makes ever new ones; the oldest are forgotten.
#[derive(Debug, Default)]
pub(crate) struct Foundations {
    groups: Vec<Group>,
    /// How many were forgotten.
    forgotten: u32,
}

/// Far more groups than there are candidates at a time.
const GROUPS_MAX: usize = 512;

impl Foundations {
    /// The foundation of `group`.
    pub(crate) fn of(&mut self, group: Group) -> Foundation {
        let known = self.groups.iter().position(|known| *known == group);
        let index = known.unwrap_or_else(|| {
            if self.groups.capacity() == 0 {
                self.groups.reserve_exact(1);
            }
            if self.groups.len() >= GROUPS_MAX {
                self.groups.remove(0);
                self.forgotten = self.forgotten.wrapping_add(1);
            }
            self.groups.push(group);
            self.groups.len() - 1
        });
        Foundation::numbered(self.forgotten.wrapping_add(index as u32 + 1))
    }
}

#[cfg(test)]
mod tests {
    use super::{Foundation, FoundationError, Foundations, Group};
    use crate::{CandidateKind, CandidateTransport, TcpType};
    use alloc::{string::ToString, vec::Vec};

    #[test]
    fn only_ice_chars_up_to_32_are_taken() {
        assert_eq!("a+/9".parse::<Foundation>().unwrap().to_string(), "a+/9");
        assert_eq!("".parse::<Foundation>(), Err(FoundationError::Length(0)));
        assert_eq!("a".repeat(33).parse::<Foundation>(), Err(FoundationError::Length(33)));
        assert!("a".repeat(32).parse::<Foundation>().is_ok());
        for bad in ["a b", "é", "*1", "a-b"] {
            assert_eq!(bad.parse::<Foundation>(), Err(FoundationError::Character));
        }
    }

    #[test]
    fn numbers_are_written_in_decimal() {
        assert_eq!(Foundation::numbered(0).as_str(), "0");
        assert_eq!(Foundation::numbered(u32::MAX).as_str(), "4294967295");
        assert_eq!(Foundation::unique(70).as_str(), "*70");
    }

    #[test]
    fn a_unique_foundation_cannot_be_signalled() {
        assert!(Foundation::unique(1).as_str().parse::<Foundation>().is_err());
    }

    #[test]
    fn kind_base_server_and_transport_each_part_groups() {
        let first = Group {
            kind: CandidateKind::ServerReflexive,
            base: [10, 0, 0, 1].into(),
            server: Some([192, 0, 2, 1].into()),
            transport: CandidateTransport::Udp,
        };
        let others = [
            Group { kind: CandidateKind::Relayed, ..first },
            Group { base: [10, 0, 0, 2].into(), ..first },
            Group { server: Some([192, 0, 2, 2].into()), ..first },
            Group { transport: CandidateTransport::Tcp(TcpType::Active), ..first },
            Group { transport: CandidateTransport::Tcp(TcpType::Passive), ..first },
        ];
        let mut foundations = Foundations::default();
        let number = foundations.of(first);
        assert_eq!(number.as_str(), "1");
        for other in others {
            assert_ne!(foundations.of(other), number);
        }
        assert_eq!(foundations.of(first), number);
    }

    #[test]
    fn groups_beyond_number_get_numbers_of_their_own() {
        let group = |n: u32| Group {
            kind: CandidateKind::Host,
            base: n.to_be_bytes().into(),
            server: None,
            transport: CandidateTransport::Udp,
        };
        let mut foundations = Foundations::default();
        let all: Vec<_> = (0..2_000).map(|n| foundations.of(group(n))).collect();
        let different: alloc::collections::BTreeSet<_> = all.iter().collect();
        assert_eq!(different.len(), all.len());
        assert_eq!(foundations.of(group(1_999)), all[1_999], "the newest are known");
        assert_ne!(foundations.of(group(0)), all[0], "the oldest are not");
    }
}
