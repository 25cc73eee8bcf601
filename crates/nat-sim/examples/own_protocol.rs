//! A protocol of one's own, and the question that it has to answer: how often must a client behind a NAT
//! say that it is there, so that its server can reach it at any time?
//!
//! `Beacon` is the whole protocol: a client sends "here" again and again, and the server sends "news" back
//! to where it heard the client last. The same machine would run on real sockets.
//!
//! `cargo run -p nat-sim --example own_protocol`
#![expect(clippy::print_stdout, reason = "a program that prints")]

use core::time::Duration;
use nat_sim::{Behaviour, Dependence, Host, Lifetime, Nat, TopologyError, World};
use sans_io::{
    Clock, Input, Instant, Machine, Outbox, Output, Path, SocketId, SocketRequest, Transmit,
    Verdict,
};
use std::net::SocketAddr;

/// Client or server of the protocol.
#[derive(Debug)]
struct Beacon {
    role: Role,
    local: Option<SocketAddr>,
    next: Option<Instant>,
    clock: Clock,
    out: Outbox<Event>,
}

#[derive(Debug)]
enum Role {
    Client { server: SocketAddr, every: Duration },
    Server { client: Option<SocketAddr>, news_at: Instant },
}

#[derive(Debug, PartialEq, Eq)]
enum Event {
    News,
}

impl Beacon {
    fn new(role: Role, local: SocketAddr) -> Self {
        let mut out = Outbox::new(16);
        out.socket(SocketRequest::Bind { id: SocketId(0), local });
        let next = match role {
            Role::Client { .. } => None,
            Role::Server { news_at, .. } => Some(news_at),
        };
        Self { role, local: None, next, clock: Clock::default(), out }
    }

    fn send(&mut self, to: SocketAddr, text: &'static str) {
        let Some(local) = self.local else { return };
        // A queue that is full loses packets, as networks do.
        let _ = self.out.transmit(Transmit::new(Path::udp(local, to), text.into()));
    }

    fn due(&mut self, now: Instant) {
        if !self.clock.has_come(self.next, now) {
            return;
        }
        match self.role {
            Role::Client { server, every } => {
                self.send(server, "here");
                self.next = Some(now.saturating_add(every));
            }
            Role::Server { client, .. } => {
                self.next = None;
                if let Some(client) = client {
                    self.send(client, "news");
                }
            }
        }
    }
}

impl Machine for Beacon {
    type Event = Event;

    fn handle_input<'a>(&mut self, now: Instant, input: Input<'a>) -> Verdict<'a> {
        let now = self.clock.tick(now);
        match input {
            Input::Socket { state: Ok(local), .. } => {
                self.local = Some(local);
                self.next = self.next.or(Some(now));
            }
            Input::Received { path, bytes, .. } => match &mut self.role {
                Role::Client { .. } if bytes == b"news" => self.out.event(Event::News),
                Role::Server { client, .. } if bytes == b"here" => *client = Some(path.remote()),
                _ => return Verdict::Unclaimed,
            },
            Input::Timeout => {}
            _ => return Verdict::Unclaimed,
        }
        self.due(now);
        Verdict::Consumed
    }

    fn poll_output(&mut self) -> Output<Event> {
        self.out.pop().unwrap_or(Output::Timeout(self.next))
    }
}

/// Whether news gets through a home router that forgets what is silent for `lifetime`, some time after
/// the client has called last.
fn news_arrives(every: Duration, lifetime: Duration) -> Result<bool, TopologyError> {
    let mut world = World::new(7);
    let behaviour = Behaviour {
        lifetime: Lifetime::idle(lifetime),
        ..Behaviour::of(Dependence::Endpoint, Dependence::AddressAndPort)
    };
    let router = world.add_nat(Nat::new(behaviour))?;
    let server = world.add_host(Host::on_internet())?;
    let client = world.add_host(Host::behind(router))?;
    let server_address = SocketAddr::new(world.address(server), 4000);
    let news_at = Instant::from_secs(3605);
    let role = Role::Server { client: None, news_at };
    world.install(server, Beacon::new(role, server_address));
    let local = SocketAddr::new(world.address(client), 4000);
    let role = Role::Client { server: server_address, every };
    let beacon = world.install(client, Beacon::new(role, local));
    world.run_until(Instant::from_secs(3615));
    Ok(world.take_events::<Beacon>(beacon).iter().any(|(_, event)| *event == Event::News))
}

pub(crate) fn main() -> Result<(), TopologyError> {
    let router = Duration::from_secs(30);
    for seconds in [10, 25, 45, 120] {
        let arrives = news_arrives(Duration::from_secs(seconds), router)?;
        println!("here every {seconds:>3} s: news {}", if arrives { "arrives" } else { "is lost" });
        assert_eq!(arrives, seconds < 30);
    }
    Ok(())
}
