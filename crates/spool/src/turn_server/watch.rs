//! What changes around a server while it runs.
use super::Reporter;
use crate::{driver::Handle, interfaces};
use std::time::{Duration, SystemTime};
use tokio::task::JoinHandle;
use turn_proto::TurnServer;

/// How often the addresses of the host are looked at.
const EVERY: Duration = Duration::from_secs(10);

/// Tells the machines the addresses that their host has got, so that they are no peers either. Ends
/// when it is dropped.
#[derive(Debug)]
pub(super) struct Watch(JoinHandle<()>);

impl Watch {
    pub(super) fn start(handles: Vec<Handle<TurnServer, Reporter>>) -> Self {
        Self(tokio::spawn(async move {
            let mut known = Vec::new();
            loop {
                tokio::time::sleep(EVERY).await;
                let now = tokio::task::spawn_blocking(interfaces::own).await;
                // what cannot be listed has not changed
                let Ok(Ok(now)) = now else { continue };
                if now == known {
                    continue;
                }
                known.clone_from(&now);
                for handle in &handles {
                    let now = now.clone();
                    if handle.call(|cx, _| cx.machine.set_own(now)).await.is_err() {
                        return;
                    }
                }
            }
        }))
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// The time since 1970 at the zero of a machine that starts now.
pub(super) fn unix_time_at_zero() -> Duration {
    unix_time().saturating_sub(crate::clock::START)
}

/// The time since 1970.
pub(super) fn unix_time() -> Duration {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default()
}
