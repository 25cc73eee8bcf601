//! One ICE session: one generation of one stream, from learning candidates to agreeing on a pair and
//! keeping it, without sockets or relays.
mod begin;
mod commands;
mod conclude;
mod lite;
mod pairing;
mod receive;
mod requests;
mod responses;
mod restart;
mod send;
mod streams;
mod tools;

use crate::{
    Base, CandidatePolicy, ConfigError, IceConfig, IceCredentials, IceEvent, IceState,
    Implementation, RestartReason, Restarts, TcpCandidates,
    check_list::{CheckList, Gate},
    checks::{Backoff, Checks},
    consent::Consent,
    credentials::{LocalSecret, RemoteSecret},
    ids::PairId,
    locals::Locals,
    messages::Scratch,
    nomination::Nomination,
    opening::Opening,
    pace::Pace,
    pair::PairFailure,
    pending::PendingChecks,
    phase::Phase,
    remotes::Remotes,
    role::RoleState,
};
use alloc::collections::VecDeque;
use core::time::Duration;
use sans_io::{
    Clock, DropCounters, DropReason, Input, Instant, Machine, Outbox, Output, Transmit, Verdict,
};
use stun_proto::Entropy;

pub(crate) use restart::Initiator;
pub(crate) use send::SlotWishes;
pub(crate) use tools::Tools;

/// How far apart retransmissions are at most, unless by the book: whatever the outage, a pair is
/// checked again soon after it.
const REPEAT_MAX: Duration = Duration::from_secs(2);

/// The numbers of the configuration that a session works with.
#[derive(Clone, Copy, Debug)]
struct Settings {
    policy: CandidatePolicy,
    patience: Duration,
    relay_wait: Duration,
    nominate_to_lite: bool,
    implementation: Implementation,
    restarts: Restarts,
    tcp: TcpCandidates,
    /// Whether the answering side holds back what may do harm (see `opening.rs`).
    opens_gently: bool,
    /// A time to live that ends before the NATs of the peer, if there is one.
    first_ttl: Option<u8>,
    outputs_max: usize,
}

/// Which candidates are still to be expected.
#[derive(Clone, Copy, Debug, Default)]
struct Candidates {
    /// All of ours are known.
    local_complete: bool,
    /// All of the peer's are.
    remote_complete: bool,
}

/// What the application has been told.
#[derive(Clone, Copy, Debug)]
struct Told {
    state: IceState,
    /// What data goes over.
    active: Option<Active>,
    /// What of a path that works only a restart can better.
    advice: Option<RestartReason>,
    /// That it failed, while a former generation carried data.
    failed: bool,
}

/// Whether another generation goes before this one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Generation {
    /// It is the first.
    First,
    /// It came of a restart.
    Later,
    /// It came of a restart, and what data goes over is the pair of the generation before: nothing
    /// is told of this one until it has settled on a pair.
    Covered,
}

/// The pair that data goes over, and whether both agents have settled on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Active {
    pair: PairId,
    nominated: bool,
}

/// One generation of one stream (RFC 8445 §2 to §12): knows candidates and pairs, sends checks,
/// answers those of the peer, settles with it on a pair, and asks for consent on it.
///
/// It has no sockets: a base that it sends from may be a socket of its owner or a relay, and what
/// it receives is seen past any relay. It has no pacer either, since Ta counts for all sessions of
/// a program (RFC 8445 §14.2): its owner asks [`next_slot`](Self::next_slot), and gives it slots
/// with [`take_slot`](Self::take_slot).
///
/// ```
/// use core::time::Duration;
/// use ice_proto::{Base, Candidate, IceConfig, IceCredentials, IceSession, LocalCandidate};
/// use sans_io::{Instant, Machine, Output};
///
/// let mut session = IceSession::new(&IceConfig::default(), [7; 32])?;
/// let (now, address) = (Instant::ZERO, "192.0.2.1:5000".parse()?);
/// let candidate = Candidate::host(address);
/// session.add_local(now, LocalCandidate { candidate, base: Base::udp(address), signalled: true });
/// session.add_remote(now, Candidate::host("192.0.2.2:5000".parse()?))?;
/// let peer = IceCredentials::new("8hhY", "asd88fgpdd777uzjYhagZg")?;
/// session.set_remote_credentials(now, peer)?;
///
/// // It tells its candidate and its state, and then it wants to send a check.
/// while !matches!(session.poll_output(), Output::Timeout(_)) {}
/// assert_eq!(session.next_slot(), Some(Instant::ZERO));
/// assert!(session.take_slot(now, Duration::from_millis(5)));
/// let Output::Transmit(check) = session.poll_output() else { unreachable!("a check") };
/// assert_eq!(check.path.remote(), "192.0.2.2:5000".parse()?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct IceSession {
    settings: Settings,
    role: RoleState,
    local: LocalSecret,
    remote: Option<RemoteSecret>,
    /// The peer is ICE-lite.
    remote_lite: bool,
    candidates: Candidates,
    locals: Locals,
    remotes: Remotes,
    list: CheckList,
    checks: Checks,
    pending: PendingChecks,
    nomination: Nomination,
    consent: Consent,
    phase: Phase,
    /// When anything of the peer came last.
    heard: Instant,
    opening: Opening,
    /// The peer has been sent our description.
    handed_out: bool,
    pace: Pace,
    told: Told,
    generation: Generation,
    /// For what this agent is to restart by itself.
    wish: Option<RestartReason>,
    entropy: Entropy,
    clock: Clock,
    deadline: Option<Instant>,
    drops: DropCounters,
    scratch: Scratch,
    out: Outbox<IceEvent>,
    /// Messages that go over connections, apart since they have yet to be put into frames.
    over_tcp: VecDeque<Transmit>,
}

impl IceSession {
    /// A session that does nothing yet. `seed` is secret, and used for nothing else but a
    /// [`Gathering`](crate::Gathering) of the same agent.
    pub fn new(config: &IceConfig, seed: [u8; 32]) -> Result<Self, ConfigError> {
        config.validate()?;
        Ok(Self::of_valid(config, seed))
    }

    /// A session by a configuration that is known to be valid.
    pub(crate) fn of_valid(config: &IceConfig, seed: [u8; 32]) -> Self {
        Self::of_valid_unlike(config, seed, |_| false)
    }

    /// The same, with a username fragment that is not taken.
    pub(crate) fn of_valid_unlike(
        config: &IceConfig,
        seed: [u8; 32],
        is_taken: impl Fn(&str) -> bool,
    ) -> Self {
        let mut entropy = Entropy::labelled(seed, "ice session");
        let credentials = IceCredentials::unlike(&mut entropy, is_taken);
        let pace = Pace::new(config.profile);
        let backoff = if pace.is_eager() { Backoff::UpTo(REPEAT_MAX) } else { Backoff::Doubling };
        Self {
            settings: Settings {
                policy: config.policy,
                patience: config.patience,
                relay_wait: config.relay_wait,
                nominate_to_lite: config.nominate_to_lite,
                implementation: config.implementation,
                restarts: config.restarts,
                tcp: config.tcp,
                opens_gently: config.first_ttl.is_some()
                    && pace.is_eager()
                    && config.implementation == Implementation::Full,
                first_ttl: config.first_ttl,
                outputs_max: config.outputs_max,
            },
            role: RoleState { role: config.role, tiebreaker: entropy.public_u64() },
            local: LocalSecret::new(credentials),
            remote: None,
            remote_lite: false,
            candidates: Candidates::default(),
            locals: Locals::new(config.local_candidates_max),
            remotes: Remotes::new(config.remote_candidates_max),
            list: CheckList::new(config.pairs_max),
            checks: Checks::new(backoff),
            pending: PendingChecks::new(config.early_checks_max),
            nomination: Nomination::Idle,
            consent: Consent::default(),
            phase: Phase::New,
            heard: Instant::ZERO,
            opening: Opening::Free,
            handed_out: false,
            pace,
            told: Told { state: IceState::New, active: None, advice: None, failed: false },
            generation: Generation::First,
            wish: None,
            entropy,
            clock: Clock::default(),
            deadline: None,
            drops: DropCounters::default(),
            scratch: Scratch::default(),
            out: Outbox::new(config.outputs_max),
            over_tcp: VecDeque::new(),
        }
    }

    /// What holds for all pairs when one to be checked is looked for.
    fn gate(&self) -> Gate {
        Gate { thaws: self.pace.is_eager(), spares_nats: self.opening.spares_nats() }
    }

    /// Whether this agent has chosen, and the peer has not confirmed it.
    fn is_nominating(&self) -> bool {
        self.nomination.sending().is_some()
    }

    /// Takes note of the time and does what is due by then, but for what wants a slot.
    fn advance(&mut self, now: Instant) -> Instant {
        let now = self.clock.tick(now);
        if self.clock.has_come(self.deadline, now) {
            self.run_checks(now);
            self.run_consent(now);
            self.run_opening(now);
        }
        now
    }

    /// Draws all conclusions from what just happened, so that nothing is left but to wait.
    fn settle(&mut self, now: Instant) {
        self.nominate(now);
        self.tell(now);
        let complete = self.candidates.local_complete;
        let deadlines = [
            self.checks.next(),
            self.consent.next(),
            self.nomination.decide_at(),
            self.opening.until(),
            self.phase.fails_at(&self.list, complete).filter(|at| *at > now),
        ];
        let at = Instant::earliest(deadlines).filter(|_| now < Instant::FAR);
        debug_assert!(at.is_none_or(|at| at > now), "not done: {deadlines:?} at {now:?}");
        self.deadline = at;
    }

    /// Gives up a pair for good.
    fn lose(&mut self, id: PairId, failure: PairFailure) {
        self.checks.retain(|question| question.pair != id);
        self.consent.retain(|pair| pair != id);
        self.list.fail(id, failure);
        if self.phase.selected() == Some(id) {
            self.end(match failure {
                PairFailure::ConsentExpired => RestartReason::ConsentExpired,
                PairFailure::ConsentRevoked => RestartReason::ConsentRevoked,
                _ => RestartReason::PathLost,
            });
        } else if self.nomination.is_of(id) {
            self.end(RestartReason::NominationFailed);
        }
    }

    /// Nothing but a restart helps.
    fn end(&mut self, reason: RestartReason) {
        if !self.phase.is_over() {
            self.phase = Phase::Lost(reason);
            self.fall_silent();
        }
    }

    /// Nothing more is sent on any pair but refusals, and no answer counts.
    fn fall_silent(&mut self) {
        self.nomination = Nomination::Idle;
        self.opening = Opening::Free;
        self.checks.retain(|_| false);
        self.consent.retain(|_| false);
        self.list.silence();
    }

    /// When it is to be woken, apart from the pacer.
    pub(crate) const fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    /// The next thing that it has to say.
    pub(crate) fn poll_out(&mut self) -> Option<Output<IceEvent>> {
        self.out.pop()
    }

    /// Queues what gathering has to say, in its turn.
    pub(crate) fn pass_on(&mut self, output: Output<IceEvent>) {
        if self.out.pass_on(output).is_err() {
            let _ = self.drops.refuse(DropReason::Exhausted);
        }
    }

    /// Takes out the messages that leave from a relay.
    pub(crate) fn take_relayed(&mut self, to: impl FnMut(Transmit)) {
        let locals = &self.locals;
        self.out.divert(|transmit| locals.is_relayed(Base::of(transmit.path)), to);
    }

    /// How often bytes were refused, and why.
    pub const fn drops(&self) -> &DropCounters {
        &self.drops
    }
}

impl Machine for IceSession {
    type Event = IceEvent;

    fn handle_input<'a>(&mut self, now: Instant, input: Input<'a>) -> Verdict<'a> {
        let due = self.clock.has_come(self.deadline, now);
        let now = self.advance(now);
        let verdict = match input {
            Input::Received { path, .. } if self.locals.at_base(Base::of(path)).is_none() => {
                Verdict::Unclaimed
            }
            Input::Received { path, bytes, .. } => self.receive(now, path, bytes),
            Input::Timeout => Verdict::Consumed,
            // ICMP is easily forged, and RFC 8445 §7.2.5.2.2 does not ask for it: a hint at most.
            Input::PathFailed { path, .. } if self.list.by_path(&path).is_some() => {
                Verdict::Consumed
            }
            Input::Socket { .. }
            | Input::Accepted { .. }
            | Input::LookedUp { .. }
            | Input::PathFailed { .. } => Verdict::Unclaimed,
        };
        // Data changes nothing.
        if due || !matches!(verdict, Verdict::Deliver { .. }) {
            self.settle(now);
        }
        verdict
    }

    fn poll_output(&mut self) -> Output<IceEvent> {
        let queued = self.out.pop().or_else(|| self.over_tcp.pop_front().map(Output::Transmit));
        queued.unwrap_or(Output::Timeout(self.deadline))
    }
}
