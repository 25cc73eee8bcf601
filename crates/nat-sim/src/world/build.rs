//! Adding hosts and NATs.
use super::World;
use crate::{
    Host, HostId, Model, Nat, NatId, Stats, Stream, TopologyError,
    link::Lane,
    map::{self, Owners},
    nat::Engine,
    node::{HostState, Interface, Kind, NatState, Node, Segment},
    topology::{Attachment, Prefix},
};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The number of the internet among the networks.
const INTERNET: u32 = 0;

/// The network that needs no NAT.
pub(super) fn internet() -> Segment {
    Segment {
        nodes: Owners::default(),
        gateway: None,
        // Enough that a packet with a TTL of a few dies beyond the sender's own NAT.
        hops: 8,
        next: 1,
        prefix: Prefix::new(Ipv4Addr::UNSPECIFIED, 0),
        number: INTERNET,
        ipv6_only: false,
    }
}

/// The `n`th public address. The three networks for documentation come first (RFC 5737), then
/// 20.0.0.0/8, since large worlds need more.
const fn public_ipv4(n: u32) -> Ipv4Addr {
    const NETS: [Ipv4Addr; 3] = [
        Ipv4Addr::new(203, 0, 113, 0),
        Ipv4Addr::new(198, 51, 100, 0),
        Ipv4Addr::new(192, 0, 2, 0),
    ];
    let (net, host) = ((n / 254) as usize, n % 254 + 1);
    if net < NETS.len() {
        return Ipv4Addr::from_bits(NETS[net].to_bits() + host);
    }
    Ipv4Addr::from_bits(Ipv4Addr::new(20, 0, 0, 0).to_bits() + n)
}

impl Segment {
    fn inside(gateway: u32, number: u32, prefix: Prefix) -> Self {
        Self {
            nodes: Owners::default(),
            gateway: Some(gateway),
            hops: 0,
            next: 2,
            prefix,
            number,
            ipv6_only: false,
        }
    }

    pub(super) fn next_ipv4(&mut self) -> Result<IpAddr, TopologyError> {
        loop {
            let n = self.next;
            let address = if self.number == INTERNET {
                Some(public_ipv4(n - 1))
            } else {
                self.prefix.address(n)
            };
            let full = TopologyError::PrefixFull { prefix: self.prefix };
            let address = IpAddr::V4(address.ok_or(full)?);
            self.next += 1;
            if self.nodes.get(address).is_none() {
                return Ok(address);
            }
        }
    }

    /// 2001:db8:NETWORK::HOST (RFC 3849).
    fn ipv6(&self, host: u32) -> IpAddr {
        let net = u128::from(self.number) << 80;
        let first = Ipv6Addr::new(0x2001, 0xDB8, 0, 0, 0, 0, 0, 0).to_bits();
        IpAddr::V6(Ipv6Addr::from_bits(first | net | u128::from(host)))
    }

    /// The next free one, with the same number as the IPv4 address.
    fn next_ipv6(&self) -> IpAddr {
        let mut host = self.next;
        loop {
            let address = self.ipv6(host);
            if self.nodes.get(address).is_none() {
                return address;
            }
            host += 1;
        }
    }
}

impl World {
    /// Adds a host.
    pub fn add_host(&mut self, host: Host) -> Result<HostId, TopologyError> {
        let id = self.nodes.len() as u32;
        let name = self.free_name(host.name, "host", id)?;
        let mut interfaces = Vec::with_capacity(host.attachments.len());
        for (index, attachment) in host.attachments.into_iter().enumerate() {
            interfaces.push(self.attach(&name, id, index as u8, attachment)?);
        }
        let state = HostState::new(Stream::new(self.seed, &name, "ports"));
        self.push_node(name, interfaces, Kind::Host(state));
        Ok(HostId(id))
    }

    /// Adds a NAT or firewall, with a network on its inside.
    pub fn add_nat(&mut self, nat: Nat) -> Result<NatId, TopologyError> {
        let id = self.nodes.len() as u32;
        let name = self.free_name(nat.name, "nat", id)?;
        let given = &nat.outside.addresses;
        if nat.model.translates() && !given.is_empty() && !given.iter().any(IpAddr::is_ipv4) {
            return Err(TopologyError::NoIpv4 { name });
        }
        let outside = self.attach(&name, id, 0, nat.outside)?;
        let number = self.segments.len() as u32;
        let prefix = nat.inside.unwrap_or_else(|| {
            Prefix::new(Ipv4Addr::new(10, (number >> 8) as u8, number as u8, 0), 24)
        });
        let mut segment = Segment::inside(id, number, prefix);
        let gateway = prefix.address(1).map(IpAddr::V4);
        let gateway = gateway.ok_or(TopologyError::PrefixFull { prefix })?;
        segment.ipv6_only = nat.pref64.is_some();
        // With its IPv6 address it tells of errors, also where IPv6 only passes through.
        let mut gateways = vec![gateway, segment.ipv6(1)];
        gateways.retain(|gateway| gateway.is_ipv6() || !segment.ipv6_only);
        for gateway in &gateways {
            segment.nodes.insert(*gateway, (id, 1));
        }
        self.segments.push(segment);
        let first_host = prefix.address(2).map(IpAddr::V4);
        let engine = |model: Model, ipv6: bool| {
            let family = |ip: &&IpAddr| ip.is_ipv6() == ipv6;
            let outside = outside.addresses.iter().filter(family).copied().collect();
            let purpose = if ipv6 { "ipv6 mappings" } else { "mappings" };
            let first_host = first_host.filter(|_| !ipv6);
            Engine::new(model, outside, first_host, Stream::new(self.seed, &name, purpose))
        };
        let state = NatState {
            ipv4: engine(nat.model, false),
            ipv6: engine(nat.ipv6, true),
            inside: number,
            pref64: nat.pref64,
        };
        let inside = Interface {
            segment: number,
            addresses: gateways,
            up: Lane::new(crate::Link::default(), Stream::new(self.seed, &name, "inside up")),
            down: Lane::new(crate::Link::default(), Stream::new(self.seed, &name, "inside down")),
        };
        self.push_node(name, vec![outside, inside], Kind::Nat(state));
        Ok(NatId(id))
    }

    /// Takes another world's networks, with these nodes in place of its own.
    pub(crate) fn replace_network(&mut self, nodes: Vec<Node>, other: &Self) {
        self.nodes = nodes;
        self.by_name.clone_from(&other.by_name);
        self.segments.clone_from(&other.segments);
        self.cuts.clone_from(&other.cuts);
    }

    fn push_node(&mut self, name: String, interfaces: Vec<Interface>, kind: Kind) {
        let (name, id) = (name.into_boxed_str(), self.nodes.len() as u32);
        let hash = map::hash(&*name);
        let nodes = &self.nodes;
        self.by_name.insert_unique(hash, id, |id| map::hash(&*nodes[*id as usize].name));
        self.nodes.push(Node { name, up: true, interfaces, stats: Stats::default(), kind });
    }

    fn free_name(
        &self,
        name: Option<String>,
        kind: &str,
        id: u32,
    ) -> Result<String, TopologyError> {
        let name = name.unwrap_or_else(|| format!("{kind}-{id}"));
        let is_it = |id: &u32| *self.nodes[*id as usize].name == *name;
        if self.by_name.find(map::hash(&*name), is_it).is_some() {
            return Err(TopologyError::NameTaken { name });
        }
        Ok(name)
    }

    /// Takes addresses for node `id` where it attaches.
    pub(super) fn attach(
        &mut self,
        name: &str,
        id: u32,
        index: u8,
        attachment: Attachment,
    ) -> Result<Interface, TopologyError> {
        let segment = self.segment_behind(attachment.behind)?;
        let mut addresses = attachment.addresses;
        if addresses.is_empty() && self.segments[segment as usize].ipv6_only {
            let network = &mut self.segments[segment as usize];
            addresses.push(network.next_ipv6());
            network.next += 1;
        } else if addresses.is_empty() {
            let ipv6 = attachment.ipv6.then(|| self.segments[segment as usize].next_ipv6());
            addresses.push(self.segments[segment as usize].next_ipv4()?);
            addresses.extend(ipv6);
        } else if attachment.ipv6 && !addresses.iter().any(IpAddr::is_ipv6) {
            addresses.push(self.segments[segment as usize].next_ipv6());
        }
        addresses.shrink_to_fit();
        for (index, address) in addresses.iter().enumerate() {
            self.check_address(segment, *address)?;
            if addresses[..index].contains(address) {
                let by = name.to_owned();
                return Err(TopologyError::AddressTaken { address: *address, by });
            }
        }
        for address in &addresses {
            self.claim_address(segment, *address, (id, index));
        }
        let stream = |purpose: &str| Stream::new(self.seed, name, &format!("{purpose} {index}"));
        Ok(Interface {
            segment,
            addresses,
            up: Lane::new(attachment.up, stream("up")),
            down: Lane::new(attachment.down, stream("down")),
        })
    }

    fn segment_behind(&self, nat: Option<NatId>) -> Result<u32, TopologyError> {
        let Some(nat) = nat else { return Ok(INTERNET) };
        match self.nodes.get(nat.0 as usize).map(|node| &node.kind) {
            Some(Kind::Nat(state)) => Ok(state.inside),
            Some(Kind::Host(_)) | None => Err(TopologyError::NoSuchNat),
        }
    }

    fn check_address(&self, segment: u32, address: IpAddr) -> Result<(), TopologyError> {
        let segment = &self.segments[segment as usize];
        let nobodys = matches!(address, IpAddr::V4(v4) if v4.is_broadcast());
        let not_of_hosts = address.is_unspecified() || address.is_loopback();
        if nobodys || not_of_hosts || address.is_multicast() {
            return Err(TopologyError::NotOfHosts { address });
        }
        if let Some((node, _)) = segment.nodes.get(address) {
            let by = self.nodes.get(node as usize).map_or("itself", |node| &node.name);
            return Err(TopologyError::AddressTaken { address, by: by.to_owned() });
        }
        if address.is_ipv4() && segment.ipv6_only {
            return Err(TopologyError::Ipv6Only { address });
        }
        if let IpAddr::V4(v4) = address
            && !segment.prefix.contains(v4)
        {
            return Err(TopologyError::AddressOutside { address, prefix: segment.prefix });
        }
        Ok(())
    }

    /// Makes an address lead to a node, also from the networks outside of firewalls that do not
    /// translate it.
    pub(super) fn claim_address(&mut self, segment: u32, address: IpAddr, owner: (u32, u8)) {
        self.segments[segment as usize].nodes.insert(address, owner);
        let Some(gateway) = self.segments[segment as usize].gateway else { return };
        let node = &self.nodes[gateway as usize];
        let Kind::Nat(nat) = &node.kind else { return };
        let engine = if address.is_ipv6() { &nat.ipv6 } else { &nat.ipv4 };
        if !engine.translates() {
            let outside = node.interfaces[0].segment;
            self.claim_address(outside, address, (gateway, 0));
        }
    }
}
