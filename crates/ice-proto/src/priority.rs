//! Priorities of candidates and pairs (RFC 8445 §5.1.2 and §6.1.2.3), and the order of addresses on
//! hosts that have both families (RFC 8421 §4).
use crate::{COMPONENT, CandidateKind, Role};
use core::net::IpAddr;

/// The type preferences that RFC 8445 §5.1.2.2 recommends.
const fn type_preference(kind: CandidateKind) -> u32 {
    match kind {
        CandidateKind::Host => 126,
        CandidateKind::PeerReflexive => 110,
        CandidateKind::ServerReflexive => 100,
        CandidateKind::Relayed => 0,
    }
}

/// The priority of a candidate by the formula of RFC 8445 §5.1.2.1.
pub(crate) const fn candidate(kind: CandidateKind, local_preference: u16) -> u32 {
    type_preference(kind) << 24 | (local_preference as u32) << 8 | (256 - COMPONENT as u32)
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
    use super::{candidate, interleave, local_preference, pair, preference};
    use crate::{CandidateKind, Role};
    use alloc::vec::Vec;
    use core::net::IpAddr;

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
