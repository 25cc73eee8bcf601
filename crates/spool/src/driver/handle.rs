//! How the rest of the program reaches a driver that runs in a task of its own.
use super::Context;
use sans_io::Machine;
use std::fmt;
use tokio::sync::{mpsc, oneshot};

type Run<M, A> = Box<dyn FnOnce(&mut Context<'_, M>, &mut A) + Send>;

pub(super) enum Command<M: Machine, A> {
    Run(Run<M, A>),
    Stop,
}

/// Gives commands to a driver. Handles are cheap to clone; when the last one is gone the driver
/// ends.
pub struct Handle<M: Machine, A> {
    commands: mpsc::Sender<Command<M, A>>,
}

impl<M: Machine, A> Clone for Handle<M, A> {
    fn clone(&self) -> Self {
        Self { commands: self.commands.clone() }
    }
}

impl<M: Machine, A> fmt::Debug for Handle<M, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle").finish_non_exhaustive()
    }
}

/// The driver has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the driver has ended")]
pub struct Stopped;

/// Why a command was not even queued.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PostError {
    /// Too many commands wait for the driver.
    #[error("too many commands wait for the driver")]
    Full,
    /// The driver has ended.
    #[error("the driver has ended")]
    Stopped,
}

impl<M: Machine + 'static, A: 'static> Handle<M, A> {
    pub(super) fn new(commands: mpsc::Sender<Command<M, A>>) -> Self {
        Self { commands }
    }

    /// Runs `f` inside the driver's task and waits for what it returns.
    pub async fn call<R: Send + 'static>(
        &self,
        f: impl FnOnce(&mut Context<'_, M>, &mut A) -> R + Send + 'static,
    ) -> Result<R, Stopped> {
        let (answer, answered) = oneshot::channel();
        let run: Run<M, A> = Box::new(move |cx, app| {
            answer.send(f(cx, app)).ok(); // nobody waits any more: the command has run all the same
        });
        self.commands.send(Command::Run(run)).await.map_err(|_| Stopped)?;
        answered.await.map_err(|_| Stopped)
    }

    /// Has `f` run inside the driver's task, and does not wait for it.
    pub fn post(
        &self,
        f: impl FnOnce(&mut Context<'_, M>, &mut A) + Send + 'static,
    ) -> Result<(), PostError> {
        self.commands.try_send(Command::Run(Box::new(f))).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => PostError::Full,
            mpsc::error::TrySendError::Closed(_) => PostError::Stopped,
        })
    }

    /// Waits until a command may be queued, or the driver has ended.
    #[cfg(feature = "quic")]
    pub(crate) async fn has_room(&self) {
        let _ = self.commands.reserve().await;
    }

    /// Ends the driver once the commands before this one have run and what they sent is out.
    pub async fn stop(&self) {
        self.commands.send(Command::Stop).await.ok(); // closed: it has ended already
    }
}
