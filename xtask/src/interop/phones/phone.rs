//! The phones: how each is set up, and told to dial and to hold.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use super::super::process::Running;
use crate::run::Failure;

/// How long a phone may take to start.
const PATIENCE: Duration = Duration::from_secs(20);

/// A make of phone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Model {
    Baresip,
    Linphone,
}

/// What protects the media of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Security {
    /// Nothing: `RTP/AVP`.
    None,
    /// Keys in the descriptions: `RTP/SAVP`.
    Sdes,
    /// Such keys, offered as `RTP/AVP`.
    BestEffort,
    /// DTLS without ICE.
    Dtls,
}

impl Security {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::None => "plain",
            Self::Sdes => "sdes",
            Self::BestEffort => "best-effort",
            Self::Dtls => "dtls",
        }
    }
}

impl Model {
    /// What it can protect media with.
    pub(super) const fn securities(self) -> &'static [Security] {
        match self {
            Self::Baresip => {
                &[Security::None, Security::Sdes, Security::BestEffort, Security::Dtls]
            }
            Self::Linphone => &[Security::None, Security::Sdes, Security::Dtls],
        }
    }

    /// Whether, in a call that it began, it goes on to say `actpass` when it has to answer. Baresip
    /// 1.0 does.
    pub(super) fn answers_with_actpass(self, security: Security) -> bool {
        self == Self::Baresip && security == Security::Dtls
    }
}

/// A phone that takes every call.
pub(super) struct Phone {
    model: Model,
    running: Running,
    address: SocketAddr,
    /// Where baresip takes commands.
    control: Option<SocketAddr>,
}

impl Phone {
    pub(super) fn start(model: Model, security: Security, dir: &Path) -> Result<Self, Failure> {
        let address = free()?;
        match model {
            Model::Baresip => baresip(address, security, dir),
            Model::Linphone => linphone(address, security, dir),
        }
    }

    /// Where it listens for SIP.
    pub(super) const fn address(&self) -> SocketAddr {
        self.address
    }

    pub(super) fn dial(&mut self, uri: &str) -> Result<(), Failure> {
        match self.model {
            Model::Baresip => self.tell(&format!("/dial {uri}\n")),
            Model::Linphone => self.tell(&format!("call {uri}")),
        }
    }

    pub(super) fn hold(&mut self) -> Result<(), Failure> {
        match self.model {
            Model::Baresip => self.tell("x"),
            Model::Linphone => self.tell("pause"),
        }
    }

    pub(super) fn resume(&mut self) -> Result<(), Failure> {
        match self.model {
            Model::Baresip => self.tell("X"),
            Model::Linphone => self.tell("resume"),
        }
    }

    fn tell(&mut self, command: &str) -> Result<(), Failure> {
        let Some(control) = self.control else { return self.running.say(&[command.to_owned()]) };
        let send =
            || UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?.send_to(command.as_bytes(), control);
        match send() {
            Ok(_) => Ok(()),
            Err(error) => Err(self.running.failure(&format!("takes no commands: {error}"))),
        }
    }
}

/// An address with a port that nobody has.
fn free() -> Result<SocketAddr, Failure> {
    let address = || UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr();
    address().map_err(|error| Failure::Failed(format!("no port: {error}")))
}

fn write(path: &Path, text: &str) -> Result<(), Failure> {
    fs::write(path, text).map_err(|error| Failure::Failed(format!("{}: {error}", path.display())))
}

/// Without sound, on this machine alone; commands come in by UDP.
fn baresip(address: SocketAddr, security: Security, dir: &Path) -> Result<Phone, Failure> {
    let control = free()?;
    let protection = match security {
        Security::None => "",
        Security::Sdes => ";mediaenc=srtp-mand",
        Security::BestEffort => ";mediaenc=srtp",
        Security::Dtls => ";mediaenc=dtls_srtp",
    };
    write(
        &dir.join("accounts"),
        &format!("<sip:phone@{address}>;regint=0;answermode=auto{protection}\n"),
    )?;
    let ip = address.ip();
    let modules = ["g711", "aubridge", "srtp", "dtls_srtp", "cons"];
    let modules = modules.map(|name| format!("module {name}.so\n")).concat();
    write(
        &dir.join("config"),
        &format!(
            "poll_method epoll\nsip_listen {address}\nnet_interface {ip}\ncons_listen {control}\n\
             audio_player aubridge,nil\naudio_source aubridge,nil\naudio_alert aubridge,nil\n\
             rtp_ports 20000-30000\nmodule_path /usr/lib/baresip/modules\n{modules}\
             module_tmp account.so\nmodule_app menu.so\n"
        ),
    )?;
    let mut command = Command::new("baresip");
    command.arg("-f").arg(dir);
    let mut running = Running::start("baresip", dir, &mut command)?;
    running.wait_until("that it is ready", PATIENCE, |out, err| {
        (out.contains("baresip is ready") || err.contains("baresip is ready")).then_some(())
    })?;
    Ok(Phone { model: Model::Baresip, running, address, control: Some(control) })
}

/// Without sound and video; commands come in by the standard input.
fn linphone(address: SocketAddr, security: Security, dir: &Path) -> Result<Phone, Failure> {
    let encryption = match security {
        Security::None => "none",
        Security::Sdes | Security::BestEffort => "srtp",
        Security::Dtls => "dtls",
    };
    let settings = dir.join("linphonerc");
    write(
        &settings,
        &format!(
            "[sip]\nsip_port={}\nsip_tcp_port=0\nsip_tls_port=0\nmedia_encryption={encryption}\n\
             media_encryption_mandatory={}\ncontact=sip:phone@{address}\nguess_hostname=0\n\
             auto_net_state_mon=0\n[rtp]\naudio_rtp_port=20000-30000\n\
             [video]\nenabled=0\ncapture=0\ndisplay=0\n",
            address.port(),
            u8::from(security != Security::None),
        ),
    )?;
    // Without it there is no place for its database, and it does not answer.
    let share = dir.join(".local/share/linphone");
    fs::create_dir_all(&share).map_err(|error| format!("{}: {error}", share.display()))?;
    let mut command = Command::new("linphonec");
    command.arg("-c").arg(settings).arg("-a").env("HOME", dir);
    let mut running = Running::start("linphonec", dir, &mut command)?;
    running.wait_until("that it is ready", PATIENCE, |out, _| {
        out.contains("linphonec>").then_some(())
    })?;
    Ok(Phone { model: Model::Linphone, running, address, control: None })
}
