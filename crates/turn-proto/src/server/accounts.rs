//! What each user has of a server: how many allocations, and how much they relayed of late.
use super::bandwidth::Bandwidth;
use alloc::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
};
use sans_io::{Instant, Slab, SlabKey};

/// How many of those who have left are looked at when somebody comes, so that they get fewer.
const LOOKED_AT: usize = 2;

/// All who have something, and those who left so lately that their rate still counts.
#[derive(Debug)]
pub(super) struct Accounts {
    all: Slab<Account>,
    by_name: BTreeMap<Arc<str>, SlabKey>,
    left: VecDeque<SlabKey>,
}

#[derive(Debug)]
struct Account {
    name: Arc<str>,
    allocations: usize,
    bandwidth: Bandwidth,
    /// It stands among those who have left.
    left: bool,
}

impl Default for Accounts {
    fn default() -> Self {
        Self { all: Slab::new(), by_name: BTreeMap::new(), left: VecDeque::new() }
    }
}

impl Accounts {
    /// How many allocations count for this one.
    pub(super) fn count_of(&self, name: &str) -> usize {
        let key = self.by_name.get(name);
        key.and_then(|key| self.all.get(*key)).map_or(0, |account| account.allocations)
    }

    /// One more allocation.
    pub(super) fn enter(&mut self, now: Instant, name: &Arc<str>) -> SlabKey {
        self.forget_some(now);
        if let Some(key) = self.by_name.get(name)
            && let Some(account) = self.all.get_mut(*key)
        {
            account.allocations += 1;
            return *key;
        }
        let (allocations, bandwidth) = (1, Bandwidth::default());
        let account = Account { name: Arc::clone(name), allocations, bandwidth, left: false };
        let key = self.all.insert(account);
        self.by_name.insert(Arc::clone(name), key);
        key
    }

    /// One less. Who has none any more is remembered while what it relayed counts: else whoever ends
    /// an allocation and makes another would have no rate.
    pub(super) fn leave(&mut self, key: SlabKey) {
        let Some(account) = self.all.get_mut(key) else { return };
        account.allocations -= 1;
        if account.allocations > 0 || account.left {
            return;
        }
        if account.bandwidth == Bandwidth::default() {
            self.forget(key);
        } else {
            account.left = true;
            self.left.push_back(key);
        }
    }

    pub(super) fn bandwidth(&mut self, key: SlabKey) -> Option<&mut Bandwidth> {
        self.all.get_mut(key).map(|account| &mut account.bandwidth)
    }

    fn forget_some(&mut self, now: Instant) {
        for _ in 0..LOOKED_AT {
            let Some(key) = self.left.pop_front() else { return };
            let Some(account) = self.all.get_mut(key) else { continue };
            if account.allocations > 0 {
                account.left = false;
            } else if account.bandwidth.is_ahead(now) {
                self.left.push_back(key);
            } else {
                self.forget(key);
            }
        }
    }

    fn forget(&mut self, key: SlabKey) {
        if let Some(account) = self.all.remove(key) {
            self.by_name.remove(&account.name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::bandwidth::Rate;
    use core::num::NonZeroU32;

    #[test]
    fn who_has_left_is_forgotten_when_its_rate_has_passed() {
        let rate = Rate::new(NonZeroU32::new(1000));
        let mut accounts = Accounts::default();
        let at = Instant::from_secs;
        let alice: Arc<str> = "alice".into();
        let key = accounts.enter(at(1), &alice);
        let bandwidth = accounts.bandwidth(key).unwrap();
        *bandwidth = bandwidth.after(at(1), 1000, rate).unwrap();
        accounts.leave(key);
        assert_eq!(accounts.count_of("alice"), 0);
        let again = accounts.enter(at(1), &alice);
        let bandwidth = accounts.bandwidth(again).unwrap();
        assert!(bandwidth.after(at(1), 1000, rate).is_none(), "it has sent its share");
        accounts.leave(again);
        for n in 0..4 {
            let other = accounts.enter(at(60 + n), &alloc::format!("user {n}").into());
            accounts.leave(other);
        }
        assert!(accounts.by_name.is_empty() && accounts.left.is_empty(), "{accounts:?}");
        assert_eq!(accounts.all.len(), 0);
    }
}
