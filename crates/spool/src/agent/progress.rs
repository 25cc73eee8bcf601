//! What an agent's driver tells the rest of the program.
use crate::driver::{Application, Context, Route};
use bytes::{Bytes, BytesMut};
use ice_proto::{
    Candidate, CandidateKind, GatheringFailure, IceAgent, IceCredentials, IceEvent, IceState,
    RestartReason, SelectedPair,
};
use sans_io::{Path, Transport};
use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicU64, Ordering},
};
use tokio::sync::{mpsc, watch};

/// Datagrams that may wait for [`Connection::recv`](super::Connection::recv): about a second of
/// video. What is more is dropped and counted, as a full socket would.
const DATAGRAMS_MAX: usize = 1024;

/// What is allocated for datagrams at a time: the most that one read brings.
const ARENA: usize = 64 * 1024;

/// How far an agent has come.
#[derive(Clone, Debug)]
pub(super) struct Progress {
    pub(super) candidates: Vec<Candidate>,
    pub(super) failures: Vec<GatheringFailure>,
    pub(super) gathered: bool,
    pub(super) state: IceState,
    pub(super) pair: Option<SelectedPair>,
    /// Why, if the state is `Failed`.
    pub(super) lost: Option<RestartReason>,
}

/// Keeps [`Progress`] up to date and queues what arrives.
#[derive(Debug)]
pub(crate) struct Recorder {
    progress: watch::Sender<Progress>,
    datagrams: mpsc::Sender<Bytes>,
    /// Where datagrams are copied to, many to one allocation.
    arena: BytesMut,
    shared: Arc<Shared>,
    /// What a failure that is to be told next is due to.
    reason: Option<RestartReason>,
    /// Where what the peer is to be told goes, if anybody carries it.
    news: Option<mpsc::UnboundedSender<News>>,
}

/// What the peer is to be told, in this order.
#[derive(Clone, Debug)]
pub(super) enum News {
    /// ICE was restarted: what follows is of another generation.
    Restarted(IceCredentials),
    /// One more candidate.
    Candidate(Candidate),
    /// There are no more.
    Complete,
}

/// What the driver's task and those who send and receive have in common.
#[derive(Debug, Default)]
pub(super) struct Shared {
    /// The path in use, if it begins at a socket of ours.
    route: Mutex<Option<Arc<Route>>>,
    overflows: AtomicU64,
}

impl Shared {
    /// The way past the driver, if there is one.
    pub(super) fn route(&self) -> Option<Arc<Route>> {
        self.route.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set_route(&self, route: Option<Route>) {
        *self.route.lock().unwrap_or_else(PoisonError::into_inner) = route.map(Arc::new);
    }

    /// Datagrams that were dropped since nobody took them.
    pub(super) fn overflows(&self) -> u64 {
        self.overflows.load(Ordering::Relaxed)
    }
}

/// The receiving ends of a [`Recorder`].
#[derive(Debug)]
pub(super) struct Feed {
    pub(super) progress: watch::Receiver<Progress>,
    pub(super) datagrams: mpsc::Receiver<Bytes>,
    pub(super) shared: Arc<Shared>,
}

impl Recorder {
    pub(super) fn new() -> (Self, Feed) {
        let (progress, watched) = watch::channel(Progress {
            candidates: Vec::new(),
            failures: Vec::new(),
            gathered: false,
            state: IceState::New,
            pair: None,
            lost: None,
        });
        let (datagrams, received) = mpsc::channel(DATAGRAMS_MAX);
        let shared = Arc::new(Shared::default());
        let feed = Feed { progress: watched, datagrams: received, shared: Arc::clone(&shared) };
        (
            Self { progress, datagrams, arena: BytesMut::new(), shared, reason: None, news: None },
            feed,
        )
    }
}

impl Recorder {
    /// From now on what the peer is to be told is handed over.
    pub(super) fn tell_news(&mut self, news: mpsc::UnboundedSender<News>) {
        self.news = Some(news);
    }

    fn report(&self, event: &IceEvent) {
        let Some(news) = &self.news else { return };
        let told = match event {
            IceEvent::Restarted(credentials) => News::Restarted(credentials.clone()),
            IceEvent::Candidate(candidate) => News::Candidate(*candidate),
            IceEvent::GatheringComplete => News::Complete,
            _ => return,
        };
        // who has stopped to listen has stopped to carry
        let _ = news.send(told);
    }

    /// The reason for a failure comes before it, and waits for it here: whoever looks meanwhile is
    /// not to see one without the other.
    fn record(&mut self, event: &IceEvent) {
        if let IceEvent::RestartNeeded(reason) = event {
            self.reason = Some(*reason);
            return;
        }
        let reason = self.reason;
        self.progress.send_modify(|progress| match event {
            IceEvent::Candidate(candidate) => progress.candidates.push(*candidate),
            IceEvent::CandidateLost(lost) => progress.candidates.retain(|known| known != lost),
            IceEvent::GatheringComplete => progress.gathered = true,
            IceEvent::GatheringFailed(failure) => progress.failures.push(*failure),
            IceEvent::StateChanged(state) => {
                progress.state = *state;
                progress.lost = reason.filter(|_| *state == IceState::Failed);
            }
            IceEvent::PathChanged(pair) | IceEvent::Selected(pair) => progress.pair = Some(*pair),
            IceEvent::Restarted(_) => {
                progress.candidates.clear();
                progress.gathered = false;
            }
            IceEvent::CandidateDropped(_)
            | IceEvent::RestartNeeded(_)
            | IceEvent::RoleChanged(_) => {}
        });
    }
}

impl Application<IceAgent> for Recorder {
    fn event(&mut self, cx: &mut Context<'_, IceAgent>, event: IceEvent) {
        self.report(&event);
        match &event {
            IceEvent::PathChanged(pair) | IceEvent::Selected(pair) => {
                // what begins at a relay of ours, or goes over TCP, is for the machine to wrap
                let ours =
                    pair.local != CandidateKind::Relayed && pair.path.transport() == Transport::Udp;
                self.shared.set_route(ours.then(|| cx.route(&pair.path)).flatten());
            }
            // whether there still is a path is for the machine to say
            IceEvent::CandidateLost(_)
            | IceEvent::StateChanged(IceState::Checking | IceState::Failed | IceState::Closed) => {
                self.shared.set_route(None);
            }
            _ => {}
        }
        self.record(&event);
    }

    fn deliver(&mut self, _: Path, bytes: &[u8]) {
        let Ok(place) = self.datagrams.try_reserve() else {
            self.shared.overflows.fetch_add(1, Ordering::Relaxed);
            return;
        };
        if self.arena.capacity() < bytes.len() {
            // what was allocated is used again when all of it has been taken
            self.arena.reserve(ARENA.max(bytes.len()));
        }
        self.arena.extend_from_slice(bytes);
        place.send(self.arena.split().freeze());
    }
}

#[cfg(test)]
mod tests {
    use super::{Progress, Recorder};
    use ice_proto::{IceEvent, IceState, RestartReason};

    #[test]
    fn whoever_looks_at_any_time_sees_a_failure_with_its_reason() {
        let (mut recorder, mut feed) = Recorder::new();
        let mut seen = Vec::new();
        for event in [
            IceEvent::StateChanged(IceState::Completed),
            IceEvent::RestartNeeded(RestartReason::BetterPair),
            IceEvent::RestartNeeded(RestartReason::ConsentRevoked),
            IceEvent::StateChanged(IceState::Failed),
            IceEvent::StateChanged(IceState::Checking),
            IceEvent::RestartNeeded(RestartReason::NoPairWorks),
            IceEvent::StateChanged(IceState::Failed),
        ] {
            recorder.record(&event);
            if feed.progress.has_changed().unwrap() {
                let Progress { state, lost, .. } = &*feed.progress.borrow_and_update();
                seen.push((*state, *lost));
            }
        }
        let told = [
            (IceState::Completed, None),
            (IceState::Failed, Some(RestartReason::ConsentRevoked)),
            (IceState::Checking, None),
            (IceState::Failed, Some(RestartReason::NoPairWorks)),
        ];
        assert_eq!(seen, told);
    }
}
