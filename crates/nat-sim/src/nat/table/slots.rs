//! Opening and closing mappings, and the maps that find them.
use super::{
    Pooling, Table,
    mapping::{Key, Mapping},
};
use crate::DropCause;
use sans_io::{Instant, SlabKey};
use std::{
    collections::BTreeMap,
    net::{IpAddr, SocketAddr},
};

impl Table {
    pub(super) fn mapping(&mut self, slot: SlabKey) -> &mut Mapping {
        self.mappings.get_mut(slot).expect("what is in the maps is there")
    }

    /// The mapping of `key`, unless its time is up.
    pub(super) fn live(&mut self, now: Instant, key: &Key) -> Option<SlabKey> {
        let slot = *self.by_key.get(key)?;
        if self.mapping(slot).until > now {
            return Some(slot);
        }
        self.close(slot);
        None
    }

    pub(super) fn open(
        &mut self,
        now: Instant,
        key: Key,
        remote: SocketAddr,
    ) -> Result<SlabKey, DropCause> {
        let external = self.choose(now, &key, remote)?;
        let mapping = Mapping {
            key,
            external,
            born: now,
            until: now,
            replied: false,
            remotes: BTreeMap::new(),
        };
        let slot = self.mappings.insert(mapping);
        self.by_key.insert(key, slot);
        self.by_external.entry((key.protocol, external)).or_default().push(slot);
        Ok(slot)
    }

    pub(super) fn close(&mut self, slot: SlabKey) {
        let Some(mapping) = self.mappings.remove(slot) else { return };
        self.by_key.remove(&mapping.key);
        let name = (mapping.key.protocol, mapping.external);
        if !self.behaviour.hold_down.is_zero() {
            let end = mapping.until.saturating_add(self.behaviour.hold_down);
            self.resting.insert(name, (mapping.key.internal, end));
        }
        if let Some(sharing) = self.by_external.get_mut(&name) {
            sharing.retain(|other| *other != slot);
            if sharing.is_empty() {
                self.by_external.remove(&name);
            }
        }
    }

    fn choose(
        &mut self,
        now: Instant,
        key: &Key,
        remote: SocketAddr,
    ) -> Result<SocketAddr, DropCause> {
        if !self.behaviour.translates {
            return Ok(key.internal);
        }
        let host = key.internal.ip();
        if self.behaviour.quota.is_some_and(|quota| self.count(now, host) >= quota) {
            return Err(DropCause::OverQuota);
        }
        let ip = self.pool(host).ok_or(DropCause::NoRoute)?;
        let Self { behaviour, stream, allocator, mappings, by_external, local, resting, .. } = self;
        let is_free = |port| {
            let external = SocketAddr::new(ip, port);
            if local.get(&(key.protocol, external, remote)).is_some_and(|until| *until > now) {
                return false;
            }
            let rests = |owner: SocketAddr, end| owner != key.internal && end > now;
            let resting = resting.get(&(key.protocol, external));
            if resting.is_some_and(|(owner, end)| rests(*owner, *end)) {
                return false;
            }
            let Some(sharing) = by_external.get(&(key.protocol, external)) else { return true };
            !sharing.iter().filter_map(|slot| mappings.get(*slot)).any(|mapping| {
                if mapping.until > now {
                    return !behaviour.overloads || mapping.remotes.contains_key(&remote);
                }
                let end = mapping.until.saturating_add(behaviour.hold_down);
                rests(mapping.key.internal, end)
            })
        };
        let port = allocator.choose(behaviour, stream, host, key.internal.port(), is_free);
        let port = port.ok_or(DropCause::PortsExhausted)?;
        Ok(SocketAddr::new(ip, port))
    }

    /// How many mappings an internal host has.
    fn count(&self, now: Instant, host: IpAddr) -> u32 {
        let theirs = |m: &&Mapping| m.key.internal.ip() == host && m.until > now;
        self.mappings.iter().map(|(_, mapping)| mapping).filter(theirs).count() as u32
    }

    fn pool(&mut self, host: IpAddr) -> Option<IpAddr> {
        if self.outside.len() < 2 {
            return self.outside.first().copied();
        }
        let pick = self.outside[self.stream.below(self.outside.len() as u64) as usize];
        Some(match self.behaviour.pooling {
            Pooling::Paired => *self.paired.entry(host).or_insert(pick),
            Pooling::Arbitrary => pick,
        })
    }
}
