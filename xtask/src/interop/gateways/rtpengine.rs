//! rtpengine in user space on the loopback address, told what to do by its NG protocol: one datagram
//! with a cookie and JSON each way.

use std::cell::Cell;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};

use super::super::phones::{Security, free};
use super::super::process::Running;
use super::{Callee, Gateway};
use crate::run::Failure;

const PATIENCE: Duration = Duration::from_secs(10);

/// The running program.
pub(super) struct Daemon {
    running: Running,
    socket: UdpSocket,
    /// It gives the same reply to the same cookie.
    cookies: Cell<u32>,
}

impl Daemon {
    pub(super) fn start(dir: &Path) -> Result<Self, Failure> {
        let control = free()?;
        let mut command = Command::new("rtpengine");
        // No table: no module of the kernel. Not the configuration of this machine.
        command.args(["--config-file=none", "--table=-1", "--foreground", "--log-stderr"]);
        command.args(["--log-level=5", "--interface=127.0.0.1", "--num-threads=2"]);
        command.args(["--port-min=10000", "--port-max=19998"]);
        command.arg(format!("--listen-ng={control}"));
        let running = Running::start("rtpengine", dir, &mut command)?;
        let connect = |address: SocketAddr| {
            let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
            socket.connect(address)?;
            socket.set_read_timeout(Some(Duration::from_millis(500)))?;
            Ok::<_, std::io::Error>(socket)
        };
        let socket = connect(control).map_err(|error| format!("rtpengine: {error}"))?;
        let daemon = Self { running, socket, cookies: Cell::new(0) };
        let end = std::time::Instant::now() + PATIENCE;
        loop {
            match daemon.ask(&json!({ "command": "ping" })) {
                Ok(_) => return Ok(daemon),
                Err(why) if std::time::Instant::now() > end => {
                    return Err(daemon.running.failure(&why));
                }
                Err(_) => std::thread::sleep(super::super::process::LOOK),
            }
        }
    }

    fn ask(&self, command: &Value) -> Result<Value, String> {
        let cookie = self.cookies.replace(self.cookies.get() + 1).to_string();
        let text = format!("{cookie} {command}");
        self.socket.send(text.as_bytes()).map_err(|error| error.to_string())?;
        let mut bytes = vec![0; 64 * 1024];
        loop {
            let len = self.socket.recv(&mut bytes).map_err(|error| error.to_string())?;
            let reply = String::from_utf8_lossy(&bytes[..len]);
            // What another cookie has came too late.
            let Some(rest) = reply.strip_prefix(&format!("{cookie} ")) else { continue };
            let reply: Value = serde_json::from_str(rest).map_err(|error| error.to_string())?;
            return match reply["result"].as_str() {
                Some("ok" | "pong") => Ok(reply),
                _ => Err(reply["error-reason"].as_str().unwrap_or(rest).to_owned()),
            };
        }
    }
}

/// A call through it.
pub(super) struct Rtpengine<'d> {
    daemon: &'d Daemon,
    call: String,
    callee: Callee,
}

impl<'d> Rtpengine<'d> {
    pub(super) fn new(daemon: &'d Daemon, callee: Callee) -> Self {
        Self { daemon, call: format!("call-{}", daemon.cookies.get()), callee }
    }

    /// What a proxy has it do for this end, as its manual has it for WebRTC and for phones.
    fn command(&self, command: &str, sdp: &str, receiver: Callee) -> Value {
        let mut all = json!({
            "command": command, "call-id": self.call, "from-tag": "from", "sdp": sdp,
            "replace": ["origin"],
        });
        let protocol = match receiver {
            Callee::Browser => "UDP/TLS/RTP/SAVPF",
            Callee::Phone(Security::None | Security::BestEffort) => "RTP/AVP",
            Callee::Phone(Security::Sdes) => "RTP/SAVP",
            Callee::Phone(Security::Dtls) => "UDP/TLS/RTP/SAVP",
        };
        if command == "offer" {
            all["transport-protocol"] = protocol.into();
        } else {
            all["to-tag"] = "to".into();
        }
        match receiver {
            Callee::Browser => {
                all["ICE"] = "force".into();
                all["rtcp-mux"] = json!(["offer", "require"]);
                all["flags"] = json!(["generate-mid", "SDES-off"]);
            }
            Callee::Phone(security) => {
                all["ICE"] = "remove".into();
                all["rtcp-mux"] = json!(["demux"]);
                match security {
                    Security::Dtls => all["flags"] = json!(["SDES-off"]),
                    Security::None | Security::Sdes | Security::BestEffort => {
                        all["DTLS"] = "off".into();
                    }
                }
            }
        }
        all
    }

    fn say(&self, command: &Value) -> Result<String, String> {
        let reply = self.daemon.ask(command)?;
        reply["sdp"].as_str().map(str::to_owned).ok_or_else(|| reply.to_string())
    }
}

impl Gateway for Rtpengine<'_> {
    fn offer(&mut self, offer: &str) -> Result<String, String> {
        self.say(&self.command("offer", offer, self.callee))
    }

    fn answer(&mut self, answer: &str) -> Result<String, String> {
        // What the caller is follows from its offer.
        let caller = match self.callee {
            Callee::Phone(_) => Callee::Browser,
            Callee::Browser => Callee::Phone(Security::BestEffort),
        };
        let mut command = self.command("answer", answer, caller);
        // It knows from the offer what protects the media.
        if let Some(command) = command.as_object_mut() {
            command.remove("DTLS");
        }
        self.say(&command)
    }
}

impl Drop for Rtpengine<'_> {
    fn drop(&mut self) {
        let end = json!({
            "command": "delete", "call-id": self.call, "from-tag": "from", "delete-delay": 0,
        });
        let _never_offered = self.daemon.ask(&end);
    }
}
