//! The agent: routes inputs to gathering and to the session, and hands what one finds out to the
//! other.
mod commands;
mod freeing;
mod routing;

pub use commands::SendError;

use crate::{
    ConfigError, IceConfig, IceEvent, IceState, Profile,
    config::common_pacing,
    gathering::{Gathered, Gathering, relayed},
    pacer::Pacer,
    pair::{Pair, PairFailure, PairId},
    session::{Session, SessionOutput},
};
use alloc::{
    collections::{BTreeSet, VecDeque},
    vec::Vec,
};
use bytes::Bytes;
use core::{
    net::{IpAddr, SocketAddr},
    time::Duration,
};
use sans_io::{
    Clock, DropCounters, DropReason, Input, Instant, Machine, Output, Path, SocketIds, Transmit,
    Verdict,
};
use stun_proto::{Credentials as Account, Entropy};

/// One ICE agent for one stream with one component (BUNDLE and rtcp-mux are assumed): it finds out
/// how it can be reached, checks every way there is to the peer, settles with it on one of them,
/// and sees to it that this way stays open and wanted.
///
/// Its owner tells the peer what [`local_credentials`](Self::local_credentials) and each
/// [`IceEvent::Candidate`] say, tells the agent what the peer says, and drives it as any
/// [`Machine`]. Data of the peer is a [`Verdict::Deliver`] whose path is seen past any relay; data to the peer is what
/// [`send`](Self::send) returns. Neither is copied or queued.
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
    pub(crate) session: Session,
    pub(crate) gathering: Gathering,
    pacer: Pacer,
    profile: Profile,
    /// The Ta that this agent proposes.
    offered_pacing: Duration,
    /// The Ta that the peer proposes.
    remote_pacing: Option<Duration>,
    clock: Clock,
    out: VecDeque<Output<IceEvent>>,
    outputs_max: usize,
    deadline: Option<Instant>,
    drops: DropCounters,
    /// What relays were asked to permit, and have not refused.
    permits: BTreeSet<(SocketAddr, IpAddr)>,
    /// The pair whose channel was asked for.
    bound: Option<PairId>,
    freed: bool,
}

impl IceAgent {
    #[expect(clippy::needless_pass_by_value, reason = "a configuration is used once")]
    /// An agent that does nothing yet. `seed` is secret, and used for nothing else; `sockets` are
    /// the numbers by which it asks for sockets, one for each local address.
    pub fn new(config: IceConfig, seed: [u8; 32], sockets: SocketIds) -> Result<Self, ConfigError> {
        config.validate()?;
        let account = |server: &crate::TurnServer| {
            Account::new(&server.username, &server.password)
                .map_err(|_| ConfigError::TurnCredentials(server.address))
        };
        let accounts = config.turn_servers.iter().map(account).collect::<Result<Vec<_>, _>>()?;
        let mut entropy = Entropy::new(seed);
        let gathering = Gathering::new(&config, accounts, sockets, entropy.fork("gathering"));
        Ok(Self {
            session: Session::new(&config, entropy.fork("session")),
            gathering,
            pacer: Pacer::new(config.pacing),
            profile: config.profile,
            offered_pacing: config.pacing,
            remote_pacing: None,
            clock: Clock::default(),
            out: VecDeque::new(),
            outputs_max: config.outputs_max,
            deadline: None,
            drops: DropCounters::default(),
            permits: BTreeSet::new(),
            bound: None,
            freed: false,
        })
    }

    /// Brings Ta in line with what both agents propose. Until the peer has said something gathering
    /// goes at the pace of this agent.
    fn apply_pacing(&mut self) {
        if self.session.remote.is_some() {
            let pacing = common_pacing(self.profile, self.offered_pacing, self.remote_pacing);
            self.pacer.set_interval(pacing);
            self.session.pacing = pacing;
        }
    }

    /// Takes note of the time and does what is due by then.
    fn advance(&mut self, now: Instant) -> Instant {
        let now = self.clock.tick(now);
        if self.deadline.is_some_and(|deadline| deadline <= now) {
            self.gathering.run(now);
            self.session.run_checks(now);
            self.session.run_consent(now);
            self.settle(now);
        }
        now
    }

    /// Draws all conclusions from what just happened, so that nothing is left but to wait.
    fn settle(&mut self, now: Instant) {
        loop {
            self.collect(now);
            self.session.update(now);
            self.ask_relays(now);
            // What follows may start transactions; a second round collects them.
            let paced = self.pace(now);
            self.collect(now);
            while let Some(output) = self.session.poll() {
                self.emit(now, output);
            }
            self.gathering.sweep();
            if !paced {
                self.collect(now);
                // Last, since when it is due depends on the pairs there are.
                if !self.free(now) {
                    break;
                }
            }
        }
        self.deadline = self.next_deadline(now);
    }

    /// Takes what gathering has found.
    fn collect(&mut self, now: Instant) {
        while let Some(gathered) = self.gathering.poll(now) {
            match gathered {
                Gathered::Transmit(path, bytes) => self.transmit(path, bytes),
                Gathered::Socket(request) => self.out.push_back(Output::Socket(request)),
                Gathered::Failed(failure) => self.tell(IceEvent::GatheringFailed(failure)),
                Gathered::Local(local) => {
                    let candidate = local.candidate;
                    if self.session.add_local(local) {
                        self.tell(IceEvent::Candidate(candidate));
                    }
                }
                Gathered::Permitted { relayed, peer, granted } => {
                    if let Some(base) = self.session.locals.base_at(relayed) {
                        self.session.permitted(base, peer, granted);
                    }
                    if !granted {
                        // For a pair that comes later it is asked again.
                        self.permits.remove(&(relayed, peer));
                    }
                }
                Gathered::RelayLost { relayed } => {
                    self.permits.retain(|(address, _)| *address != relayed);
                    if let Some(base) = self.session.locals.base_at(relayed) {
                        self.session.base_lost(base, PairFailure::Relay);
                    }
                }
                Gathered::HostLost { base } => {
                    if let Some(base) = self.session.locals.base_at(base) {
                        self.session.base_lost(base, PairFailure::Socket);
                    }
                }
            }
        }
        if self.gathering.completed() && !self.session.is_closed() {
            self.session.set_gathering_done(true);
            self.tell(IceEvent::GatheringComplete);
        }
    }

    /// Asks relays to let the peer's addresses through, and for a channel to the peer once a relayed
    /// pair is in use.
    fn ask_relays(&mut self, now: Instant) {
        if self.session.remote.is_none()
            || self.session.is_closed()
            || self.gathering.relays.is_empty()
        {
            return;
        }
        let relayed = self.session.locals.bases().map(|(_, local)| local.base);
        let relays: Vec<SocketAddr> =
            relayed.filter(|base| self.gathering.relays.is_relayed(base)).collect();
        for relayed in relays {
            let mut peers: Vec<IpAddr> = Vec::new();
            let waits =
                |pair: &&Pair| pair.path.local() == relayed && pair.blocked && pair.is_open();
            for pair in self.session.list.iter().filter(waits) {
                let ip = pair.path.remote().ip();
                if self.session.selected.is_none() && self.permits.insert((relayed, ip)) {
                    peers.push(ip);
                }
            }
            if !peers.is_empty() {
                self.gathering.relays.permit(relayed, &peers);
            }
        }
        let active = self.session.active_pair().map(|pair| (pair.id, pair.path));
        if let Some((id, path)) = active
            && self.bound != Some(id)
            && self.gathering.relays.is_relayed(&path.local())
        {
            self.bound = Some(id);
            self.gathering.relays.bind(now, path.local(), path.remote());
        }
    }

    /// Uses the pacer's slot, if it is free and something wants it.
    fn pace(&mut self, now: Instant) -> bool {
        if !self.pacer.is_free(now) {
            return false;
        }
        let due = |at: Option<Instant>| at.is_some_and(|at| at <= now);
        while due(self.session.urgent_at()) {
            if self.session.send_urgent(now) {
                self.pacer.take(now);
                return true;
            }
        }
        while self.gathering.wants_slot() {
            if self.gathering.take_slot(now) {
                self.pacer.take(now);
                return true;
            }
        }
        if due(self.session.patient_at()) && self.session.send_patient(now) {
            self.pacer.take(now);
            return true;
        }
        false
    }

    fn next_deadline(&self, now: Instant) -> Option<Instant> {
        let gathering = self.gathering.wants_slot().then_some(Instant::ZERO);
        let work = [self.session.urgent_at(), gathering, self.session.patient_at()];
        let slot = work.into_iter().flatten().min().map(|at| at.max(self.pacer.slot()));
        let all = [slot, self.session.deadline(), self.gathering.deadline(), self.free_at()];
        let at = all.into_iter().flatten().min()?;
        debug_assert!(at > now, "something was due and not done: {all:?} at {now:?}");
        // Should that ever be, a driver is not to spin.
        Some(at.max(now.saturating_add(Duration::from_nanos(1))))
    }

    fn emit(&mut self, now: Instant, output: SessionOutput) {
        match output {
            SessionOutput::Event(event) => {
                if matches!(event, IceEvent::Selected(_)) {
                    self.gathering.forget_mappings();
                }
                self.tell(event);
            }
            SessionOutput::Transmit(path, bytes) => {
                match self.gathering.relays.send(now, &path, &bytes) {
                    None => self.transmit(path, bytes),
                    Some(Ok(packet)) => {
                        let (path, bytes) = (packet.path, relayed::to_bytes(&packet));
                        self.transmit(path, bytes);
                    }
                    // The permission lapsed; the check is as good as lost.
                    Some(Err(_)) => {}
                }
            }
        }
    }

    fn transmit(&mut self, path: Path, bytes: Bytes) {
        if self.out.len() >= self.outputs_max {
            let _ = self.drops.refuse(DropReason::Exhausted);
            return;
        }
        self.out.push_back(Output::Transmit(Transmit::new(path, bytes)));
    }

    fn tell(&mut self, event: IceEvent) {
        self.out.push_back(Output::Event(event));
    }

    /// How often bytes were refused, and why.
    pub const fn drops(&self) -> &DropCounters {
        &self.drops
    }

    /// How far the agent has come.
    pub const fn state(&self) -> IceState {
        self.session.state()
    }
}

impl Machine for IceAgent {
    type Event = IceEvent;

    fn handle_input<'a>(&mut self, now: Instant, input: Input<'a>) -> Verdict<'a> {
        let now = self.advance(now);
        self.route(now, input)
    }

    fn poll_output(&mut self) -> Output<IceEvent> {
        self.out.pop_front().unwrap_or(Output::Timeout(self.deadline))
    }
}
