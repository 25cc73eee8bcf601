//! The run loop under another runtime: two ICE agents as tasks of smol. The loop in `run` is all there
//! is to it; under any other runtime it looks the same.
//!
//! `cargo run -p sans-io-std --example smol`
use ice_proto::{Candidate, IceAgent, IceConfig, IceCredentials, IceEvent, Role};
use sans_io::{Input, Machine, Output, Path, SocketFault, SocketIds, SocketRequest, Verdict};
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
    let mut socket = None;
    let mut buffer = vec![0; 65_535];
    loop {
        // Do all that the agent wants done, until it names a deadline.
        let deadline = loop {
            match agent.poll_output() {
                Output::Transmit(transmit) => {
                    let (socket, _): &(UdpSocket, _) = socket.as_ref().ok_or("no socket")?;
                    let _ = socket.send_to(&transmit.payload, transmit.path.remote()).await;
                }
                Output::Socket(SocketRequest::Bind { id, local }) => {
                    let bound = UdpSocket::bind(local).await?;
                    let local = bound.local_addr()?;
                    socket = Some((bound, local));
                    let _ = agent.handle_input(clock.now(), Input::Socket { id, state: Ok(local) });
                }
                Output::Socket(SocketRequest::Connect { id, .. }) => {
                    let state = Err(SocketFault::Denied); // this program has no TCP
                    let _ = agent.handle_input(clock.now(), Input::Socket { id, state });
                }
                Output::Socket(_) | Output::Lookup(_) => {}
                Output::Event(IceEvent::GatheringComplete) => {
                    let candidates = agent.local_candidates().copied().collect();
                    tell.send((agent.local_credentials().clone(), candidates)).await?;
                }
                Output::Event(IceEvent::Selected(_)) if role == Role::Controlling => {
                    let packet = agent.send(clock.now(), b"hello")?;
                    let (socket, _) = socket.as_ref().ok_or("no socket")?;
                    socket.send_to(packet.payload, packet.path.remote()).await?;
                }
                Output::Event(IceEvent::RestartNeeded(reason)) => {
                    return Err(format!("{reason}\n{}", agent.explain()).into());
                }
                Output::Event(_) => {}
                Output::Timeout(at) => break at,
            }
        };
        // Wait for a datagram, for the deadline, or for what the peer tells by some other way.
        let (socket, local) = socket.as_ref().ok_or("no socket")?;
        let arrived = async { Woken::Arrived(socket.recv_from(&mut buffer).await) };
        let due = async {
            match deadline {
                Some(at) => Timer::after(clock.until(at)).await,
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
        let (len, remote) = match arrived.or(due).or(hears).await {
            Woken::Arrived(received) => received?,
            Woken::Told((credentials, candidates)) => {
                for candidate in candidates {
                    agent.add_remote_candidate(clock.now(), candidate)?;
                }
                agent.set_remote_credentials(clock.now(), credentials)?;
                continue;
            }
            Woken::Due => {
                agent.handle_timeout(clock.now());
                continue;
            }
        };
        let input = Input::received(Path::udp(*local, remote), &buffer[..len]);
        match agent.handle_input(clock.now(), input) {
            Verdict::Deliver { bytes, .. } => {
                let heard = String::from_utf8(bytes.to_vec())?;
                if role == Role::Controlled {
                    socket.send_to(heard.as_bytes(), remote).await?;
                }
                return Ok(heard);
            }
            Verdict::Send(packet) => {
                let _ = socket.send_to(&packet.to_vec(), packet.path.remote()).await;
            }
            Verdict::Consumed | Verdict::Unclaimed | Verdict::Dropped(_) => {}
        }
    }
}
