//! A server with one UDP port for all its clients: each is a lite ICE session of one `IceMux`, and gets
//! back what it says. Between machines the descriptions would travel over HTTP, as WHIP has them.
//!
//! `cargo run -p sans-io-std --example one_port`
#![expect(clippy::print_stdout, reason = "a program that prints")]
use ice_proto::{
    Candidate, IceAgent, IceConfig, IceCredentials, IceEvent, IceMux, Implementation, MuxConfig,
    MuxEvent, Role,
};
use sans_io::SocketIds;
use sans_io_std::{Driver, Happening, seed};
use std::{
    error::Error,
    net::SocketAddr,
    sync::mpsc::{Receiver, Sender, TryRecvError, channel},
    thread,
    time::Duration,
};

type Fault = Box<dyn Error + Send + Sync>;
type Description = (IceCredentials, Vec<Candidate>);

const CLIENTS: usize = 12;
const PATIENCE: Duration = Duration::from_secs(30);

/// A client that wants to be let in, and where it waits for the answer.
struct Offer {
    client: Description,
    answer: Sender<Description>,
}

pub(crate) fn main() -> Result<(), Fault> {
    let (door, offers) = channel();
    let server = thread::spawn(move || serve(&offers));
    let clients: Vec<_> = (0..CLIENTS)
        .map(|number| (door.clone(), number))
        .map(|(door, number)| thread::spawn(move || visit(&door, number)))
        .collect();
    drop(door);
    let mut met = Vec::new();
    for client in clients {
        met.push(client.join().expect("a client's thread")?);
    }
    let served = server.join().expect("the server's thread")?;
    println!("{served} clients were served at {}", met[0]);
    assert_eq!((served, met.len()), (CLIENTS, CLIENTS));
    assert!(met.iter().all(|server| *server == met[0]), "{met:?}");
    Ok(())
}

/// Lets clients in and echoes what they say until nobody is there any more. Gives how many there were.
fn serve(offers: &Receiver<Offer>) -> Result<usize, Fault> {
    let mux = IceMux::new(&MuxConfig::default(), seed()?, SocketIds::root())?;
    let mut driver = Driver::new(mux);
    let addresses = ["127.0.0.1".parse()?];
    driver.call(|mux, now| mux.gather(now, &addresses))?;
    while driver.wait(PATIENCE).ok_or("no socket")? != Happening::Event(MuxEvent::GatheringComplete)
    {
    }

    let mut served = 0;
    loop {
        match offers.try_recv() {
            Ok(offer) => {
                let answer = driver.call(|mux, now| -> Result<Description, Fault> {
                    let (role, implementation) = (Role::Controlled, Implementation::Lite);
                    let lite = IceConfig { role, implementation, ..IceConfig::default() };
                    let id = mux.add(now, &lite)?;
                    let (credentials, candidates) = offer.client;
                    mux.set_remote_credentials(now, id, credentials)?;
                    for candidate in candidates {
                        mux.add_remote_candidate(now, id, candidate)?;
                    }
                    let session = mux.session(id).ok_or("it was just added")?;
                    let candidates = session.local_candidates().copied().collect();
                    Ok((session.local_credentials().clone(), candidates))
                })?;
                offer.answer.send(answer)?;
                served += 1;
            }
            Err(TryRecvError::Empty) => {}
            Err(TryRecvError::Disconnected) => return Ok(served),
        }
        // Whose data it is shows the path, which is one session's alone.
        let happening = driver.wait(Duration::from_millis(10));
        if let Some(Happening::Data { path, bytes }) = happening
            && let Some(id) = driver.machine().session_at(&path)
        {
            let packet = driver.call(|mux, now| mux.send(now, id, &bytes))?;
            driver.send(&packet);
        }
    }
}

/// Connects to the server, says something and hears it back. Gives the address of the server.
fn visit(door: &Sender<Offer>, number: usize) -> Result<SocketAddr, Fault> {
    let agent = IceAgent::new(IceConfig::default(), seed()?, SocketIds::root())?;
    let mut driver = Driver::new(agent);
    let addresses = ["127.0.0.1".parse()?];
    driver.call(|agent, now| agent.gather(now, &addresses))?;
    while driver.wait(PATIENCE).ok_or("no candidates")?
        != Happening::Event(IceEvent::GatheringComplete)
    {}
    let agent = driver.machine();
    let client = (agent.local_credentials().clone(), agent.local_candidates().copied().collect());
    let (answer, answered) = channel();
    door.send(Offer { client, answer })?;
    let (credentials, candidates) = answered.recv()?;
    driver.call(|agent, now| {
        agent.set_remote_lite(now, true);
        agent.set_remote_credentials(now, credentials)?;
        for candidate in candidates {
            agent.add_remote_candidate(now, candidate)?;
        }
        agent.end_of_remote_candidates(now);
        Ok::<_, Fault>(())
    })?;

    let said = format!("hello from client {number}");
    loop {
        match driver.wait(PATIENCE).ok_or_else(|| driver.machine().explain().to_string())? {
            Happening::Event(IceEvent::Selected(_)) => {
                let packet = driver.call(|agent, now| agent.send(now, said.as_bytes()))?;
                driver.send(&packet);
            }
            Happening::Event(_) => {}
            Happening::Data { path, bytes } => {
                assert_eq!(String::from_utf8(bytes)?, said);
                return Ok(path.remote());
            }
        }
    }
}
