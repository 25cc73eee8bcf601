//! The candidates of the peer: told by it, or learned from its checks (RFC 8445 §7.3.1.3).
use crate::{COMPONENT, Candidate, CandidateKind, Foundation};
use alloc::vec::Vec;
use core::net::{SocketAddr, SocketAddrV6};
use sans_io::Transport;

/// All of them. None is ever taken out, so an index stays good.
#[derive(Debug)]
pub(crate) struct Remotes {
    all: Vec<Candidate>,
    learned: u32,
    max: usize,
}

/// What became of a candidate that was added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Told {
    /// It is new.
    New(usize),
    /// It had been learned from a check; now its kind, priority and foundation are known.
    Updated(usize),
    /// It had been told before.
    Known,
    /// There was no room.
    Full,
}

impl Remotes {
    pub(crate) const fn new(max: usize) -> Self {
        Self { all: Vec::new(), learned: 0, max }
    }

    /// Takes in what the peer told.
    pub(crate) fn tell(&mut self, candidate: Candidate) -> Told {
        let candidate = Candidate { address: unscoped(candidate.address), ..candidate };
        if let Some(index) = self.at(candidate.address) {
            let known = &mut self.all[index];
            if known.kind != CandidateKind::PeerReflexive {
                return Told::Known;
            }
            *known = candidate;
            return Told::Updated(index);
        }
        if self.all.len() >= self.max {
            return Told::Full;
        }
        self.all.push(candidate);
        Told::New(self.all.len() - 1)
    }

    /// The candidate at `address`, learned now if need be, with the priority that the check claims.
    /// `None`: there is no room.
    pub(crate) fn learn(&mut self, address: SocketAddr, priority: u32) -> Option<(usize, bool)> {
        let address = unscoped(address);
        if let Some(index) = self.at(address) {
            return Some((index, false));
        }
        if self.all.len() >= self.max {
            return None;
        }
        self.learned += 1;
        self.all.push(Candidate {
            foundation: Foundation::unique(self.learned),
            component: COMPONENT,
            transport: Transport::Udp,
            priority,
            address,
            kind: CandidateKind::PeerReflexive,
            related: None,
        });
        Some((self.all.len() - 1, true))
    }

    pub(crate) fn get(&self, index: usize) -> Option<&Candidate> {
        self.all.get(index)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (usize, &Candidate)> {
        self.all.iter().enumerate()
    }

    fn at(&self, address: SocketAddr) -> Option<usize> {
        self.all.iter().position(|candidate| candidate.address == address)
    }
}

/// The address without its scope, which means something to one host only.
fn unscoped(address: SocketAddr) -> SocketAddr {
    match sans_io::canonical(address) {
        SocketAddr::V4(v4) => v4.into(),
        SocketAddr::V6(v6) => SocketAddrV6::new(*v6.ip(), v6.port(), 0, 0).into(),
    }
}

/// The remote address as packets from `base` must carry it: a link-local one gets the scope of the
/// base.
pub(crate) fn scoped(remote: SocketAddr, base: SocketAddr) -> SocketAddr {
    match (remote, base) {
        (SocketAddr::V6(to), SocketAddr::V6(from)) if to.ip().is_unicast_link_local() => {
            SocketAddrV6::new(*to.ip(), to.port(), 0, from.scope_id()).into()
        }
        _ => remote,
    }
}

/// Whether candidates of these addresses make a pair: one family, and IPv6 link-local addresses
/// only among themselves (RFC 8445 §6.1.2.2).
pub(crate) fn can_pair(local: SocketAddr, remote: SocketAddr) -> bool {
    match (local, remote) {
        (SocketAddr::V4(_), SocketAddr::V4(_)) => true,
        (SocketAddr::V6(local), SocketAddr::V6(remote)) => {
            local.ip().is_unicast_link_local() == remote.ip().is_unicast_link_local()
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::{Remotes, Told, can_pair, scoped};
    use crate::{Candidate, CandidateKind};
    use core::net::SocketAddr;

    fn at(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    #[test]
    fn a_learned_candidate_becomes_what_the_peer_says_it_is() {
        let mut remotes = Remotes::new(2);
        assert_eq!(remotes.learn(at("192.0.2.1:9"), 77), Some((0, true)));
        assert_eq!(remotes.learn(at("192.0.2.1:9"), 78), Some((0, false)));
        let learned = *remotes.get(0).unwrap();
        assert_eq!((learned.kind, learned.priority), (CandidateKind::PeerReflexive, 77));
        let told = Candidate::host(at("192.0.2.1:9"));
        assert_eq!(remotes.tell(told), Told::Updated(0));
        assert_eq!(remotes.get(0), Some(&told));
        assert_eq!(remotes.tell(told), Told::Known);
    }

    #[test]
    fn each_learned_candidate_has_a_foundation_of_its_own() {
        let mut remotes = Remotes::new(2);
        remotes.learn(at("192.0.2.1:1"), 1);
        remotes.learn(at("192.0.2.1:2"), 1);
        assert_ne!(remotes.get(0).unwrap().foundation, remotes.get(1).unwrap().foundation);
    }

    #[test]
    fn there_is_a_bound() {
        let mut remotes = Remotes::new(1);
        assert_eq!(remotes.tell(Candidate::host(at("192.0.2.1:9"))), Told::New(0));
        assert_eq!(remotes.tell(Candidate::host(at("192.0.2.2:9"))), Told::Full);
        assert_eq!(remotes.learn(at("192.0.2.2:9"), 1), None);
    }

    #[test]
    fn link_local_pairs_with_link_local_only() {
        assert!(can_pair(at("10.0.0.1:1"), at("192.0.2.1:1")));
        assert!(can_pair(at("[fe80::1]:1"), at("[fe80::2]:1")));
        assert!(can_pair(at("[2001:db8::1]:1"), at("[2001:db8::2]:1")));
        assert!(!can_pair(at("[fe80::1]:1"), at("[2001:db8::2]:1")));
        assert!(!can_pair(at("[2001:db8::1]:1"), at("[fe80::2]:1")));
        assert!(!can_pair(at("10.0.0.1:1"), at("[2001:db8::2]:1")));
    }

    #[test]
    fn a_link_local_remote_address_takes_the_scope_of_the_base() {
        let base = core::net::SocketAddrV6::new("fe80::1".parse().unwrap(), 1, 0, 7).into();
        assert_eq!(scoped(at("[fe80::2]:1"), base), at("[fe80::2%7]:1"));
        assert_eq!(scoped(at("[2001:db8::2]:1"), base), at("[2001:db8::2]:1"));
    }
}
