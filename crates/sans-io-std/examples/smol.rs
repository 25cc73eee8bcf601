//! The run loop under another runtime: two ICE agents as tasks of smol. The loop in `run` looks
//! the same under any other runtime.
//!
//! `cargo run -p sans-io-std --example smol`
use ice_proto::{Candidate, IceAgent, IceConfig, IceCredentials, IceEvent, Role};
use sans_io::{Input, Instant, Machine, Output, Path, SocketIds, SocketRequest, Verdict};
use sans_io_std::{StdClock, seed};
use smol::{
    Timer,
    channel::{Receiver, Sender, bounded},
    future::{self, FutureExt},
    net::UdpSocket,
};
use std::{error::Error, io, net::SocketAddr};

type Fault = Box<dyn Error + Send + Sync>;
type Description = (IceCredentials, Vec<Candidate>);

pub(crate) fn main() -> Result<(), Fault> {
    let (to_bob, from_alice) = bounded(1);
    let (to_alice, from_bob) = bounded(1);
    let alice = run(Role::Controlling, to_bob, from_bob);
    let bob = run(Role::Controlled, to_alice, from_alice);
    let (heard, echoed) = smol::block_on(future::zip(alice, bob));
    assert_eq!((heard?, echoed?), ("hello".to_owned(), "hello".to_owned()));
    Ok(())
}

/// One side: its agent, and what the agent asked for.
struct Side {
    role: Role,
    clock: StdClock,
    agent: IceAgent,
    socket: UdpSocket,
    local: SocketAddr,
    tell: Sender<Description>,
}

/// What the loop waits for.
enum Woken {
    Arrived(io::Result<(usize, SocketAddr)>),
    Told(Description),
    Due,
}

/// Connects; the controlling side says hello and hears it back from the other.
async fn run(
    role: Role,
    tell: Sender<Description>,
    told: Receiver<Description>,
) -> Result<String, Fault> {
    let clock = StdClock::start();
    let config = IceConfig { role, ..IceConfig::default() };
    let mut agent = IceAgent::new(config, seed()?, SocketIds::root())?;
    agent.gather(clock.now(), &["127.0.0.1".parse()?])?;
    // With one address it asks for one socket, and for nothing before it has that.
    let Output::Socket(SocketRequest::Bind { id, local }) = agent.poll_output() else {
        return Err("the agent asks for no socket".into());
    };
    let socket = UdpSocket::bind(local).await?;
    let local = socket.local_addr()?;
    let _ = agent.handle_input(clock.now(), Input::Socket { id, state: Ok(local) });
    let mut side = Side { role, clock, agent, socket, local, tell };
    let mut buffer = vec![0; 65_535];
    loop {
        let deadline = side.drain().await?;
        match side.wait(deadline, &told, &mut buffer).await {
            Woken::Arrived(received) => {
                let (len, remote) = received?;
                if let Some(heard) = side.receive(&buffer[..len], remote).await? {
                    return Ok(heard);
                }
            }
            Woken::Told((credentials, candidates)) => {
                for candidate in candidates {
                    side.agent.add_remote_candidate(clock.now(), candidate)?;
                }
                side.agent.set_remote_credentials(clock.now(), credentials)?;
            }
            Woken::Due => {
                side.agent.handle_timeout(clock.now());
            }
        }
    }
}

impl Side {
    /// Does all that the agent wants done, until it names a deadline.
    async fn drain(&mut self) -> Result<Option<Instant>, Fault> {
        loop {
            match self.agent.poll_output() {
                Output::Transmit(transmit) => {
                    // What cannot be sent is lost, as it may be on the way.
                    let _ = self.socket.send_to(&transmit.payload, transmit.path.remote()).await;
                }
                Output::Event(IceEvent::GatheringComplete) => {
                    let candidates = self.agent.local_candidates().copied().collect();
                    self.tell.send((self.agent.local_credentials().clone(), candidates)).await?;
                }
                Output::Event(IceEvent::Selected(_)) if self.role == Role::Controlling => {
                    let packet = self.agent.send(self.clock.now(), b"hello")?;
                    self.socket.send_to(packet.payload, packet.path.remote()).await?;
                }
                Output::Event(IceEvent::RestartNeeded(reason)) => {
                    return Err(format!("{reason}\n{}", self.agent.explain()).into());
                }
                // Without servers it asks for no other sockets and no names.
                Output::Event(_) | Output::Socket(_) | Output::Lookup(_) => {}
                Output::Timeout(at) => return Ok(at),
            }
        }
    }

    /// Waits for a datagram, for the deadline, or for what the peer tells by some other way: here, a
    /// channel.
    async fn wait(
        &self,
        deadline: Option<Instant>,
        told: &Receiver<Description>,
        buffer: &mut [u8],
    ) -> Woken {
        let arrived = async { Woken::Arrived(self.socket.recv_from(buffer).await) };
        let due = async {
            match deadline {
                Some(at) => Timer::after(self.clock.until(at)).await,
                None => future::pending().await,
            };
            Woken::Due
        };
        let hears = async {
            match told.recv().await {
                Ok(description) => Woken::Told(description),
                Err(_) => future::pending().await, // it has told all
            }
        };
        arrived.or(due).or(hears).await
    }

    /// Offers a datagram to the agent. What it delivers is heard, and sent back by who was called.
    async fn receive(&mut self, bytes: &[u8], remote: SocketAddr) -> Result<Option<String>, Fault> {
        let input = Input::received(Path::udp(self.local, remote), bytes);
        match self.agent.handle_input(self.clock.now(), input) {
            Verdict::Deliver { bytes, .. } => {
                if self.role == Role::Controlled {
                    self.socket.send_to(bytes, remote).await?;
                }
                return Ok(Some(String::from_utf8(bytes.to_vec())?));
            }
            Verdict::Send(packet) => {
                let _ = self.socket.send_to(&packet.to_vec(), packet.path.remote()).await;
            }
            Verdict::Consumed | Verdict::Unclaimed | Verdict::Dropped(_) => {}
        }
        Ok(None)
    }
}
