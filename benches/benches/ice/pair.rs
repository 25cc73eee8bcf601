//! Two agents with an address each, and nothing between them but a queue: what a session takes with
//! nobody looking.
use crate::{
    peer::{Datagram, Peer, Setup, Side, Standing},
    plan::DELAY,
    session::STEP,
};
use sans_io::Instant;
use std::{collections::VecDeque, net::SocketAddr};

/// Packets under way. More than that is more than two agents with one address have to say.
const ROOM: usize = 64;
const LONGEST: usize = 256;

/// The wire, made once, so that what is allocated is allocated by agents.
pub(crate) struct Wire {
    packets: VecDeque<Flight>,
    /// Room for the bytes of more packets.
    spare: Vec<Vec<u8>>,
}

struct Flight {
    at: Instant,
    to_side: Side,
    from: SocketAddr,
    to: SocketAddr,
    bytes: Vec<u8>,
}

impl Wire {
    pub(crate) fn new() -> Self {
        let spare = (0..ROOM).map(|_| Vec::with_capacity(LONGEST)).collect();
        Self { packets: VecDeque::with_capacity(ROOM), spare }
    }

    fn push(&mut self, now: Instant, side: Side, datagram: Datagram<'_>) {
        let mut bytes = self.spare.pop().expect("not too much is said");
        assert!(datagram.bytes.len() <= LONGEST, "too much is said at once");
        bytes.extend_from_slice(datagram.bytes);
        self.packets.push_back(Flight {
            at: now.saturating_add(DELAY),
            to_side: side.other(),
            from: datagram.from,
            to: datagram.to,
            bytes,
        });
    }

    fn next_at(&self) -> Option<Instant> {
        self.packets.front().map(|flight| flight.at)
    }

    /// The next packet, if it has arrived by now. Its bytes are to be given back.
    fn arrival(&mut self, now: Instant) -> Option<Flight> {
        if self.next_at()? > now { None } else { self.packets.pop_front() }
    }

    fn give_back(&mut self, mut bytes: Vec<u8>) {
        bytes.clear();
        self.spare.push(bytes);
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
        while !wire.packets.is_empty() || !self.is_settled() {
            let all = self.wakes.into_iter().chain([wire.next_at()]);
            self.now = all.flatten().min().expect("something to come").max(self.now);
            if let Some(flight) = wire.arrival(self.now) {
                let datagram = Datagram::new(flight.from, flight.to, &flight.bytes);
                let side = flight.to_side;
                let peer = &mut self.peers[side as usize];
                peer.receive(self.now, datagram, &mut |out| wire.push(self.now, side, out));
                self.drain(side, wire);
                wire.give_back(flight.bytes);
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
