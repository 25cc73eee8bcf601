//! Whose help is used to meet: flags, and a file for one's own servers.
use crate::exit::Failure;
use serde::Deserialize;
use spool::{Agent, AgentBuilder, CandidatePolicy, Server};
use spool_peer::RendezvousServer;
use std::{path::PathBuf, time::Duration};

/// Servers and how they are used. What flags do not say, the file says.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Servers {
    /// The rendezvous where the two meet, served by `spool turn-server --rendezvous`
    #[arg(long, value_name = "SERVER", help_heading = "Servers")]
    rendezvous: Option<String>,
    /// Believe the certificates of the authorities in this PEM file, not those of the system
    #[arg(long, value_name = "FILE", help_heading = "Servers")]
    ca: Option<PathBuf>,
    /// A STUN server, which tells our address as others see it (repeatable)
    #[arg(long, value_name = "SERVER", help_heading = "Servers")]
    stun: Vec<Server>,
    /// A TURN server, which relays where no direct path works
    #[arg(long, value_name = "SERVER", requires_all = ["user", "password"], help_heading = "Servers")]
    turn: Option<Server>,
    /// The account at the TURN server
    #[arg(long, value_name = "NAME", requires = "turn", help_heading = "Servers")]
    user: Option<String>,
    /// The password of that account
    #[arg(long, value_name = "P", requires = "turn", help_heading = "Servers")]
    password: Option<String>,
    /// Read servers from this file instead of ~/.config/spool/servers.toml
    #[arg(long = "servers", value_name = "FILE", help_heading = "Servers")]
    file: Option<PathBuf>,
    /// Go through the relay only: the other side learns no address of ours
    #[arg(long, conflicts_with = "no_relay", help_heading = "Servers")]
    relay_only: bool,
    /// Use no relay, whatever is configured
    #[arg(long, help_heading = "Servers")]
    no_relay: bool,
    /// Use the loopback interface too, to try it on one computer
    #[arg(long, help_heading = "Servers")]
    loopback: bool,
    /// Give up when not connected so many seconds after both sides know of each other
    #[arg(long, value_name = "SECS", default_value_t = 60, help_heading = "Servers")]
    timeout: u32,
}

/// The file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
struct File {
    rendezvous: Option<String>,
    ca: Option<PathBuf>,
    stun: Vec<String>,
    turn: Option<String>,
    user: Option<String>,
    password: Option<String>,
}

impl Servers {
    /// An agent with these servers. What is not public is not assumed: without a server only peers of
    /// the same network are found.
    pub(crate) fn agent(&self) -> Result<AgentBuilder, Failure> {
        let file = self.configured()?;
        let mut builder = Agent::builder()
            .loopback(self.loopback)
            .connect_timeout(Duration::from_secs(self.timeout.into()));
        for server in &self.stun {
            builder = builder.stun_server(server.clone());
        }
        if self.stun.is_empty() {
            builder = file.stun.iter().fold(builder, |builder, server| builder.stun(server));
        }
        let flags = (&self.turn, &self.user, &self.password);
        let relay = match (flags, (&file.turn, &file.user, &file.password)) {
            _ if self.no_relay => None,
            ((Some(server), Some(user), Some(password)), _) => {
                Some((server.clone(), user, password))
            }
            (_, (Some(server), Some(user), Some(password))) => {
                let server = server.parse();
                let server = server.map_err(|error| Failure::Usage(format!("turn: {error}")))?;
                Some((server, user, password))
            }
            _ => None,
        };
        match relay {
            Some((server, user, password)) => {
                builder = builder.turn_server(server, user, password);
            }
            None if self.relay_only => {
                let text = "--relay-only needs a relay: --turn SERVER --user NAME --password P";
                return Err(Failure::Usage(text.into()));
            }
            None => {}
        }
        if self.relay_only {
            builder = builder.policy(CandidatePolicy::Relay);
        }
        Ok(builder)
    }

    /// Where the two meet, if it is known.
    pub(crate) fn rendezvous(&self) -> Result<Option<RendezvousServer>, Failure> {
        let file = self.configured()?;
        let Some(text) = self.rendezvous.as_ref().or(file.rendezvous.as_ref()) else {
            return Ok(None);
        };
        let usage =
            |what: &str, error: &dyn std::fmt::Display| Failure::Usage(format!("{what}: {error}"));
        let server: RendezvousServer =
            text.parse().map_err(|error| usage(&format!("--rendezvous {text}"), &error))?;
        let Some(path) = self.ca.as_ref().or(file.ca.as_ref()) else { return Ok(Some(server)) };
        let name = format!("--ca {}", path.display());
        let pem = std::fs::read(path).map_err(|error| usage(&name, &error))?;
        server.with_authorities(&pem).map(Some).map_err(|error| usage(&name, &error))
    }

    fn configured(&self) -> Result<File, Failure> {
        let path = match &self.file {
            Some(path) => path.clone(),
            None => match default_file().filter(|path| path.exists()) {
                Some(path) => path,
                None => return Ok(File::default()),
            },
        };
        let shown = path.display();
        let text = std::fs::read_to_string(&path)
            .map_err(|error| Failure::Usage(format!("{shown}: {error}")))?;
        toml::from_str(&text).map_err(|error| {
            Failure::Usage(format!("{shown}: {}", error.message().replace('\n', " ")))
        })
    }
}

fn default_file() -> Option<PathBuf> {
    let config = match std::env::var_os("XDG_CONFIG_HOME").filter(|path| !path.is_empty()) {
        Some(config) => PathBuf::from(config),
        None => std::env::home_dir()?.join(".config"),
    };
    Some(config.join("spool/servers.toml"))
}
