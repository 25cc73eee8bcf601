//! Two agents with an address each, and nothing between them but a queue: what a session takes with
//! nobody looking.
use crate::{
    peer::{Datagram, Peer, Setup, Side, Standing},
    plan::DELAY,
    session::STEP,
};
use sans_io::Instant;
use std::net::SocketAddr;

/// Packets under way. More than that is more than two agents with one address have to say.
const ROOM: usize = 64;
const LONGEST: usize = 256;

/// The wire, made once, so that what is allocated is allocated by agents.
pub(crate) struct Wire {
    packets: Vec<Slot>,
    head: usize,
    len: usize,
}

#[derive(Clone, Copy)]
struct Slot {
    at: Instant,
    to_side: Side,
    from: SocketAddr,
    to: SocketAddr,
    bytes: [u8; LONGEST],
    len: usize,
}

impl Wire {
    pub(crate) fn new() -> Self {
        let nowhere = SocketAddr::from(([0; 4], 0));
        let slot = Slot {
            at: Instant::ZERO,
            to_side: Side::A,
            from: nowhere,
            to: nowhere,
            bytes: [0; LONGEST],
            len: 0,
        };
        Self { packets: vec![slot; ROOM], head: 0, len: 0 }
    }

    fn push(&mut self, now: Instant, side: Side, datagram: Datagram<'_>) {
        assert!(self.len < ROOM, "too much is said");
        let slot = &mut self.packets[(self.head + self.len) % ROOM];
        slot.at = now.saturating_add(DELAY);
        slot.to_side = side.other();
        (slot.from, slot.to) = (datagram.from, datagram.to);
        slot.len = datagram.bytes.len();
        slot.bytes[..slot.len].copy_from_slice(datagram.bytes);
        self.len += 1;
    }

    fn next_at(&self) -> Option<Instant> {
        (self.len > 0).then(|| self.packets[self.head].at)
    }

    fn pop(&mut self) -> Slot {
        let slot = self.packets[self.head];
        self.head = (self.head + 1) % ROOM;
        self.len -= 1;
        slot
    }
}

/// Two agents that are about to meet.
pub(crate) struct Pair<P> {
    peers: [P; 2],
    wakes: [Option<Instant>; 2],
    now: Instant,
}

impl<P: Peer> Pair<P> {
    pub(crate) fn new(settings: P::Settings, setups: &[Setup; 2]) -> Self {
        let now = Instant::from_secs(1);
        let peers = Side::BOTH.map(|side| P::new(settings, &setups[side as usize], now));
        let mut this = Self { peers, wakes: [None; 2], now };
        for peer in &mut this.peers {
            peer.drain(now, &mut |_| {});
        }
        this
    }

    pub(crate) fn descriptions(&self) -> [P::Description; 2] {
        Side::BOTH.map(|side| self.peers[side as usize].description())
    }

    /// Until both have settled, and nothing is under way any more.
    pub(crate) fn connect(&mut self, [a, b]: &[P::Description; 2], wire: &mut Wire) {
        self.peers[1].hear(self.now, a);
        self.drain(Side::B, wire);
        self.peers[0].hear(self.now, b);
        self.drain(Side::A, wire);
        while wire.len > 0 || !self.is_settled() {
            let all = self.wakes.into_iter().chain([wire.next_at()]);
            self.now = all.flatten().min().expect("something to come").max(self.now);
            if wire.next_at().is_some_and(|at| at <= self.now) {
                let slot = wire.pop();
                let datagram = Datagram::new(slot.from, slot.to, &slot.bytes[..slot.len]);
                let side = slot.to_side;
                let peer = &mut self.peers[side as usize];
                peer.receive(self.now, datagram, &mut |out| wire.push(self.now, side, out));
                self.drain(side, wire);
                continue;
            }
            for side in Side::BOTH {
                if self.wakes[side as usize].is_some_and(|at| at <= self.now) {
                    self.peers[side as usize].wake(self.now);
                    self.drain(side, wire);
                    let wake = &mut self.wakes[side as usize];
                    *wake = wake.map(|at| at.max(self.now.saturating_add(STEP)));
                }
            }
        }
    }

    fn drain(&mut self, side: Side, wire: &mut Wire) {
        let now = self.now;
        let peer = &mut self.peers[side as usize];
        self.wakes[side as usize] = peer.drain(now, &mut |out| wire.push(now, side, out));
    }

    pub(crate) fn is_settled(&self) -> bool {
        let settled = |peer: &P| matches!(peer.standing(), Standing::Settled { .. });
        self.peers.iter().all(settled)
    }
}
