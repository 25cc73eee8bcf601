//! A table whose entries have numbers.
use alloc::vec::Vec;
use core::mem;

/// Names an entry of a [`Slab`]. A machine with several tables wraps it in a type of its own for
/// each, so that their numbers cannot be swapped.
///
/// Places are used again, keys are not: a key whose entry was removed finds nothing. (Of the same
/// place, that is so until four billion entries later.)
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SlabKey {
    place: u32,
    serial: u32,
}

/// A table of entries that come and go, each with a number from [`insert`](Self::insert) to
/// [`remove`](Self::remove). Everything costs O(1); entries do not move but when the table grows.
/// It has no memory on the heap until it is used.
///
/// ```
/// use sans_io::Slab;
/// let mut table = Slab::default();
/// let one = table.insert("one");
/// let two = table.insert("two");
/// assert_eq!(table.remove(one), Some("one"));
/// let three = table.insert("three"); // where "one" was
/// assert_eq!((table.get(one), table.get(two), table.get(three)), (None, Some(&"two"), Some(&"three")));
/// assert_eq!(table.len(), 2);
/// ```
#[derive(Clone, Debug)]
pub struct Slab<T> {
    slots: Vec<Slot<T>>,
    /// The free place to use next, or [`NONE`].
    free: u32,
    len: u32,
    /// The last key's.
    serial: u32,
}

#[derive(Clone, Debug)]
enum Slot<T> {
    Taken { serial: u32, value: T },
    Free { next: u32 },
}

/// No place.
const NONE: u32 = u32::MAX;

impl<T> Default for Slab<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> Slab<T> {
    /// An empty table.
    pub const fn new() -> Self {
        Self { slots: Vec::new(), free: NONE, len: 0, serial: 0 }
    }

    /// Takes in an entry. Who uses it has a limit for their number, far below 2³².
    pub fn insert(&mut self, value: T) -> SlabKey {
        self.serial = self.serial.wrapping_add(1);
        let serial = self.serial;
        let taken = Slot::Taken { serial, value };
        let place = if let Some(slot) = self.slots.get_mut(self.free as usize) {
            let place = self.free;
            if let Slot::Free { next } = mem::replace(slot, taken) {
                self.free = next;
            }
            place
        } else {
            debug_assert!(self.slots.len() < NONE as usize, "a table without a limit");
            self.slots.push(taken);
            (self.slots.len() - 1) as u32
        };
        self.len += 1;
        SlabKey { place, serial }
    }

    /// Gives up an entry.
    pub fn remove(&mut self, key: SlabKey) -> Option<T> {
        self.get(key)?;
        let slot = self.slots.get_mut(key.place as usize)?;
        let free = Slot::Free { next: self.free };
        let Slot::Taken { value, .. } = mem::replace(slot, free) else { return None };
        self.free = key.place;
        self.len -= 1;
        Some(value)
    }

    /// Looks at an entry.
    #[inline]
    pub fn get(&self, key: SlabKey) -> Option<&T> {
        match self.slots.get(key.place as usize)? {
            Slot::Taken { serial, value } if *serial == key.serial => Some(value),
            Slot::Taken { .. } | Slot::Free { .. } => None,
        }
    }

    /// An entry, to be changed.
    #[inline]
    pub fn get_mut(&mut self, key: SlabKey) -> Option<&mut T> {
        match self.slots.get_mut(key.place as usize)? {
            Slot::Taken { serial, value } if *serial == key.serial => Some(value),
            Slot::Taken { .. } | Slot::Free { .. } => None,
        }
    }

    /// Whether there is such an entry.
    pub fn contains(&self, key: SlabKey) -> bool {
        self.get(key).is_some()
    }

    /// All entries, in the order of their places.
    pub fn iter(&self) -> impl Iterator<Item = (SlabKey, &T)> {
        (0..).zip(&self.slots).filter_map(|(place, slot)| match slot {
            Slot::Taken { serial, value } => Some((SlabKey { place, serial: *serial }, value)),
            Slot::Free { .. } => None,
        })
    }

    /// All entries, to be changed, in the order of their places.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (SlabKey, &mut T)> {
        (0..).zip(&mut self.slots).filter_map(|(place, slot)| match slot {
            Slot::Taken { serial, value } => Some((SlabKey { place, serial: *serial }, value)),
            Slot::Free { .. } => None,
        })
    }

    /// How many entries there are.
    pub const fn len(&self) -> usize {
        self.len as usize
    }

    /// Whether there is none.
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Gives the memory back if nothing is in it.
    pub fn shrink(&mut self) {
        if self.is_empty() {
            self.slots = Vec::new();
            self.free = NONE;
        }
    }
}
