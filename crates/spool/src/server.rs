//! Where a STUN or TURN server is: a host and a port, as people write them.
use std::{fmt, io, net::SocketAddr, str::FromStr, time::Duration};
use thiserror::Error;

/// The port of STUN and TURN over UDP (RFC 8489 §18.6, RFC 8656 §5).
const DEFAULT_PORT: u16 = 3478;

/// How long the resolver may take for one name.
const PATIENCE: Duration = Duration::from_secs(5);

/// A host, by name or address, and a port; without a port it is 3478.
///
/// ```
/// use spool::Server;
/// let server: Server = "stun.example.org:19302".parse()?;
/// assert_eq!((server.host(), server.port()), ("stun.example.org", 19302));
/// assert_eq!("192.0.2.1".parse::<Server>()?.to_string(), "192.0.2.1:3478");
/// assert_eq!("[2001:db8::1]:9".parse::<Server>()?.host(), "2001:db8::1");
/// assert!("stun.example.org:port".parse::<Server>().is_err());
/// # Ok::<(), spool::ServerError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    host: String,
    port: u16,
}

/// Why a text names no server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ServerError {
    /// There is no host in it.
    #[error("the host is missing: write HOST:PORT")]
    NoHost,
    /// What follows the last colon is no port.
    #[error("the port is not a number from 1 to 65535: write HOST:PORT")]
    Port,
    /// It is written as a URI.
    #[error("write HOST:PORT, without 'stun:', 'turn:' or the like before it")]
    Uri,
    /// An IPv6 address stands without brackets.
    #[error("write an IPv6 address in brackets: [2001:db8::1]:3478")]
    Brackets,
    /// A host name has letters, digits, dots and hyphens.
    #[error("this is no host name")]
    Host,
}

impl Server {
    /// The name or address, without brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The addresses of the host, as the resolver of the system knows them.
    pub(crate) async fn resolve(&self) -> io::Result<Vec<SocketAddr>> {
        let lookup = tokio::net::lookup_host((self.host.as_str(), self.port));
        match tokio::time::timeout(PATIENCE, lookup).await {
            Ok(found) => Ok(found?.collect()),
            Err(_elapsed) => Err(io::ErrorKind::TimedOut.into()),
        }
    }
}

impl FromStr for Server {
    type Err = ServerError;

    fn from_str(text: &str) -> Result<Self, ServerError> {
        let schemes = ["stun:", "stuns:", "turn:", "turns:"];
        if text.contains("://") || schemes.iter().any(|scheme| text.starts_with(scheme)) {
            return Err(ServerError::Uri);
        }
        let (host, port) = match text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            Some((host, "")) => (host, None),
            Some((host, rest)) => (host, Some(rest.strip_prefix(':').ok_or(ServerError::Port)?)),
            None => match text.rsplit_once(':') {
                Some((host, _)) if host.contains(':') => return Err(ServerError::Brackets),
                Some((host, port)) => (host, Some(port)),
                None => (text, None),
            },
        };
        let port = match port.map(str::parse) {
            None => DEFAULT_PORT,
            Some(Ok(port)) if port != 0 => port,
            Some(_) => return Err(ServerError::Port),
        };
        if host.is_empty() {
            return Err(ServerError::NoHost);
        }
        let in_name = |c: char| c.is_alphanumeric() || ".-_:%".contains(c);
        if !host.chars().all(in_name) {
            return Err(ServerError::Host);
        }
        Ok(Self { host: host.to_owned(), port })
    }
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Server, ServerError};

    fn parse(text: &str) -> Result<String, ServerError> {
        text.parse::<Server>().map(|server| server.to_string())
    }

    #[test]
    fn hosts_and_ports_in_every_form() {
        assert_eq!(parse("a.example:1"), Ok("a.example:1".into()));
        assert_eq!(parse("a.example"), Ok("a.example:3478".into()));
        assert_eq!(parse("[::1]"), Ok("[::1]:3478".into()));
        assert_eq!(parse("[::1]:65535"), Ok("[::1]:65535".into()));
    }

    #[test]
    fn each_mistake_has_its_own_advice() {
        assert_eq!(parse(""), Err(ServerError::NoHost));
        assert_eq!(parse(":3478"), Err(ServerError::NoHost));
        assert_eq!(parse("a:0"), Err(ServerError::Port));
        assert_eq!(parse("a:65536"), Err(ServerError::Port));
        assert_eq!(parse("[::1]3478"), Err(ServerError::Port));
        assert_eq!(parse("::1"), Err(ServerError::Brackets));
        assert_eq!(parse("turn:a:3478"), Err(ServerError::Uri));
        assert_eq!(parse("a b:1"), Err(ServerError::Host));
        assert_eq!(parse("http://a:1"), Err(ServerError::Uri));
    }
}
