//! Two agents whose applications carry what the agents tell, and send each other data all the time.
use super::Meeting;
use core::{net::IpAddr, time::Duration};
use ice_proto::{
    AddCandidateError, Candidate, IceAgent, IceCredentials, IceEvent, RestartReason, SelectedPair,
};
use nat_sim::{Body, DropCause, Happening};
use sans_io::Instant;
use std::{collections::VecDeque, sync::Arc};

/// How long what is signalled takes.
const SIGNALLING: Duration = Duration::from_millis(50);
/// How often each side sends data.
pub(crate) const DATA_EVERY: Duration = Duration::from_millis(5);
const DATA: &[u8] = b"data of the application";

/// What one application tells the other.
enum Message {
    Credentials(IceCredentials),
    Candidate(Arc<str>, Candidate),
    Complete(Arc<str>),
}

/// Agents that have met, and that signal through a server that is no part of the world.
pub(crate) struct Call {
    pub meeting: Meeting,
    /// Whether signalling is down: then it comes later.
    pub silent: bool,
    /// Whether data is sent.
    pub talks: bool,
    /// What each has told, but for what was signalled.
    pub events: [Vec<(Instant, IceEvent)>; 2],
    /// When data came to each side.
    arrivals: [Vec<Instant>; 2],
    /// How often an agent had no path for data.
    pub unsent: [u32; 2],
    ufrags: [Arc<str>; 2],
    post: VecDeque<(Instant, usize, Message)>,
}

impl Call {
    /// Follows agents that have been told everything.
    pub(crate) fn new(mut meeting: Meeting) -> Self {
        for agent in meeting.agents {
            meeting.world.take_events::<IceAgent>(agent);
        }
        Self::of_strangers(meeting)
    }

    /// Follows agents from the start: all that they have told is signalled.
    pub(crate) fn of_strangers(meeting: Meeting) -> Self {
        let ufrags = [0, 1].map(|i| meeting.agent(i).local_credentials().ufrag.clone());
        Self {
            meeting,
            silent: false,
            talks: true,
            events: [Vec::new(), Vec::new()],
            arrivals: [Vec::new(), Vec::new()],
            unsent: [0; 2],
            ufrags,
            post: VecDeque::new(),
        }
    }

    /// Agents that have settled on a pair.
    pub(crate) fn settled(mut meeting: Meeting) -> Self {
        meeting.meet();
        meeting.run(Duration::from_secs(30));
        assert_eq!(meeting.agree(), Some(true), "the first time");
        let mut call = Self::new(meeting);
        call.run_for(Duration::from_millis(200));
        call
    }

    /// Signals the credentials with which an agent begins.
    pub(crate) fn introduce(&mut self, from: usize) {
        let credentials = self.meeting.agent(from).local_credentials().clone();
        self.meeting
            .with(1 - from, |agent, now| agent.set_remote_pacing(now, Some(agent.local_pacing())));
        self.send(from, Message::Credentials(credentials));
    }

    fn send(&mut self, from: usize, message: Message) {
        let at = self.meeting.world.now().saturating_add(SIGNALLING);
        self.post.push_back((at, 1 - from, message));
    }

    /// Time passes, with data and signals.
    pub(crate) fn run_for(&mut self, span: Duration) {
        let end = self.meeting.world.now().saturating_add(span);
        self.run_until(end, |_| false);
    }

    /// The same, until both have told that they have settled on a pair since this was called.
    pub(crate) fn settle_within(&mut self, limit: Duration) -> Option<Duration> {
        let begin = self.meeting.world.now();
        let end = begin.saturating_add(limit);
        let settled = self.run_until(end, |call| {
            call.events.iter().all(|events| {
                let is_it = |(at, e): &&(Instant, IceEvent)| {
                    *at > begin && matches!(e, IceEvent::Selected(_))
                };
                events.iter().rev().any(|event| is_it(&event))
            })
        });
        settled.then(|| self.meeting.world.now().saturating_since(begin))
    }

    pub(crate) fn run_until(&mut self, end: Instant, done: impl Fn(&Self) -> bool) -> bool {
        while self.meeting.world.now() < end {
            if done(self) {
                return true;
            }
            let tick = if self.talks { DATA_EVERY } else { 10 * DATA_EVERY };
            if self.talks {
                self.speak();
            }
            let next = self.meeting.world.now().saturating_add(tick);
            while self.meeting.world.next_at().is_some_and(|at| at <= next) {
                self.meeting.world.step();
                self.listen();
            }
            self.meeting.world.run_until(next);
            self.deliver();
        }
        done(self)
    }

    /// Each side sends a datagram.
    fn speak(&mut self) {
        for i in [0, 1] {
            let agent = self.meeting.agents[i];
            let now = self.meeting.world.now();
            match self.meeting.with(i, |agent: &mut IceAgent, _| agent.send(now, DATA)) {
                Ok(packet) => self.meeting.world.transmit(agent.host, &packet),
                Err(_) => self.unsent[i] += 1,
            }
        }
    }

    /// Takes what came, and what the agents tell.
    fn listen(&mut self) {
        for i in [0, 1] {
            let got = self.meeting.world.take_delivered(self.meeting.hosts[i]);
            self.arrivals[i].extend(got.iter().map(|delivery| delivery.at));
            for (at, event) in self.meeting.world.take_events::<IceAgent>(self.meeting.agents[i]) {
                match event {
                    IceEvent::Restarted(credentials) => {
                        self.ufrags[i] = credentials.ufrag.clone();
                        self.send(i, Message::Credentials(credentials.clone()));
                        self.events[i].push((at, IceEvent::Restarted(credentials)));
                    }
                    IceEvent::Candidate(candidate) => {
                        let ufrag = self.ufrags[i].clone();
                        self.send(i, Message::Candidate(ufrag, candidate));
                    }
                    IceEvent::GatheringComplete => {
                        let ufrag = self.ufrags[i].clone();
                        self.send(i, Message::Complete(ufrag));
                        self.meeting.with(i, IceAgent::description_sent);
                    }
                    event => self.events[i].push((at, event)),
                }
            }
        }
    }

    /// Hands over what was signalled.
    fn deliver(&mut self) {
        self.listen();
        let is_due = |at: &Instant, call: &Self| *at <= call.meeting.world.now() && !call.silent;
        while self.post.front().is_some_and(|(at, ..)| is_due(at, self)) {
            let Some((_, to, message)) = self.post.pop_front() else { return };
            self.meeting.with(to, |agent, now| match message {
                Message::Credentials(credentials) => {
                    agent.set_remote_credentials(now, credentials).unwrap();
                }
                Message::Candidate(ufrag, candidate) => {
                    let added = agent.add_remote_candidate_of(now, &ufrag, candidate);
                    // What is late is of no use.
                    assert!(matches!(added, Ok(()) | Err(AddCandidateError::Generation)));
                }
                Message::Complete(ufrag) => agent.end_of_remote_candidates_of(now, &ufrag),
            });
            self.listen();
        }
    }

    /// The longest time in which no data came to a side, since `begin`.
    pub(crate) fn gap(&self, i: usize, begin: Instant) -> Duration {
        let now = self.meeting.world.now();
        let came = self.arrivals[i].iter().copied().filter(|at| *at >= begin);
        let mut last = begin;
        let mut gap = Duration::ZERO;
        for at in came.chain([now]) {
            gap = gap.max(at.saturating_since(last));
            last = at;
        }
        gap
    }

    /// Data that went somewhere and was not wanted there, since the log is kept.
    pub(crate) fn misled(&self) -> Vec<(Instant, DropCause)> {
        let log = self.meeting.world.log().iter();
        let of_data = log.filter(|entry| match &entry.packet.body {
            Body::Udp(bytes) => bytes.ends_with(DATA),
            _ => false,
        });
        of_data
            .filter_map(|entry| match entry.happening {
                Happening::Dropped(cause) if cause != DropCause::LinkLoss => {
                    Some((entry.at, cause))
                }
                _ => None,
            })
            .collect()
    }

    /// How often an agent began a generation.
    pub(crate) fn restarts(&self, i: usize) -> usize {
        let began = |(_, event): &&(Instant, IceEvent)| matches!(event, IceEvent::Restarted(_));
        self.events[i].iter().filter(began).count()
    }

    /// Why an agent said that it needs a restart.
    pub(crate) fn reasons(&self, i: usize) -> Vec<RestartReason> {
        let reason = |(_, event): &(Instant, IceEvent)| match event {
            IceEvent::RestartNeeded(reason) => Some(*reason),
            _ => None,
        };
        self.events[i].iter().filter_map(reason).collect()
    }

    /// A host that moved tells its agent the new addresses, as a watcher of interfaces does.
    pub(crate) fn tell_addresses(&mut self, i: usize) {
        let addresses: Vec<IpAddr> = self.meeting.world.addresses(self.meeting.hosts[i]);
        self.meeting.with(i, |agent, now| agent.on_network_change(now, &addresses)).unwrap();
    }

    pub(crate) fn pair(&self, i: usize) -> Option<SelectedPair> {
        self.meeting.agent(i).selected_pair()
    }

    pub(crate) fn now(&self) -> Instant {
        self.meeting.world.now()
    }
}
