//! Whether two hosts could meet at all, found by trying everything in a copy of the network.
use crate::{
    Host, HostId, Link, MachineId, Peer, Stream, World,
    link::Lane,
    node::{HostState, Interface, Kind, NatState, Node},
};
use core::time::Duration;
use std::{collections::BTreeSet, net::SocketAddr};

/// How many rounds of checks are tried one after the other. In the first both sides can open their
/// filters, in the second they meet, in the third one can follow where the other was seen.
const ROUNDS: usize = 3;
/// The link of every node of the copy: two packets sent at the same time pass each other.
const DELAY: Duration = Duration::from_millis(5);

/// What one side does in a round: which of its sockets sends to which address.
type Check = (usize, SocketAddr);

/// What both sides do in a round; one of them may do nothing.
type Round = [Option<Check>; 2];

impl World {
    /// Whether two hosts can exchange datagrams without a relay, if each learns all addresses of the
    /// other and both try in the best order: one after the other, or at the same time.
    ///
    /// The answer is found by searching in a copy of the network as it is now, with rebooted NATs
    /// and perfect links. It is for UDP, with sockets that are new.
    ///
    /// ```
    /// use nat_sim::{Host, Nat, Preset, World};
    /// let mut world = World::new(1);
    /// let mut behind = |preset| {
    ///     let nat = world.add_nat(Nat::of(preset))?;
    ///     world.add_host(Host::behind(nat))
    /// };
    /// let cone = behind(Preset::PortRestrictedCone)?;
    /// let (one, two) = (behind(Preset::Symmetric)?, behind(Preset::Symmetric)?);
    /// let open = behind(Preset::FullCone)?;
    /// assert!(!world.direct_path_possible(one, two));
    /// assert!(!world.direct_path_possible(one, cone));
    /// assert!(world.direct_path_possible(one, open));
    /// # Ok::<(), nat_sim::TopologyError>(())
    /// ```
    pub fn direct_path_possible(&self, a: HostId, b: HostId) -> bool {
        (1..=ROUNDS).any(|rounds| self.search(a, b, &mut Vec::new(), rounds))
    }

    /// Tries all ways to go on after some rounds.
    fn search(&self, a: HostId, b: HostId, before: &mut Vec<Round>, left: usize) -> bool {
        let mut trial = Trial::new(self, a, b);
        if before.iter().any(|round| trial.play(*round)) {
            return true;
        }
        if left == 0 {
            return false;
        }
        for round in trial.choices() {
            before.push(round);
            let found = self.search(a, b, before, left - 1);
            before.pop();
            if found {
                return true;
            }
        }
        false
    }

    /// The same network without machines, its NATs rebooted, its links perfect.
    fn bare_copy(&self) -> Self {
        let mut copy = Self::new(self.seed());
        let nodes = self.nodes().iter().map(|node| Node {
            name: node.name.clone(),
            up: node.up,
            interfaces: node.interfaces.iter().map(perfect).collect(),
            stats: crate::Stats::default(),
            kind: match &node.kind {
                Kind::Host(host) => Kind::Host(HostState::new(host.ephemeral.clone())),
                Kind::Nat(nat) => Kind::Nat(NatState {
                    ipv4: nat.ipv4.fresh(),
                    ipv6: nat.ipv6.fresh(),
                    inside: nat.inside,
                    pref64: nat.pref64,
                }),
            },
        });
        copy.replace_network(nodes.collect(), self);
        copy
    }
}

fn perfect(interface: &Interface) -> Interface {
    let lane = || Lane::new(Link::after(DELAY), Stream::new(0, "", ""));
    let (up, down) = (lane(), lane());
    Interface { addresses: interface.addresses.clone(), up, down, ..*interface }
}

/// One run of some rounds in a copy.
struct Trial {
    world: World,
    /// The sockets of each side, one for each of its addresses.
    sockets: [Vec<MachineId>; 2],
    /// The addresses that each side has told the other.
    told: [BTreeSet<SocketAddr>; 2],
}

impl Trial {
    fn new(original: &World, a: HostId, b: HostId) -> Self {
        let mut world = original.bare_copy();
        let sockets = [a, b].map(|host| {
            let addresses = world.addresses(host);
            let open = |ip| world.install(host, Peer::at(SocketAddr::new(ip, 0)));
            addresses.into_iter().map(open).collect::<Vec<_>>()
        });
        let mut trial = Self { world, sockets, told: [BTreeSet::new(), BTreeSet::new()] };
        trial.gather();
        trial
    }

    /// Each side learns how its sockets look from the internet.
    fn gather(&mut self) {
        let server = Host::on_internet().named("the oracle's reflector").dual_stack();
        let Ok(server) = self.world.add_host(server.over(Link::after(DELAY))) else { return };
        let addresses = self.world.addresses(server);
        for side in 0..2 {
            for socket in self.sockets[side].clone() {
                let local = self.world.peer_address(socket);
                self.told[side].insert(local);
                for address in &addresses {
                    let to = self.world.address_for(socket.host, (*address, 0).into());
                    if to.is_ipv6() == local.is_ipv6() {
                        let reflector = self.world.install(server, Peer::at((*address, 0).into()));
                        self.told[side].extend(self.world.ask(socket, reflector));
                    }
                }
            }
        }
    }

    /// Everything that can be done next.
    fn choices(&mut self) -> Vec<Round> {
        let mut checks: [Vec<Option<Check>>; 2] = [vec![None], vec![None]];
        for (side, checks) in checks.iter_mut().enumerate() {
            for (index, socket) in self.sockets[side].clone().into_iter().enumerate() {
                let local = self.world.peer_address(socket);
                // What the other side told, and where it was seen.
                let seen = self.world.machine::<Peer>(socket).askers();
                let known: BTreeSet<_> = self.told[1 - side].iter().copied().chain(seen).collect();
                let written = |to| self.world.address_for(socket.host, to);
                let known: BTreeSet<_> = known.into_iter().map(written).collect();
                let usable = known.into_iter().filter(|to| to.is_ipv6() == local.is_ipv6());
                checks.extend(usable.map(|to| Some((index, to))));
            }
        }
        let [a, b] = checks;
        // Both at once first: it is what mostly helps.
        let mut rounds: Vec<Round> =
            a.iter().flat_map(|a| b.iter().map(move |b| [*a, *b])).collect();
        rounds.retain(|round| *round != [None, None]);
        rounds.sort_by_key(|round| round.contains(&None));
        rounds
    }

    /// Plays one round. Whether a check was answered from where it was sent to.
    fn play(&mut self, round: Round) -> bool {
        let checks: Vec<(MachineId, SocketAddr, &Vec<MachineId>)> = (0..)
            .zip(round)
            .filter_map(|(side, check): (usize, _)| {
                let (socket, to) = check?;
                Some((self.sockets[side][socket], to, &self.sockets[1 - side]))
            })
            .collect();
        for (socket, to, _) in &checks {
            self.world.take_events::<Peer>(*socket);
            self.world.with(*socket, |peer: &mut Peer, now| peer.send(now, *to, "?check"));
        }
        self.world.run_for(DELAY * 40);
        checks.into_iter().any(|(socket, to, others)| {
            let heard = self.world.take_events::<Peer>(socket);
            // An answer says how the asker was seen. Somebody else may have the address that was
            // asked: it counts only if the other side did see that.
            let seen_by_others = |as_whom: SocketAddr| {
                let mut others = others.iter();
                others.any(|o| self.world.machine::<Peer>(*o).askers().contains(&as_whom))
            };
            heard.iter().any(|(_, heard)| {
                heard.from == to && heard.answer("check").is_some_and(seen_by_others)
            })
        })
    }
}
