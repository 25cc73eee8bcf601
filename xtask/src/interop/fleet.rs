//! Several servers, of which one is drained and another one killed in the middle of calls: whoever
//! called through them goes on through the one that is left.

use std::path::Path;
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::install;
use super::process::{LOOK, Running};
use super::server::{PASSWORD, USER};
use crate::lab::{Lab, NatKind, Node, SERVER, SERVER_OTHER};
use crate::run::{Failure, capture};

/// Where the servers are.
const SERVERS: [(&str, u16); 3] = [(SERVER, 3478), (SERVER_OTHER, 3478), (SERVER, 3480)];
/// How many calls there are: a third of them asks each server first.
const CALLS: usize = 6;
/// How long a call lasts, and how long until all of them have begun.
const TIME: Duration = Duration::from_secs(75);
const PATIENCE: Duration = Duration::from_secs(20);
/// How long the first server still serves who is there, and how long until the second one dies.
const DRAIN: Duration = Duration::from_secs(5);
const UNTIL_KILLED: Duration = Duration::from_secs(30);
/// How long a call may be silent: until a relay that says nothing counts as gone, and another is found.
const SILENCE: Duration = Duration::from_secs(20);

pub(crate) fn run(dir: &Path) -> Result<String, Failure> {
    let example = install::example("call")?;
    let lab = Lab::up(NatKind::MasqueradeRandom, NatKind::MasqueradeRandom)?;
    let mut servers = Vec::new();
    for number in 0..SERVERS.len() {
        servers.push(start_server(&lab, number, dir)?);
    }
    let mut calls = Vec::new();
    for number in 0..CALLS {
        calls.push(Call::begin(&lab, &example, number, dir)?);
    }
    carry(&mut calls, PATIENCE, |call| call.says("connected from"))?;
    if let Some(direct) = calls.iter_mut().find(|call| !call.says("relay")) {
        return Err(direct.ends[0].running.failure("found a way without a relay"));
    }
    let [drained, killed, _] = &mut servers[..] else { unreachable!("three servers") };
    signal(drained, "-TERM")?;
    let status = drained.wait(DRAIN + PATIENCE)?;
    if !status.success() {
        return Err(drained.failure(&format!("was to drain, and ended with {status}")));
    }
    let until = Instant::now() + UNTIL_KILLED;
    carry(&mut calls, UNTIL_KILLED + PATIENCE, |_| Instant::now() >= until)?;
    signal(killed, "-KILL")?;
    carry(&mut calls, TIME, |call| call.says("longest silence"))?;
    let mut longest = Duration::ZERO;
    for end in calls.iter().flat_map(|call| &call.ends) {
        longest = longest.max(end.silence()?);
    }
    Ok(format!("{CALLS} calls went on, silent for {longest:?} at most"))
}

/// One that is told where the others are, and whom to relay to although he is in a documentation
/// network, as in this laboratory everybody is.
fn start_server(lab: &Lab, number: usize, dir: &Path) -> Result<Running, Failure> {
    let mut command = lab.command(Node::Inet, &install::spool().to_string_lossy());
    let (address, port) = SERVERS[number];
    command.args(["turn-server", "--listen", &format!("{address}:{port}")]);
    command.args(["--relay-ip", address, "--user", &format!("{USER}:{PASSWORD}")]);
    command.args(["--allow-peer", "198.51.100.0/24"]);
    command.args(["--drain", &DRAIN.as_secs().to_string()]);
    for (address, port) in SERVERS.iter().cycle().skip(number + 1).take(SERVERS.len() - 1) {
        command.args(["--alternate", &format!("{address}:{port}")]);
    }
    let mut server = Running::start(&format!("server-{number}"), dir, &mut command)?;
    let ready = |out: &str, _: &str| out.contains("Ctrl-C ends it").then_some(());
    server.wait_until("it listens", PATIENCE, ready)?;
    Ok(server)
}

fn signal(server: &Running, name: &str) -> Result<(), Failure> {
    capture(Command::new("kill").args([name, &server.id().to_string()])).map(drop)
}

/// Two ends that hear each other through the servers, and of each other's signals through us.
struct Call {
    ends: [End; 2],
}

/// One end, and how much of what it says was carried.
struct End {
    running: Running,
    carried: usize,
}

impl Call {
    fn begin(lab: &Lab, example: &Path, number: usize, dir: &Path) -> Result<Self, Failure> {
        let start = |node, role: &str| -> Result<End, Failure> {
            let mut command = lab.command(node, &example.to_string_lossy());
            command.args([role, &TIME.as_secs().to_string(), USER, PASSWORD]);
            for (address, port) in SERVERS.iter().cycle().skip(number).take(SERVERS.len()) {
                command.arg(format!("{address}:{port}"));
            }
            let running = Running::start(&format!("{role}-{number}"), dir, &mut command)?;
            Ok(End { running, carried: 0 })
        };
        Ok(Self { ends: [start(Node::HostA, "offer")?, start(Node::HostB, "answer")?] })
    }

    /// Whether both ends have said so.
    fn says(&self, text: &str) -> bool {
        self.ends.iter().all(|end| end.running.errors().contains(text))
    }

    /// Carries what the ends have to tell each other.
    fn carry(&mut self) -> Result<(), Failure> {
        for [from, to] in [[0, 1], [1, 0]] {
            let from = &mut self.ends[from];
            let lines = from.running.output();
            let new: Vec<String> = lines
                .split_inclusive('\n')
                .skip(from.carried)
                .filter(|line| line.ends_with('\n'))
                .map(|line| line.trim_end().to_owned())
                .collect();
            from.carried += new.len();
            if !new.is_empty() && !self.ends[to].running.errors().contains("longest silence") {
                self.ends[to].running.say(&new)?;
            }
        }
        Ok(())
    }
}

impl End {
    /// The longest time for which it heard nothing.
    fn silence(&self) -> Result<Duration, Failure> {
        let errors = self.running.errors();
        let told =
            errors.split_once("longest silence ").and_then(|(_, rest)| rest.split_once(" ms"));
        match told.and_then(|(millis, _)| millis.parse().ok()).map(Duration::from_millis) {
            Some(silence) if silence <= SILENCE => Ok(silence),
            _ => Err(self.running.failure(&format!("was silent for more than {SILENCE:?}"))),
        }
    }
}

/// Carries the signals of all calls, until each of them is as it should be.
fn carry(
    calls: &mut [Call],
    patience: Duration,
    is_well: impl Fn(&Call) -> bool,
) -> Result<(), Failure> {
    let end = Instant::now() + patience;
    while Instant::now() < end {
        for call in &mut *calls {
            call.carry()?;
        }
        if calls.iter().all(&is_well) {
            return Ok(());
        }
        sleep(LOOK);
    }
    let late = calls.iter().find(|call| !is_well(call)).unwrap_or(&calls[0]);
    Err(late.ends[0].running.failure(&format!("not within {patience:?}")))
}
