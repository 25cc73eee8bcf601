//! Choosing an external port (RFC 4787 §4.2, RFC 7422).
use super::behaviour::{Behaviour, PortChoice};
use crate::Stream;
use std::{collections::BTreeMap, net::IpAddr};

/// Chooses ports for one NAT.
#[derive(Debug)]
pub(crate) struct Allocator {
    next: u16,
    /// Which block each internal host has, by number, in the order in which they came.
    blocks: BTreeMap<IpAddr, u32>,
}

impl Allocator {
    pub(crate) fn new(behaviour: &Behaviour) -> Self {
        Self { next: *behaviour.port_range.start(), blocks: BTreeMap::new() }
    }

    /// A port that is free by `is_free`, for the internal `port` of `host`.
    pub(crate) fn choose(
        &mut self,
        behaviour: &Behaviour,
        stream: &mut Stream,
        host: IpAddr,
        port: u16,
        mut is_free: impl FnMut(u16) -> bool,
    ) -> Option<u16> {
        let (low, high) = self.range(behaviour, host, port)?;
        if behaviour.ports == PortChoice::Preserving
            && (low..=high).contains(&port)
            && is_free(port)
        {
            return Some(port);
        }
        let count = u64::from(high - low) + 1;
        let start = match behaviour.ports {
            PortChoice::Contiguous => u64::from(self.next.clamp(low, high) - low),
            PortChoice::Preserving | PortChoice::Random | PortChoice::Block(_) => {
                stream.below(count)
            }
        };
        let chosen = (0..count)
            .map(|n| low + ((start + n) % count) as u16)
            .filter(|candidate| !behaviour.parity || candidate % 2 == port % 2)
            .find(|candidate| is_free(*candidate))?;
        if behaviour.ports == PortChoice::Contiguous {
            self.next = if chosen == high { low } else { chosen + 1 };
        }
        Some(chosen)
    }

    /// The ports that `host` may get; `None` when there is no block left for it.
    fn range(&mut self, behaviour: &Behaviour, host: IpAddr, port: u16) -> Option<(u16, u16)> {
        let (low, high) = (*behaviour.port_range.start(), *behaviour.port_range.end());
        if let PortChoice::Block(size) = behaviour.ports {
            let count = self.blocks.len() as u32;
            let number = *self.blocks.entry(host).or_insert(count);
            let first = u32::from(low) + number * u32::from(size.max(1));
            let last = first + u32::from(size.max(1)) - 1;
            return (last <= u32::from(high)).then_some((first as u16, last as u16));
        }
        if behaviour.classes && port < 1024 {
            return Some((1, 1023));
        }
        (low <= high).then_some((low, high))
    }
}
