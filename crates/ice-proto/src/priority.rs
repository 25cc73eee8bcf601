//! Priorities of candidates and pairs (RFC 8445 §5.1.2 and §6.1.2.3, RFC 6544 §4.2), and the order of
//! addresses on hosts that have both families (RFC 8421 §4).
use crate::{COMPONENT, CandidateKind, CandidateTransport, Role, TcpType};
use core::net::IpAddr;

/// The type preferences that RFC 8445 §5.1.2.2 recommends. Those over TCP are lower than any over UDP,
/// since what is sent over UDP need not wait for what was lost, and higher than that of a relay
/// (RFC 6544 §4.2).
const fn type_preference(kind: CandidateKind, transport: CandidateTransport) -> u32 {
    use CandidateTransport::{Tcp, Udp};
    match (kind, transport) {
        (CandidateKind::Host, Udp) => 126,
        (CandidateKind::PeerReflexive, Udp) => 110,
        (CandidateKind::ServerReflexive, Udp) => 100,
        (CandidateKind::Host, Tcp(_)) => 90,
        (CandidateKind::PeerReflexive, Tcp(_)) => 80,
        (CandidateKind::ServerReflexive, Tcp(_)) => 70,
        (CandidateKind::Relayed, _) => 0,
    }
}

/// The priority of a candidate by the formula of RFC 8445 §5.1.2.1.
pub(crate) const fn candidate(
    kind: CandidateKind,
    transport: CandidateTransport,
    local_preference: u16,
) -> u32 {
    type_preference(kind, transport) << 24
        | (local_preference as u32) << 8
        | (256 - COMPONENT as u32)
}

/// The local preference in a priority that came from [`candidate`].
pub(crate) const fn local_preference(priority: u32) -> u16 {
    (priority >> 8) as u16
}

/// The priority of a pair (RFC 8445 §6.1.2.3), which both agents compute alike.
pub(crate) fn pair(role: Role, local: u32, remote: u32) -> u64 {
    let (controlling, controlled) = match role {
        Role::Controlling => (local, remote),
        Role::Controlled => (remote, local),
    };
    let (low, high) = (controlling.min(controlled), controlling.max(controlled));
    (u64::from(low) << 32) + 2 * u64::from(high) + u64::from(controlling > controlled)
}

/// How many servers of one kind get preferences of their own for each address.
pub(crate) const SERVERS_MAX: u16 = 16;

/// The local preference of a candidate of the `host`th address, from the `server`th server: unique
/// among candidates of one kind, 65535 for the first (RFC 8445 §5.1.2.1).
pub(crate) const fn preference(host: usize, server: usize) -> u16 {
    let rank = (host as u16).saturating_mul(SERVERS_MAX).saturating_add(server as u16);
    u16::MAX - rank
}

/// The largest `other-pref` of RFC 6544 §4.2.
const OTHER_MAX: u16 = 8191;

/// The local preference of a TCP host candidate of the `host`th address (RFC 6544 §4.2).
pub(crate) const fn tcp_preference(tcp: TcpType, host: u16) -> u16 {
    let direction = match tcp {
        TcpType::Active => 6,
        TcpType::Passive => 4,
        TcpType::SimultaneousOpen => 2,
    };
    (direction << 13) + OTHER_MAX.saturating_sub(host)
}

/// Addresses in the order of preference: the caller's order within a family, the families taking
/// turns from IPv6 on, so that neither holds the other up (RFC 8421 §4).
pub(crate) fn interleave(addresses: &[IpAddr]) -> impl Iterator<Item = IpAddr> {
    let new = addresses.iter().enumerate().filter_map(move |(at, address)| {
        let address = address.to_canonical();
        let known = addresses[..at].iter().any(|before| before.to_canonical() == address);
        (!known).then_some(address)
    });
    let mut six = new.clone().filter(IpAddr::is_ipv6);
    let mut four = new.filter(IpAddr::is_ipv4);
    let mut turn = 0_u32;
    core::iter::from_fn(move || {
        turn += 1;
        match turn % 2 {
            1 => six.next().or_else(|| four.next()),
            _ => four.next().or_else(|| six.next()),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::{interleave, local_preference, pair, preference, tcp_preference};
    use crate::{CandidateKind, CandidateTransport, Role, TcpType};
    use alloc::vec::Vec;
    use core::net::IpAddr;

    fn candidate(kind: CandidateKind, preference: u16) -> u32 {
        super::candidate(kind, CandidateTransport::Udp, preference)
    }

    fn over_tcp(kind: CandidateKind, preference: u16) -> u32 {
        let transport = CandidateTransport::Tcp(TcpType::Active);
        super::candidate(kind, transport, preference)
    }

    #[test]
    fn over_udp_is_preferred_to_over_tcp_and_that_to_a_relay() {
        use CandidateKind::{Host, PeerReflexive, Relayed, ServerReflexive};
        assert!(candidate(ServerReflexive, 0) > over_tcp(Host, u16::MAX));
        for two in [Host, PeerReflexive, ServerReflexive, Relayed].windows(2) {
            assert!(over_tcp(two[0], 0) > over_tcp(two[1], u16::MAX));
        }
        assert!(over_tcp(ServerReflexive, 0) > candidate(Relayed, u16::MAX));
    }

    #[test]
    fn the_direction_of_a_connection_comes_before_the_address() {
        use TcpType::{Active, Passive, SimultaneousOpen};
        // The examples of RFC 6544 appendix C have the type preference 126.
        let of = |tcp| (126 << 24) | (u32::from(tcp_preference(tcp, 0)) << 8) | 255;
        assert_eq!(of(Active), 2_128_609_279);
        assert_eq!(of(Passive), 2_124_414_975);
        assert_eq!(of(SimultaneousOpen), 2_120_220_671);
        assert!(tcp_preference(Active, 4096) > tcp_preference(Passive, 0));
        assert!(tcp_preference(Passive, 4096) > tcp_preference(SimultaneousOpen, 0));
        assert_ne!(tcp_preference(Active, 4095), tcp_preference(Active, 4096));
    }

    #[test]
    fn the_examples_of_rfc_8445_section_15_hold() {
        // L's host candidate and R's, both with local preference 65535.
        assert_eq!(candidate(CandidateKind::Host, 65535), 2_130_706_431);
        // NAT-PUB-1 of agent L, server reflexive.
        assert_eq!(candidate(CandidateKind::ServerReflexive, 65535), 1_694_498_815);
        // The PRIORITY that L puts into its check.
        assert_eq!(candidate(CandidateKind::PeerReflexive, 65535), 1_862_270_975);
    }

    #[test]
    fn kinds_rank_host_peer_reflexive_server_reflexive_relayed() {
        use CandidateKind::{Host, PeerReflexive, Relayed, ServerReflexive};
        let kinds = [Host, PeerReflexive, ServerReflexive, Relayed];
        // The best of a kind is below the worst of the kind before.
        for two in kinds.windows(2) {
            assert!(candidate(two[0], 0) > candidate(two[1], u16::MAX));
        }
        assert!(candidate(Relayed, 0) > 0);
        assert!(i32::try_from(candidate(Host, u16::MAX)).is_ok());
        assert_eq!(local_preference(candidate(Host, 1234)), 1234);
    }

    #[test]
    fn both_agents_compute_the_same_pair_priority() {
        let (ours, theirs) = (2_130_706_431, 1_694_498_815);
        assert_eq!(pair(Role::Controlling, ours, theirs), pair(Role::Controlled, theirs, ours),);
        assert_eq!(
            pair(Role::Controlling, ours, theirs),
            (1_694_498_815 << 32) + 2 * 2_130_706_431 + 1
        );
        assert_eq!(pair(Role::Controlled, ours, theirs), (1_694_498_815 << 32) + 2 * 2_130_706_431);
        assert_eq!(pair(Role::Controlling, u32::MAX >> 1, u32::MAX >> 1) >> 63, 0);
    }

    #[test]
    fn preferences_are_unique_per_host_and_server() {
        let mut all: Vec<u16> =
            (0..16).flat_map(|host| (0..16).map(move |server| preference(host, server))).collect();
        assert_eq!(all[0], 65535);
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), 256);
    }

    #[test]
    fn families_take_turns_and_repeats_go() {
        let parse = |texts: &[&str]| -> Vec<IpAddr> {
            texts.iter().map(|text| text.parse().unwrap()).collect()
        };
        let given = parse(&["10.0.0.1", "10.0.0.2", "::ffff:10.0.0.1", "2001:db8::1", "10.0.0.3"]);
        let order = parse(&["2001:db8::1", "10.0.0.1", "10.0.0.2", "10.0.0.3"]);
        assert!(interleave(&given).eq(order));
    }
}
