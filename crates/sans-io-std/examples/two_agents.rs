//! Two ICE agents on two plain threads find each other over the loopback interface and say hello.
//! Between machines the descriptions would travel through the application's own server.
//!
//! `cargo run -p sans-io-std --example two_agents`
#![expect(clippy::print_stdout, reason = "a program that prints")]
use ice_proto::{Candidate, IceAgent, IceConfig, IceCredentials, IceEvent, Role};
use sans_io::SocketIds;
use sans_io_std::{Driver, Happening, seed};
use std::{
    error::Error,
    sync::mpsc::{Receiver, Sender, channel},
    thread,
    time::Duration,
};

type Fault = Box<dyn Error + Send + Sync>;
type Description = (IceCredentials, Vec<Candidate>);

const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) fn main() -> Result<(), Fault> {
    let (to_bob, from_alice) = channel();
    let (to_alice, from_bob) = channel();
    let bob = thread::spawn(move || meet(Role::Controlled, &to_alice, &from_alice));
    let heard = meet(Role::Controlling, &to_bob, &from_bob)?;
    assert_eq!(heard, "hello from Controlled");
    assert_eq!(bob.join().expect("bob's thread")?, "hello from Controlling");
    Ok(())
}

/// Connects, says hello, and gives what the peer said.
fn meet(
    role: Role,
    tell: &Sender<Description>,
    told: &Receiver<Description>,
) -> Result<String, Fault> {
    let config = IceConfig { role, ..IceConfig::default() };
    let mut driver = Driver::new(IceAgent::new(config, seed()?, SocketIds::root())?);
    let addresses = ["127.0.0.1".parse()?];
    driver.call(|agent, now| agent.gather(now, &addresses))?;
    while driver.wait(PATIENCE).ok_or("no candidates")?
        != Happening::Event(IceEvent::GatheringComplete)
    {}
    let agent = driver.machine();
    tell.send((agent.local_credentials().clone(), agent.local_candidates().copied().collect()))?;

    let (credentials, candidates) = told.recv()?;
    driver.call(|agent, now| {
        for candidate in candidates {
            agent.add_remote_candidate(now, candidate)?;
        }
        agent.end_of_remote_candidates(now);
        Ok::<_, Fault>(agent.set_remote_credentials(now, credentials)?)
    })?;
    // Both settle on a pair, and the peer may be done first: its data may come before our event.
    let (mut heard, mut said) = (None, false);
    loop {
        match driver.wait(PATIENCE).ok_or_else(|| driver.machine().explain().to_string())? {
            Happening::Event(IceEvent::Selected(pair)) => {
                println!("{role:?}: {} to {}", pair.path.local(), pair.path.remote());
                let hello = format!("hello from {role:?}");
                let packet = driver.call(|agent, now| agent.send(now, hello.as_bytes()))?;
                driver.send(&packet);
                said = true;
            }
            Happening::Event(IceEvent::RestartNeeded(reason)) => {
                return Err(format!("{reason}\n{}", driver.machine().explain()).into());
            }
            Happening::Event(_) => {}
            Happening::Data { bytes, .. } => heard = Some(String::from_utf8(bytes)?),
        }
        if let (Some(heard), true) = (&heard, said) {
            return Ok(heard.clone());
        }
    }
}
