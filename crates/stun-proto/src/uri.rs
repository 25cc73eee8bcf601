//! `stun:`, `stuns:`, `turn:` and `turns:` URIs (RFC 7064 §3.1, RFC 7065 §3.1).
use alloc::string::String;
use core::{
    fmt,
    net::{IpAddr, Ipv6Addr},
    str::FromStr,
};
use sans_io::Transport;

#[cfg(test)]
mod tests;

/// What a server is for, and whether the way to it is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scheme {
    /// STUN.
    Stun,
    /// STUN over TLS or DTLS.
    Stuns,
    /// TURN.
    Turn,
    /// TURN over TLS or DTLS.
    Turns,
}

impl Scheme {
    /// The scheme as it is written, without the colon.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Stun => "stun",
            Self::Stuns => "stuns",
            Self::Turn => "turn",
            Self::Turns => "turns",
        }
    }

    /// Whether the way to the server is encrypted.
    pub const fn is_secure(self) -> bool {
        matches!(self, Self::Stuns | Self::Turns)
    }

    /// Whether the server relays.
    pub const fn is_turn(self) -> bool {
        matches!(self, Self::Turn | Self::Turns)
    }

    /// 3478, or 5349 where it is encrypted.
    pub const fn default_port(self) -> u16 {
        if self.is_secure() { 5349 } else { 3478 }
    }
}

/// Where a server is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Host {
    /// At an address.
    Ip(IpAddr),
    /// At a name, to be looked up; in lower case.
    Name(String),
}

/// What runs below STUN, without or with encryption, as a URI says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum UriTransport {
    /// UDP, or DTLS over it.
    Udp,
    /// TCP, or TLS over it.
    Tcp,
}

impl UriTransport {
    /// The transport that it means, with or without encryption (RFC 5928 §3, table 1). `None`: it
    /// is DTLS (RFC 7350), which there is no [`Transport`] for.
    pub const fn transport(self, secure: bool) -> Option<Transport> {
        match (self, secure) {
            (Self::Udp, false) => Some(Transport::Udp),
            (Self::Udp, true) => None,
            (Self::Tcp, false) => Some(Transport::Tcp),
            (Self::Tcp, true) => Some(Transport::Tls),
        }
    }
}

/// A server, as people and web pages name it.
///
/// ```
/// use stun_proto::{Host, Scheme, Uri, UriTransport};
/// let uri: Uri = "turns:Relay.Example.org:443?transport=tcp".parse()?;
/// assert_eq!(uri.scheme, Scheme::Turns);
/// assert_eq!(uri.host, Host::Name("relay.example.org".into()));
/// assert_eq!((uri.port, uri.transport), (Some(443), Some(UriTransport::Tcp)));
/// assert_eq!(uri.to_string(), "turns:relay.example.org:443?transport=tcp");
/// # Ok::<(), stun_proto::UriError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Uri {
    /// What is before the first colon.
    pub scheme: Scheme,
    /// Where the server is.
    pub host: Host,
    /// Its port, if it is given.
    pub port: Option<u16>,
    /// The transport, if it is given; `turn:` and `turns:` only.
    pub transport: Option<UriTransport>,
}

/// Why a text is not such a URI.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum UriError {
    /// It begins with none of the four schemes and a colon.
    #[error("it must begin with stun:, stuns:, turn: or turns:")]
    Scheme,
    /// There is `//`, as in the URIs of web pages.
    #[error("there is no // in these URIs: write stun:host")]
    Slashes,
    /// There is no host, or it is neither an address nor a name.
    #[error("the host is neither an address nor a name")]
    Host,
    /// It looks like an IPv6 address without brackets.
    #[error("write an IPv6 address in brackets: [2001:db8::1]")]
    Brackets,
    /// The port is not a number from 1 to 65535.
    #[error("the port is not a number from 1 to 65535")]
    Port,
    /// What follows `?` is not `transport=udp` or `transport=tcp`, or not for this scheme.
    #[error("after ? only transport=udp or transport=tcp may stand, with turn: and turns:")]
    Transport,
}

impl FromStr for Uri {
    type Err = UriError;

    fn from_str(text: &str) -> Result<Self, UriError> {
        let (scheme, rest) = text.split_once(':').ok_or(UriError::Scheme)?;
        let scheme = [Scheme::Stun, Scheme::Stuns, Scheme::Turn, Scheme::Turns]
            .into_iter()
            .find(|s| s.as_str().eq_ignore_ascii_case(scheme))
            .ok_or(UriError::Scheme)?;
        if rest.starts_with("//") {
            return Err(UriError::Slashes);
        }
        let (authority, query) = match rest.split_once('?') {
            Some((authority, query)) => (authority, Some(query)),
            None => (rest, None),
        };
        let (host, port) = split_port(authority)?;
        let transport = match query {
            None => None,
            Some(query) if scheme.is_turn() => Some(parse_transport(query)?),
            Some(_) => return Err(UriError::Transport),
        };
        Ok(Self { scheme, host: parse_host(host)?, port: parse_port(port)?, transport })
    }
}

/// Host and port, of which the port may be missing or empty (RFC 3986, section 3.2.3).
fn split_port(authority: &str) -> Result<(&str, Option<&str>), UriError> {
    if authority.starts_with('[') {
        let end = authority.find(']').ok_or(UriError::Host)?;
        let (host, rest) = authority.split_at(end + 1);
        return match rest.strip_prefix(':') {
            Some(port) => Ok((host, Some(port))),
            None if rest.is_empty() => Ok((host, None)),
            None => Err(UriError::Host),
        };
    }
    match authority.split_once(':') {
        Some((_, port)) if port.contains(':') => Err(UriError::Brackets),
        Some((host, port)) => Ok((host, Some(port))),
        None => Ok((authority, None)),
    }
}

fn parse_host(host: &str) -> Result<Host, UriError> {
    if let Some(inner) = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        let ip: Ipv6Addr = inner.parse().map_err(|_| UriError::Host)?;
        return Ok(Host::Ip(ip.into()));
    }
    if let Ok(ip) = host.parse::<IpAddr>() {
        return if ip.is_ipv4() { Ok(Host::Ip(ip)) } else { Err(UriError::Host) };
    }
    if is_name(host) { Ok(Host::Name(host.to_ascii_lowercase())) } else { Err(UriError::Host) }
}

/// A name that can be looked up: labels of 1 to 63 letters, digits, hyphens and underscores, 253
/// characters in all (RFC 1035, section 2.3). Other names go through IDNA before.
fn is_name(host: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    let host = host.strip_suffix('.').unwrap_or(host);
    // All digits and dots, and not an address: a typing error.
    let numeric = host.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    host.len() <= 253 && !numeric && host.split('.').all(is_label)
}

fn parse_port(port: Option<&str>) -> Result<Option<u16>, UriError> {
    match port {
        None | Some("") => Ok(None),
        Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => match digits.parse() {
            Ok(0) | Err(_) => Err(UriError::Port),
            Ok(port) => Ok(Some(port)),
        },
        Some(_) => Err(UriError::Port),
    }
}

fn parse_transport(query: &str) -> Result<UriTransport, UriError> {
    // Also the name may be in any case: it is a quoted string of the ABNF (RFC 5234, section 2.3).
    let (name, value) = query.split_once('=').ok_or(UriError::Transport)?;
    if !name.eq_ignore_ascii_case("transport") {
        return Err(UriError::Transport);
    }
    if value.eq_ignore_ascii_case("udp") {
        Ok(UriTransport::Udp)
    } else if value.eq_ignore_ascii_case("tcp") {
        Ok(UriTransport::Tcp)
    } else {
        Err(UriError::Transport)
    }
}

impl fmt::Display for Uri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.scheme.as_str())?;
        match &self.host {
            Host::Ip(IpAddr::V6(ip)) => write!(f, "[{ip}]")?,
            Host::Ip(ip) => write!(f, "{ip}")?,
            Host::Name(name) => f.write_str(name)?,
        }
        if let Some(port) = self.port {
            write!(f, ":{port}")?;
        }
        match self.transport {
            Some(UriTransport::Udp) => f.write_str("?transport=udp"),
            Some(UriTransport::Tcp) => f.write_str("?transport=tcp"),
            None => Ok(()),
        }
    }
}
