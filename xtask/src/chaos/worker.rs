//! Clients of all kinds in one thread: they come, speak with each other, stay, leave and vanish.

use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use sans_io::Transport;
use stun_proto::Entropy;
use turn_proto::TurnFault;

use super::client::{Client, Fault, Wanted};
use super::server::USERS;

/// Clients that a thread keeps at each server, and those of them over TCP: the server takes 256 of one
/// address.
const KEPT_MAX: usize = 100;
const KEPT_TCP_MAX: usize = 8;

/// How long data may take.
const ARRIVES_WITHIN: Duration = Duration::from_millis(600);

/// What clients saw at one server.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tally {
    pub(crate) asked: u64,
    pub(crate) allocated: u64,
    /// There was no room; that is an answer.
    pub(crate) full: u64,
    /// No answer, or another one than it should be.
    pub(crate) failed: u64,
    /// What may be there or not, as the server was not heard.
    pub(crate) unsure: u64,
    pub(crate) sent: u64,
    pub(crate) arrived: u64,
    /// When those who vanished were last refreshed.
    pub(crate) vanished: Vec<Instant>,
    pub(crate) kept_most: u64,
}

impl Tally {
    pub(crate) fn add(&mut self, other: Self) {
        self.asked += other.asked;
        self.allocated += other.allocated;
        self.full += other.full;
        self.failed += other.failed;
        self.unsure += other.unsure;
        self.sent += other.sent;
        self.arrived += other.arrived;
        self.vanished.extend(other.vanished);
        self.kept_most += other.kept_most;
    }
}

struct Kept {
    client: Client,
    relayed: SocketAddr,
    refreshed: Instant,
    /// It has relayed nothing, so that nothing is missing in the log if it vanishes.
    silent: bool,
}

/// The clients of one thread at one server.
struct Crowd {
    server: SocketAddr,
    kept: Vec<Kept>,
    tally: Tally,
}

/// What clients do at the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Leaving {
    /// They give everything back.
    Politely,
    /// They are gone: their server is, too.
    AtOnce,
}

/// Lives with a server until it is over, and tells what was seen.
pub(crate) fn run(
    number: u8,
    server: SocketAddr,
    leaving: Leaving,
    seed: [u8; 32],
    over: &AtomicBool,
) -> Tally {
    let mut entropy = Entropy::new(seed);
    let mut crowd = Crowd { server, kept: Vec::new(), tally: Tally::default() };
    while !over.load(Ordering::Relaxed) {
        crowd.step(number, &mut entropy);
        std::thread::sleep(Duration::from_millis(2));
    }
    match leaving {
        Leaving::Politely => crowd.leave(),
        Leaving::AtOnce => crowd.tally,
    }
}

impl Crowd {
    fn step(&mut self, number: u8, entropy: &mut Entropy) {
        let drawn = entropy.public_below(100);
        match drawn {
            0..40 if self.kept.len() < KEPT_MAX => self.come(number, entropy),
            0..75 => self.speak(entropy),
            75..90 => self.refresh(entropy),
            90..97 => self.go(entropy),
            _ => self.vanish(entropy),
        }
        self.tally.kept_most = self.tally.kept_most.max(self.kept.len() as u64);
    }

    fn come(&mut self, number: u8, entropy: &mut Entropy) {
        let (user, password) = USERS[entropy.public_below(USERS.len() as u64) as usize];
        let tcp = self.kept.iter().filter(|kept| !kept.client.is_udp()).count();
        let over_tcp = tcp < KEPT_TCP_MAX && entropy.public_below(8) == 0;
        let transport = if over_tcp { Transport::Tcp } else { Transport::Udp };
        // a network of its own for each thread: strangers of one network share what they are answered
        let from = IpAddr::from([127, 10, number, 1]);
        let seed = entropy.secret();
        let wanted = Wanted { server: self.server, transport, from, user, password, seed };
        self.tally.asked += 1;
        let Ok(mut client) = Client::new(wanted) else {
            self.tally.failed += 1;
            return;
        };
        match client.allocate() {
            Ok(relayed) => {
                self.tally.allocated += 1;
                let refreshed = Instant::now();
                self.kept.push(Kept { client, relayed, refreshed, silent: true });
            }
            Err(Fault::Refused(TurnFault::NoCapacity | TurnFault::QuotaReached)) => {
                self.tally.full += 1;
            }
            Err(_) => {
                self.tally.failed += 1;
                self.tally.unsure += 1;
            }
        }
    }

    /// One sends to another through both relays.
    fn speak(&mut self, entropy: &mut Entropy) {
        if self.kept.len() < 2 {
            return;
        }
        let first = entropy.public_below(self.kept.len() as u64 - 1) as usize;
        let (one, other) = self.kept.split_at_mut(first + 1);
        let (Some(one), Some(other)) = (one.last_mut(), other.first_mut()) else { return };
        (one.silent, other.silent) = (false, false);
        let (from, to) = (one.relayed, other.relayed);
        let bound = other.client.bind(from).and_then(|()| one.client.bind(to));
        if bound.is_err() {
            self.tally.failed += 1;
            return self.lose([first + 1, first]);
        }
        let data = entropy.public::<200>();
        // what a flood displaces is sent again
        for _ in 0..3 {
            if one.client.send(to, &data).is_err() {
                break;
            }
            self.tally.sent += 1;
            if other.client.receive(ARRIVES_WITHIN).is_some_and(|bytes| bytes == data) {
                self.tally.arrived += 1;
                return;
            }
        }
        self.tally.failed += 1;
        self.lose([first + 1, first]);
    }

    fn refresh(&mut self, entropy: &mut Entropy) {
        let Some(at) = self.draw(entropy) else { return };
        if self.kept[at].client.refresh().is_ok() {
            self.kept[at].refreshed = Instant::now();
        } else {
            self.tally.failed += 1;
            self.lose([at]);
        }
    }

    /// Gives it back.
    fn go(&mut self, entropy: &mut Entropy) {
        let Some(at) = self.draw(entropy) else { return };
        if self.kept.swap_remove(at).client.close().is_err() {
            self.tally.unsure += 1;
        }
    }

    /// Leaves without a word. Over UDP the server keeps it until it ends by itself.
    fn vanish(&mut self, entropy: &mut Entropy) {
        let Some(at) = self.draw(entropy) else { return };
        if !self.kept[at].silent && self.kept[at].client.is_udp() {
            return;
        }
        let kept = self.kept.swap_remove(at);
        if kept.client.is_udp() {
            self.tally.vanished.push(kept.refreshed);
        }
    }

    /// The server has forgotten them, or says nothing.
    fn lose<const N: usize>(&mut self, at: [usize; N]) {
        for at in at {
            let mut kept = self.kept.swap_remove(at);
            if kept.client.close().is_err() {
                self.tally.unsure += 1;
            }
        }
    }

    fn draw(&self, entropy: &mut Entropy) -> Option<usize> {
        let len = self.kept.len() as u64;
        (len > 0).then(|| entropy.public_below(len) as usize)
    }

    /// Gives everything back.
    fn leave(mut self) -> Tally {
        for mut kept in self.kept.drain(..) {
            if kept.client.close().is_err() {
                self.tally.unsure += 1;
            }
        }
        self.tally
    }
}
