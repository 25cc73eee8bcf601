//! SDP (RFC 8866): byte-exact documents, typed attributes, diagnostics.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

pub mod attribute;
mod check;
mod diagnostic;
pub mod field;
mod limits;
mod line;
mod media;
mod policy;
mod scan;
mod section;
mod session;
pub mod text;
mod value;

pub use diagnostic::{Code, Diagnostic, Refusal, Severity, ValueError};
pub use limits::{LimitError, Limits};
pub use line::{Kind, Line};
pub use media::{IceCredentials, Media};
pub use policy::{Policy, UnknownPolicy};
pub use section::{AttributeLine, Section};
pub use session::{AcceptError, Session};
