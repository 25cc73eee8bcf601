//! Many sessions behind one socket at each address: a server with one port for all its clients.
mod commands;
mod config;
mod event;
mod member;
mod receive;
mod routes;
mod shared;
#[cfg(test)]
mod tests;
mod turns;

pub use config::{AddSessionError, MuxConfig};
pub use event::{MuxEvent, SessionId};

use crate::{
    Base, ConfigError, Gathering, GatheringEvent, IceSession, Pacer,
    session::{Initiator, SlotWishes, Tools},
};
use alloc::{boxed::Box, collections::BTreeSet, vec::Vec};
use member::Member;
use receive::Effect;
use routes::{PathKey, Routes};
use sans_io::{
    Clock, DropCounters, DropReason, Input, Instant, Machine, Outbox, Output, Path, Slab,
    SocketIds, Timers, Verdict,
};
use shared::{Shared, Way};
use stun_proto::{Entropy, SeededState, SourceLimiter};
use turns::Turns;

/// Many ICE sessions, full and lite, behind one socket at each address of the host, as a server has
/// them: it is one [`Gathering`], one [`Pacer`], and an [`IceSession`] for each peer, of two
/// generations while that restarts.
///
/// A request finds its session by the username fragment in its USERNAME, which no two sessions share;
/// an answer by the transaction that it answers; data by its path, which belongs to the session whose
/// peer has proven itself there. Each takes as long with 100,000 sessions as with one. What finds none
/// costs none anything: it leaves no trace but a count, and is answered only as far as
/// [`strangers`](MuxConfig::strangers) allows.
///
/// A path is one session's at a time. A check of the peer of another session does not take it away
/// from one whose peer is heard there and that has settled on it; an answer to a question that was sent
/// there does, as when a NAT gives the address of a client to the next: see [`MuxEvent::PathTaken`]. So two sessions cannot
/// carry data between the same two addresses and ports.
///
/// What sessions share: sockets, host and server-reflexive candidates, the mappings of which are kept
/// alive for as long as the mux lives, and Ta, which counts for all that a program sends
/// (RFC 8445 §14.2): each session gets a slot in its turn, and repeats what was lost when no other one
/// has anything to send for the first time. Lite sessions need none. What they do not share: relays. A
/// permission and a channel is for one peer, an allocation has room for some thousands, and a server
/// that is to be reached by many has an address of its own; a session that needs a relay is an
/// [`IceAgent`](crate::IceAgent). A session that restarts keeps the sockets, so
/// [`RestartSockets::Renewed`](crate::RestartSockets::Renewed) is not for it.
///
/// A drain gives at most [`outputs_max`](crate::IceConfig::outputs_max) messages, and a few outputs for
/// each session that was touched: one by most inputs, all by an address that comes or goes. Eight
/// inputs may come between two drains.
///
/// ```
/// use ice_proto::{IceConfig, IceMux, Implementation, MuxConfig, Role};
/// use sans_io::{Input, Instant, Machine, Output, SocketIds, SocketRequest, Verdict};
///
/// let seed = [7; 32]; // from the operating system
/// let config = MuxConfig { port: 3479, ..MuxConfig::default() };
/// let mut mux = IceMux::new(&config, seed, SocketIds::root())?;
/// let now = Instant::ZERO;
/// mux.gather(now, &["192.0.2.1".parse()?])?;
/// let Output::Socket(SocketRequest::Bind { id, local }) = mux.poll_output() else {
///     unreachable!("it asks for a socket")
/// };
/// let opened = Input::Socket { id, state: Ok(local) };
/// assert_eq!(mux.handle_input(now, opened), Verdict::Consumed);
///
/// // Two clients ask to be let in: each is told its own credentials and the same address.
/// let lite = IceConfig {
///     role: Role::Controlled,
///     implementation: Implementation::Lite,
///     ..IceConfig::default()
/// };
/// let [one, two] = [mux.add(now, &lite)?, mux.add(now, &lite)?];
/// let told = |id| {
///     let session = mux.session(id).expect("it was just added");
///     let candidates: Vec<_> = session.local_candidates().map(ToString::to_string).collect();
///     (session.local_credentials().ufrag.clone(), candidates)
/// };
/// assert_ne!(told(one).0, told(two).0);
/// assert_eq!(told(one).1, ["host udp 192.0.2.1:3479"]);
/// assert_eq!(told(one).1, told(two).1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct IceMux {
    gathering: Gathering,
    shared: Shared,
    /// Apart, since they are moved when there are more.
    members: Slab<Box<Member>>,
    /// Those of two generations.
    restarting: BTreeSet<SessionId>,
    sessions_max: usize,
    routes: Routes,
    strangers: SourceLimiter,
    pacer: Pacer,
    turns: Turns,
    timers: Timers<SessionId>,
    entropy: Entropy,
    tools: Tools,
    standing: Standing,
    clock: Clock,
    deadline: Option<Instant>,
    drops: DropCounters,
    out: Outbox<MuxEvent>,
}

/// Whether it is still in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    Open,
    /// It was closed, and sessions say so to their peers.
    Leaving,
    /// Nothing is left.
    Left,
}

impl IceMux {
    /// A mux without sessions. `seed` is secret, and used for nothing else; `sockets` are the numbers
    /// by which it asks for sockets, one for each local address.
    pub fn new(
        config: &MuxConfig,
        seed: [u8; 32],
        sockets: SocketIds,
    ) -> Result<Self, ConfigError> {
        config.validate()?;
        let mut entropy = Entropy::labelled(seed, "ice mux");
        let outputs_max = config.gathering.outputs_max;
        Ok(Self {
            gathering: Gathering::new(&config.gathering, sockets, seed)?.at_port(config.port),
            shared: Shared::default(),
            members: Slab::new(),
            restarting: BTreeSet::new(),
            sessions_max: config.sessions_max,
            routes: Routes::new(SeededState::new(entropy.secret())),
            strangers: SourceLimiter::new(config.strangers, entropy.secret()),
            pacer: Pacer::new(config.gathering.pacing),
            turns: Turns::default(),
            timers: Timers::new(),
            entropy,
            tools: Tools::new(outputs_max),
            standing: Standing::Open,
            clock: Clock::default(),
            deadline: None,
            drops: DropCounters::default(),
            out: Outbox::new(outputs_max),
        })
    }

    /// Takes note of the time and lets those do what is due by then that have something to do. Slots
    /// of the pacer are given later: what just arrived may make what they would be spent on needless.
    fn advance(&mut self, now: Instant) -> Instant {
        let now = self.clock.tick(now);
        if self.clock.has_come(self.gathering.deadline(), now) {
            self.gathering.handle_timeout(now);
            self.collect(now);
        }
        while let Some((_, id)) = self.timers.pop_due(now) {
            let Some(member) = self.members.get_mut(id.0) else { continue };
            member.take_note();
            let (clock, heard) = (self.clock, self.routes.heard(&member.indexed));
            self.with(now, id, |member| member.run_due(clock, now, heard));
        }
        now
    }

    /// Lets something happen to a session, and draws all conclusions. `None`: it is gone.
    fn with<R>(
        &mut self,
        now: Instant,
        id: SessionId,
        act: impl FnOnce(&mut Member) -> R,
    ) -> Option<R> {
        let member = self.members.get_mut(id.0)?;
        member.sessions.newest.swap_tools(&mut self.tools);
        let result = act(member);
        self.conclude(now, id);
        Some(result)
    }

    /// What just happened to a session becomes a restart where it wants one, outputs, and an order of
    /// when it is woken. It must have been given the tools before that happened, in which its outputs
    /// are, and gives them back.
    fn conclude(&mut self, now: Instant, id: SessionId) {
        let Some(member) = self.members.get_mut(id.0) else { return };
        let restarted = self.restarting.contains(&id);
        loop {
            member.sessions.join_former(now);
            if member.hand_over(now) {
                continue;
            }
            if !member.is_open() || member.sessions.newest.take_wish().is_none() {
                break;
            }
            member.restart(now, Initiator::Us, &self.routes, &self.shared);
        }
        while let Some(output) = member.sessions.newest.poll_out() {
            let output = output.map(|event| MuxEvent::Session { id, event });
            if self.out.pass_on(output).is_err() {
                let _ = self.drops.refuse(DropReason::Exhausted);
            }
        }
        member.sessions.newest.swap_tools(&mut self.tools);
        if member.has_left(now) {
            self.out.event(MuxEvent::SessionEnded(id));
            self.forget(id);
            return;
        }
        let restarts = member.sessions.former().is_some();
        if restarts && !restarted {
            self.restarting.insert(id);
        } else if restarted && !restarts {
            self.restarting.remove(&id);
        }
        if (restarted && !restarts) || (member.is_over() && !member.indexed.paths.is_empty()) {
            member.prune_paths(id, &mut self.routes);
        }
        self.routes.sync(id, &member.sessions, &mut member.indexed);
        if let Some(at) = member.wants_note() {
            self.timers.set(id, Some(at));
        }
        let wishes = if member.is_open() { member.slot_wishes() } else { SlotWishes::default() };
        self.turns.set(now, id, wishes);
    }

    /// A session is gone.
    fn forget(&mut self, id: SessionId) {
        let Some(member) = self.members.remove(id.0) else { return };
        self.routes.forget(id, &member.indexed);
        self.timers.set(id, None);
        self.turns.forget(id);
        self.restarting.remove(&id);
        self.drops = self.drops + member.sessions.drops();
    }

    /// Draws all conclusions from what just happened, so that nothing is left but to wait.
    fn settle(&mut self, now: Instant) {
        self.collect(now);
        while self.pacer.is_free(now) && self.spend_slot(now) {}
        if self.standing == Standing::Leaving && self.members.is_empty() {
            self.standing = Standing::Left;
            self.gathering.release(now, &[]);
        }
        while let Some(output) = self.gathering.poll_out() {
            if self.out.pass_on(output).is_err() {
                let _ = self.drops.refuse(DropReason::Exhausted);
            }
        }
        self.deadline = self.next_deadline(now);
    }

    /// Offers a slot of the pacer to whose turn it is. `false`: nobody wants it.
    fn spend_slot(&mut self, now: Instant) -> bool {
        let ta = self.pacer.interval();
        if self.gathering.wants_slot() && self.gathering.take_slot(now, ta) {
            self.pacer.take(now);
            self.collect(now);
            return true;
        }
        let Some(id) = self.turns.pop(now) else { return false };
        if self.with(now, id, |member| member.take_slot(now)) == Some(true) {
            self.pacer.take(now);
        } else {
            // It had no use for it after all.
            self.turns.postpone(id, now, now.saturating_add(ta));
        }
        true
    }

    fn next_deadline(&self, now: Instant) -> Option<Instant> {
        let gathering = self.gathering.wants_slot().then_some(Instant::ZERO);
        let slot = Instant::earliest([self.turns.next(), gathering]);
        let all = [
            slot.map(|at| at.max(self.pacer.next())),
            self.timers.next(),
            self.gathering.deadline(),
        ];
        // At the end of time nothing more is to come.
        let at = Instant::earliest(all).filter(|_| now < Instant::FAR)?;
        debug_assert!(at > now, "something was due and not done: {all:?} at {now:?}");
        // Should that ever be, a driver is not to spin.
        Some(at.max(now.saturating_add(core::time::Duration::from_nanos(1))))
    }

    /// Takes what gathering has found, for all sessions.
    fn collect(&mut self, now: Instant) {
        while let Some(event) = self.gathering.poll_event() {
            match event {
                GatheringEvent::Candidate(local) => {
                    self.shared.add(local);
                    self.with_each(now, |member| member.learn(now, local));
                }
                GatheringEvent::MappingLost { mapped, base } => {
                    self.shared.withdraw(mapped, base);
                    self.with_each(now, |member| {
                        member.sessions.each(|session| session.withdraw_local(now, mapped, base));
                    });
                }
                GatheringEvent::BaseLost(base) => self.lose(now, base),
                GatheringEvent::Failed(failure) => {
                    self.out.event(MuxEvent::GatheringFailed(failure));
                }
                GatheringEvent::Resumed => self.resume(now),
                GatheringEvent::Complete => {
                    let rtt = self.gathering.rtt_to_server();
                    self.shared.finish(Way { rtt, hops: self.gathering.hops_to_server() });
                    self.out.event(MuxEvent::GatheringComplete);
                    self.tell_completion(now);
                }
                // It has no relays.
                GatheringEvent::Permission { .. } | GatheringEvent::ConnectionLost { .. } => {}
            }
        }
    }

    /// Gathering goes on.
    fn resume(&mut self, now: Instant) {
        self.shared.resume();
        self.tell_completion(now);
    }

    fn tell_completion(&mut self, now: Instant) {
        let shared = core::mem::take(&mut self.shared);
        self.with_each(now, |member| shared.tell_completion(now, &mut member.sessions.newest));
        self.shared = shared;
    }

    /// A socket is gone.
    fn lose(&mut self, now: Instant, base: Base) {
        self.shared.lose(base);
        self.with_each(now, |member| {
            member.sessions.each(|session| session.lose_base(now, base));
        });
        for (key, member) in self.members.iter_mut() {
            member.prune_paths(SessionId(key), &mut self.routes);
        }
    }

    /// Lets something happen to each session.
    fn with_each(&mut self, now: Instant, mut act: impl FnMut(&mut Member)) {
        let ids: Vec<SessionId> = self.members.iter().map(|(key, _)| SessionId(key)).collect();
        for id in ids {
            self.with(now, id, &mut act);
        }
    }

    /// The session whose path this is: the one to whose peer data goes that way, and from which
    /// [`Verdict::Deliver`] with this path comes.
    pub fn session_at(&self, path: &Path) -> Option<SessionId> {
        self.routes.by_path(self.key(path)?)
    }

    /// How this path is looked up. `None`: it is not ours.
    fn key(&self, path: &Path) -> Option<PathKey> {
        Some(PathKey::new(self.gathering.host_at(path.local())?, path.remote()))
    }

    /// A session, of several generations the newest, for what can be asked of it.
    pub fn session(&self, id: SessionId) -> Option<&IceSession> {
        self.members.get(id.0).map(|member| &member.sessions.newest)
    }

    /// All sessions.
    pub fn sessions(&self) -> impl Iterator<Item = SessionId> {
        self.members.iter().map(|(key, _)| SessionId(key))
    }

    /// How many sessions there are, those included that are closed and tell their peers so.
    pub const fn len(&self) -> usize {
        self.members.len()
    }

    /// Whether there is none.
    pub const fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// The part that has the sockets.
    pub const fn gathering(&self) -> &Gathering {
        &self.gathering
    }

    /// How often bytes were refused, and why: those that found no session, and those that sessions
    /// refused which are gone. What the others refused [they say themselves](IceSession::drops).
    pub fn drops(&self) -> DropCounters {
        self.drops + *self.gathering.drops()
    }
}

impl Machine for IceMux {
    type Event = MuxEvent;

    fn handle_input<'a>(&mut self, now: Instant, input: Input<'a>) -> Verdict<'a> {
        let due = self.clock.has_come(self.deadline, now);
        let now = self.advance(now);
        let verdict = match input {
            Input::Received { .. } => {
                let received = self.receive(now, input);
                if !due && received.effect == Effect::None {
                    return received.verdict;
                }
                received.verdict
            }
            Input::Timeout => Verdict::Consumed,
            Input::PathFailed { path, .. } if self.gathering.is_local(path.local()) => {
                let _ = self.gathering.handle_input(now, input);
                Verdict::Consumed
            }
            Input::Socket { .. }
            | Input::PathFailed { .. }
            | Input::Accepted { .. }
            | Input::LookedUp { .. } => self.gathering.handle_input(now, input),
        };
        self.settle(now);
        verdict
    }

    fn poll_output(&mut self) -> Output<MuxEvent> {
        self.out.pop().unwrap_or(Output::Timeout(self.deadline))
    }
}
