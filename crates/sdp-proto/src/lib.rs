//! SDP (RFC 8866): byte-exact documents, typed attributes, diagnostics.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

pub mod attribute;
mod build;
mod check;
mod data_channel;
mod diagnostic;
mod edit;
pub mod field;
mod fragment;
mod limits;
mod line;
mod media;
mod policy;
mod scan;
mod section;
mod session;
pub mod text;
mod value;
mod write;

pub use build::Builder;
pub use data_channel::{AnswerError, DataChannel};
pub use diagnostic::{Code, Diagnostic, Refusal, Severity, ValueError};
pub use edit::Part;
pub use fragment::Fragment;
pub use limits::{LimitError, Limits};
pub use line::{Kind, Line};
pub use media::{IceCredentials, Media};
pub use policy::{Policy, UnknownPolicy};
pub use section::{AttributeLine, Section};
pub use session::{AcceptError, Session};
pub use write::WriteError;
