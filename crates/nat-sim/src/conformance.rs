//! Which requirements of RFC 4787, RFC 5382, RFC 5508 and RFC 7857 a NAT meets, found by trying.
mod icmp;
mod tcp;
mod udp;
mod updates;

use crate::{MachineId, Nat, Observer, TopologyError};
use core::{fmt, time::Duration};
use std::net::SocketAddr;

/// How strongly an RFC asks for something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// MUST or MUST NOT.
    Must,
    /// SHOULD, SHOULD NOT or RECOMMENDED.
    Should,
}

/// What was found of a requirement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// It is met.
    Met,
    /// It is not met.
    Failed,
    /// It does not concern this NAT, for example since no UDP passes it.
    NotApplicable,
    /// The simulator does not go into what it is about.
    NotModelled,
}

impl Outcome {
    const fn when(met: bool) -> Self {
        if met { Self::Met } else { Self::Failed }
    }
}

/// One line of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The requirement by name, such as `RFC 4787 REQ-1`.
    pub requirement: &'static str,
    /// How strongly it is asked for.
    pub level: Level,
    /// What it asks for, in few words.
    pub text: &'static str,
    /// What was found.
    pub outcome: Outcome,
}

/// A requirement with the experiment that tells whether a NAT meets it. `None` of an experiment:
/// nothing passes, so there is nothing to be found out.
struct Requirement {
    name: &'static str,
    level: Level,
    text: &'static str,
    check: Check,
}

type Found = Result<Option<Outcome>, TopologyError>;

enum Check {
    Try(fn(&Nat) -> Found),
    NotModelled,
}

const fn must(name: &'static str, text: &'static str, check: fn(&Nat) -> Found) -> Requirement {
    Requirement { name, level: Level::Must, text, check: Check::Try(check) }
}

const fn should(name: &'static str, text: &'static str, check: fn(&Nat) -> Found) -> Requirement {
    Requirement { name, level: Level::Should, text, check: Check::Try(check) }
}

const fn beyond(name: &'static str, level: Level, text: &'static str) -> Requirement {
    Requirement { name, level, text, check: Check::NotModelled }
}

/// What a NAT was found to meet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// All requirements, RFC after RFC.
    pub findings: Vec<Finding>,
}

/// Tries a NAT on every requirement.
///
/// ```
/// use nat_sim::{Nat, Preset, conformance};
/// let report = conformance(&Nat::of(Preset::Rfc4787))?;
/// assert_eq!(report.failed().count(), 0, "{report}");
/// # Ok::<(), nat_sim::TopologyError>(())
/// ```
pub fn conformance(nat: &Nat) -> Result<Report, TopologyError> {
    let all = [udp::REQUIREMENTS, tcp::REQUIREMENTS, icmp::REQUIREMENTS, updates::REQUIREMENTS];
    let mut findings = Vec::new();
    for requirement in all.into_iter().flatten() {
        let outcome = match requirement.check {
            Check::Try(check) => check(nat)?.unwrap_or(Outcome::NotApplicable),
            Check::NotModelled => Outcome::NotModelled,
        };
        let Requirement { name, level, text, .. } = *requirement;
        findings.push(Finding { requirement: name, level, text, outcome });
    }
    Ok(Report { findings })
}

impl Report {
    /// The requirements that are not met.
    pub fn failed(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| finding.outcome == Outcome::Failed)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Finding { requirement, level, text, outcome } in &self.findings {
            let level = match level {
                Level::Must => "MUST",
                Level::Should => "SHOULD",
            };
            let outcome = match outcome {
                Outcome::Met => "met",
                Outcome::Failed => "FAILED",
                Outcome::NotApplicable => "n/a",
                Outcome::NotModelled => "not modelled",
            };
            writeln!(f, "{outcome:<13} {requirement:<20} {level:<7} {text}")?;
        }
        Ok(())
    }
}

/// A scene in which one socket has a mapping.
struct Mapped {
    lab: Observer,
    socket: MachineId,
    server: MachineId,
    outside: SocketAddr,
}

impl Mapped {
    /// `None`: nothing passes.
    fn new(nat: &Nat) -> Result<Option<Self>, TopologyError> {
        let mut lab = Observer::new(1, vec![nat.clone()])?;
        let (port, server) = (lab.fresh_port(), lab.servers[0][0]);
        let socket = lab.open(0, port);
        let outside = lab.seen_by(socket, server);
        Ok(outside.map(|outside| Self { lab, socket, server, outside }))
    }

    /// Whether the server that the socket has talked to reaches it.
    fn is_open(&mut self) -> bool {
        self.lab.reaches(self.server, self.outside, self.socket)
    }

    /// Lets the socket send to its server.
    fn refresh(&mut self) {
        self.lab.seen_by(self.socket, self.server);
    }

    /// An address as the socket has to write it.
    fn written(&self, to: SocketAddr) -> SocketAddr {
        self.lab.world.address_for(self.socket.host, to)
    }

    fn wait(&mut self, secs: u64) {
        self.lab.world.run_for(Duration::from_secs(secs));
    }
}
