//! Two people meet, and send files, hold a pipe or forward a port: encrypted from end to end.
//!
//! One of them, the *inviter*, makes a [`Code`] with a rendezvous, or an [`Invitation`] without any
//! server; the other, the *guest*, gets it. Each has a fresh certificate ([`Identity`]) that the other
//! learns to know by its SHA-256, an ICE agent finds a path ([`Meeting`]), and over it both are joined
//! by QUIC ([`Link`]). Nothing of the application is sent before both ends are proved.
//!
//! # By a code
//!
//! The number of a code names a mailbox at a [`RendezvousServer`], its words are the password of SPAKE2. Each
//! end proves its key to the other, the inviter last, and then they seal their invitations for each
//! other. The server sees a number, sizes and times. Who comes with wrong words has used the code up.
//!
//! # By copying lines
//!
//! An invitation is a line of text, one each way. Who can change both on their way can be in the middle;
//! [`Link::words`] shows it to two who compare four words.
//!
//! # Files
//!
//! [`Link::send`] offers a [`Source`]: a [`Manifest`] first, with the names, sizes and times of a walk
//! that follows no links. [`Link::offered`] hears it, and [`Offered::accept`] has it sent: the receiver
//! says what it has, and the sender reads, hashes and sends the rest in pieces of a mebibyte. A piece is
//! a subtree of the BLAKE3 hash of its file and proves itself on arrival. What has landed is written down,
//! so that after any end of either side [`Interrupted`] goes on without reading it again. Files lie
//! beside their target until all are whole, and are renamed then.
//!
//! # Pipes and ports
//!
//! [`Link::pipe`] carries bytes both ways, each with an end of its own. [`Link::forward`] lets one address
//! be reached, and [`Link::reach`] listens for who wants to.
//!
//! ```
//! use spool::Agent;
//! use spool_peer::{Meeting, Purpose, Report, Side, Source, Receiving, Existing};
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let place = tempfile::tempdir()?;
//! # let (file, folder) = (place.path().join("hello.txt"), place.path().join("received"));
//! # std::fs::write(&file, "hello")?;
//! # std::fs::create_dir(&folder)?;
//! let builder = || Agent::builder().address([127, 0, 0, 1].into());
//! let mut inviter = Meeting::new(builder(), Side::Inviter).await?;
//! let mut guest = Meeting::new(builder(), Side::Guest).await?;
//!
//! // these two go over to the other side as lines of text
//! let (ours, theirs) = (inviter.invitation().await?, guest.invitation().await?);
//! inviter.hear(&theirs).await?;
//! guest.hear(&ours).await?;
//! let (inviter, guest) = tokio::join!(
//!     inviter.connect(&theirs, Purpose::Files, None),
//!     guest.connect(&ours, Purpose::Files, None),
//! );
//! let (inviter, guest) = (inviter?, guest?);
//! assert_eq!(inviter.words(), guest.words());
//!
//! let (sending, ..) = Report::new();
//! let send = inviter.send(Source::scan(&[file])?, sending);
//! let receive = async {
//!     let offered = guest.offered().await?;
//!     assert_eq!(offered.manifest().files(), 1);
//!     let receiving = Receiving {
//!         folder: folder.clone(),
//!         existing: Existing::Refuse,
//!         ignore_space: false,
//!         interrupted: None,
//!     };
//!     offered.accept(receiving, Report::new().0).await
//! };
//! let (sent, received) = tokio::join!(send, receive);
//! assert_eq!(sent?, received?);
//! assert_eq!(std::fs::read_to_string(folder.join("hello.txt"))?, "hello");
//! # Ok(())
//! # }
//! ```
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
pub use forward::{ForwardError, ForwardEvent, ForwardReport, Listening, Reached, Target};
pub use identity::{Fingerprint, Identity, IdentityError};
pub use invitation::{Invitation, InvitationError};
pub use landing::{Existing, Interrupted, LandingError};
pub use link::{Hangup, Link, Side, Terms};
pub use mailbox::{Mailbox, MailboxError, RendezvousServer, meeting_place};
pub use manifest::{Listed, Manifest, ManifestFault};
pub use meeting::{MeetError, Meeting};
pub use message::{Carrier, Purpose, Refusal};
pub use name::NameFault;
pub use pipe::{Input, Output, PipeError, Piped};
pub use receive::{Offered, Receiving};
pub use rendezvous_proto::RefusedClaim;
pub use source::{Skipped, Source, SourceError};
pub use text::printable;
pub use transfer::{Event, Meter, Outcome, Report, TransferError};
