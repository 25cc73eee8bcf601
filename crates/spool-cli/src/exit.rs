//! The exit statuses, which scripts rely on, and the failures that lead to them.
use std::{fmt, io, process::ExitCode};

/// How the program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// It did what it was told; `offer` and `answer`: it was connected.
    Done = 0,
    /// It could not start: no such address, a port in use, a file that cannot be written; `sdp`: a
    /// description is refused, or differs.
    NotStarted = 1,
    /// It could not connect.
    NotConnected = 2,
    /// It was called in a way that makes no sense (`EX_USAGE` of sysexits.h).
    Usage = 64,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Waits for Ctrl-C, or for the polite signal of a service manager.
pub(crate) async fn interrupted() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        // without a handler the signal ends the program, which is what it is for
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = terminate.recv() => return,
                _ = tokio::signal::ctrl_c() => return,
            }
        }
    }
    let _ = tokio::signal::ctrl_c().await;
}

/// Why the program ends early. Each is one line that says what is wrong and what to do.
#[derive(Debug)]
pub(crate) enum Failure {
    /// See [`Exit::Usage`].
    Usage(String),
    /// See [`Exit::NotStarted`].
    NotStarted(String),
    /// See [`Exit::NotConnected`].
    NotConnected(String),
}

impl Failure {
    /// For `map_err`: what could not be done at the start, and the system's reason.
    pub(crate) fn start(what: impl fmt::Display) -> impl FnOnce(io::Error) -> Self {
        move |error| Self::NotStarted(format!("{what}: {error}"))
    }

    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::Usage(_) => Exit::Usage,
            Self::NotStarted(_) => Exit::NotStarted,
            Self::NotConnected(_) => Exit::NotConnected,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usage(text) | Self::NotStarted(text) | Self::NotConnected(text) => {
                f.write_str(text)
            }
        }
    }
}
