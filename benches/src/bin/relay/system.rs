//! Who relays: the floors, the shipped program, coturn. Each is a process on the first core.
use crate::Fault;
use std::{
    fs,
    net::UdpSocket,
    path::Path,
    process::{Child, Command, Stdio},
    sync::OnceLock,
    time::{Duration, Instant},
};

/// The address that all of them listen on and relay from, which nothing else on this computer uses.
pub(crate) const SERVER: &str = "127.7.7.1:3478";

/// Who relays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum System {
    /// One datagram a system call.
    Plain,
    /// 32 of them, in and out.
    Batched,
    /// 32 of them in, and out as one that the kernel cuts up.
    Segmented,
    /// `spool turn-server`.
    Spool,
    /// `turnserver` of coturn.
    Coturn,
}

/// Where the program of ours is.
static SPOOL: OnceLock<std::path::PathBuf> = OnceLock::new();

/// Those that can run here, and what cannot.
pub(crate) fn all(spool: &Path) -> (Vec<System>, Vec<String>) {
    let mut systems = vec![System::Plain, System::Batched, System::Segmented];
    let mut missing = Vec::new();
    if spool.is_file() {
        let _ = SPOOL.set(spool.to_owned());
        systems.push(System::Spool);
    } else {
        missing.push(format!("spool, for there is no program {}", spool.display()));
    }
    if Command::new("turnserver").arg("--version").stdout(Stdio::null()).status().is_ok() {
        systems.push(System::Coturn);
    } else {
        missing.push("coturn, for `turnserver` is not installed (apt install coturn)".to_owned());
    }
    (systems, missing)
}

impl System {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Plain => "floor: recv, send",
            Self::Batched => "floor: recvmmsg, sendmmsg",
            Self::Segmented => "floor: recvmmsg, GSO",
            Self::Spool => "spool turn-server",
            Self::Coturn => "coturn",
        }
    }

    /// Whether it speaks TURN; the floors just pass on.
    pub(crate) const fn is_server(self) -> bool {
        matches!(self, Self::Spool | Self::Coturn)
    }

    /// Starts it, with nothing but the first core.
    pub(crate) fn start(self) -> Result<Process, Fault> {
        let mut command = Command::new("taskset");
        command.args(["-c", "0"]);
        match self {
            Self::Plain | Self::Batched | Self::Segmented => {
                let kind = match self {
                    Self::Plain => "plain",
                    Self::Batched => "batched",
                    _ => "segmented",
                };
                command.arg(std::env::current_exe()?).args(["floor", kind]);
            }
            Self::Spool => {
                command.arg(SPOOL.get().ok_or("no spool")?).args([
                    "turn-server",
                    "--listen",
                    SERVER,
                ]);
                command.args(["--relay-ip", "127.7.7.1", "--allow-peer", "127.7.7.2/32"]);
                command.args(["--user", "bench:bench", "--cores", "1"]);
            }
            Self::Coturn => {
                command.args(["turnserver", "-n", "--listening-ip", "127.7.7.1", "-m", "1"]);
                command.args(["--relay-ip", "127.7.7.1", "--allow-loopback-peers", "--no-cli"]);
                command.args(["--no-tls", "--no-dtls", "--lt-cred-mech", "--user", "bench:bench"]);
                command.args(["--realm", "turn", "--log-file", "/dev/null", "--pidfile"]);
                command.arg(std::env::temp_dir().join("spool-bench-coturn.pid"));
            }
        }
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let process = Process(command.spawn()?);
        let until = Instant::now() + Duration::from_secs(10);
        // somebody else has the address as soon as it listens
        while UdpSocket::bind(SERVER).is_ok() {
            if Instant::now() > until {
                return Err("it does not listen".into());
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        std::thread::sleep(Duration::from_millis(50));
        Ok(process)
    }
}

/// One that runs, killed when it is dropped.
#[derive(Debug)]
pub(crate) struct Process(Child);

impl Process {
    /// The processor time of all its threads so far.
    pub(crate) fn busy(&self) -> Result<Duration, Fault> {
        let mut nanos = 0;
        for thread in fs::read_dir(format!("/proc/{}/task", self.0.id()))? {
            // a thread may just have ended
            let text = fs::read_to_string(thread?.path().join("schedstat")).unwrap_or_default();
            nanos += text.split(' ').next().and_then(|n| n.parse::<u64>().ok()).unwrap_or(0);
        }
        Ok(Duration::from_nanos(nanos))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // it may have ended by itself
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
