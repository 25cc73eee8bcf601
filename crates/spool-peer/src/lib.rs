//! Two people meet, and send files, hold a pipe or forward a port: encrypted end to end.
//!
//! One of them, the *inviter*, makes an [`Invitation`] or, with a rendezvous, a [`Code`]; the other,
//! the *guest*, gets it. Each has a fresh certificate ([`Identity`]) that the other learns to know by
//! its SHA-256, an ICE agent finds a path, and over it both are joined by QUIC as a [`Link`]. What is
//! sent over it is told in the modules: files with a manifest first and a proof for each piece
//! ([`Source`]).
#![forbid(unsafe_code)]

mod code;
mod control;
mod error;
mod forward;
#[cfg(test)]
mod hostile;
mod identity;
mod invitation;
mod journal;
mod landing;
mod link;
mod mailbox;
mod manifest;
mod meeting;
mod message;
mod name;
mod pake;
mod pipe;
mod receive;
mod send;
mod source;
mod text;
mod transfer;
mod tree;
mod words;

pub use code::{Code, CodeError, WORDS_DEFAULT};
pub use error::LinkError;
pub use forward::{
    ForwardError, ForwardEvent, ForwardReport, Listening, Reached, Target,
};
pub use identity::{Fingerprint, Identity, IdentityError};
pub use invitation::{Invitation, InvitationError};
pub use landing::{Existing, Interrupted, LandingError};
pub use link::{Hangup, Link, Side, Terms};
pub use mailbox::{Mailbox, MailboxError, RendezvousServer, meeting_place};
pub use rendezvous_proto::RefusedClaim;
pub use manifest::{Listed, Manifest, ManifestFault};
pub use meeting::{MeetError, Meeting};
pub use message::{Carrier, Purpose, Refusal};
pub use name::NameFault;
pub use pipe::{Input, Output, PipeError, Piped};
pub use receive::{Offered, Receiving};
pub use source::{Skipped, Source, SourceError};
pub use text::printable;
pub use transfer::{Event, Meter, Outcome, Report, TransferError};
