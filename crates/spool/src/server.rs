//! Where a STUN or TURN server is, as people write it: a host and a port, or a URI.
use crate::{
    Services,
    probe::{self, LookupError},
};
use sans_io::Transport;
use std::{fmt, net::SocketAddr, str::FromStr};
use stun_proto::{Host, Scheme, Uri, UriError, UriTransport};
use thiserror::Error;

/// A host, by name or address, and maybe a port; or a URI of `stun:` or `turn:` (RFC 7064, RFC 7065).
///
/// A name without a port leads to where its SRV records say (RFC 8489 §8.1, RFC 5928), and without
/// any to its addresses at port 3478.
///
/// ```
/// use spool::Server;
/// let server: Server = "stun.example.org:19302".parse()?;
/// assert_eq!((server.host(), server.port()), ("stun.example.org", Some(19302)));
/// assert_eq!("turn:192.0.2.1".parse::<Server>()?.to_string(), "192.0.2.1");
/// assert_eq!("[2001:db8::1]:9".parse::<Server>()?.host(), "2001:db8::1");
/// assert!("stun.example.org:port".parse::<Server>().is_err());
/// # Ok::<(), spool::ServerError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    host: String,
    port: Option<u16>,
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
    /// It is written as a URI, and is none.
    #[error(transparent)]
    Uri(#[from] UriError),
    /// It is a URI that wants another transport.
    #[error("agents reach servers over UDP only: write stun:HOST:PORT or turn:HOST:PORT")]
    Transport,
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

    /// The port, if it is given.
    pub fn port(&self) -> Option<u16> {
        self.port
    }

    /// The addresses over UDP, best first.
    pub(crate) async fn resolve(
        &self,
        scheme: Scheme,
        services: &Services,
    ) -> Result<Vec<SocketAddr>, LookupError> {
        let host = match self.host.parse() {
            Ok(ip) => Host::Ip(ip),
            Err(_) => Host::Name(self.host.to_lowercase()),
        };
        let transport = scheme.is_turn().then_some(UriTransport::Udp);
        let uri = Uri { scheme, host, port: self.port, transport };
        let found = probe::resolve(&uri, &[Transport::Udp], services).await?;
        Ok(found.into_iter().map(|server| server.address).collect())
    }

    fn from_uri(uri: &Uri) -> Result<Self, ServerError> {
        if uri.scheme.is_secure() || uri.transport == Some(UriTransport::Tcp) {
            return Err(ServerError::Transport);
        }
        let host = match &uri.host {
            Host::Ip(ip) => ip.to_string(),
            Host::Name(name) => name.clone(),
        };
        Ok(Self { host, port: uri.port })
    }
}

impl FromStr for Server {
    type Err = ServerError;

    fn from_str(text: &str) -> Result<Self, ServerError> {
        match text.parse::<Uri>() {
            Ok(uri) => return Self::from_uri(&uri),
            Err(UriError::Scheme) if text.contains("://") => return Err(UriError::Slashes.into()),
            Err(UriError::Scheme) => {}
            Err(error) => return Err(error.into()),
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
            None => None,
            Some(Ok(port)) if port != 0 => Some(port),
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
            write!(f, "[{}]", self.host)?;
        } else {
            f.write_str(&self.host)?;
        }
        self.port.map_or(Ok(()), |port| write!(f, ":{port}"))
    }
}

#[cfg(test)]
mod tests {
    use super::{Server, ServerError};
    use stun_proto::UriError;

    fn parse(text: &str) -> Result<String, ServerError> {
        text.parse::<Server>().map(|server| server.to_string())
    }

    #[test]
    fn hosts_and_ports_in_every_form() {
        assert_eq!(parse("a.example:1"), Ok("a.example:1".into()));
        assert_eq!(parse("a.example"), Ok("a.example".into()));
        assert_eq!(parse("[::1]"), Ok("[::1]".into()));
        assert_eq!(parse("[::1]:65535"), Ok("[::1]:65535".into()));
        assert_eq!(parse("stun:a.example"), Ok("a.example".into()));
        assert_eq!(parse("turn:[::1]:9?transport=udp"), Ok("[::1]:9".into()));
    }

    #[test]
    fn each_mistake_has_its_own_advice() {
        assert_eq!(parse(""), Err(ServerError::NoHost));
        assert_eq!(parse(":3478"), Err(ServerError::NoHost));
        assert_eq!(parse("a:0"), Err(ServerError::Port));
        assert_eq!(parse("a:65536"), Err(ServerError::Port));
        assert_eq!(parse("[::1]3478"), Err(ServerError::Port));
        assert_eq!(parse("::1"), Err(ServerError::Brackets));
        for other in ["turns:a", "stuns:a", "turn:a?transport=tcp"] {
            assert_eq!(parse(other), Err(ServerError::Transport));
        }
        assert_eq!(parse("a b:1"), Err(ServerError::Host));
        for web in ["http://a:1", "stun://a"] {
            assert_eq!(parse(web), Err(ServerError::Uri(UriError::Slashes)));
        }
    }
}
