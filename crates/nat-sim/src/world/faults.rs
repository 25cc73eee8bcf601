//! What goes wrong: reboots, new addresses, roaming, cuts and links that change.
use super::World;
use crate::{
    Host, HostId, Jump, Link, MachineId, NatId, NodeId, TopologyError,
    node::{Kind, OUTSIDE},
    sockets::Socket,
};
use sans_io::{Input, SocketFault};
use std::net::IpAddr;

impl World {
    /// A NAT restarts: it keeps its addresses and forgets its mappings.
    pub fn reboot_nat(&mut self, nat: NatId) {
        if let Kind::Nat(state) = &mut self.nodes[nat.0 as usize].kind {
            state.ipv4.reboot();
            state.ipv6.reboot();
        }
    }

    /// A NAT gets new outside addresses, as many as it had, and forgets its mappings.
    pub fn rebind_nat(&mut self, nat: NatId) -> Result<(), TopologyError> {
        let outside = &self.nodes[nat.0 as usize].interfaces[usize::from(OUTSIDE)];
        let (number, old) = (outside.segment, outside.addresses.clone());
        let mut new = Vec::with_capacity(old.len());
        for address in &old {
            let segment = &mut self.segments[number as usize];
            let address = if address.is_ipv6() { *address } else { segment.next_ipv4()? };
            segment.nodes.insert(address, (nat.0, OUTSIDE));
            new.push(address);
        }
        for address in old.iter().filter(|address| !new.contains(address)) {
            self.segments[number as usize].nodes.remove(*address);
        }
        let node = &mut self.nodes[nat.0 as usize];
        node.interfaces[usize::from(OUTSIDE)].addresses.clone_from(&new);
        if let Kind::Nat(state) = &mut node.kind {
            let family =
                |ipv6: bool| new.iter().filter(|ip| ip.is_ipv6() == ipv6).copied().collect();
            state.ipv4.rebind(family(false));
            state.ipv6.rebind(family(true));
        }
        Ok(())
    }

    /// A host leaves all its networks and attaches as `to` says; the name in `to` is ignored. Its
    /// sockets are lost, and machines that asked for them are told so.
    pub fn roam(&mut self, host: HostId, to: Host) -> Result<(), TopologyError> {
        let name = self.nodes[host.0 as usize].name.to_string();
        let mut interfaces = Vec::with_capacity(to.attachments.len());
        for (index, attachment) in to.attachments.into_iter().enumerate() {
            // Streams of their own for the new links, so that time on the old ones does not shift
            // what happens on the new.
            let name = format!("{name} roamed {}", self.roams);
            interfaces.push(self.attach(&name, host.0, index as u8, attachment)?);
        }
        self.roams += 1;
        let node = &mut self.nodes[host.0 as usize];
        let old = core::mem::replace(&mut node.interfaces, interfaces);
        let gone: Vec<IpAddr> = old.iter().flat_map(|i| i.addresses.iter().copied()).collect();
        for interface in &old {
            for address in &interface.addresses {
                self.release_address(interface.segment, *address, host.0);
            }
        }
        self.lose_sockets(host, &gone);
        Ok(())
    }

    fn release_address(&mut self, segment: u32, address: IpAddr, owner: u32) {
        let network = &mut self.segments[segment as usize];
        // The host may have come back to where it was.
        let still = self.nodes[owner as usize].interfaces.iter();
        if still.filter(|i| i.segment == segment).any(|i| i.addresses.contains(&address)) {
            return;
        }
        network.nodes.remove(address);
        let Some(gateway) = network.gateway else { return };
        let node = &self.nodes[gateway as usize];
        let Kind::Nat(nat) = &node.kind else { return };
        let engine = if address.is_ipv6() { &nat.ipv6 } else { &nat.ipv4 };
        if !engine.translates() {
            let outside = node.interfaces[usize::from(OUTSIDE)].segment;
            self.release_address(outside, address, gateway);
        }
    }

    fn lose_sockets(&mut self, host: HostId, gone: &[IpAddr]) {
        self.lose_streams(host, gone);
        let sockets = &mut self.host_mut(host).sockets;
        for Socket { owner, id, .. } in sockets.close_all(|local| gone.contains(&local.ip())) {
            let Some(id) = id else { continue };
            let state = Err(SocketFault::Lost);
            self.tell(MachineId { host, index: owner }, Input::Socket { id, state });
        }
    }

    /// The clock of a host jumps, as when it wakes from sleep or is set. Its machines see the jump at
    /// their next input; deadlines that it has passed are due at once.
    pub fn jump_clock(&mut self, host: HostId, jump: Jump) {
        self.host_mut(host).clock.jump(jump);
        for index in 0..self.host(host).slots.len() as u32 {
            let id = MachineId { host, index };
            let deadline = self.host(host).slots[index as usize].deadline;
            self.arm(id, deadline);
        }
    }

    /// Two nodes on the same network can no longer reach each other.
    pub fn cut(&mut self, a: impl Into<NodeId>, b: impl Into<NodeId>) {
        let (a, b) = (a.into().0, b.into().0);
        self.cuts.insert((a.min(b), a.max(b)));
    }

    /// Undoes [`cut`](Self::cut).
    pub fn mend(&mut self, a: impl Into<NodeId>, b: impl Into<NodeId>) {
        let (a, b) = (a.into().0, b.into().0);
        self.cuts.remove(&(a.min(b), a.max(b)));
    }

    /// Switches a node's connection to all its networks off or on. Its machines run on.
    pub fn set_up(&mut self, node: impl Into<NodeId>, up: bool) {
        self.nodes[node.into().index()].up = up;
    }

    /// Changes the links of a node's first interface, for NATs the one to the outside.
    pub fn set_links(&mut self, node: impl Into<NodeId>, up: Link, down: Link) {
        if let Some(interface) = self.nodes[node.into().index()].interfaces.first_mut() {
            interface.up.set(up);
            interface.down.set(down);
        }
    }
}
