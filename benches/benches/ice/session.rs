//! Two agents of one make in a world: what comes of it.
use crate::{
    link::Span,
    network::Network,
    peer::{Datagram, Peer, Side, Standing},
    plan::{Plan, Then},
    tap::Tap,
};
use core::time::Duration;
use sans_io::Instant;

/// Agents are born, and gather.
const BIRTH: Instant = Instant::from_secs(1);
/// B hears the offer.
const OFFER: Instant = Instant::from_secs(3);
/// Whoever was just woken and asks for it again at once gets it so much later.
pub(crate) const STEP: Duration = Duration::from_millis(1);
/// How long it may take until the other knows.
const KNOWING: Duration = Duration::from_secs(90);

/// What came of a run. Times are since there was nothing more to wait for, see
/// [`Plan::ready_at`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Outcome {
    /// When a check of A was first answered.
    pub(crate) first_valid: Option<Duration>,
    /// When a nomination of A was first answered.
    pub(crate) acknowledged: Option<Duration>,
    /// When each said that it had settled.
    pub(crate) settled: [Option<Duration>; 2],
    /// When all of these had come.
    pub(crate) done: Option<Duration>,
    /// Packets sent by then.
    pub(crate) packets: u64,
    /// Whether both used the two ends of one path last, after the rest.
    pub(crate) agree: bool,
    /// Packets sent while nothing happened.
    pub(crate) idle: u64,
    /// Most packets in a second of the whole run.
    pub(crate) peak: usize,
    pub(crate) farewell: Option<Farewell>,
}

/// How it ended for one, and for the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Farewell {
    /// Neither has lost the other.
    Nobody,
    /// The other knew so much later, if ever.
    One(Option<Duration>),
}

pub(crate) struct Session<'p, P> {
    plan: &'p Plan,
    peers: [P; 2],
    network: Network,
    tap: Tap,
    now: Instant,
    wakes: [Option<Instant>; 2],
    /// Nobody drives these any more.
    gone: [bool; 2],
    settled: [Option<Duration>; 2],
    /// What each settled on last.
    used: [Standing; 2],
}

/// Plays a plan.
pub(crate) fn play<P: Peer>(settings: P::Settings, plan: &Plan) -> Outcome {
    let peers = Side::BOTH.map(|side| P::new(settings, &plan.setup(side), BIRTH));
    let mut session = Session {
        plan,
        peers,
        network: plan.network(),
        tap: Tap::default(),
        now: BIRTH,
        wakes: [None; 2],
        gone: [false; 2],
        settled: [None; 2],
        used: [Standing::Checking; 2],
    };
    for side in Side::BOTH {
        session.drain(side);
    }
    session.run(OFFER, |_| false);
    session.meet()
}

impl<P: Peer> Session<'_, P> {
    fn meet(mut self) -> Outcome {
        let [a, b] = Side::BOTH.map(|side| self.peers[side as usize].description());
        self.hear(Side::B, &a);
        self.run(OFFER.saturating_add(self.plan.answer_after), |_| false);
        self.hear(Side::A, &b);
        let ready = OFFER.saturating_add(self.plan.ready_at());
        let end = ready.saturating_add(self.plan.limit);
        let done = self.run(end, Self::is_done);
        let mut outcome = Outcome { packets: self.tap.packets, ..Outcome::default() };
        let since_ready = |at: Duration| at.saturating_sub(self.plan.ready_at());
        outcome.first_valid = self.tap.first_valid.map(since_ready);
        outcome.acknowledged = self.tap.acknowledged.map(since_ready);
        outcome.settled = self.settled.map(|at| at.map(since_ready));
        if done {
            outcome.done = Some(self.now.saturating_since(ready));
            self.proceed(&mut outcome);
        }
        outcome.peak = self.tap.peak;
        outcome
    }

    /// What happens when both have settled.
    fn proceed(&mut self, outcome: &mut Outcome) {
        let before = self.tap.packets;
        match self.plan.then {
            Then::Rest(rest) => {
                self.run(self.now.saturating_add(rest), |_| false);
                outcome.idle = self.tap.packets - before;
                outcome.agree = self.agree();
                return;
            }
            Then::Close | Then::Outage(_) | Then::Rebind => {}
        }
        // At any point of the rhythm of consent checks.
        let rest = self.network.random().below(5_000);
        self.run(self.now.saturating_add(Duration::from_millis(5_000 + rest)), |_| false);
        outcome.agree = self.agree();
        match self.plan.then {
            Then::Rest(_) => {}
            Then::Close => {
                self.gone[0] = !self.peers[0].close(self.now);
                self.drain(Side::A);
                // A that went silent has lost already, though it cannot say so.
                outcome.farewell = Some(self.farewell(self.now));
            }
            Then::Outage(length) => {
                let since = self.now.saturating_since(OFFER);
                for side in Side::BOTH {
                    let outage = Span { from: since, until: since + length };
                    self.network.link(side).outages.push(outage);
                }
                self.run(self.now.saturating_add(length), |_| false);
                outcome.farewell = Some(self.farewell(self.now));
            }
            Then::Rebind => {
                if let Some(nat) = &mut self.network.nats[0] {
                    nat.rebind();
                }
                outcome.farewell = Some(self.farewell(self.now));
            }
        }
    }

    /// Waits until one has lost, and then for the other, whose way to know is open since `open`.
    fn farewell(&mut self, open: Instant) -> Farewell {
        let one = self.run(self.now.saturating_add(KNOWING), |this| {
            Side::BOTH.into_iter().any(|side| this.has_lost(side))
        });
        if !one {
            return Farewell::Nobody;
        }
        let from = self.now.max(open);
        let both = self.run(from.saturating_add(KNOWING), |this| {
            Side::BOTH.into_iter().all(|side| this.has_lost(side))
        });
        Farewell::One(both.then(|| self.now.saturating_since(from)))
    }

    fn has_lost(&self, side: Side) -> bool {
        self.gone[side as usize] || self.peers[side as usize].standing() == Standing::Lost
    }

    fn is_done(&self) -> bool {
        let standing = |peer: &P| matches!(peer.standing(), Standing::Settled { .. });
        self.tap.acknowledged.is_some() && self.peers.iter().all(standing)
    }

    /// Whoever has lost since is asked for what it used: to lose is not to disagree.
    fn agree(&self) -> bool {
        let [a, b] = self.used;
        let Standing::Settled { local: at_a, remote: of_a } = a else { return false };
        let Standing::Settled { local: at_b, remote: of_b } = b else { return false };
        self.network.outer(Side::A, at_a) == of_b && self.network.outer(Side::B, at_b) == of_a
    }

    fn hear(&mut self, side: Side, description: &P::Description) {
        self.peers[side as usize].hear(self.now, description);
        self.drain(side);
    }

    /// Lets time pass until it is `end`, or until `stop`. Whether it was that.
    fn run(&mut self, end: Instant, stop: impl Fn(&Self) -> bool) -> bool {
        loop {
            if stop(self) {
                return true;
            }
            let next = self.wakes.into_iter().chain([self.network.next_at()]).flatten().min();
            let Some(next) = next.filter(|next| *next <= end) else {
                self.now = end;
                return stop(self);
            };
            self.now = next.max(self.now);
            // What has arrived is heard before anyone is told that time has passed.
            if let Some((flight, side, at)) = self.network.arrival(self.now) {
                if self.is_awake(side) {
                    self.receive(side, Datagram::new(flight.from, at, &flight.bytes));
                }
            } else {
                for side in Side::BOTH {
                    if self.wakes[side as usize].is_some_and(|at| at <= self.now) {
                        self.wake(side);
                    }
                }
            }
        }
    }

    fn is_awake(&self, side: Side) -> bool {
        let since = self.now.saturating_since(OFFER);
        let sleeps = side == Side::B && self.plan.asleep.is_some_and(|span| span.contains(since));
        !self.gone[side as usize] && !sleeps
    }

    fn receive(&mut self, side: Side, datagram: Datagram<'_>) {
        if let Some(since) = since_offer(self.now) {
            self.tap.arrived(since, side, datagram.bytes);
        }
        let Self { peers, network, tap, now, .. } = self;
        let now = *now;
        peers[side as usize].receive(now, datagram, &mut |out| send(network, tap, now, side, out));
        self.drain(side);
    }

    fn wake(&mut self, side: Side) {
        if self.is_awake(side) {
            self.peers[side as usize].wake(self.now);
            self.drain(side);
            let wake = &mut self.wakes[side as usize];
            *wake = wake.map(|at| if at <= self.now { self.now.saturating_add(STEP) } else { at });
        } else {
            // It may sleep through its deadline, and sees to it when it awakes.
            let until = self.plan.asleep.filter(|_| !self.gone[side as usize]);
            self.wakes[side as usize] = until.map(|span| OFFER.saturating_add(span.until));
        }
    }

    fn drain(&mut self, side: Side) {
        let Self { peers, network, tap, now, .. } = self;
        let now = *now;
        let peer = &mut peers[side as usize];
        self.wakes[side as usize] = peer.drain(now, &mut |out| send(network, tap, now, side, out));
        let standing = peer.standing();
        if matches!(standing, Standing::Settled { .. }) {
            self.used[side as usize] = standing;
            self.settled[side as usize].get_or_insert(now.saturating_since(OFFER));
        }
    }
}

fn send(network: &mut Network, tap: &mut Tap, now: Instant, side: Side, datagram: Datagram<'_>) {
    let since = since_offer(now);
    if let Some(since) = since {
        tap.sent(since, side, datagram.bytes);
    }
    network.send(now, since, side, datagram);
}

/// `None` before the offer is heard.
fn since_offer(now: Instant) -> Option<Duration> {
    (now >= OFFER).then(|| now.saturating_since(OFFER))
}
