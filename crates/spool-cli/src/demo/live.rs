//! Two agents and a server over real sockets of the loopback interface.
use crate::{exit::Failure, lines};
use spool::{Agent, AgentBuilder, CandidatePolicy, Connection, TurnService};
use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    time::{Duration, Instant},
};

/// How often a datagram goes there and back over each connection.
const ROUNDS: usize = 200;

/// No single step takes longer, or something is wrong.
const PATIENCE: Duration = Duration::from_secs(20);

const USER: &str = "demo";
const PASSWORD: &str = "demo-password";
const HOST: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// Starts the server, connects two agents directly and two through the relay.
pub(crate) async fn show() -> Result<(), Failure> {
    say("1. Real sockets on this computer\n");
    let service = server().await?;
    let server = *service.listeners().first().ok_or_else(|| failed("the server", "it is deaf"))?;
    say(format!("   server   STUN and TURN on {server}"));
    meet("direct", server, CandidatePolicy::All, true).await?;
    meet("relayed", server, CandidatePolicy::Relay, false).await?;
    service.stop().await;
    Ok(())
}

async fn server() -> Result<TurnService, Failure> {
    let loopback = "127.0.0.0/8".parse().map_err(|error| failed("the server", error))?;
    let service = TurnService::builder().listen(SocketAddr::new(HOST, 0)).relay(HOST);
    let service = service.user(USER, PASSWORD).allow_peer(loopback).start().await;
    service.map_err(|error| failed("the server", error))
}

/// Has two agents exchange descriptions and then datagrams.
async fn meet(
    name: &str,
    server: SocketAddr,
    policy: CandidatePolicy,
    direct: bool,
) -> Result<(), Failure> {
    let step = |what: &'static str| move |error: &dyn fmt::Display| failed(what, error);
    let mut alice = build(server, policy).await?;
    let mut bob = build(server, policy).await?;
    let offer = alice.local_description().await.map_err(|error| step("the offer")(&error))?;
    alice.description_sent().await;
    bob.set_remote_description(&offer).await.map_err(|error| step("the offer")(&error))?;
    let answer = bob.local_description().await.map_err(|error| step("the answer")(&error))?;
    bob.description_sent().await;
    alice.set_remote_description(&answer).await.map_err(|error| step("the answer")(&error))?;
    say(format!(
        "\n   {name:<8} alice's offer: {} bytes of SDP, candidates: {}; bob's answer: {}, {}",
        offer.len(),
        alice.candidates().len(),
        answer.len(),
        bob.candidates().len(),
    ));
    let began = Instant::now();
    let (alice, bob) = tokio::join!(alice.connected(), bob.connected());
    let took = began.elapsed();
    let mut alice = alice.map_err(|error| failed("alice", error))?;
    let mut bob = bob.map_err(|error| failed("bob", error))?;
    let settled = async { alice.settled().await.and(bob.settled().await) };
    bounded(name, settled).await?.map_err(|error| failed(name, error))?;
    let (here, there) = (alice.local(), alice.remote());
    say(format!("            {here} to {there}, connected in {:.1} ms", took.as_secs_f64() * 1e3));
    if alice.is_direct() != direct {
        return Err(failed(name, "the path is not what was wanted"));
    }
    let middle = bounded(name, converse(&mut alice, &mut bob)).await??;
    say(format!(
        "            {ROUNDS} datagrams there and {ROUNDS} back, all arrived, {} µs a round trip",
        middle.as_micros()
    ));
    alice.close().await;
    bob.close().await;
    Ok(())
}

async fn build(server: SocketAddr, policy: CandidatePolicy) -> Result<Agent, Failure> {
    let server = server.to_string();
    let builder: AgentBuilder = Agent::builder().address(HOST).policy(policy);
    let builder = builder.stun(&server).turn(&server, USER, PASSWORD);
    builder.build().await.map_err(|error| failed("the agent", error))
}

/// Datagrams there and back, each compared; the middle of the times it took.
async fn converse(alice: &mut Connection, bob: &mut Connection) -> Result<Duration, Failure> {
    let mut times = Vec::with_capacity(ROUNDS);
    for round in 0..ROUNDS {
        let began = Instant::now();
        let (there, back) = (format!("hello, Bob! {round}"), format!("hello, Alice! {round}"));
        alice.send(there.as_bytes()).await.map_err(|error| failed("alice", error))?;
        expect(bob, &there).await?;
        bob.send(back.as_bytes()).await.map_err(|error| failed("bob", error))?;
        expect(alice, &back).await?;
        times.push(began.elapsed());
    }
    times.sort();
    Ok(times[times.len() / 2])
}

async fn expect(connection: &mut Connection, text: &str) -> Result<(), Failure> {
    let heard = connection.recv().await.map_err(|error| failed("a datagram", error))?;
    if heard == text.as_bytes() {
        return Ok(());
    }
    Err(failed(
        "a datagram",
        format!("'{}' arrived, not '{text}'", String::from_utf8_lossy(&heard)),
    ))
}

async fn bounded<F: Future>(name: &str, future: F) -> Result<F::Output, Failure> {
    let late = |_| failed(name, format!("nothing for {} s", PATIENCE.as_secs()));
    tokio::time::timeout(PATIENCE, future).await.map_err(late)
}

fn failed(what: &str, why: impl fmt::Display) -> Failure {
    Failure::NotStarted(format!("the demo failed at {what}: {why}"))
}

fn say(text: impl AsRef<str>) {
    lines::print(text.as_ref().as_bytes());
}
