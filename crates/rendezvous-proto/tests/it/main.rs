//! The server as its clients and its driver see it.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where by panicking")]

mod laws;
mod mailboxes;
