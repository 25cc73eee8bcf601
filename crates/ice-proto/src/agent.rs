//! The agent: routes inputs to gathering and to the session, and hands what one finds out to the
//! other.
mod commands;
mod leaving;
mod relays;
mod restart;
mod streams;

pub use commands::SendError;

use crate::generations::Generations;
use crate::{
    Base, ConfigError, Gathering, GatheringEvent, IceConfig, IceEvent, IceSession, IceState, Pacer,
    config::Pacing,
};
use alloc::boxed::Box;
use core::time::Duration;
use leaving::Leaving;
use relays::RelayRequests;
use sans_io::{
    Clock, DropCounters, DropReason, Frame, Input, Instant, Machine, Output, Path, SocketIds,
    Transmit, Transport, Verdict,
};

/// How long permissions wait at most for the first checks of direct pairs.
const DIRECT_FIRST: Duration = Duration::from_millis(100);

/// One ICE agent for one stream with one component (BUNDLE and rtcp-mux are assumed): it finds out
/// how it can be reached, checks every way there is to the peer, settles with it on one of them,
/// and sees to it that this way stays open and wanted.
///
/// Its owner tells the peer what [`local_credentials`](Self::local_credentials) and each
/// [`IceEvent::Candidate`] say, tells the agent what the peer says, and drives it as any
/// [`Machine`]. Data of the peer is a [`Verdict::Deliver`] whose path is seen past any relay; data
/// to the peer is what [`send`](Self::send) returns. Neither is copied or queued.
///
/// It is made of a [`Gathering`], which has sockets and relays and knows of no peer, an
/// [`IceSession`], which knows the peer and has no sockets, and a [`Pacer`] that both share.
///
/// Of what arrives at its sockets the agent claims STUN, ChannelData of its relays, and anything
/// from an address that has shown that it knows the password. Packets on paths that are not its own
/// are [`Verdict::Unclaimed`].
///
/// A drain gives at most [`outputs_max`](IceConfig::outputs_max) messages, and a few outputs for
/// each socket and candidate. Eight inputs may come between two drains.
///
/// ```
/// use ice_proto::{IceAgent, IceConfig, IceEvent};
/// use sans_io::{Input, Instant, Machine, Output, SocketIds, SocketRequest, Verdict};
///
/// let seed = [7; 32]; // from the operating system
/// let mut agent = IceAgent::new(IceConfig::default(), seed, SocketIds::root())?;
/// let now = Instant::ZERO;
/// agent.gather(now, &["192.0.2.1".parse()?])?;
/// let Output::Socket(SocketRequest::Bind { id, .. }) = agent.poll_output() else {
///     unreachable!("it asks for a socket")
/// };
/// let opened = Input::Socket { id, state: Ok("192.0.2.1:5000".parse()?) };
/// assert_eq!(agent.handle_input(now, opened), Verdict::Consumed);
/// let Output::Event(IceEvent::Candidate(candidate)) = agent.poll_output() else {
///     unreachable!("it tells a candidate")
/// };
/// assert_eq!(candidate.to_string(), "host udp 192.0.2.1:5000");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// See the [crate documentation](crate) for two agents that meet.
#[derive(Debug)]
pub struct IceAgent {
    sessions: Generations,
    /// Apart, since an agent may be moved about, and most of this is of use at first only.
    gathering: Box<Gathering>,
    pacer: Pacer,
    pacing: Pacing,
    relay_requests: RelayRequests,
    leaving: Leaving,
    clock: Clock,
    deadline: Option<Instant>,
}

impl IceAgent {
    #[expect(clippy::needless_pass_by_value, reason = "a configuration is used once")]
    /// An agent that does nothing yet. `seed` is secret, and used for nothing else; `sockets` are
    /// the numbers by which it asks for sockets, one for each local address.
    pub fn new(config: IceConfig, seed: [u8; 32], sockets: SocketIds) -> Result<Self, ConfigError> {
        // That sees to it that the configuration is valid.
        let gathering = Box::new(Gathering::new(&config, sockets, seed)?);
        Ok(Self {
            sessions: Generations::new(IceSession::of_valid(&config, seed)),
            gathering,
            pacer: Pacer::new(config.pacing),
            pacing: Pacing::new(config.profile, config.pacing),
            relay_requests: RelayRequests::default(),
            leaving: Leaving::default(),
            clock: Clock::default(),
            deadline: None,
        })
    }

    /// Takes note of the time and lets both parts do what is due by then. Slots of the pacer are
    /// given later: what just arrived may make what they would be spent on needless.
    fn advance(&mut self, now: Instant) -> Instant {
        let now = self.clock.tick(now);
        if self.clock.has_come(self.gathering.deadline(), now) {
            self.gathering.handle_timeout(now);
        }
        self.sessions.run_due(self.clock, now);
        now
    }

    /// Draws all conclusions from what just happened, so that nothing is left but to wait.
    fn settle(&mut self, now: Instant) {
        let slot = loop {
            self.collect(now);
            self.ask_relays(now);
            self.forward(now);
            if self.hand_over(now) || self.restart_if_wanted(now) {
                continue;
            }
            let mut slot = self.next_slot();
            if slot.is_some_and(|at| at <= now) {
                if self.pace(now) {
                    continue;
                }
                // Who wanted it had no use for it after all.
                slot = self.next_slot();
            }
            if !self.leave(now) {
                break slot;
            }
        };
        self.keep_connections();
        self.join_outputs(now);
        self.deadline = self.next_deadline(now, slot);
    }

    /// Puts into one queue what all parts have to say, so that what goes one way keeps its order.
    fn join_outputs(&mut self, now: Instant) {
        if self.gathering.has_relays() {
            let gathering = &mut self.gathering;
            self.sessions.take_relayed_of_former(|transmit| gathering.forward(now, &transmit));
        }
        self.sessions.join_former(now);
        while let Some(output) = self.gathering.poll_out() {
            self.sessions.newest.pass_on(output);
        }
    }

    /// Takes what gathering has found.
    fn collect(&mut self, now: Instant) {
        while let Some(event) = self.gathering.poll_event() {
            match event {
                GatheringEvent::Candidate(local) => self.sessions.newest.add_local(now, local),
                GatheringEvent::MappingLost { mapped, base } => {
                    self.sessions.each(|session| session.withdraw_local(now, mapped, base));
                }
                GatheringEvent::BaseLost(base) => {
                    self.relay_requests.forget(base);
                    self.sessions.each(|session| session.lose_base(now, base));
                }
                GatheringEvent::ConnectionLost { path, fault } => {
                    self.sessions.each(|session| session.connection_lost(now, &path, fault));
                }
                GatheringEvent::Permission { relay, peer, granted } => {
                    self.relay_requests.answered(relay, peer, granted);
                    self.sessions.each(|session| session.permission(now, relay, peer, granted));
                }
                GatheringEvent::Failed(failure) => {
                    self.sessions.newest.event(IceEvent::GatheringFailed(failure));
                }
                GatheringEvent::Resumed => self.sessions.newest.set_local_complete(now, false),
                GatheringEvent::Complete => {
                    self.sessions.newest.event(IceEvent::GatheringComplete);
                    self.sessions.newest.know_server(
                        now,
                        self.gathering.rtt_to_server(),
                        self.gathering.hops_to_server(),
                    );
                    self.sessions.newest.set_local_complete(now, true);
                }
            }
        }
    }

    /// Sends what leaves from relays through them, and what goes over connections in frames.
    fn forward(&mut self, now: Instant) {
        let gathering = &mut self.gathering;
        if gathering.has_relays() {
            self.sessions.newest.take_relayed(|transmit| gathering.forward(now, &transmit));
        }
        if gathering.has_tcp() {
            let mut forward = |transmit: Transmit| gathering.forward(now, &transmit);
            self.sessions.each(|session| session.take_over_tcp(&mut forward));
        }
    }

    /// When something wants a slot of the pacer and there is one.
    fn next_slot(&self) -> Option<Instant> {
        let gathering = self.gathering.wants_slot().then_some(Instant::ZERO);
        let former = self.sessions.former_slot();
        let wanted = Instant::earliest([self.sessions.newest.next_slot(), gathering, former])?;
        Some(wanted.max(self.pacer.next()))
    }

    /// Uses a slot of the pacer that is free and wanted: triggered checks and nominations
    /// before gathering, ordinary checks after it. Permissions alone come after the first checks of
    /// direct pairs where those are few: a relay is waited for, a direct pair is what is wanted.
    fn pace(&mut self, now: Instant) -> bool {
        let ta = self.pacer.interval();
        let direct_first = self.gathering.asks_permissions_only()
            && self.sessions.newest.untried_takes(ta).is_some_and(|time| time <= DIRECT_FIRST);
        let sent = self.sessions.newest.take_triggered_slot(now, ta)
            || (direct_first && self.sessions.newest.take_ordinary_slot(now, ta))
            || (self.gathering.wants_slot() && self.gathering.take_slot(now, ta))
            || self.sessions.newest.take_ordinary_slot(now, ta)
            || self.sessions.take_former_slot(now, ta);
        if sent {
            self.pacer.take(now);
        }
        sent
    }

    /// When it is to be woken, with the next `slot` that is wanted.
    fn next_deadline(&self, now: Instant, slot: Option<Instant>) -> Option<Instant> {
        let all = [
            slot,
            self.sessions.deadline(),
            self.gathering.deadline(),
            self.former_deadline(),
            self.leave_at(),
        ];
        // At the end of time nothing more is to come.
        let at = Instant::earliest(all).filter(|_| now < Instant::FAR)?;
        debug_assert!(at > now, "something was due and not done: {all:?} at {now:?}");
        // Should that ever be, a driver is not to spin.
        Some(at.max(now.saturating_add(Duration::from_nanos(1))))
    }

    /// Bytes that arrived at one of our sockets.
    fn receive<'a>(&mut self, now: Instant, input: Input<'a>) -> Verdict<'a> {
        let to_session = match self.gathering.receive(now, input) {
            None => input,
            // What a relay passed on is never offered to a relay again, so that nesting cannot
            // recurse.
            Some(Verdict::Deliver { path, bytes }) => Input::received(path, bytes),
            Some(verdict) => return verdict,
        };
        let awaited = self.sessions.awaits_peer();
        let mut verdict = self.sessions.offer(now, to_session);
        if let Input::Received { path, bytes, .. } = to_session
            && path.transport() == Transport::Tcp
        {
            verdict = self.judge_connection(now, path, bytes, verdict);
        }
        if self.sessions.awaits_peer() != awaited {
            self.settle(now);
        }
        match verdict {
            Verdict::Unclaimed => self.gathering.refuse(DropReason::Unexpected),
            verdict => verdict,
        }
    }

    /// How often bytes were refused, and why.
    pub fn drops(&self) -> DropCounters {
        self.sessions.drops() + *self.gathering.drops()
    }

    /// How far the agent has come.
    pub const fn state(&self) -> IceState {
        self.sessions.newest.state()
    }

    /// The part that knows the peer; of several generations the newest.
    pub const fn session(&self) -> &IceSession {
        &self.sessions.newest
    }

    /// The part that has sockets and relays.
    pub fn gathering(&self) -> &Gathering {
        &self.gathering
    }
}

impl Machine for IceAgent {
    type Event = IceEvent;

    fn handle_input<'a>(&mut self, now: Instant, input: Input<'a>) -> Verdict<'a> {
        let due = self.clock.has_come(self.deadline, now);
        let now = self.advance(now);
        let verdict = match input {
            Input::Timeout => Verdict::Consumed,
            Input::Received { .. } => self.receive(now, input),
            Input::PathFailed { path, .. } if self.sessions.has_base(Base::of(path)) => {
                let _ = self.gathering.handle_input(now, input);
                Verdict::Consumed
            }
            Input::Socket { .. }
            | Input::PathFailed { .. }
            | Input::Accepted { .. }
            | Input::LookedUp { .. } => self.gathering.handle_input(now, input),
        };
        // Data changes nothing.
        if due || !matches!(verdict, Verdict::Deliver { .. }) {
            self.settle(now);
        }
        verdict
    }

    fn poll_output(&mut self) -> Output<IceEvent> {
        self.sessions.newest.poll_out().unwrap_or(Output::Timeout(self.deadline))
    }

    fn frame(&self, path: &Path, buffer: &[u8]) -> Frame {
        self.gathering.frame_of(path, buffer)
    }
}
