//! An ICE restart under way (RFC 8445 §9): two agents are connected and talk, one restarts from another port,
//! and both move there without losing a datagram. What they signal would travel through the application's
//! own server.
//!
//! `cargo run -p sans-io-std --example restart`
#![expect(clippy::print_stdout, reason = "a program that prints")]
use ice_proto::{
    Candidate, IceAgent, IceConfig, IceCredentials, IceEvent, RestartSockets, Role, SelectedPair,
};
use sans_io::SocketIds;
use sans_io_std::{Driver, Happening, seed};
use std::{
    error::Error,
    time::{Duration, Instant},
};

type Fault = Box<dyn Error + Send + Sync>;

const PATIENCE: Duration = Duration::from_secs(30);

/// What goes to the peer, in order and without loss.
enum Signal {
    Credentials(IceCredentials),
    Candidate { ufrag: String, candidate: Candidate },
    EndOfCandidates { ufrag: String },
}

/// One side: its agent, which generation its candidates are of, and how it fares.
struct Side {
    driver: Driver<IceAgent>,
    ufrag: String,
    settled: Vec<SelectedPair>,
    sent: usize,
    heard: usize,
}

impl Side {
    fn new(role: Role) -> Result<Self, Fault> {
        let config = IceConfig { role, ..IceConfig::default() };
        let driver = Driver::new(IceAgent::new(config, seed()?, SocketIds::root())?);
        let ufrag = driver.machine().local_credentials().ufrag.to_string();
        Ok(Self { driver, ufrag, settled: Vec::new(), sent: 0, heard: 0 })
    }

    /// Takes what the peer signals. Its mistakes are no reason to end.
    fn heed(&mut self, signal: Signal) {
        self.driver.call(|agent, now| match signal {
            Signal::Credentials(credentials) => {
                let _ = agent.set_remote_credentials(now, credentials);
            }
            Signal::Candidate { ufrag, candidate } => {
                let _ = agent.add_remote_candidate_of(now, &ufrag, candidate);
            }
            Signal::EndOfCandidates { ufrag } => agent.end_of_remote_candidates_of(now, &ufrag),
        });
    }

    /// Goes on for a moment. Gives what the peer is to be told.
    fn go_on(&mut self) -> Option<Signal> {
        match self.driver.wait(Duration::from_millis(2))? {
            Happening::Event(IceEvent::Restarted(credentials)) => {
                self.ufrag = credentials.ufrag.to_string();
                Some(Signal::Credentials(credentials))
            }
            Happening::Event(IceEvent::Candidate(candidate)) => {
                Some(Signal::Candidate { ufrag: self.ufrag.clone(), candidate })
            }
            Happening::Event(IceEvent::GatheringComplete) => {
                Some(Signal::EndOfCandidates { ufrag: self.ufrag.clone() })
            }
            Happening::Event(IceEvent::Selected(pair)) => {
                self.settled.push(pair);
                None
            }
            Happening::Event(_) => None,
            Happening::Data { .. } => {
                self.heard += 1;
                None
            }
        }
    }

    /// Sends something, if there is a path.
    fn talk(&mut self) {
        if let Ok(packet) = self.driver.call(|agent, now| agent.send(now, b"still here")) {
            self.driver.send(&packet);
            self.sent += 1;
        }
    }
}

/// Runs both, who talk if they can, until that is so.
fn run(sides: &mut [Side; 2], until: impl Fn(&[Side; 2]) -> bool) -> Result<(), Fault> {
    let began = Instant::now();
    while !until(sides) {
        if began.elapsed() > PATIENCE {
            return Err(sides[0].driver.machine().explain().to_string().into());
        }
        for i in [0, 1] {
            if let Some(signal) = sides[i].go_on() {
                sides[1 - i].heed(signal);
            }
        }
        if sides.iter().all(|side| !side.settled.is_empty()) {
            sides.iter_mut().for_each(Side::talk);
        }
    }
    Ok(())
}

pub(crate) fn main() -> Result<(), Fault> {
    let mut sides = [Side::new(Role::Controlling)?, Side::new(Role::Controlled)?];
    let addresses = ["127.0.0.1".parse()?];
    for i in [0, 1] {
        let credentials = sides[1 - i].driver.machine().local_credentials().clone();
        sides[i].heed(Signal::Credentials(credentials));
        sides[i].driver.call(|agent, now| agent.gather(now, &addresses))?;
    }
    run(&mut sides, |sides| sides.iter().all(|side| side.settled.len() == 1 && side.heard > 5))?;

    // As an application does that sees its network get worse.
    sides[0].driver.call(|agent, now| agent.restart_from(now, RestartSockets::Renewed).is_some());
    run(&mut sides, |sides| sides.iter().all(|side| side.settled.len() == 2))?;
    let [one, other] = &sides;
    let [before, after] = [one.settled[0].path, one.settled[1].path];
    println!("moved from {before} to {after}");
    assert_ne!(before.local(), after.local());
    assert_eq!(other.settled[1].path, after.reversed());

    let (said, replied) = (one.sent, other.sent);
    run(&mut sides, |sides| sides[1].heard >= said && sides[0].heard >= replied)?;
    println!("{} and {} datagrams, and none was lost", sides[0].sent, sides[1].sent);
    Ok(())
}
