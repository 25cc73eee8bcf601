//! What an implementation of ICE must be able to do to take part.
use sans_io::Instant;
use std::net::{IpAddr, SocketAddr};

/// One of the two agents. The first makes the offer and controls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    A,
    B,
}

impl Side {
    pub(crate) const BOTH: [Self; 2] = [Self::A, Self::B];

    pub(crate) const fn other(self) -> Self {
        match self {
            Self::A => Self::B,
            Self::B => Self::A,
        }
    }

    pub(crate) const fn controls(self) -> bool {
        matches!(self, Self::A)
    }
}

/// What an agent is told at its birth.
#[derive(Clone, Debug)]
pub(crate) struct Setup {
    pub(crate) side: Side,
    /// The addresses of its host, best first.
    pub(crate) ips: Vec<IpAddr>,
    /// Of each of them, the port to use.
    pub(crate) port: u16,
    /// What a NAT makes of the first of them.
    pub(crate) mapped: Option<SocketAddr>,
    /// A server that tells `mapped`, for those that gather by themselves.
    pub(crate) stun_server: Option<SocketAddr>,
    /// Whether descriptions say what Ta is wanted (`a=ice-pacing`), by those that know it.
    pub(crate) proposes_pacing: bool,
    /// For those that can be seeded.
    pub(crate) seed: u64,
}

impl Setup {
    pub(crate) fn addresses(&self) -> impl Iterator<Item = SocketAddr> {
        self.ips.iter().map(|ip| SocketAddr::new(*ip, self.port))
    }

    /// Behind a NAT: the outer address, and the inner one that it leads to.
    pub(crate) fn mapping(&self) -> Option<(SocketAddr, SocketAddr)> {
        Some((self.mapped?, self.addresses().next()?))
    }
}

/// A packet to be sent, or that has come.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Datagram<'a> {
    pub(crate) from: SocketAddr,
    pub(crate) to: SocketAddr,
    /// How far it goes, if not as far as it must.
    pub(crate) ttl: Option<u8>,
    pub(crate) bytes: &'a [u8],
}

impl<'a> Datagram<'a> {
    pub(crate) const fn new(from: SocketAddr, to: SocketAddr, bytes: &'a [u8]) -> Self {
        Self { from, to, ttl: None, bytes }
    }
}

/// Takes what an agent sends.
pub(crate) type Out<'o> = &'o mut dyn FnMut(Datagram<'_>);

/// How far an agent has come, as it tells its application.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// It has no pair yet.
    Checking,
    /// Data goes from its own address `local` to `remote`, and the choice counts as made.
    Settled { local: SocketAddr, remote: SocketAddr },
    /// It does not believe that data arrives any more, or was closed.
    Lost,
}

/// An agent, driven alike whoever wrote it: after each call that may change something it is
/// drained, and woken when it asked for that.
pub(crate) trait Peer: Sized {
    /// What makes one configuration of it another.
    type Settings: Copy + 'static;
    /// What the other side is told of it.
    type Description: Clone;
    /// The size of its struct.
    const SIZE: usize;

    fn new(settings: Self::Settings, setup: &Setup, now: Instant) -> Self;

    fn description(&self) -> Self::Description;

    /// Takes what the other side is told of itself: all of it at once.
    fn hear(&mut self, now: Instant, description: &Self::Description);

    fn receive(&mut self, now: Instant, datagram: Datagram<'_>, out: Out<'_>);

    fn wake(&mut self, now: Instant);

    /// Sends all there is to send, and says when it wants to be woken.
    fn drain(&mut self, now: Instant, out: Out<'_>) -> Option<Instant>;

    fn standing(&self) -> Standing;

    /// Says goodbye, if there is a way to. `false`: there is none.
    fn close(&mut self, now: Instant) -> bool;
}
