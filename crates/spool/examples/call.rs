//! A call that outlives its relay: two ends of a connection, whose signals somebody carries.
//!
//! ```text
//! cargo run -p spool --example call -- offer  60 USER PASSWORD 198.51.100.1:3478 198.51.100.2:3478
//! cargo run -p spool --example call -- answer 60 USER PASSWORD 198.51.100.1:3478 198.51.100.2:3478
//! ```
//!
//! Each line that one of them prints is for the other one's standard input: first its description,
//! then whatever it has to say for as long as the call lasts, which is given in seconds. Who carries
//! the lines, and how, is up to the application: a server of its own, as a rule.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "an example that is run to be read")]

use spool::{Agent, Connection, Signals};
use std::{error::Error, time::Duration};
use tokio::{
    io::{AsyncBufReadExt, BufReader, Lines, Stdin, stdin},
    time::{Instant, MissedTickBehavior, interval, sleep_until},
};

/// A voice codec sends as often.
const PACKET_TIME: Duration = Duration::from_millis(20);
/// By how much the two may disagree about the end of a call.
const GRACE: Duration = Duration::from_secs(2);

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

#[tokio::main]
async fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [role, seconds, user, password, servers @ ..] = &arguments[..] else {
        return Err("call offer|answer SECONDS USER PASSWORD SERVER...".into());
    };
    let mut builder = Agent::builder();
    for server in servers {
        builder = builder.turn(server, user, password);
    }
    let mut agent = builder.build().await?;
    let mut peer = Peer(BufReader::new(stdin()).lines());
    if role == "offer" {
        Peer::tell(&agent.local_description().await?);
        agent.set_remote_description(&peer.hear().await?).await?;
    } else {
        agent.set_remote_description(&peer.hear().await?).await?;
        Peer::tell(&agent.local_description().await?);
    }
    let connection = agent.connected().await?;
    eprintln!("connected from {} to {}", connection.local(), connection.remote());
    let signals = connection.signals().await?;
    let carried = tokio::spawn(carry(signals, peer));
    talk(connection, Duration::from_secs(seconds.parse()?)).await?;
    carried.abort();
    Ok(())
}

/// Whoever is on the other side, a line at a time.
struct Peer(Lines<BufReader<Stdin>>);

impl Peer {
    fn tell(text: &str) {
        println!("{}", text.replace("\r\n", "|"));
    }

    async fn hear(&mut self) -> Outcome<String> {
        let line = self.0.next_line().await?.ok_or("the other side says nothing more")?;
        Ok(line.replace('|', "\r\n"))
    }
}

/// Carries the signals of both sides.
async fn carry(mut signals: Signals, mut peer: Peer) -> Outcome<()> {
    loop {
        tokio::select! {
            signal = signals.next() => Peer::tell(&signal?),
            signal = peer.hear() => signals.take(&signal?).await?,
        }
    }
}

/// Sends as a voice would, and says in the end what arrived.
async fn talk(connection: Connection, time: Duration) -> Outcome<()> {
    let (sender, mut receiver) = connection.split();
    let (began, mut heard_at) = (Instant::now(), Instant::now());
    let (mut sent, mut received, mut longest) = (0_u32, 0_u32, Duration::ZERO);
    let mut tick = interval(PACKET_TIME);
    tick.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        tokio::select! {
            _ = tick.tick() => {
                sent += 1;
                // without a path nothing is sent, and a call goes on
                let _ = sender.try_send(&sent.to_be_bytes());
            }
            datagram = receiver.recv() => match datagram {
                Ok(_) => {
                    received += 1;
                    longest = longest.max(heard_at.elapsed());
                    heard_at = Instant::now();
                }
                // the other one hung up first
                Err(_) if began.elapsed() + GRACE > time => break,
                Err(lost) => return Err(lost.into()),
            },
            () = sleep_until(began + time) => break,
        }
    }
    longest = longest.max(heard_at.elapsed());
    eprintln!("sent {sent}, received {received}, longest silence {} ms", longest.as_millis());
    sender.close().await;
    Ok(())
}
