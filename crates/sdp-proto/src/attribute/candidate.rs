//! `a=candidate`: a transport address at which a peer may be reached (RFC 8839 §5.1).

mod extensions;
mod parts;

pub use extensions::Extensions;
pub use parts::{Address, CandidateType, TcpType, Transport};

use core::fmt;
use core::str::FromStr;

use super::{Level, TypedAttribute, required};
use crate::diagnostic::{Code, ValueError};
use crate::text::{IceText, Token, Word};
use crate::value::{Field, Fields, decimal};

/// An ICE candidate in text form.
///
/// `Display` writes the value alone; [`attribute`](Self::attribute) has `candidate:` before it,
/// as browsers trickle it, and [`line`](Self::line) has `a=candidate:`. `FromStr` reads all three
/// forms. Every pair of extensions is kept, in order.
///
/// ```
/// use sdp_proto::attribute::{Address, Candidate, CandidateType};
///
/// let text = "candidate:1 1 udp 2113937151 192.0.2.3 45664 typ host generation 0 ufrag EsAw";
/// let candidate: Candidate = text.parse()?;
/// assert_eq!(candidate.address, Address::Ip([192, 0, 2, 3].into()));
/// assert_eq!(candidate.typ, CandidateType::Host);
/// assert_eq!(candidate.ufrag(), Some("EsAw"));
/// assert_eq!(candidate.attribute().to_string(), text);
/// # Ok::<(), sdp_proto::attribute::ParseCandidateError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate<'a> {
    /// Equal for candidates that are likely to work or fail together; 1 to 32 characters.
    pub foundation: IceText<'a>,
    /// 1 for RTP or data, 2 for RTCP; 1 to 256.
    pub component: u16,
    /// The transport protocol.
    pub transport: Transport<'a>,
    /// Preference, at least 1 (RFC 8445 §5.1.2).
    pub priority: u32,
    /// An IP address, or a name such as an mDNS one.
    pub address: Address<'a>,
    /// The port; 9 or 0 for an active TCP candidate.
    pub port: u16,
    /// How the candidate was found.
    pub typ: CandidateType<'a>,
    /// The related address: base or mapped address.
    pub raddr: Option<Address<'a>>,
    /// The port that goes with `raddr`.
    pub rport: Option<u16>,
    /// Which side opens a TCP connection (RFC 6544 §4.5).
    pub tcptype: Option<TcpType>,
    /// Everything else, such as `generation`, `ufrag`, `network-id`.
    pub extensions: Extensions<'a>,
}

impl<'a> Candidate<'a> {
    /// A candidate without related address and extensions.
    pub fn new(
        foundation: IceText<'a>,
        component: u16,
        priority: u32,
        (address, port): (Address<'a>, u16),
        typ: CandidateType<'a>,
    ) -> Self {
        Self {
            foundation,
            component,
            transport: Transport::Udp,
            priority,
            address,
            port,
            typ,
            raddr: None,
            rport: None,
            tcptype: None,
            extensions: Extensions::default(),
        }
    }

    /// Reads the value of the attribute, without `a=` and `candidate:`.
    pub fn parse_value(value: &'a str) -> Result<Self, ValueError> {
        let mut fields = Fields::new(value);
        let syntax = Code::CandidateSyntax;
        let foundation = fields.expect(syntax)?.ice(32, Code::CandidateFoundation)?;
        let component = fields.expect(syntax)?.component(Code::CandidateComponent)?;
        let transport = Transport::parse(fields.expect(syntax)?)?;
        let priority = fields.expect(syntax)?;
        let priority = match priority.short_number(10, Code::CandidatePriority)? {
            0 => return Err(priority.fault(Code::CandidatePriority)),
            priority => priority,
        };
        let address = Address::parse(fields.expect(syntax)?)?;
        let port = fields.expect(syntax)?.number(Code::CandidatePort)?;
        let typ = fields.expect(Code::CandidateType)?;
        if typ.text != "typ" {
            return Err(typ.fault(Code::CandidateType));
        }
        let typ = CandidateType::parse(fields.expect(Code::CandidateType)?)?;
        let mut candidate =
            Self { transport, ..Self::new(foundation, component, priority, (address, port), typ) };
        candidate.read_pairs(fields)?;
        Ok(candidate)
    }

    /// Reads the name and value pairs after the type. By the grammar the ones with a field of
    /// their own come first, and then the rest of the text is the extensions as it stands;
    /// where one comes later, the others are put together.
    fn read_pairs(&mut self, mut fields: Fields<'a>) -> Result<(), ValueError> {
        let mut tail: Option<&'a str> = None;
        let mut scattered = false;
        loop {
            let rest = fields.rest().text;
            let Some(name) = fields.next() else { break };
            let value = fields.expect(Code::CandidateExtension)?;
            if self.read_known(name, value)? {
                scattered |= tail.is_some();
            } else {
                name.token(Code::CandidateExtension)?;
                value.word(Code::CandidateExtension)?;
                tail.get_or_insert(rest);
            }
        }
        let tail = Extensions::borrowed(tail.unwrap_or_default());
        self.extensions = if scattered { tail.without(&Self::KNOWN) } else { tail };
        Ok(())
    }

    const KNOWN: [&'static str; 3] = ["raddr", "rport", "tcptype"];

    /// Takes a pair that has a field of its own. Twice is once too often.
    fn read_known(&mut self, name: Field<'a>, value: Field<'a>) -> Result<bool, ValueError> {
        let again = match name.text {
            "raddr" => self.raddr.replace(Address::parse(value)?).is_some(),
            "rport" => self.rport.replace(value.number(Code::CandidatePort)?).is_some(),
            "tcptype" => self.tcptype.replace(TcpType::parse(value)?).is_some(),
            _ => return Ok(false),
        };
        if again { Err(name.fault(Code::CandidateExtension)) } else { Ok(true) }
    }

    /// Whether both stand for one candidate, of which the second is to be dropped when fragments
    /// repeat what earlier ones said: same address, port, transport and component (RFC 8840 §4.4).
    pub fn is_again(&self, earlier: &Candidate<'_>) -> bool {
        self.address == earlier.address
            && self.port == earlier.port
            && self.transport == earlier.transport
            && self.component == earlier.component
    }

    /// The `generation` extension that browsers send: how often ICE was restarted.
    pub fn generation(&self) -> Option<u32> {
        self.extensions.get("generation").and_then(decimal)
    }

    /// The `ufrag` extension: which credentials the candidate goes with (RFC 8839 §5.4).
    pub fn ufrag(&self) -> Option<&str> {
        self.extensions.get("ufrag")
    }

    /// The same candidate with one more extension pair.
    #[must_use]
    pub fn with_extension(mut self, name: &Token<'_>, value: &Word<'_>) -> Self {
        self.extensions.push(name, value);
        self
    }

    /// `candidate:` and the value, as in an `RTCIceCandidate`.
    pub fn attribute(&self) -> impl fmt::Display + '_ {
        Prefixed("candidate:", self)
    }

    /// `a=candidate:` and the value, without a line end.
    pub fn line(&self) -> impl fmt::Display + '_ {
        Prefixed("a=candidate:", self)
    }

    /// A copy that borrows nothing.
    pub fn into_owned(self) -> Candidate<'static> {
        Candidate {
            foundation: self.foundation.into_owned(),
            component: self.component,
            transport: self.transport.into_owned(),
            priority: self.priority,
            address: self.address.into_owned(),
            port: self.port,
            typ: self.typ.into_owned(),
            raddr: self.raddr.map(Address::into_owned),
            rport: self.rport,
            tcptype: self.tcptype,
            extensions: self.extensions.into_owned(),
        }
    }
}

impl<'a> TypedAttribute<'a> for Candidate<'a> {
    const NAMES: &'static [&'static str] = &["candidate"];
    const LEVEL: Level = Level::Media;

    fn read(_: &str, value: Option<&'a str>) -> Result<Self, ValueError> {
        Self::parse_value(required(value)?)
    }
}

impl fmt::Display for Candidate<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { foundation, component, transport, priority, address, port, typ, .. } = self;
        write!(f, "{foundation} {component} {transport} {priority} {address} {port} typ {typ}")?;
        if let Some(raddr) = &self.raddr {
            write!(f, " raddr {raddr}")?;
        }
        if let Some(rport) = self.rport {
            write!(f, " rport {rport}")?;
        }
        if let Some(tcptype) = self.tcptype {
            write!(f, " tcptype {tcptype}")?;
        }
        self.extensions.fmt(f)
    }
}

struct Prefixed<'c>(&'static str, &'c Candidate<'c>);

impl fmt::Display for Prefixed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)?;
        self.1.fmt(f)
    }
}

/// Text that is not a candidate, in any of the three forms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a candidate: {error}, at byte {at}", at = error.start)]
pub struct ParseCandidateError {
    /// What is wrong, and where in the text after `candidate:`.
    #[source]
    pub error: ValueError,
}

impl FromStr for Candidate<'static> {
    type Err = ParseCandidateError;

    fn from_str(text: &str) -> Result<Self, ParseCandidateError> {
        let value = text.trim_end_matches(['\r', '\n']);
        let value = value.strip_prefix("a=").unwrap_or(value);
        let value = value.strip_prefix("candidate:").unwrap_or(value);
        Candidate::parse_value(value)
            .map(Candidate::into_owned)
            .map_err(|error| ParseCandidateError { error })
    }
}

#[cfg(test)]
mod tests;
