//! The program as scripts and people use it: the real binary, real pipes, files and sockets.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where by panicking")]

#[cfg(unix)]
mod carrying;
mod certificates;
mod checking;
mod codes;
mod failures;
mod fleet;
mod meeting;
mod moving;
mod operating;
mod pair;
mod probing;
mod program;
mod sdp;
mod sending;
mod serving;
mod sim;
mod tls;
mod turn_client;
mod usage;
#[cfg(target_os = "linux")]
mod wrong;
