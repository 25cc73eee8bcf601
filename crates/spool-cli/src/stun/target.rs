//! Which server is meant: a URI, or HOST:PORT.
use crate::exit::Failure;
use sans_io::Transport;
use spool::{
    Services, Trust,
    probe::{self, LookupError, ResolvedServer, Uri, UriError},
};
use std::path::Path;

/// Reads a URI (RFC 7064, RFC 7065), or what would follow `stun:` in one.
pub(crate) fn parse(text: &str) -> Result<Uri, UriError> {
    let uri = text.parse::<Uri>();
    let host_and_port = || format!("stun:{text}").parse::<Uri>();
    match uri {
        Ok(uri) => Ok(uri),
        Err(UriError::Scheme) if text.contains("://") => Err(UriError::Slashes),
        Err(UriError::Scheme) => host_and_port(),
        // a host may have the name of a scheme: `stun:3478`
        Err(error) => host_and_port().ok().filter(|uri| uri.port.is_some()).ok_or(error),
    }
}

/// What names are looked up and certificates are judged with.
pub(crate) fn services(ca: Option<&Path>) -> Result<Services, Failure> {
    let Some(path) = ca else { return Ok(Services::default()) };
    let name = path.display();
    let pem =
        std::fs::read(path).map_err(|error| Failure::Usage(format!("--ca {name}: {error}")))?;
    let trust = Trust::authorities(&pem);
    let trust = trust.map_err(|error| Failure::Usage(format!("--ca {name}: {error}")))?;
    Ok(Services::default().with_trust(trust))
}

/// Looks the server up.
pub(crate) async fn resolve(
    uri: &Uri,
    transports: &[Transport],
    services: &Services,
) -> Result<Vec<ResolvedServer>, Failure> {
    probe::resolve(uri, transports, services).await.map_err(|error| match error {
        LookupError::Uri(error) => Failure::Usage(format!("{uri}: {error}")),
        error => Failure::NotConnected(format!("{uri}: {error}")),
    })
}

#[cfg(test)]
mod tests {
    use super::parse;

    fn read(text: &str) -> Result<String, String> {
        parse(text).map(|uri| uri.to_string()).map_err(|error| error.to_string())
    }

    #[test]
    fn the_scheme_may_be_left_out() {
        assert_eq!(read("stun:a.example:19302"), Ok("stun:a.example:19302".into()));
        assert_eq!(read("a.example:19302"), Ok("stun:a.example:19302".into()));
        assert_eq!(read("[2001:db8::1]:9"), Ok("stun:[2001:db8::1]:9".into()));
        assert_eq!(read("192.0.2.1"), Ok("stun:192.0.2.1".into()));
        assert_eq!(read("stun:3478"), Ok("stun:stun:3478".into()));
        assert_eq!(read("turn:a.example?transport=tcp"), Ok("turn:a.example?transport=tcp".into()));
    }

    #[test]
    fn mistakes_are_told_as_they_were_made() {
        assert!(read("a.example:99999").unwrap_err().contains("port"));
        assert!(read("stun://a.example").unwrap_err().contains("//"));
        assert!(read("http://a.example").unwrap_err().contains("//"));
        assert!(read("stun:").unwrap_err().contains("host"));
        assert!(read("stun:a.example?transport=udp").unwrap_err().contains("transport"));
        assert!(read("").unwrap_err().contains("host"));
    }
}
