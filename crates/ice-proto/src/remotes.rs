//! The candidates of the peer: told by it, or learned from its checks (RFC 8445 §7.3.1.3).
use crate::{
    COMPONENT, Candidate, CandidateKind, CandidateTransport, Foundation, check_list::Claim,
    ids::RemoteId,
};
use alloc::vec::Vec;
use core::net::{SocketAddr, SocketAddrV6};
use sans_io::canonical;

/// A candidate with what the peer has shown of it.
#[derive(Clone, Copy, Debug)]
struct Entry {
    candidate: Candidate,
    /// A message that proves the password came from there.
    heard: bool,
}

/// All of them. Where there is no room what is best stays, and what was heard.
#[derive(Debug)]
pub(crate) struct Remotes {
    all: Vec<Entry>,
    learned: u32,
    max: usize,
}

/// What became of a candidate that was added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RemoteInsert {
    /// It is new.
    New(RemoteId),
    /// It is new, and this one made room: its pairs are to be forgotten.
    Replaced { id: RemoteId, evicted: Candidate },
    /// It had been learned from a check; now its kind, priority and foundation are known.
    Updated(RemoteId),
    /// It was known before.
    Known(RemoteId),
    /// There was no room.
    Full,
}

impl Remotes {
    pub(crate) const fn new(max: usize) -> Self {
        Self { all: Vec::new(), learned: 0, max }
    }

    /// None of them, with the same bound.
    pub(crate) const fn successor(&self) -> Self {
        Self::new(self.max)
    }

    /// Takes in what the peer told. It makes room for itself if one was never heard that is no better.
    pub(crate) fn tell(&mut self, candidate: Candidate) -> RemoteInsert {
        let candidate = Candidate { address: unscoped(candidate.address), ..candidate };
        if let Some(id) = self.at(candidate.transport, candidate.address) {
            let known = &mut self.all[usize::from(id.0)].candidate;
            if known.kind != CandidateKind::PeerReflexive {
                return RemoteInsert::Known(id);
            }
            *known = candidate;
            return RemoteInsert::Updated(id);
        }
        let priority = candidate.priority;
        self.insert(Entry { candidate, heard: false }, |old| old.priority <= priority)
    }

    /// A message that proves the password came from `address` over `transport`, with the priority that
    /// it claims: the candidate is learned now if need be. It makes room for itself if another was never
    /// heard.
    pub(crate) fn learn(
        &mut self,
        transport: CandidateTransport,
        address: SocketAddr,
        priority: u32,
    ) -> RemoteInsert {
        let address = unscoped(address);
        if let Some(id) = self.at(transport, address) {
            self.all[usize::from(id.0)].heard = true;
            return RemoteInsert::Known(id);
        }
        self.learned = self.learned.wrapping_add(1);
        let candidate = Candidate {
            foundation: Foundation::unique(self.learned),
            component: COMPONENT,
            transport,
            priority,
            address,
            kind: CandidateKind::PeerReflexive,
            related: None,
        };
        self.insert(Entry { candidate, heard: true }, |_| true)
    }

    fn insert(&mut self, entry: Entry, beats: impl Fn(&Candidate) -> bool) -> RemoteInsert {
        if self.all.len() < self.max {
            if self.all.capacity() == 0 {
                self.all.reserve_exact(1);
            }
            self.all.push(entry);
            return RemoteInsert::New(RemoteId((self.all.len() - 1) as u16));
        }
        // Of equals the last one, so that neither those told first nor the one told last lose.
        let unheard = self.all.iter().enumerate().rev().filter(|(_, old)| !old.heard);
        let worst = unheard.min_by_key(|(_, old)| old.candidate.priority);
        let Some((at, old)) = worst.filter(|(_, old)| beats(&old.candidate)) else {
            return RemoteInsert::Full;
        };
        let evicted = old.candidate;
        self.all[at] = entry;
        RemoteInsert::Replaced { id: RemoteId(at as u16), evicted }
    }

    /// A message that proves the password came from this candidate.
    pub(crate) fn heard(&mut self, id: RemoteId) {
        if let Some(entry) = self.all.get_mut(usize::from(id.0)) {
            entry.heard = true;
        }
    }

    pub(crate) fn get(&self, id: RemoteId) -> Option<&Candidate> {
        self.all.get(usize::from(id.0)).map(|entry| &entry.candidate)
    }

    pub(crate) fn ids(&self) -> impl Iterator<Item = RemoteId> + use<> {
        (0..self.all.len() as u16).map(RemoteId)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (RemoteId, &Candidate)> {
        self.all.iter().enumerate().map(|(at, entry)| (RemoteId(at as u16), &entry.candidate))
    }

    fn at(&self, transport: CandidateTransport, address: SocketAddr) -> Option<RemoteId> {
        let is_it = |known: &Candidate| known.address == address && known.transport == transport;
        self.iter().find(|(_, candidate)| is_it(candidate)).map(|(id, _)| id)
    }
}

/// The address without its scope, which means something to one host only.
fn unscoped(address: SocketAddr) -> SocketAddr {
    match canonical(address) {
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

/// Whether candidates of these transports make a pair (RFC 6544 §6.2). One that waits for the peer to
/// connect does so only when it has.
pub(crate) fn transports_pair(
    local: CandidateTransport,
    remote: CandidateTransport,
    claim: Claim,
) -> bool {
    remote == local.counterpart() && (claim == Claim::Heard || !local.is_passive())
}

#[cfg(test)]
mod tests {
    use super::{RemoteInsert, Remotes, can_pair, scoped, transports_pair};
    use crate::{
        Candidate, CandidateKind, CandidateTransport, TcpType, check_list::Claim, ids::RemoteId,
    };
    use core::net::SocketAddr;

    const UDP: CandidateTransport = CandidateTransport::Udp;

    fn at(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    fn host(text: &str, priority: u32) -> Candidate {
        Candidate { priority, ..Candidate::host(at(text)) }
    }

    #[test]
    fn a_learned_candidate_becomes_what_the_peer_says_it_is() {
        let mut remotes = Remotes::new(2);
        assert_eq!(remotes.learn(UDP, at("192.0.2.1:9"), 77), RemoteInsert::New(RemoteId(0)));
        assert_eq!(remotes.learn(UDP, at("192.0.2.1:9"), 78), RemoteInsert::Known(RemoteId(0)));
        let learned = *remotes.get(RemoteId(0)).unwrap();
        assert_eq!((learned.kind, learned.priority), (CandidateKind::PeerReflexive, 77));
        let told = Candidate::host(at("192.0.2.1:9"));
        assert_eq!(remotes.tell(told), RemoteInsert::Updated(RemoteId(0)));
        assert_eq!(remotes.get(RemoteId(0)), Some(&told));
        assert_eq!(remotes.tell(told), RemoteInsert::Known(RemoteId(0)));
    }

    #[test]
    fn each_learned_candidate_has_a_foundation_of_its_own() {
        let mut remotes = Remotes::new(2);
        remotes.learn(UDP, at("192.0.2.1:1"), 1);
        remotes.learn(UDP, at("192.0.2.1:2"), 1);
        let foundation = |id| remotes.get(RemoteId(id)).unwrap().foundation;
        assert_ne!(foundation(0), foundation(1));
    }

    #[test]
    fn what_is_best_stays_whenever_it_is_told() {
        let mut remotes = Remotes::new(2);
        let [low, mid, high] =
            [("192.0.2.1:9", 5), ("192.0.2.2:9", 6), ("192.0.2.3:9", 7)].map(|(a, p)| host(a, p));
        remotes.tell(low);
        remotes.tell(high);
        let replaced = RemoteInsert::Replaced { id: RemoteId(0), evicted: low };
        assert_eq!(remotes.tell(mid), replaced);
        assert_eq!(remotes.tell(low), RemoteInsert::Full);
    }

    #[test]
    fn what_was_heard_stays_and_takes_the_place_of_what_was_not() {
        let mut remotes = Remotes::new(2);
        let best = host("192.0.2.1:9", 1000);
        remotes.tell(best);
        remotes.tell(host("192.0.2.2:9", 999));
        remotes.heard(RemoteId(1));
        let heard = remotes.learn(UDP, at("192.0.2.3:9"), 1);
        assert_eq!(heard, RemoteInsert::Replaced { id: RemoteId(0), evicted: best });
        assert_eq!(remotes.learn(UDP, at("192.0.2.4:9"), 1), RemoteInsert::Full);
        assert_eq!(remotes.tell(host("192.0.2.5:9", 2000)), RemoteInsert::Full);
    }

    #[test]
    fn one_address_over_two_transports_is_two_candidates() {
        let mut remotes = Remotes::new(4);
        let udp = host("192.0.2.1:9", 5);
        let tcp = Candidate { transport: CandidateTransport::Tcp(TcpType::Passive), ..udp };
        assert_eq!(remotes.tell(udp), RemoteInsert::New(RemoteId(0)));
        assert_eq!(remotes.tell(tcp), RemoteInsert::New(RemoteId(1)));
        assert_eq!(remotes.learn(tcp.transport, tcp.address, 1), RemoteInsert::Known(RemoteId(1)));
        assert_eq!(remotes.learn(UDP, udp.address, 1), RemoteInsert::Known(RemoteId(0)));
    }

    #[test]
    fn who_connects_pairs_with_who_listens() {
        use TcpType::{Active, Passive, SimultaneousOpen};
        let pair = |local, remote, claim| {
            transports_pair(CandidateTransport::Tcp(local), CandidateTransport::Tcp(remote), claim)
        };
        let all = [Active, Passive, SimultaneousOpen];
        let told = |local| all.map(|remote| pair(local, remote, Claim::Told));
        assert_eq!(told(Active), [false, true, false]);
        assert_eq!(told(Passive), [false; 3], "pairs that this side cannot begin are pruned");
        assert_eq!(told(SimultaneousOpen), [false, false, true]);
        assert!(pair(Passive, Active, Claim::Heard));
        for tcp in all.map(CandidateTransport::Tcp) {
            assert!(!transports_pair(tcp, UDP, Claim::Heard));
            assert!(!transports_pair(UDP, tcp, Claim::Told));
        }
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
