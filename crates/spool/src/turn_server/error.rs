//! Why a server does not start.
use std::{
    io,
    net::{IpAddr, SocketAddr},
};
use thiserror::Error;

/// Why a server did not start.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ServeError {
    /// An address could not be listened on.
    #[error("cannot listen on {address}: {source}{}", advice(source))]
    Listen {
        /// Which.
        address: SocketAddr,
        /// The system's reason.
        source: io::Error,
    },
    /// An address could not be relayed from.
    #[error("cannot relay from {address}: {source}{}", advice(source))]
    Relay {
        /// Which.
        address: IpAddr,
        /// The system's reason.
        source: io::Error,
    },
    /// The interfaces could not be listed.
    #[error("the network interfaces could not be listed: {0}")]
    Interfaces(#[source] io::Error),
    /// An external address was given that stands for none, or for more than one, of those to relay
    /// from.
    #[error("{0} stands for which address to relay from? Name one of its family for it")]
    External(IpAddr),
    /// There is no address to listen on, or to relay from.
    #[error("this computer has no network address to serve on; name one")]
    NoAddress,
    /// A user name or password has characters that are not allowed (RFC 8265).
    #[error("the account '{name}' cannot be used: {source}")]
    Account {
        /// Whose.
        name: String,
        /// What is wrong.
        source: stun_proto::PrepareError,
    },
    /// The second address for clients that examine their NAT is none.
    #[error(
        "to let clients examine their NAT, listen on one address, and name another of the same \
         family with another port"
    )]
    Behaviour,
    /// A socket was handed over that is bound where nobody is to listen.
    #[error(
        "a socket at {0} was handed over, and nobody is to listen there: name the address of each \
         in `listen` or `tls-listen`, and no unspecified one (0.0.0.0) in the socket unit"
    )]
    Inherited(SocketAddr),
    /// The secret that nonces are to be made with is none.
    #[error("a secret for nonces has at least 16 characters, without control characters")]
    NonceSecret,
    /// Several cores were to do what one can, see [`cores`](crate::TurnServiceBuilder::cores).
    #[error("{0} takes a server on one core: leave `cores` out, or make it 1")]
    OneCore(&'static str),
    /// A thread to serve in could not be had.
    #[error("no thread to serve in: {0}; name fewer cores")]
    Thread(#[source] io::Error),
    /// The operating system gave no random bytes.
    #[error("the operating system gave no random bytes")]
    Random,
    /// The configuration makes no sense to the server.
    #[error(transparent)]
    Config(#[from] turn_proto::ConfigError),
}

/// What to do about a fault of the operating system.
fn advice(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::AddrNotAvailable => "; an address of this computer is wanted",
        io::ErrorKind::AddrInUse => "; another program uses it",
        io::ErrorKind::PermissionDenied => {
            "; ports below 1024 are for root: give the program CAP_NET_BIND_SERVICE or another port"
        }
        _ => "",
    }
}
