//! The choice of relay ports (RFC 8656 §7.2, RFC 6056).
use core::ops::RangeInclusive;

/// How many ports are drawn before the range is walked. With one port in two taken, one in 65,536
/// requests walks.
const DRAWS: usize = 16;

/// What a client asks of the port (RFC 8656 §18.7).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PortRequirement {
    /// Nothing.
    Any,
    /// That it is even.
    Even,
    /// That it is even, and the next one free as well.
    Pair,
}

/// Draws a free port at random, so that nobody can tell the next one from the last (RFC 6056,
/// algorithm 2). Where draws meet taken ports only, the range is walked from a random start.
pub(super) fn pick(
    range: &RangeInclusive<u16>,
    requirement: PortRequirement,
    mut random: impl FnMut() -> u32,
    is_taken: impl Fn(u16) -> bool,
) -> Option<u16> {
    let fits = |port: u16| match requirement {
        PortRequirement::Any => !is_taken(port),
        PortRequirement::Even => port.is_multiple_of(2) && !is_taken(port),
        PortRequirement::Pair => {
            let next = port.checked_add(1).filter(|next| range.contains(next));
            port.is_multiple_of(2) && !is_taken(port) && next.is_some_and(|next| !is_taken(next))
        }
    };
    let first = u32::from(*range.start());
    let count = u32::from(*range.end()).checked_sub(first)? + 1;
    // The bias of the remainder is below one in 65,536.
    let nth = |n: u32| (first + n % count) as u16;
    for _ in 0..DRAWS {
        let port = nth(random());
        if fits(port) {
            return Some(port);
        }
    }
    let start = random() % count;
    (0..count).map(|n| nth(start + n)).find(|port| fits(*port))
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::{collections::BTreeSet, vec::Vec};

    /// A sequence that is anything but random, to reach the walk.
    fn stuck() -> impl FnMut() -> u32 {
        || 7
    }

    #[test]
    fn every_free_port_is_found() {
        let mut taken = BTreeSet::new();
        while let Some(port) =
            pick(&(100..=120), PortRequirement::Any, stuck(), |port| taken.contains(&port))
        {
            assert!((100..=120).contains(&port));
            assert!(taken.insert(port));
        }
        assert_eq!(taken.len(), 21);
    }

    #[test]
    fn an_even_port_is_even_or_there_is_none() {
        let evens: Vec<u16> = (100..=120).step_by(2).collect();
        let mut taken = BTreeSet::new();
        let requirement = PortRequirement::Even;
        while let Some(port) =
            pick(&(100..=120), requirement, stuck(), |port| taken.contains(&port))
        {
            taken.insert(port);
        }
        assert_eq!(taken.into_iter().collect::<Vec<_>>(), evens);
    }

    #[test]
    fn a_pair_is_free_and_within_the_range() {
        let mut taken = BTreeSet::from([103, 110]);
        let mut found = Vec::new();
        let requirement = PortRequirement::Pair;
        while let Some(port) =
            pick(&(100..=120), requirement, stuck(), |port| taken.contains(&port))
        {
            taken.extend([port, port + 1]);
            found.push(port);
        }
        found.sort_unstable();
        assert_eq!(found, [100, 104, 106, 108, 112, 114, 116, 118]);
    }

    #[test]
    fn the_whole_range_of_ports_may_be_used() {
        let port = pick(&(0..=u16::MAX), PortRequirement::Any, || u32::MAX, |_| false);
        assert_eq!(port, Some(u16::MAX));
        assert_eq!(pick(&(5..=5), PortRequirement::Any, || u32::MAX, |_| false), Some(5));
        assert_eq!(pick(&(5..=5), PortRequirement::Even, || u32::MAX, |_| false), None);
    }
}
