//! What an agent's driver tells the rest of the program.
use crate::driver::{Application, Context};
use bytes::Bytes;
use ice_proto::{
    Candidate, GatheringFailure, IceAgent, IceCredentials, IceEvent, IceState, RestartReason,
    SelectedPair,
};
use sans_io::Path;
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};
use tokio::sync::{mpsc, watch};

/// Datagrams that may wait for [`Connection::recv`](super::Connection::recv): about a second of
/// video. What is more is dropped and counted, as a full socket would.
const DATAGRAMS_MAX: usize = 1024;

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
    overflows: Arc<AtomicU64>,
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

/// The receiving ends of a [`Recorder`].
#[derive(Debug)]
pub(super) struct Feed {
    pub(super) progress: watch::Receiver<Progress>,
    pub(super) datagrams: mpsc::Receiver<Bytes>,
    pub(super) overflows: Arc<AtomicU64>,
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
        let overflows = Arc::new(AtomicU64::new(0));
        let feed = Feed { progress: watched, datagrams: received, overflows: overflows.clone() };
        (Self { progress, datagrams, overflows, reason: None, news: None }, feed)
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
    fn event(&mut self, _: &mut Context<'_, IceAgent>, event: IceEvent) {
        self.report(&event);
        self.record(&event);
    }

    fn deliver(&mut self, _: Path, bytes: &[u8]) {
        if self.datagrams.try_send(Bytes::copy_from_slice(bytes)).is_err() {
            self.overflows.fetch_add(1, Ordering::Relaxed);
        }
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
