//! The machines of a server where they run: one in a task of the caller's runtime, or one on each core,
//! in a thread with a runtime of its own.
use super::{Reporter, ServeError};
use crate::driver::{Driver, Handle};
use std::{
    io,
    num::NonZeroUsize,
    sync::{Arc, Mutex, PoisonError},
    thread,
};
use tokio::{
    runtime::{self, Runtime},
    sync::{Notify, oneshot},
    task::JoinHandle,
};
use turn_proto::{Ledger, LedgerLock, TurnServer};

/// Where a machine is to run.
#[derive(Debug)]
pub(super) enum Place {
    /// In a task of the runtime that is current.
    Here,
    /// In a thread of its own.
    Thread(OwnRuntime),
}

/// A runtime that may be given up anywhere, also within another.
#[derive(Debug)]
pub(super) struct OwnRuntime(Option<Runtime>);

impl Drop for OwnRuntime {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

/// One that runs.
#[derive(Debug)]
enum Core {
    Task(JoinHandle<()>),
    Thread(oneshot::Receiver<()>),
}

/// Those that run.
#[derive(Debug, Default)]
pub(super) struct Cores {
    all: Vec<Core>,
    /// Told when one has ended, whatever the reason.
    ended: Arc<Notify>,
}

impl Place {
    /// A place for each machine: so many threads, or one in a task.
    pub(super) fn all(threads: Option<NonZeroUsize>) -> Result<Vec<Self>, ServeError> {
        let Some(threads) = threads else { return Ok(vec![Self::Here]) };
        let one = |_| {
            let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
            Ok(Self::Thread(OwnRuntime(Some(runtime))))
        };
        let all: io::Result<Vec<Self>> = (0..threads.get()).map(one).collect();
        all.map_err(ServeError::Thread)
    }

    /// Does something where sockets register with the runtime that is to wait for them.
    pub(super) fn within<R>(&self, work: impl FnOnce() -> R) -> R {
        let _within = match self {
            Self::Here => None,
            Self::Thread(runtime) => runtime.0.as_ref().map(Runtime::enter),
        };
        work()
    }
}

impl Cores {
    /// Has a driver run.
    pub(super) fn start(
        &mut self,
        place: Place,
        driver: Driver<TurnServer, Reporter>,
    ) -> Result<(), ServeError> {
        let ended = Ended(Arc::clone(&self.ended));
        let run = async move {
            let _ended = ended;
            driver.run().await;
        };
        let core = match place {
            Place::Here => Core::Task(tokio::spawn(run)),
            Place::Thread(runtime) => {
                let (done, over) = oneshot::channel();
                let name = format!("spool-core-{}", self.all.len());
                let work = move || {
                    if let Some(runtime) = &runtime.0 {
                        runtime.block_on(run);
                    }
                    // its sockets are closed; nobody may want to know
                    let _ = done.send(());
                };
                thread::Builder::new().name(name).spawn(work).map_err(ServeError::Thread)?;
                Core::Thread(over)
            }
        };
        self.all.push(core);
        Ok(())
    }

    /// Waits until one of them ends, which none does unless told, or by a fault of ours.
    pub(super) async fn ended(&self) {
        self.ended.notified().await;
    }

    /// Has all of them end, and waits for that.
    pub(super) async fn stop(self, handles: &[Handle<TurnServer, Reporter>]) {
        for handle in handles {
            handle.stop().await;
        }
        for core in self.all {
            // one that panicked has closed its sockets too
            match core {
                Core::Task(task) => drop(task.await),
                Core::Thread(over) => drop(over.await),
            }
        }
    }
}

/// Tells that a driver has ended, when it is dropped.
struct Ended(Arc<Notify>);

impl Drop for Ended {
    fn drop(&mut self) {
        self.0.notify_one();
    }
}

/// What they count together.
#[derive(Debug, Default)]
pub(super) struct SharedLedger(Mutex<Ledger>);

impl LedgerLock for SharedLedger {
    fn with(&self, work: &mut dyn FnMut(&mut Ledger)) {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }
}
