//! What a client tells the application.
use crate::{AttributeType, AuthFault, Login, attribute::Code};
use alloc::string::String;
use core::{net::SocketAddr, time::Duration};
use sans_io::Path;

/// Names a request until its event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestId(pub u64);

/// What became of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClientEvent {
    /// The server told our address.
    Bound(Binding),
    /// There will be no answer.
    Failed {
        /// Which request.
        request: RequestId,
        /// Where it went last.
        path: Path,
        /// Why.
        fault: RequestFault,
    },
}

/// What a server told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binding {
    /// Which request.
    pub request: RequestId,
    /// The path that the response came on.
    pub path: Path,
    /// Our address as the server saw it.
    pub mapped: SocketAddr,
    /// How long the answer took, if the request was sent only once.
    pub rtt: Option<Duration>,
    /// Where the server sent from, as it says (RFC 5780).
    pub origin: Option<SocketAddr>,
    /// The server's other address and port (RFC 5780; RFC 3489 servers have it as well).
    pub other: Option<SocketAddr>,
    /// What software the server says it is.
    pub software: Option<String>,
    /// How we showed who we are, where the server asked for a long-term credential.
    pub login: Option<Login>,
}

/// Why a request failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RequestFault {
    /// Nobody answered.
    #[error("no answer")]
    TimedOut,
    /// The network said that the server cannot be reached, or the stream ended.
    #[error("the server cannot be reached")]
    Unreachable,
    /// There were answers, but none with a right signature.
    #[error("every answer had a wrong signature")]
    Integrity,
    /// The server would not authenticate us.
    #[error(transparent)]
    Auth(AuthFault),
    /// The server refused.
    #[error("the server refused: {code}")]
    Refused {
        /// Why.
        code: Code,
        /// The server's words, for people.
        reason: String,
    },
    /// The answer has an attribute that must be understood, and is not.
    #[error("the answer has an unknown attribute, {0}")]
    Unknown(AttributeType),
    /// The answer lacks what makes it one: an address, or an error code.
    #[error("the answer is incomplete")]
    Incomplete,
    /// The server sent us to another one, which needs a new connection, or one request too many.
    #[error("the server sent us on to {server}")]
    Redirected {
        /// The other server.
        server: SocketAddr,
        /// The name in its certificate.
        domain: Option<String>,
    },
}
