//! What all simulators are to do, and how the clients of those with tasks are told.
use core::{
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};
use std::sync::Arc;
use tokio::sync::{Notify, watch};

/// What a packet takes from host to host.
pub(crate) const DELAY: Duration = Duration::from_millis(1);
/// Bytes of a packet.
pub(crate) const SIZE: usize = 100;
pub(crate) const PORT: u16 = 7;

/// What the client sends in its `round`th round: nothing that an earlier packet could pass for.
pub(crate) fn ping(round: u32) -> [u8; SIZE] {
    let mut packet = [0x55; SIZE];
    packet[..4].copy_from_slice(&round.to_le_bytes());
    packet
}

/// Lets clients do rounds, and counts what they have done.
#[derive(Clone)]
pub(crate) struct Rounds {
    allowed: watch::Sender<u32>,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    echoes: AtomicU32,
    more: Notify,
}

impl Rounds {
    pub(crate) fn new() -> Self {
        Self { allowed: watch::Sender::new(0), shared: Arc::default() }
    }

    /// Allows so many rounds more to each client, and begins to count anew.
    pub(crate) fn allow(&self, rounds: u32) {
        self.shared.echoes.store(0, Ordering::Relaxed);
        self.allowed.send_modify(|allowed| *allowed += rounds);
    }

    /// Echoes since then.
    pub(crate) fn echoes(&self) -> u32 {
        self.shared.echoes.load(Ordering::Relaxed)
    }

    /// Waits until there are so many.
    pub(crate) async fn reach(&self, echoes: u32) -> u32 {
        while self.echoes() < echoes {
            self.shared.more.notified().await;
        }
        self.echoes()
    }

    /// What one client keeps.
    pub(crate) fn client(&self) -> Client {
        let allowed = self.allowed.subscribe();
        Client { shared: Arc::clone(&self.shared), allowed, last: 0, round: 0, right: 0 }
    }
}

/// A client of some simulator.
pub(crate) struct Client {
    shared: Arc<Shared>,
    allowed: watch::Receiver<u32>,
    last: u32,
    round: u32,
    right: u32,
}

impl Client {
    /// Waits until it may go on. What to send.
    pub(crate) async fn packet(&mut self) -> [u8; SIZE] {
        if self.round == self.last {
            let round = self.round;
            self.last = *self.allowed.wait_for(|allowed| *allowed > round).await.expect("a sender");
        }
        ping(self.round)
    }

    /// Takes an answer; only the right one counts.
    pub(crate) fn take(&mut self, answer: &[u8; SIZE]) {
        self.right += u32::from(*answer == ping(self.round));
        self.round += 1;
        if self.round == self.last {
            self.shared.echoes.fetch_add(self.right, Ordering::Relaxed);
            self.shared.more.notify_one();
            self.right = 0;
        }
    }
}
