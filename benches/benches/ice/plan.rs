//! A world and what happens in it: data, so that all play the same.
use crate::{
    link::{Link, Span},
    nat::Nat,
    network::{Network, Passes, SERVER},
    peer::{Setup, Side},
    random::Random,
};
use core::time::Duration;
use std::net::{Ipv4Addr, SocketAddr};

/// One way.
pub(crate) const DELAY: Duration = Duration::from_millis(25);
const PORT: u16 = 5000;

/// How the hosts are connected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum World {
    /// One address each.
    Host1,
    /// Four addresses each, which all reach each other.
    Host4,
    /// Four addresses each, of which only the last ones reach each other.
    Host4Last,
    /// Each behind a port-restricted cone NAT, with a server-reflexive candidate.
    ConeCone,
    /// A behind such a NAT, B with an address that all reach.
    ConePublic,
}

impl World {
    /// Those of the tables; the other one is for what happens later.
    pub(crate) const ALL: [Self; 4] = [Self::Host1, Self::Host4, Self::Host4Last, Self::ConeCone];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Host1 => "Host1",
            Self::Host4 => "Host4",
            Self::Host4Last => "Host4Last",
            Self::ConeCone => "ConeCone",
            Self::ConePublic => "ConePublic",
        }
    }

    fn addresses(self, side: Side) -> Vec<SocketAddr> {
        let (count, [a, b, c]) = match (self, side) {
            (Self::Host1, Side::A) => (1, [198, 51, 100]),
            (Self::Host1 | Self::ConePublic, Side::B) => (1, [203, 0, 113]),
            (Self::Host4 | Self::Host4Last, Side::A) => (4, [198, 51, 100]),
            (Self::Host4 | Self::Host4Last, Side::B) => (4, [203, 0, 113]),
            (Self::ConeCone | Self::ConePublic, Side::A) => (1, [10, 0, 1]),
            (Self::ConeCone, Side::B) => (1, [10, 0, 2]),
        };
        (1..=count).map(|d| SocketAddr::from((Ipv4Addr::new(a, b, c, d), PORT))).collect()
    }

    fn passes(self) -> Passes {
        match self {
            Self::Host1 | Self::Host4 | Self::ConeCone | Self::ConePublic => |_, _| true,
            Self::Host4Last => |a, b| a == 3 && b == 3,
        }
    }

    fn mapped(self, side: Side) -> Option<SocketAddr> {
        let last = match (self, side) {
            (Self::ConeCone | Self::ConePublic, Side::A) => 101,
            (Self::ConeCone, Side::B) => 102,
            (Self::ConePublic, Side::B) | (Self::Host1 | Self::Host4 | Self::Host4Last, _) => {
                return None;
            }
        };
        Some(SocketAddr::from((Ipv4Addr::new(192, 0, 2, last), 40_000)))
    }
}

/// What happens once both have settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Then {
    /// Nothing, for so long.
    Rest(Duration),
    /// A says goodbye, or falls silent if it knows none.
    Close,
    /// Nothing passes either way for so long.
    Outage(Duration),
    /// The NAT of A takes another port.
    Rebind,
}

/// One run.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) world: World,
    /// From A, and from B.
    pub(crate) links: [Link; 2],
    pub(crate) seed: u64,
    pub(crate) proposes_pacing: bool,
    /// B hears the offer at once, A the answer this much later.
    pub(crate) answer_after: Duration,
    /// While B is not driven and hears nothing.
    pub(crate) asleep: Option<Span>,
    /// How long they get from when there is nothing more to wait for.
    pub(crate) limit: Duration,
    pub(crate) then: Then,
}

impl Plan {
    pub(crate) fn new(world: World, seed: u64) -> Self {
        Self {
            world,
            links: [(); 2].map(|()| Link::after(DELAY)),
            seed,
            proposes_pacing: true,
            answer_after: Duration::ZERO,
            asleep: None,
            limit: Duration::from_secs(60),
            then: Then::Rest(Duration::from_secs(5)),
        }
    }

    pub(crate) fn with_loss(mut self, percent: u64) -> Self {
        for link in &mut self.links {
            link.loss_percent = percent;
        }
        self
    }

    /// When both know of each other, are awake, and the network is there.
    pub(crate) fn ready_at(&self) -> Duration {
        let outages = self.links.iter().flat_map(|link| &link.outages).chain(&self.asleep);
        let back = outages.map(|span| span.until).max().unwrap_or_default();
        back.max(self.answer_after)
    }

    pub(crate) fn setup(&self, side: Side) -> Setup {
        let mapped = self.world.mapped(side);
        Setup {
            side,
            ips: self.world.addresses(side).iter().map(SocketAddr::ip).collect(),
            port: PORT,
            mapped,
            stun_server: mapped.map(|_| SERVER),
            proposes_pacing: self.proposes_pacing,
            seed: Random::new(self.seed).next(),
        }
    }

    pub(crate) fn network(&self) -> Network {
        let hosts = Side::BOTH.map(|side| self.world.addresses(side));
        let nats = Side::BOTH.map(|side| {
            let inner = hosts[side as usize][0];
            self.world.mapped(side).map(|outer| Nat::new(inner, outer))
        });
        Network::new(self.seed, self.links.clone(), hosts, nats, self.world.passes())
    }
}
