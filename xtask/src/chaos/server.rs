//! The shipped server, as an operator has it: its process, its figures and its log.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::time::Duration;

use crate::interop::certificates::Certificates;
use crate::interop::install;
use crate::interop::process::Running;
use crate::run::{Failure, capture};

/// Who may log in, and how.
pub(crate) const USERS: [(&str, &str); 3] =
    [("alice", "wonderland"), ("bob", "builder"), ("carol", "coral")];

/// How long a server serves on when it is to end.
pub(crate) const DRAIN: Duration = Duration::from_secs(2);

/// Where a server is, whatever process it is at the time.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    name: &'static str,
    dir: PathBuf,
    pub(crate) address: SocketAddr,
    pub(crate) tls: SocketAddr,
    metrics: SocketAddr,
    pub(crate) users: PathBuf,
    config: PathBuf,
}

impl Place {
    /// Finds ports, and writes the files.
    pub(crate) fn make(name: &'static str, dir: &Path) -> Result<Self, Failure> {
        let made = Certificates::make(dir, name, "turn.example.test")?;
        let file = |what: &str| dir.join(format!("{name}.{what}"));
        let place = Self {
            name,
            dir: dir.to_owned(),
            address: free(true)?,
            tls: free(false)?,
            metrics: free(false)?,
            users: file("users"),
            config: file("toml"),
        };
        place.write_users("")?;
        let text = format!(
            "listen = [\"{}\"]\ntls-listen = [\"{}\"]\ncert = {:?}\nkey = {:?}\n\
             relay-ip = [\"127.0.0.1\"]\nusers = {:?}\nallow-peer = [\"127.0.0.0/8\"]\n\
             relay-ports = \"20000-31999\"\nuser-quota = 4000\nmax-bps = 10000000\n\
             drain = {}\nmetrics = \"{}\"\n",
            place.address,
            place.tls,
            made.server.to_string_lossy(),
            made.key.to_string_lossy(),
            place.users.to_string_lossy(),
            DRAIN.as_secs(),
            place.metrics,
        );
        write(&place.config, &text)?;
        Ok(place)
    }

    /// Writes the accounts, and something behind them.
    pub(crate) fn write_users(&self, more: &str) -> Result<(), Failure> {
        let lines = USERS.map(|(name, password)| format!("{name}:{password}\n"));
        write(&self.users, &(lines.concat() + more))
    }
}

fn write(path: &Path, text: &str) -> Result<(), Failure> {
    fs::write(path, text).map_err(|error| Failure::Failed(format!("{}: {error}", path.display())))
}

fn free(both: bool) -> Result<SocketAddr, Failure> {
    for _ in 0..64 {
        let bound = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
        let address = bound.map_err(|error| Failure::Failed(format!("no port: {error}")))?;
        if !both || UdpSocket::bind(address).is_ok() {
            return Ok(address);
        }
    }
    Err(Failure::Failed("no port is free for UDP and TCP".into()))
}

/// A running server.
#[derive(Debug)]
pub(crate) struct Server {
    running: Running,
    place: Place,
}

/// Its figures.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Figures {
    pub(crate) allocations: u64,
    pub(crate) connections: u64,
    pub(crate) bytes_to_peers: u64,
    pub(crate) bytes_to_clients: u64,
    pub(crate) lines_lost: u64,
}

/// What its log says in all.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Logged {
    pub(crate) allocated: u64,
    pub(crate) ended: u64,
    pub(crate) bytes_to_peers: u64,
    pub(crate) bytes_to_clients: u64,
    pub(crate) reloaded: u64,
    pub(crate) not_reloaded: u64,
}

impl Logged {
    /// Allocations that have begun and not ended.
    pub(crate) const fn alive(&self) -> u64 {
        self.allocated - self.ended
    }
}

impl Server {
    /// Starts it, and waits until it serves.
    pub(crate) fn start(place: &Place, generation: usize) -> Result<Self, Failure> {
        let mut command = Command::new(install::spool());
        command.args(["turn-server", "--config"]).arg(&place.config);
        let name = format!("{}-{generation}", place.name);
        let mut running = Running::start(&name, &place.dir, &mut command)?;
        let ready = |out: &str, _: &str| out.contains("Ctrl-C ends it").then_some(());
        running.wait_until("the server serves", Duration::from_secs(10), ready)?;
        Ok(Self { running, place: place.clone() })
    }

    pub(crate) fn signal(&self, name: &str) -> Result<(), Failure> {
        capture(Command::new("kill").args([name, &self.running.id().to_string()])).map(drop)
    }

    /// Waits for its end after a signal.
    pub(crate) fn ended(mut self, within: Duration) -> Result<ExitStatus, Failure> {
        self.running.wait(within)
    }

    /// A failure with the end of its log.
    pub(crate) fn failure(&self, what: &str) -> Failure {
        self.running.failure(what)
    }

    pub(crate) fn figures(&self) -> Result<Figures, Failure> {
        let failed = |error: std::io::Error| Failure::Failed(format!("metrics: {error}"));
        let wait = Duration::from_secs(10);
        let mut stream = TcpStream::connect_timeout(&self.place.metrics, wait).map_err(failed)?;
        stream.set_read_timeout(Some(wait)).map_err(failed)?;
        stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n").map_err(failed)?;
        let mut text = String::new();
        stream.read_to_string(&mut text).map_err(failed)?;
        let value = |name: &str| -> Result<u64, Failure> {
            let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
            let number = line.and_then(|value| value.trim().parse().ok());
            number.ok_or_else(|| self.failure(&format!("has no metric {name}")))
        };
        Ok(Figures {
            allocations: value("spool_turn_allocations")?,
            connections: value("spool_turn_connections")?,
            bytes_to_peers: value("spool_turn_relayed_bytes_total{to=\"peer\"}")?,
            bytes_to_clients: value("spool_turn_relayed_bytes_total{to=\"client\"}")?,
            lines_lost: value("spool_turn_log_lines_lost_total")?,
        })
    }

    /// Kilobytes of memory in use.
    pub(crate) fn resident_kb(&self) -> Result<u64, Failure> {
        let path = format!("/proc/{}/status", self.running.id());
        let status = fs::read_to_string(&path).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let number = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
        number.ok_or_else(|| self.failure("is gone, or this system tells no memory"))
    }

    pub(crate) fn logged(&self) -> Logged {
        let mut logged = Logged::default();
        for line in self.running.errors().lines() {
            match line.split(' ').nth(1) {
                Some("allocated") => logged.allocated += 1,
                Some("ended") => {
                    logged.ended += 1;
                    logged.bytes_to_peers += number(line, " bytes-to-peers=");
                    logged.bytes_to_clients += number(line, " bytes-to-client=");
                }
                Some("reloaded") => logged.reloaded += 1,
                Some("not-reloaded") => logged.not_reloaded += 1,
                _ => {}
            }
        }
        logged
    }
}

fn number(line: &str, name: &str) -> u64 {
    let rest = line.split_once(name).map(|(_, rest)| rest);
    rest.and_then(|rest| rest.split(' ').next()?.parse().ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::number;

    #[test]
    fn numbers_are_read_from_a_line() {
        let line = "2026-01-01T00:00:00.000Z ended user=a bytes-to-peers=12 bytes-to-client=7";
        assert_eq!((number(line, " bytes-to-peers="), number(line, " bytes-to-client=")), (12, 7));
        assert_eq!(number(line, " seconds="), 0);
    }
}
