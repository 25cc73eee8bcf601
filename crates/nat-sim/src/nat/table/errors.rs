//! ICMP errors about packets that passed (RFC 5508 §4.2).
use super::{IcmpErrors, Table};
use crate::{Body, DropCause, IcmpError, IpPacket, nat::Outcome};
use sans_io::{Instant, SlabKey};

impl Table {
    /// An error from the outside about a packet that went out (RFC 5508 §4.2).
    pub(super) fn error_inbound(
        &mut self,
        now: Instant,
        packet: &mut IpPacket,
        error: &IcmpError,
    ) -> Outcome {
        if self.behaviour.icmp_errors == IcmpErrors::Drop {
            return Outcome::Drop(DropCause::Blocked);
        }
        let Some(slot) = self.quoted(now, error) else {
            return Outcome::Drop(DropCause::NoMapping);
        };
        let outcome = self.bring_in(slot, packet, error);
        if self.behaviour.icmp_errors == IcmpErrors::EndMapping {
            self.close(slot);
        }
        outcome
    }

    /// An error that the NAT itself or somebody inside has about a packet that went out.
    pub(crate) fn own_error(&mut self, now: Instant, packet: &mut IpPacket) -> Outcome {
        let Body::Error(error) = packet.body else { return Outcome::Drop(DropCause::NoMapping) };
        match self.quoted(now, &error) {
            Some(slot) => self.bring_in(slot, packet, &error),
            None => Outcome::Drop(DropCause::NoMapping),
        }
    }

    /// The mapping of the packet that an error from the outside quotes.
    fn quoted(&self, now: Instant, error: &IcmpError) -> Option<SlabKey> {
        let sharing = self.by_external.get(&(error.protocol, error.source))?;
        sharing.iter().copied().find(|slot| {
            let mapping = self.mappings.get(*slot);
            mapping.is_some_and(|m| m.until > now && m.remotes.contains_key(&error.destination))
        })
    }

    fn bring_in(&mut self, slot: SlabKey, packet: &mut IpPacket, error: &IcmpError) -> Outcome {
        let internal = self.mapping(slot).key.internal;
        packet.destination.set_ip(internal.ip());
        packet.body = Body::Error(IcmpError { source: internal, ..*error });
        Outcome::Inside
    }

    /// The mapping that let in the packet that an error is about. Where mappings depend on the
    /// destination, it may be one towards somebody else.
    fn carrier(&mut self, now: Instant, error: &IcmpError) -> Option<SlabKey> {
        let (protocol, internal) = (error.protocol, error.destination);
        if let Some(slot) = self.carriers.get(&(protocol, internal, error.source)).copied()
            && let Some(mapping) = self.mappings.get(slot)
            && (mapping.key.protocol, mapping.key.internal) == (protocol, internal)
            && mapping.until > now
        {
            return Some(slot);
        }
        self.live(now, &self.key(protocol, internal, error.source))
    }

    /// An error from the inside about a packet that came in (RFC 5508 §4.2).
    pub(super) fn error_outbound(
        &mut self,
        now: Instant,
        packet: &mut IpPacket,
        error: &IcmpError,
    ) -> Outcome {
        let Some(slot) = self.carrier(now, error) else {
            return Outcome::Drop(DropCause::NoMapping);
        };
        let external = self.mapping(slot).external;
        packet.source.set_ip(external.ip());
        let error = IcmpError { destination: external, ..*error };
        packet.body = Body::Error(error);
        if self.is_ours(packet.destination) {
            return self.own_error(now, packet);
        }
        Outcome::Outside
    }
}
