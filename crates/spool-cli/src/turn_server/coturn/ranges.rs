//! Ranges of addresses as coturn has them, and the prefixes that they are made of.
use spool::IpPrefix;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// All addresses from the first to the last, of one family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Range {
    first: IpAddr,
    last: IpAddr,
}

impl Range {
    /// `ADDRESS`, or `FIRST-LAST`.
    pub(super) fn parse(text: &str) -> Result<Self, &'static str> {
        let (first, last) = text.split_once('-').unwrap_or((text, text));
        let ip = |text: &str| text.trim().parse::<IpAddr>();
        match (ip(first), ip(last)) {
            (Ok(first), Ok(last)) if first.is_ipv4() == last.is_ipv4() && first <= last => {
                Ok(Self { first, last })
            }
            _ => Err("write an address, or two of one family with a hyphen, the lower one first"),
        }
    }

    /// What is left of it without the others.
    pub(super) fn without(self, others: &[Self]) -> Vec<Self> {
        let mut left = vec![self];
        for other in others {
            left = left.into_iter().flat_map(|range| range.minus(*other)).collect();
        }
        left
    }

    fn minus(self, other: Self) -> Vec<Self> {
        let apart = self.first.is_ipv4() != other.first.is_ipv4();
        if apart || other.last < self.first || other.first > self.last {
            return vec![self];
        }
        let (v4, [first, last]) = (self.first.is_ipv4(), self.numbers());
        let [hole_first, hole_last] = other.numbers();
        let before = (first < hole_first).then(|| (first, hole_first - 1));
        let behind = (last > hole_last).then(|| (hole_last + 1, last));
        let parts = [before, behind].into_iter().flatten();
        parts.map(|(first, last)| Self { first: ip(v4, first), last: ip(v4, last) }).collect()
    }

    /// The fewest prefixes that are all of it.
    pub(super) fn prefixes(self) -> Vec<IpPrefix> {
        let v4 = self.first.is_ipv4();
        let width = if v4 { 32 } else { 128 };
        let [mut first, last] = self.numbers();
        let mut prefixes = Vec::new();
        loop {
            // the largest that begins there and does not go beyond
            let mut free = if first == 0 { width } else { first.trailing_zeros().min(width) };
            while first | low_bits(free) > last {
                free -= 1;
            }
            prefixes.extend(IpPrefix::new(ip(v4, first), (width - free) as u8));
            let end = first | low_bits(free);
            if end >= last {
                return prefixes;
            }
            first = end + 1;
        }
    }

    fn numbers(self) -> [u128; 2] {
        [self.first, self.last].map(|ip| match ip {
            IpAddr::V4(v4) => u128::from(u32::from(v4)),
            IpAddr::V6(v6) => v6.into(),
        })
    }
}

fn low_bits(count: u32) -> u128 {
    1_u128.checked_shl(count).map_or(u128::MAX, |bit| bit - 1)
}

fn ip(v4: bool, number: u128) -> IpAddr {
    if v4 { Ipv4Addr::from(number as u32).into() } else { Ipv6Addr::from(number).into() }
}

#[cfg(test)]
mod tests {
    use super::Range;

    fn prefixes(text: &str) -> Vec<String> {
        let range = Range::parse(text).unwrap();
        range.prefixes().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_range_is_the_fewest_prefixes() {
        assert_eq!(prefixes("10.0.0.0-10.255.255.255"), ["10.0.0.0/8"]);
        assert_eq!(prefixes("192.0.2.7"), ["192.0.2.7/32"]);
        assert_eq!(prefixes("172.16.0.0-172.31.255.255"), ["172.16.0.0/12"]);
        assert_eq!(prefixes("0.0.0.0-255.255.255.255"), ["0.0.0.0/0"]);
        assert_eq!(
            prefixes("192.0.2.1-192.0.2.6"),
            ["192.0.2.1/32", "192.0.2.2/31", "192.0.2.4/31", "192.0.2.6/32"]
        );
        assert_eq!(prefixes("fe80::-febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff"), ["fe80::/10"]);
        assert_eq!(prefixes("::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"), ["::/0"]);
        assert_eq!(prefixes("255.255.255.254-255.255.255.255"), ["255.255.255.254/31"]);
    }

    #[test]
    fn every_small_range_is_covered_exactly() {
        for first in 0..24_u8 {
            for last in first..24 {
                let all = prefixes(&format!("192.0.2.{first}-192.0.2.{last}"));
                let all: Vec<spool::IpPrefix> = all.iter().map(|p| p.parse().unwrap()).collect();
                for n in 0..32_u8 {
                    let within = all.iter().filter(|p| p.contains([192, 0, 2, n].into())).count();
                    assert_eq!(within, usize::from(first <= n && n <= last), "{first}-{last}: {n}");
                }
            }
        }
    }

    #[test]
    fn what_is_allowed_is_taken_out_of_what_is_denied() {
        let range = |text| Range::parse(text).unwrap();
        let denied = range("10.0.0.0-10.0.0.255");
        let left =
            denied.without(&[range("10.0.0.8-10.0.0.15"), range("10.0.0.255"), range("::1")]);
        assert_eq!(left, [range("10.0.0.0-10.0.0.7"), range("10.0.0.16-10.0.0.254")]);
        assert!(denied.without(&[range("0.0.0.0-255.255.255.255")]).is_empty());
    }

    #[test]
    fn what_is_no_range_is_refused() {
        for text in ["", "10.0.0.0/8", "10.0.0.2-10.0.0.1", "10.0.0.1-::1", "a-b"] {
            assert!(Range::parse(text).is_err(), "{text}");
        }
    }
}
