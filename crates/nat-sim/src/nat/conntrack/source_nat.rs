//! How a new connection gets its source, step by step as the kernel does it.
use super::{Conntrack, SourceRule, connections::Tuple};
use crate::{DropCause, Protocol};
use sans_io::Instant;
use std::net::{IpAddr, SocketAddr};

/// How many ports are tried in a row at first.
const ATTEMPTS: u32 = 128;
/// Below so many the search is given up.
const ATTEMPTS_MIN: u32 = 16;

impl Conntrack {
    /// The reply tuple of a new connection whose first packet leaves as `tuple` before its source
    /// is changed (`get_unique_tuple`).
    pub(super) fn source_nat(&mut self, now: Instant, tuple: Tuple) -> Result<Tuple, DropCause> {
        if self.config.source == SourceRule::None {
            return Ok(tuple.inverse());
        }
        let ip = *self.outside.first().ok_or(DropCause::NoRoute)?;
        let (ports, random) = match &self.config.source {
            // The ranges are for TCP and UDP; a plain masquerade follows for the rest.
            SourceRule::Range(_) | SourceRule::Blocks { .. }
                if tuple.protocol == Protocol::Icmp =>
            {
                (None, false)
            }
            SourceRule::Masquerade | SourceRule::None => (None, false),
            SourceRule::Random => (None, true),
            SourceRule::Range(range) => (Some((*range.start(), *range.end())), false),
            SourceRule::Blocks { first, size } => {
                (Some(self.block(tuple.source.ip(), *first, *size)?), false)
            }
        };
        let fits = |port: u16| ports.is_none_or(|(low, high)| (low..=high).contains(&port));
        if !random && let Some(source) = self.appropriate_source(now, &tuple, ip, fits) {
            let candidate = Tuple { source, ..tuple };
            if !self.is_taken(now, candidate) {
                return Ok(candidate.inverse());
            }
        }
        let mut candidate = Tuple { source: SocketAddr::new(ip, tuple.source.port()), ..tuple };
        if !random && fits(tuple.source.port()) && !self.is_taken(now, candidate) {
            return Ok(candidate.inverse());
        }
        let (low, high) = ports.unwrap_or(match tuple.source.port() {
            _ if tuple.protocol == Protocol::Icmp => (1, 65535),
            0..512 => (1, 511),
            512..1024 => (600, 1023),
            1024.. => (1024, 65535),
        });
        let port = self.search(now, &mut candidate, low, high).ok_or(DropCause::PortsExhausted)?;
        candidate.source.set_port(port);
        Ok(candidate.inverse())
    }

    /// The ports that belong to an inside address.
    fn block(&self, host: IpAddr, first: u16, size: u16) -> Result<(u16, u16), DropCause> {
        let number = match (host, self.first_host) {
            (IpAddr::V4(host), Some(IpAddr::V4(first))) => {
                host.to_bits().saturating_sub(first.to_bits())
            }
            (_, _) => 0,
        };
        let low = u32::from(first) + number.saturating_mul(u32::from(size.max(1)));
        let high = low.saturating_add(u32::from(size.max(1)) - 1);
        let ports = u16::try_from(low).ok().zip(u16::try_from(high).ok());
        ports.ok_or(DropCause::PortsExhausted)
    }

    /// The source that the latest connection of the same socket got (`find_appropriate_src`).
    fn appropriate_source(
        &self,
        now: Instant,
        tuple: &Tuple,
        ip: IpAddr,
        fits: impl Fn(u16) -> bool,
    ) -> Option<SocketAddr> {
        let siblings = self.by_source.get(&(tuple.protocol, tuple.source))?;
        let mut latest_first = siblings.iter().rev();
        latest_first.find_map(|slot| {
            let sibling = self.connections.get(*slot).filter(|c| c.until > now)?;
            let source = sibling.reply.destination;
            (source.ip() == ip && fits(source.port())).then_some(source)
        })
    }

    /// Tries ports from a random one on, then from others, fewer each time
    /// (`nf_nat_l4proto_unique_tuple`).
    fn search(&mut self, now: Instant, tuple: &mut Tuple, low: u16, high: u16) -> Option<u16> {
        let size = u32::from(high.checked_sub(low)?) + 1;
        let mut attempts = size.min(ATTEMPTS);
        loop {
            let start = self.stream.below(1 << 16) as u32;
            for n in 0..attempts {
                let port = low + ((start + n) % size) as u16;
                tuple.source.set_port(port);
                if !self.is_taken(now, *tuple) {
                    return Some(port);
                }
            }
            if attempts >= size || attempts < ATTEMPTS_MIN {
                return None;
            }
            attempts /= 2;
        }
    }

    /// Whether the answers to a packet would belong to another connection (`nf_nat_used_tuple`).
    fn is_taken(&mut self, now: Instant, leaves_as: Tuple) -> bool {
        self.live(now, &leaves_as.inverse()).is_some()
    }
}
