//! Settings from a configuration file of coturn, and line by line what of it is not taken.
mod directives;
mod ranges;

use super::settings::{Account, External, Parsed, Ports, Settings};
use crate::exit::Failure;
use directives::{Fate, Take, fate};
use ranges::Range;
use spool::IpPrefix;
use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    num::{NonZeroU32, NonZeroUsize},
    path::Path,
    str::FromStr,
};

/// What a file says to this server, and what it says besides.
#[derive(Debug)]
pub(super) struct Coturn {
    pub(super) settings: Settings,
    pub(super) remarks: Vec<Remark>,
}

/// A line of the file that is not taken as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Remark {
    line: usize,
    directive: String,
    kind: Kind,
    text: &'static str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Taken, and yet not quite the same.
    Differs,
    NotNeeded,
    NotTaken,
    Unknown,
}

impl fmt::Display for Remark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { line, directive, kind, text } = self;
        let word = match kind {
            Kind::Differs => "taken, but",
            Kind::NotNeeded => "not needed",
            Kind::NotTaken => "NOT TAKEN",
            Kind::Unknown => "UNKNOWN",
        };
        write!(f, "line {line}: {directive}: {word}: {text}")
    }
}

/// Reads a file.
pub(super) fn read(path: &Path) -> Result<Coturn, Failure> {
    let name = path.display();
    let text = std::fs::read_to_string(path)
        .map_err(|error| Failure::Usage(format!("--coturn-config {name}: {error}")))?;
    parse(&text).map_err(|wrong| Failure::Usage(format!("{name}, {wrong}")))
}

fn parse(text: &str) -> Result<Coturn, String> {
    let mut reading = Reading::default();
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let separator = |c: char| c == '=' || c.is_whitespace();
        let (name, value) = line.split_once(separator).unwrap_or((line, ""));
        let (name, value) = (name.trim_start_matches('-'), value.trim().trim_matches('"'));
        reading.line(index + 1, name, value).map_err(|what| {
            // a value may be a password
            format!("line {}: {name}: {what}", index + 1)
        })?;
    }
    Ok(reading.finish())
}

/// How a value was taken.
enum Note {
    Same,
    Differs(&'static str),
    /// It was not, and this is what to use.
    Instead(&'static str),
}

/// What was read so far, as coturn has it.
#[derive(Debug, Default)]
struct Reading {
    settings: Settings,
    remarks: Vec<Remark>,
    ips: Vec<IpAddr>,
    port: Option<u16>,
    tls_port: Option<u16>,
    no_tls: bool,
    min_port: Option<u16>,
    max_port: Option<u16>,
    allowed: Vec<Range>,
    denied: Vec<Range>,
    prometheus: bool,
    prometheus_ip: Option<IpAddr>,
    prometheus_port: Option<u16>,
    user: Option<String>,
    group: Option<String>,
}

impl Reading {
    fn line(&mut self, line: usize, name: &str, value: &str) -> Result<(), String> {
        let (kind, text) = match fate(name) {
            Some(Fate::Taken(take)) => match self.take(take, value)? {
                Note::Same => return Ok(()),
                Note::Differs(text) => (Kind::Differs, text),
                Note::Instead(text) => (Kind::NotTaken, text),
            },
            Some(Fate::NotNeeded(why)) => (Kind::NotNeeded, why),
            Some(Fate::NotTaken(instead)) => (Kind::NotTaken, instead),
            None => (Kind::Unknown, "coturn has no such directive that is known here"),
        };
        self.remarks.push(Remark { line, directive: name.to_owned(), kind, text });
        Ok(())
    }

    /// Takes a value, and says where it is not what it was.
    fn take(&mut self, take: Take, value: &str) -> Result<Note, String> {
        let settings = &mut self.settings;
        match take {
            Take::ListeningIp => self.ips.push(parsed(value, "an address")?),
            Take::ListeningPort => self.port = Some(port(value)?),
            Take::TlsPort => {
                self.tls_port = Some(port(value)?);
                return Ok(Note::Differs(
                    "TLS is spoken at this port alone, and plain TCP at the other",
                ));
            }
            Take::RelayIp => settings.relay_ip.push(parsed(value, "an address")?),
            Take::ExternalIp => settings.external_ip.push(External::from_str(value)?),
            Take::MinPort => self.min_port = Some(port(value)?),
            Take::MaxPort => self.max_port = Some(port(value)?),
            Take::Realm => settings.realm = Some(value.to_owned()),
            Take::User => {
                let account: Account = value.parse()?;
                if account.password.starts_with("0x") {
                    let text = "this key is good for MD5 alone: make a line of both keys with \
                                spool turn-server --print-keys NAME, for a file that --users names";
                    return Ok(Note::Instead(text));
                }
                settings.user.push(account);
            }
            Take::Secret => settings.auth_secret.push(value.to_owned()),
            Take::Cert => settings.cert = Some(value.into()),
            Take::Key => settings.key = Some(value.into()),
            Take::NoTls => self.no_tls = true,
            Take::UserQuota => {
                settings.user_quota = quota(value)?;
                return Ok(unless_zero(settings.user_quota, "0 is no limit there, and 1024 here"));
            }
            Take::TotalQuota => {
                settings.total_quota = quota(value)?;
                return Ok(unless_zero(settings.total_quota, "0 is no limit there, and 4096 here"));
            }
            Take::MaxBps => {
                settings.max_bps = both_ways(value)?;
                return Ok(Note::Differs(BOTH_WAYS));
            }
            Take::BpsCapacity => {
                settings.total_bandwidth = both_ways(value)?;
                return Ok(Note::Differs(BOTH_WAYS));
            }
            Take::Allowed => self.allowed.push(Range::parse(value)?),
            Take::Denied => self.denied.push(Range::parse(value)?),
            Take::LoopbackPeers => {
                let loopback = ["127.0.0.0/8", "::1/128"].into_iter();
                let loopback =
                    loopback.filter_map(|prefix| prefix.parse::<Parsed<IpPrefix>>().ok());
                settings.allow_peer.extend(loopback);
                return Ok(Note::Differs("clients reach all services of this host so: rather not"));
            }
            Take::SecureStun => settings.secure_stun = true,
            Take::Alternate => settings.alternate.push(server(value)?),
            Take::TlsAlternate => {
                let text = "one list is for all: name the port that the client speaks to, or let \
                            clients have several URIs";
                return Ok(Note::Instead(text));
            }
            Take::Prometheus => {
                self.prometheus = true;
                return Ok(Note::Differs(ALL_SEE));
            }
            Take::PrometheusPort => self.prometheus_port = Some(port(value)?),
            Take::PrometheusAddress => self.prometheus_ip = Some(parsed(value, "an address")?),
            Take::ProcUser => self.user = Some(value.to_owned()),
            Take::ProcGroup => self.group = Some(value.to_owned()),
        }
        Ok(Note::Same)
    }

    fn finish(self) -> Coturn {
        let Self { mut settings, mut remarks, ips, allowed, denied, .. } = self;
        let at = |port: u16| -> Vec<SocketAddr> {
            let all = [Ipv4Addr::UNSPECIFIED.into(), Ipv6Addr::UNSPECIFIED.into()];
            let ips = if ips.is_empty() { &all[..] } else { &ips[..] };
            ips.iter().map(|ip| SocketAddr::new(*ip, port)).collect()
        };
        if self.port.is_some() || !ips.is_empty() {
            settings.listen = at(self.port.unwrap_or(3478));
        }
        if self.no_tls {
            (settings.cert, settings.key) = (None, None);
        } else if settings.cert.is_some() {
            settings.tls_listen = at(self.tls_port.unwrap_or(super::TLS_PORT));
        }
        if self.min_port.is_some() || self.max_port.is_some() {
            let range = self.min_port.unwrap_or(49_152)..=self.max_port.unwrap_or(65_535);
            settings.relay_ports = Some(Ports(range));
        }
        let prefixes = |ranges: Vec<Range>| -> Vec<Parsed<IpPrefix>> {
            ranges.into_iter().flat_map(Range::prefixes).map(Parsed).collect()
        };
        // there what is allowed counts more than what is denied, and here it is the other way around
        let left = denied.iter().flat_map(|range| range.without(&allowed)).collect();
        settings.deny_peer = prefixes(left);
        settings.allow_peer.extend(prefixes(allowed));
        if self.prometheus {
            let ip = self.prometheus_ip.unwrap_or(Ipv4Addr::LOCALHOST.into());
            settings.metrics = Some(SocketAddr::new(ip, self.prometheus_port.unwrap_or(9641)));
        }
        settings.run_as = match (self.user, self.group) {
            (Some(user), Some(group)) => Some(format!("{user}:{group}")),
            (user, _) => user,
        };
        remarks.sort_by_key(|remark| remark.line);
        Coturn { settings, remarks }
    }
}

const BOTH_WAYS: &str = "both ways are counted together here, so it is twice the number";

const ALL_SEE: &str = "at 127.0.0.1 unless prometheus-address says more, for all see it";

fn quota(value: &str) -> Result<Option<NonZeroUsize>, String> {
    Ok(NonZeroUsize::new(parsed(value, "a number")?))
}

fn unless_zero(quota: Option<NonZeroUsize>, text: &'static str) -> Note {
    if quota.is_some() { Note::Same } else { Note::Differs(text) }
}

fn parsed<T: FromStr>(value: &str, what: &str) -> Result<T, String> {
    value.parse().map_err(|_| format!("'{value}': write {what}"))
}

fn port(value: &str) -> Result<u16, String> {
    match value.parse() {
        Ok(port) if port > 0 => Ok(port),
        _ => Err(format!("'{value}': write a port, 1 to 65535")),
    }
}

/// A rate that is meant for each way.
fn both_ways(value: &str) -> Result<Option<NonZeroU32>, String> {
    let rate: u64 = parsed(value, "a number of bytes a second")?;
    Ok(NonZeroU32::new(u32::try_from(rate.saturating_mul(2)).unwrap_or(u32::MAX)))
}

/// An address, with a port or without.
fn server(value: &str) -> Result<SocketAddr, String> {
    let bare = value.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    bare.map(|ip| SocketAddr::new(ip, 3478)).or_else(|_| parsed(value, "ADDRESS or ADDRESS:PORT"))
}

#[cfg(test)]
mod tests;
