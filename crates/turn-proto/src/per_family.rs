//! What there is once for each address family: IPv4, IPv6 (RFC 8656 §6).
use core::{array, iter::Flatten, net::IpAddr, slice};
use stun_proto::attribute::AddressFamily;

/// At most one of each family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PerFamily<T>([Option<T>; 2]);

impl<T> Default for PerFamily<T> {
    fn default() -> Self {
        Self([None, None])
    }
}

impl<T> PerFamily<T> {
    const fn slot(family: AddressFamily) -> usize {
        match family {
            AddressFamily::V4 => 0,
            AddressFamily::V6 => 1,
        }
    }

    /// Takes one in, in the place of another of its family.
    pub(crate) fn insert(&mut self, family: AddressFamily, value: T) {
        self.0[Self::slot(family)] = Some(value);
    }

    pub(crate) const fn remove(&mut self, family: AddressFamily) -> Option<T> {
        self.0[Self::slot(family)].take()
    }

    pub(crate) const fn get(&self, family: AddressFamily) -> Option<&T> {
        self.0[Self::slot(family)].as_ref()
    }

    pub(crate) const fn get_mut(&mut self, family: AddressFamily) -> Option<&mut T> {
        self.0[Self::slot(family)].as_mut()
    }

    /// The one of the family that an address is of.
    pub(crate) const fn of(&self, address: IpAddr) -> Option<&T> {
        self.get(AddressFamily::of(address))
    }

    /// IPv4 first.
    pub(crate) fn iter(&self) -> Flatten<slice::Iter<'_, Option<T>>> {
        self.0.iter().flatten()
    }

    /// IPv4 first.
    pub(crate) fn iter_mut(&mut self) -> Flatten<slice::IterMut<'_, Option<T>>> {
        self.0.iter_mut().flatten()
    }

    pub(crate) fn len(&self) -> usize {
        self.iter().count()
    }
}

impl<T> IntoIterator for PerFamily<T> {
    type Item = T;
    type IntoIter = Flatten<array::IntoIter<Option<T>, 2>>;

    /// IPv4 first.
    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter().flatten()
    }
}
