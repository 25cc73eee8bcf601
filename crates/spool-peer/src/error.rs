//! Why a connection is not made, or does not last.
use crate::{identity::IdentityError, message::Purpose};
use quinn::{
    ConnectionError, ReadError, ReadExactError, StoppedError, TransportErrorCode, VarInt,
    WriteError,
};
use thiserror::Error;

/// How one side says goodbye (an application error code of QUIC).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Goodbye {
    /// All is done.
    Done,
    /// Somebody ended the program.
    Interrupted,
    /// Something on that side failed.
    Failed,
    /// Somebody said no.
    Refused,
}

impl From<Goodbye> for VarInt {
    fn from(goodbye: Goodbye) -> Self {
        Self::from_u32(match goodbye {
            Goodbye::Done => 0,
            Goodbye::Interrupted => 1,
            Goodbye::Failed => 2,
            Goodbye::Refused => 3,
        })
    }
}

/// Why the two ends do not speak, or no more.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum LinkError {
    /// We have no certificate.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// The other end is not the one whose fingerprint was told.
    #[error(
        "the other end is not the one that the invitation names: somebody may be in between; nothing \
         was sent"
    )]
    Impostor,
    /// The other end said that it leaves.
    #[error("the other side was ended")]
    Left,
    /// The other end said that something failed there.
    #[error("something failed on the other side{0}")]
    Failed(String),
    /// Nothing was heard for so long that nothing will be.
    #[error("the other side is gone: nothing was heard from it for 45 seconds")]
    Silent,
    /// It does not follow the protocol.
    #[error("the other side does not speak as expected: {0}")]
    Protocol(&'static str),
    /// It speaks another version.
    #[error(
        "the other side speaks version {0} of the protocol; use the same program on both sides"
    )]
    Version(u16),
    /// The other command belongs to this one.
    #[error("the other side runs another command: use `{}` with it", theirs(*.0))]
    Purpose(Purpose),
    /// Something else.
    #[error("the connection failed: {0}")]
    Other(String),
}

/// What goes with a purpose, for the guest; an inviter has chosen it.
fn theirs(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::Files => "spool receive",
        Purpose::Pipe => "spool pipe",
        Purpose::Forward => "spool connect",
    }
}

impl From<ConnectionError> for LinkError {
    fn from(error: ConnectionError) -> Self {
        match error {
            ConnectionError::TimedOut => Self::Silent,
            ConnectionError::ApplicationClosed(close) => {
                let code = close.error_code;
                if code == Goodbye::Failed.into() {
                    let why = String::from_utf8_lossy(&close.reason);
                    let colon = if why.is_empty() { "" } else { ": " };
                    Self::Failed(format!("{colon}{}", crate::printable(&why)))
                } else {
                    Self::Left
                }
            }
            ConnectionError::TransportError(ref fault) if is_refused(fault.code) => Self::Impostor,
            ConnectionError::ConnectionClosed(ref close) if is_refused(close.error_code) => {
                Self::Impostor
            }
            other => Self::Other(other.to_string()),
        }
    }
}

/// Whether TLS refused a certificate: one of the alerts for that (RFC 8446, RFC 9001).
fn is_refused(code: TransportErrorCode) -> bool {
    const ALERTS: [u8; 7] = [42, 43, 46, 48, 49, 51, 116];
    ALERTS.into_iter().any(|alert| code == TransportErrorCode::crypto(alert))
}

impl From<StoppedError> for LinkError {
    fn from(error: StoppedError) -> Self {
        match error {
            StoppedError::ConnectionLost(lost) => lost.into(),
            other @ StoppedError::ZeroRttRejected => Self::Other(other.to_string()),
        }
    }
}

impl From<WriteError> for LinkError {
    fn from(error: WriteError) -> Self {
        match error {
            WriteError::ConnectionLost(lost) => lost.into(),
            WriteError::Stopped(_) => Self::Protocol("it stopped listening"),
            other => Self::Other(other.to_string()),
        }
    }
}

impl From<ReadError> for LinkError {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::ConnectionLost(lost) => lost.into(),
            ReadError::Reset(_) => Self::Protocol("it stopped speaking"),
            other => Self::Other(other.to_string()),
        }
    }
}

impl From<ReadExactError> for LinkError {
    fn from(error: ReadExactError) -> Self {
        match error {
            ReadExactError::FinishedEarly(_) => Self::Protocol("it stopped in the middle"),
            ReadExactError::ReadError(error) => error.into(),
        }
    }
}
