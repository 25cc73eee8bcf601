//! Session descriptions of one data-channel section: what an agent tells and hears (RFC 8829,
//! RFC 8839, RFC 8841).

mod read;
#[cfg(test)]
mod tests;
mod write;

pub(crate) use read::{Remote, RemoteFragment};
pub(crate) use write::Local;
pub use write::WriteDescriptionError;

use ice_proto::CredentialsError;
use sdp_proto::{Diagnostic, LimitError};
use thiserror::Error;

/// Why the description of a peer cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum RemoteDescriptionError {
    /// It is longer, or has more lines, than any that is meant well.
    #[error("it is not valid SDP: {0}")]
    Limit(#[from] LimitError),
    /// It is no session description, or this line of it is broken.
    #[error("it is not valid SDP: {0}")]
    Syntax(#[from] Diagnostic),
    /// There is no section for a data channel, or it is rejected.
    #[error("it has no data-channel section (m=application ... UDP/DTLS/SCTP), or rejects it")]
    NoDataChannel,
    /// The section has no ICE credentials.
    #[error("it has no ICE credentials (a=ice-ufrag and a=ice-pwd)")]
    NoCredentials,
    /// The ICE credentials cannot be used.
    #[error("its ICE credentials cannot be used: {0}")]
    Credentials(#[from] CredentialsError),
    /// It is our own description.
    #[error("it is our own description; the one of the other side is wanted")]
    Own,
    /// The agent could not be made.
    #[error("the agent could not be made: {0}")]
    Start(#[source] crate::StartError),
    /// There is one already.
    #[error("there is one already")]
    Again,
    /// The agent has ended.
    #[error("the agent has ended")]
    Ended,
}
