//! The permissions that a client wants and has (RFC 8656 §9, §10).
use crate::{PERMISSION_LIFETIME, lifetime::refresh_after};
use alloc::{collections::BTreeMap, vec::Vec};
use core::net::IpAddr;
use sans_io::Instant;

/// One per address. An address that is no longer wanted stays until its permission ends, since
/// packets of it arrive until then.
#[derive(Debug, Default)]
pub(super) struct Permissions {
    by_address: BTreeMap<IpAddr, Permission>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Permission {
    /// It is kept up.
    wanted: bool,
    /// A request for it is out, or waits to go out.
    asked: bool,
    /// The server has it until then.
    expires: Option<Instant>,
    /// Its refresh was refused with what may pass, and is asked for again then.
    again: Option<Instant>,
}

impl Permission {
    fn is_live(&self, now: Instant) -> bool {
        self.expires.is_some_and(|expires| expires > now)
    }

    /// When it is to be refreshed, if the server ever had it.
    fn due(&self) -> Option<Instant> {
        if self.again.is_some() {
            return self.again;
        }
        let installed = self.expires?.saturating_sub(PERMISSION_LIFETIME);
        Some(installed.saturating_add(refresh_after(PERMISSION_LIFETIME)))
    }

    /// When it is asked for again.
    fn refresh_at(&self) -> Option<Instant> {
        if self.wanted && !self.asked { self.due() } else { None }
    }
}

impl Permissions {
    /// Wants these, and gives those that must be asked for: there is none, or its refresh is due,
    /// since it was not wanted for a while. `None` where that would make more
    /// than `limit`.
    pub(super) fn want(
        &mut self,
        addresses: &[IpAddr],
        now: Instant,
        limit: usize,
    ) -> Option<Vec<IpAddr>> {
        self.by_address.retain(|_, p| p.wanted || p.asked || p.is_live(now));
        let mut new = addresses.to_vec();
        new.sort_unstable();
        new.dedup();
        let more = new.iter().filter(|ip| !self.by_address.contains_key(*ip)).count();
        if self.by_address.len() + more > limit {
            return None;
        }
        new.retain(|address| {
            let permission = self.by_address.entry(*address).or_default();
            permission.wanted = true;
            let ask = !permission.asked && permission.due().is_none_or(|due| due <= now);
            permission.asked |= ask;
            ask
        });
        Some(new)
    }

    /// Keeps this one up no longer.
    pub(super) fn forget(&mut self, address: IpAddr) {
        if let Some(permission) = self.by_address.get_mut(&address) {
            permission.wanted = false;
        }
    }

    /// Whether packets may be sent to the address.
    pub(super) fn is_live(&self, address: IpAddr, now: Instant) -> bool {
        self.by_address.get(&address).is_some_and(|permission| permission.is_live(now))
    }

    /// Whether packets from the address are expected: the server may have installed the permission
    /// though its answer is not here yet.
    pub(super) fn is_expected(&self, address: IpAddr, now: Instant) -> bool {
        self.by_address
            .get(&address)
            .is_some_and(|permission| permission.wanted || permission.is_live(now))
    }

    #[cfg(test)]
    fn len(&self) -> usize {
        self.by_address.len()
    }

    /// Notes that the request for it was answered, and is out no more.
    pub(super) fn answered(&mut self, address: IpAddr) {
        if let Some(permission) = self.by_address.get_mut(&address) {
            permission.asked = false;
        }
    }

    /// Notes that the server installed it. Whether that is news. A channel brings a permission too,
    /// and the request for it may be out still.
    pub(super) fn installed(&mut self, address: IpAddr, now: Instant) -> bool {
        let Some(permission) = self.by_address.get_mut(&address) else { return false };
        let news = !permission.is_live(now);
        permission.again = None;
        permission.expires = Some(now.saturating_add(PERMISSION_LIFETIME));
        news
    }

    /// Notes that nobody answered. Whether it should be asked for again: what still lasts is worth
    /// another request, what does not is given up.
    pub(super) fn unanswered(&mut self, address: IpAddr, now: Instant) -> bool {
        let Some(permission) = self.by_address.get_mut(&address) else { return false };
        let again = permission.wanted && permission.is_live(now);
        permission.asked = again;
        again
    }

    /// Lets one that the server has until after `again` be asked for then. Whether it has it.
    pub(super) fn postpone(&mut self, address: IpAddr, again: Instant) -> bool {
        let Some(permission) = self.by_address.get_mut(&address) else { return false };
        let lasts = permission.wanted && permission.is_live(again);
        if lasts {
            permission.asked = false;
            permission.again = Some(again);
        }
        lasts
    }

    /// Gives up an address that the server refused. Whether it was wanted.
    pub(super) fn remove(&mut self, address: IpAddr) -> bool {
        self.by_address.remove(&address).is_some_and(|permission| permission.wanted)
    }

    /// When the next ones must be refreshed.
    pub(super) fn next_refresh(&self) -> Option<Instant> {
        self.by_address.values().filter_map(Permission::refresh_at).min()
    }

    /// All that are kept up, once one of them is due, so that they stay together.
    pub(super) fn take_due(&mut self, now: Instant) -> Vec<IpAddr> {
        if self.next_refresh().is_none_or(|due| due > now) {
            return Vec::new();
        }
        let kept = self.by_address.iter_mut().filter(|(_, p)| p.refresh_at().is_some());
        kept.map(|(address, permission)| {
            permission.asked = true;
            *address
        })
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(last: u8) -> IpAddr {
        [192, 0, 2, last].into()
    }

    fn grant(permissions: &mut Permissions, address: IpAddr, now: Instant) {
        permissions.answered(address);
        permissions.installed(address, now);
    }

    #[test]
    fn an_address_is_asked_for_once() {
        let mut permissions = Permissions::default();
        let now = Instant::from_secs(1);
        assert_eq!(permissions.want(&[ip(2), ip(1), ip(2)], now, 9), Some([ip(1), ip(2)].into()));
        assert_eq!(permissions.want(&[ip(1)], now, 9), Some(Vec::new()));
        assert!(permissions.installed(ip(1), now));
        permissions.answered(ip(1));
        assert_eq!(permissions.want(&[ip(1)], now, 9), Some(Vec::new()));
        assert!(!permissions.installed(ip(1), now), "a refresh is no news");
    }

    #[test]
    fn all_that_are_kept_up_are_refreshed_together() {
        let mut permissions = Permissions::default();
        permissions.want(&[ip(1)], Instant::from_secs(0), 9).unwrap();
        grant(&mut permissions, ip(1), Instant::from_secs(0));
        permissions.want(&[ip(2), ip(3)], Instant::from_secs(100), 9).unwrap();
        grant(&mut permissions, ip(2), Instant::from_secs(100));
        grant(&mut permissions, ip(3), Instant::from_secs(100));
        permissions.forget(ip(3));
        assert_eq!(permissions.next_refresh(), Some(Instant::from_secs(240)));
        assert!(permissions.take_due(Instant::from_secs(239)).is_empty());
        assert_eq!(permissions.take_due(Instant::from_secs(240)), [ip(1), ip(2)]);
        assert_eq!(permissions.next_refresh(), None, "none until they are answered");
    }

    #[test]
    fn what_is_forgotten_lasts_to_its_end_and_makes_room_then() {
        let mut permissions = Permissions::default();
        permissions.want(&[ip(1)], Instant::from_secs(0), 1).unwrap();
        grant(&mut permissions, ip(1), Instant::from_secs(0));
        permissions.forget(ip(1));
        assert!(permissions.is_expected(ip(1), Instant::from_secs(299)));
        assert_eq!(permissions.want(&[ip(2)], Instant::from_secs(299), 1), None);
        assert!(!permissions.is_expected(ip(1), Instant::from_secs(300)));
        assert!(permissions.want(&[ip(2)], Instant::from_secs(300), 1).is_some());
        assert_eq!(permissions.len(), 1);
    }

    #[test]
    fn a_refresh_that_nobody_answers_is_tried_until_the_end() {
        let mut permissions = Permissions::default();
        permissions.want(&[ip(1)], Instant::from_secs(0), 1).unwrap();
        assert!(!permissions.unanswered(ip(1), Instant::from_secs(0)), "it never was");
        permissions.installed(ip(1), Instant::from_secs(0));
        assert!(permissions.unanswered(ip(1), Instant::from_secs(299)));
        assert!(!permissions.unanswered(ip(1), Instant::from_secs(300)));
    }
}
