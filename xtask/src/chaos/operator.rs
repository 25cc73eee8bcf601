//! What an operator does to servers, and looks at, while clients come and go.

use std::thread;
use std::time::{Duration, Instant};

use stun_proto::Entropy;

use super::server::{DRAIN, Place, Server};
use crate::run::Failure;

/// How often something is done.
const EVERY: Duration = Duration::from_secs(1);

/// How long a server may take to end at once, under floods.
const ENDS_WITHIN: Duration = Duration::from_secs(5);

/// What was done, and seen of the server that stays up.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub(crate) reloads: u64,
    pub(crate) broken_reloads: u64,
    pub(crate) drains: u64,
    pub(crate) ends: u64,
    pub(crate) kills: u64,
    pub(crate) memory_kb: Vec<u64>,
}

/// Operates both servers for a time.
pub(crate) fn run(
    time: Duration,
    places: &[Place; 2],
    steady: &Server,
    mut shaken: Server,
    entropy: &mut Entropy,
) -> Result<Seen, Failure> {
    let mut seen = Seen::default();
    let end = Instant::now() + time;
    let mut last = steady.figures()?;
    for round in 0_usize.. {
        if Instant::now() >= end {
            break;
        }
        thread::sleep(EVERY);
        seen.memory_kb.push(steady.resident_kb()?);
        let now = steady.figures()?;
        if now.bytes_to_peers < last.bytes_to_peers || now.bytes_to_clients < last.bytes_to_clients
        {
            return Err(steady.failure(&format!("counts backwards: {last:?}, {now:?}")));
        }
        last = now;
        if round % 3 == 0 {
            reload(&places[0], steady, entropy, &mut seen)?;
        }
        if round % 5 == 4 {
            shaken = shake(&places[1], shaken, round, entropy, &mut seen)?;
        }
    }
    // a reload that was just asked for is still to be told
    thread::sleep(EVERY);
    Ok(seen)
}

/// Has it read its accounts again, which now and then have a fault: then nothing changes.
fn reload(
    place: &Place,
    steady: &Server,
    entropy: &mut Entropy,
    seen: &mut Seen,
) -> Result<(), Failure> {
    let broken = entropy.public_below(3) == 0;
    place.write_users(if broken { "nobody\n" } else { "dave:dove\n" })?;
    steady.signal("-HUP")?;
    steady.signal("-USR1")?;
    seen.reloads += 1;
    seen.broken_reloads += u64::from(broken);
    // one signal of a kind waits at a time: the next comes when this one is through
    thread::sleep(EVERY);
    Ok(())
}

/// Ends it in one way or another, and starts it again at the same place.
fn shake(
    place: &Place,
    shaken: Server,
    round: usize,
    entropy: &mut Entropy,
    seen: &mut Seen,
) -> Result<Server, Failure> {
    match entropy.public_below(3) {
        0 => {
            shaken.signal("-KILL")?;
            shaken.ended(ENDS_WITHIN)?;
            seen.kills += 1;
            return Server::start(place, round);
        }
        1 => {
            shaken.signal("-TERM")?;
            thread::sleep(Duration::from_millis(200));
            shaken.signal("-TERM")?;
            seen.ends += 1;
            polite(shaken.ended(ENDS_WITHIN)?)?;
        }
        _ => {
            shaken.signal("-TERM")?;
            seen.drains += 1;
            polite(shaken.ended(DRAIN + ENDS_WITHIN)?)?;
        }
    }
    Server::start(place, round)
}

fn polite(status: std::process::ExitStatus) -> Result<(), Failure> {
    if status.success() {
        return Ok(());
    }
    Err(Failure::Failed(format!("a server that was to end ended with {status}")))
}
