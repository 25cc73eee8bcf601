//! The phones: how each is set up, and told to dial and to hold.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, UdpSocket};
use std::path::{Path, PathBuf};
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
    Twinkle,
}

/// What protects the media of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Security {
    /// Nothing: `RTP/AVP`.
    None,
    /// Keys in the descriptions: `RTP/SAVP`.
    Sdes,
    /// Such keys, offered as `RTP/AVP`.
    BestEffort,
    /// DTLS without ICE.
    Dtls,
}

/// How it puts a call on hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hold {
    /// By the direction (RFC 3264 §8.4).
    Direction,
    /// By the address 0.0.0.0, as RFC 2543 had it.
    Address,
}

/// When it answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answering {
    AtOnce,
    /// In a 183 first, and once more when it is picked up.
    EarlyFirst,
}

/// How a phone is set up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Way {
    pub(crate) security: Security,
    pub(crate) hold: Hold,
    pub(crate) answering: Answering,
}

impl Way {
    pub(crate) const fn new(security: Security) -> Self {
        Self { security, hold: Hold::Direction, answering: Answering::AtOnce }
    }

    const fn early(self) -> Self {
        Self { answering: Answering::EarlyFirst, ..self }
    }

    pub(crate) const fn name(self) -> &'static str {
        match (self.security, self.hold, self.answering) {
            (_, Hold::Address, _) => "plain-old-hold",
            (Security::None, _, Answering::AtOnce) => "plain",
            (Security::None, _, Answering::EarlyFirst) => "plain-early",
            (Security::Sdes, _, Answering::AtOnce) => "sdes",
            (Security::Sdes, _, Answering::EarlyFirst) => "sdes-early",
            (Security::BestEffort, ..) => "best-effort",
            (Security::Dtls, _, Answering::AtOnce) => "dtls",
            (Security::Dtls, _, Answering::EarlyFirst) => "dtls-early",
        }
    }
}

impl Model {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Baresip => "baresip",
            Self::Linphone => "linphone",
            Self::Twinkle => "twinkle",
        }
    }

    /// What it is tried as.
    pub(crate) const fn ways(self) -> &'static [Way] {
        const PLAIN: Way = Way::new(Security::None);
        const SDES: Way = Way::new(Security::Sdes);
        const DTLS: Way = Way::new(Security::Dtls);
        match self {
            Self::Baresip => {
                const BEST_EFFORT: Way = Way::new(Security::BestEffort);
                const { &[PLAIN, SDES, BEST_EFFORT, DTLS, PLAIN.early(), SDES.early(), DTLS.early()] }
            }
            Self::Linphone => &[PLAIN, SDES, DTLS],
            Self::Twinkle => &[PLAIN, Way { hold: Hold::Address, ..PLAIN }],
        }
    }

    /// Whether it takes real-time text (RFC 4103).
    pub(super) fn has_text(self) -> bool {
        self == Self::Linphone
    }

    /// Whether, in a call that it began, it goes on to say `actpass` when it has to answer. Baresip
    /// 1.0 does.
    pub(super) fn answers_with_actpass(self, security: Security) -> bool {
        self == Self::Baresip && security == Security::Dtls
    }
}

/// A phone that takes every call.
pub(crate) struct Phone {
    model: Model,
    running: Running,
    address: SocketAddr,
    /// Where baresip takes commands.
    control: Option<SocketAddr>,
    /// Where it keeps its files.
    dir: PathBuf,
}

impl Phone {
    pub(crate) fn start(model: Model, way: Way, dir: &Path) -> Result<Self, Failure> {
        const TRIES: usize = 3;
        let mut outcome = Self::start_once(model, way, dir);
        // A port that was free may be somebody's by now.
        for _ in 1..TRIES {
            outcome = outcome.or_else(|_| Self::start_once(model, way, dir));
        }
        outcome
    }

    fn start_once(model: Model, way: Way, dir: &Path) -> Result<Self, Failure> {
        let address = free()?;
        match model {
            Model::Baresip => baresip(address, way, dir),
            Model::Linphone => linphone(address, way.security, dir),
            Model::Twinkle => twinkle(address, way.hold, dir),
        }
    }

    /// Where it listens for SIP.
    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn dial(&mut self, uri: &str) -> Result<(), Failure> {
        match self.model {
            Model::Baresip => self.tell(&format!("/dial {uri}\n")),
            Model::Linphone => self.tell(&format!("call {uri}")),
            Model::Twinkle => {
                self.wait_until_free()?;
                self.tell(&format!("call {uri}"))
            }
        }
    }

    pub(super) fn hold(&mut self) -> Result<(), Failure> {
        match self.model {
            Model::Baresip => self.tell("x"),
            Model::Linphone => self.tell("pause"),
            Model::Twinkle => self.tell("hold"),
        }
    }

    pub(super) fn resume(&mut self) -> Result<(), Failure> {
        match self.model {
            Model::Baresip => self.tell("X"),
            Model::Linphone => self.tell("resume"),
            Model::Twinkle => self.tell("retrieve"),
        }
    }

    /// Picks up a call that it does not take by itself.
    pub(super) fn accept(&mut self) -> Result<(), Failure> {
        match self.model {
            Model::Baresip => self.tell("a"),
            Model::Linphone | Model::Twinkle => self.tell("answer"),
        }
    }

    /// Waits until twinkle has done with the call before, in which it dials nobody and says nothing
    /// of it. Its log tells.
    fn wait_until_free(&mut self) -> Result<(), Failure> {
        let log = self.dir.join(".twinkle/twinkle.log");
        let is_free = |_: &str, _: &str| {
            let log = fs::read(&log).unwrap_or_default();
            let log = String::from_utf8_lossy(&log);
            let ending = log.rsplit_once("\nBYE ").map(|(_, ending)| ending);
            ending.is_none_or(|ending| ending.contains("RTP session stopped")).then_some(())
        };
        self.running.wait_until("that its line is free", PATIENCE, is_free)
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

/// An address with an odd port that nobody has, over UDP or TCP, and neither the next one: baresip
/// takes that for TLS.
pub(crate) fn free() -> Result<SocketAddr, Failure> {
    const TRIES: usize = 100;
    for _ in 0..TRIES {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
        let address = listener.as_ref().ok().and_then(|listener| listener.local_addr().ok());
        let Some(address) = address.filter(|address| address.port() % 2 == 1) else { continue };
        let next = SocketAddr::new(address.ip(), address.port() + 1);
        if UdpSocket::bind(address).is_ok() && TcpListener::bind(next).is_ok() {
            return Ok(address);
        }
    }
    Err(Failure::Failed("no port is free".into()))
}

fn write(path: &Path, text: &str) -> Result<(), Failure> {
    fs::write(path, text).map_err(|error| Failure::Failed(format!("{}: {error}", path.display())))
}

/// Without sound, on this machine alone; commands come in by UDP.
fn baresip(address: SocketAddr, way: Way, dir: &Path) -> Result<Phone, Failure> {
    let control = free()?;
    let answering = match way.answering {
        Answering::AtOnce => "auto",
        Answering::EarlyFirst => "early",
    };
    let protection = match way.security {
        Security::None => "",
        Security::Sdes => ";mediaenc=srtp-mand",
        Security::BestEffort => ";mediaenc=srtp",
        Security::Dtls => ";mediaenc=dtls_srtp",
    };
    write(
        &dir.join("accounts"),
        &format!("<sip:phone@{address}>;regint=0;answermode={answering}{protection}\n"),
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
    Ok(Phone { model: Model::Baresip, running, address, control: Some(control), dir: dir.into() })
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
             auto_net_state_mon=0\n[rtp]\naudio_rtp_port=20000-30000\ntext_rtp_port=20000-30000\n\
             [text]\nenabled=1\n\
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
    Ok(Phone { model: Model::Linphone, running, address, control: None, dir: dir.into() })
}

/// With the null device for sound; commands come in by the standard input. It protects nothing.
fn twinkle(address: SocketAddr, hold: Hold, dir: &Path) -> Result<Phone, Failure> {
    let settings = dir.join(".twinkle");
    fs::create_dir_all(&settings).map_err(|error| format!("{}: {error}", settings.display()))?;
    let hold = match hold {
        Hold::Direction => "rfc3264",
        Hold::Address => "rfc2543",
    };
    write(
        &settings.join("phone.cfg"),
        &format!(
            "user_name=phone\nuser_domain={address}\nregister_at_startup=no\n\
             codecs=g711a,g711u,gsm\nhold_variant={hold}\next_100rel=disabled\n"
        ),
    )?;
    let device = "alsa:default";
    write(
        &settings.join("twinkle.sys"),
        &format!(
            "dev_ringtone={device}\ndev_speaker={device}\ndev_mic={device}\n\
             validate_audio_dev=no\nsip_port={}\nrtp_port={}\nstart_user_profile=phone\n\
             play_ringtone=no\nplay_ringback=no\nlog_show_sip=yes\n",
            address.port(),
            free()?.port() + 1,
        ),
    )?;
    write(&dir.join(".asoundrc"), "pcm.!default { type null }\nctl.!default { type null }\n")?;
    let mut command = Command::new("twinkle-console");
    command.env("HOME", dir);
    let mut running = Running::start("twinkle", dir, &mut command)?;
    running.wait_until("that it is ready", PATIENCE, |out, _| {
        out.contains("Twinkle>").then_some(())
    })?;
    running.say(&["auto_answer -a on".to_owned()])?;
    running.wait_until("that it takes calls", PATIENCE, |out, _| {
        out.contains("Auto answer enabled").then_some(())
    })?;
    Ok(Phone { model: Model::Twinkle, running, address, control: None, dir: dir.into() })
}
