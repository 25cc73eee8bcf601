//! The exit statuses, which scripts rely on, and the failures that lead to them.
#[cfg(unix)]
use std::task::Poll;
use std::{fmt, io, process::ExitCode, sync::OnceLock};
use tokio::sync::watch;

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
    /// Somebody does not want it.
    Refused = 3,
    /// The code is wrong, or somebody else is there than should be.
    WrongCode = 4,
    /// No server could be reached, or none that helps.
    NoServer = 5,
    /// Some of it was done, and some was not.
    Partly = 6,
    /// The other side was there, and is gone.
    Lost = 7,
    /// Ctrl-C, as a shell has it: 128 and the number of the signal.
    Interrupted = 130,
    /// It was called in a way that makes no sense (`EX_USAGE` of sysexits.h).
    Usage = 64,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Waits for Ctrl-C, or for the polite signal of a service manager. Also one that came since it was
/// first waited for, whatever the program did at that moment: a signal is listened to without a
/// break from then on, for its default action is gone.
pub(crate) async fn interrupted() {
    static INTERRUPTED: OnceLock<watch::Receiver<bool>> = OnceLock::new();
    let mut interrupted = INTERRUPTED
        .get_or_init(|| {
            let mut signals = Signals::listen();
            let (sender, receiver) = watch::channel(false);
            tokio::spawn(async move {
                while signals.next().await != Signal::End {}
                sender.send_replace(true);
                // held, so that those who wait later are told too
                sender.closed().await;
            });
            receiver
        })
        .clone();
    if interrupted.wait_for(|interrupted| *interrupted).await.is_err() {
        // the runtime ends, and with it whoever waits
        std::future::pending::<()>().await;
    }
}

/// What the operating system wants of a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Signal {
    /// To end: SIGTERM, or SIGINT from Ctrl-C.
    End,
    /// To read its configuration again: SIGHUP.
    Reload,
    /// To say how it does: SIGUSR1, or SIGUSR2.
    Report,
}

/// The signals of this process. None is lost between two calls of [`next`](Self::next).
#[derive(Debug)]
pub(crate) struct Signals {
    #[cfg(unix)]
    unix: [Option<(tokio::signal::unix::Signal, Signal)>; 5],
}

impl Signals {
    /// Listens from now on; their default action, the end of the program, is gone with this.
    #[cfg(unix)]
    pub(crate) fn listen() -> Self {
        use tokio::signal::unix::{SignalKind, signal};
        // without a handler the signal ends the program, which is what it is for
        let listen = |kind, meaning| signal(kind).ok().map(|signal| (signal, meaning));
        Self {
            unix: [
                listen(SignalKind::terminate(), Signal::End),
                listen(SignalKind::interrupt(), Signal::End),
                listen(SignalKind::hangup(), Signal::Reload),
                listen(SignalKind::user_defined1(), Signal::Report),
                listen(SignalKind::user_defined2(), Signal::Report),
            ],
        }
    }

    #[cfg(not(unix))]
    pub(crate) fn listen() -> Self {
        Self {}
    }

    /// The next one.
    #[cfg(unix)]
    pub(crate) async fn next(&mut self) -> Signal {
        std::future::poll_fn(|cx| {
            for (signal, meaning) in self.unix.iter_mut().flatten() {
                if signal.poll_recv(cx).is_ready() {
                    return Poll::Ready(*meaning);
                }
            }
            Poll::Pending
        })
        .await
    }

    #[cfg(not(unix))]
    pub(crate) async fn next(&mut self) -> Signal {
        let _ = tokio::signal::ctrl_c().await;
        Signal::End
    }
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
    /// See [`Exit::Refused`].
    Refused(String),
    /// See [`Exit::WrongCode`].
    WrongCode(String),
    /// See [`Exit::NoServer`].
    NoServer(String),
    /// See [`Exit::Partly`].
    Partly(String),
    /// See [`Exit::Lost`].
    Lost(String),
    /// See [`Exit::Interrupted`].
    Interrupted,
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
            Self::Refused(_) => Exit::Refused,
            Self::WrongCode(_) => Exit::WrongCode,
            Self::NoServer(_) => Exit::NoServer,
            Self::Partly(_) => Exit::Partly,
            Self::Lost(_) => Exit::Lost,
            Self::Interrupted => Exit::Interrupted,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usage(text)
            | Self::NotStarted(text)
            | Self::NotConnected(text)
            | Self::Refused(text)
            | Self::WrongCode(text)
            | Self::NoServer(text)
            | Self::Partly(text)
            | Self::Lost(text) => f.write_str(text),
            Self::Interrupted => f.write_str("interrupted"),
        }
    }
}
