//! The permissions of one allocation: the addresses that may send to its client (RFC 8656 §9).
use crate::PERMISSION_LIFETIME;
use alloc::vec::Vec;
use core::net::IpAddr;
use sans_io::Instant;

/// Addresses with the end of their time. What is over is as good as gone, and is cleared away when
/// the next one is installed, so no timer is needed.
#[derive(Debug, Default)]
pub(super) struct Permissions {
    /// Sorted by address.
    entries: Vec<(IpAddr, Instant)>,
}

/// There are as many permissions as there may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TooMany;

impl Permissions {
    /// Whether packets to and from `address` are relayed.
    pub(super) fn allow(&self, address: IpAddr, now: Instant) -> bool {
        self.find(address).is_ok_and(|at| self.entries[at].1 > now)
    }

    /// Installs or refreshes a permission for each of `addresses`, or for none of them where that
    /// would make more than `limit`.
    pub(super) fn install(
        &mut self,
        addresses: &[IpAddr],
        now: Instant,
        limit: usize,
    ) -> Result<(), TooMany> {
        self.entries.retain(|(_, expires)| *expires > now);
        let mut new: Vec<IpAddr> =
            addresses.iter().copied().filter(|address| self.find(*address).is_err()).collect();
        new.sort_unstable();
        new.dedup();
        if self.entries.len() + new.len() > limit {
            return Err(TooMany);
        }
        let expires = now.saturating_add(PERMISSION_LIFETIME);
        for address in addresses {
            match self.find(*address) {
                Ok(at) => self.entries[at].1 = expires,
                Err(at) => self.entries.insert(at, (*address, expires)),
            }
        }
        Ok(())
    }

    /// Keeps those of some addresses.
    pub(super) fn retain(&mut self, keep: impl Fn(IpAddr) -> bool) {
        self.entries.retain(|(address, _)| keep(*address));
    }

    fn find(&self, address: IpAddr) -> Result<usize, usize> {
        self.entries.binary_search_by_key(&address, |(address, _)| *address)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(last: u8) -> IpAddr {
        [192, 0, 2, last].into()
    }

    #[test]
    fn a_permission_lasts_five_minutes_to_the_nanosecond() {
        let mut permissions = Permissions::default();
        let start = Instant::from_secs(1);
        permissions.install(&[ip(1)], start, 1).unwrap();
        let end = start.saturating_add(PERMISSION_LIFETIME);
        assert!(permissions.allow(ip(1), Instant::from_nanos(end.as_nanos() - 1)));
        assert!(!permissions.allow(ip(1), end));
        assert!(!permissions.allow(ip(2), start));
    }

    #[test]
    fn installing_again_starts_the_time_anew() {
        let mut permissions = Permissions::default();
        permissions.install(&[ip(1), ip(2)], Instant::from_secs(0), 9).unwrap();
        permissions.install(&[ip(1)], Instant::from_secs(299), 9).unwrap();
        assert!(permissions.allow(ip(1), Instant::from_secs(598)));
        assert!(!permissions.allow(ip(2), Instant::from_secs(598)));
    }

    #[test]
    fn all_are_installed_or_none() {
        let mut permissions = Permissions::default();
        let now = Instant::from_secs(0);
        permissions.install(&[ip(1)], now, 2).unwrap();
        assert_eq!(permissions.install(&[ip(2), ip(3)], now, 2), Err(TooMany));
        assert!(!permissions.allow(ip(2), now));
        // The same address twice is one permission.
        permissions.install(&[ip(2), ip(2), ip(1)], now, 2).unwrap();
        // What has ended makes room.
        permissions.install(&[ip(3), ip(4)], Instant::from_secs(300), 2).unwrap();
        assert_eq!(permissions.entries.len(), 2);
    }
}
