//! A map for what is a handful nearly always.
use alloc::{collections::BTreeMap, vec::Vec};
use core::mem;

/// The most entries that are kept in a row.
const FEW: usize = 16;
/// With so few left a tree becomes a row again: less than [`FEW`], so that a map whose size moves
/// about the border is not rebuilt each time.
const FEW_AGAIN: usize = 8;

/// An ordered map that costs what is in it: up to 16 entries are a sorted row, more are a tree. A
/// tree's first node alone has room for eleven entries, which for one entry of 200 bytes are 2.3 KB.
///
/// Looking up, inserting and removing cost O(log n). There is no memory on the heap until it is
/// used.
///
/// ```
/// use sans_io::SmallMap;
/// let mut map = SmallMap::default();
/// assert_eq!(map.insert(2, "two"), None);
/// assert_eq!(map.insert(1, "one"), None);
/// assert_eq!(map.insert(2, "zwei"), Some("two"));
/// assert_eq!(map.get(&2), Some(&"zwei"));
/// assert_eq!(map.iter().map(|(key, _)| *key).collect::<Vec<_>>(), [1, 2]);
/// assert_eq!(map.remove(&1), Some("one"));
/// ```
#[derive(Clone, Debug)]
pub struct SmallMap<K, V>(Kept<K, V>);

#[derive(Clone, Debug)]
enum Kept<K, V> {
    Few(Vec<(K, V)>),
    Many(BTreeMap<K, V>),
}

impl<K, V> Default for SmallMap<K, V> {
    fn default() -> Self {
        Self::new()
    }
}

impl<K, V> SmallMap<K, V> {
    /// An empty map.
    pub const fn new() -> Self {
        Self(Kept::Few(Vec::new()))
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        match &self.0 {
            Kept::Few(row) => row.len(),
            Kept::Many(tree) => tree.len(),
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All entries, in the order of their keys.
    pub fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        let (row, tree) = match &self.0 {
            Kept::Few(row) => (Some(row), None),
            Kept::Many(tree) => (None, Some(tree)),
        };
        let row = row.into_iter().flatten().map(|(key, value)| (key, value));
        row.chain(tree.into_iter().flatten())
    }

    /// Gives the memory back if nothing is in it.
    pub fn shrink(&mut self) {
        if self.is_empty() {
            *self = Self::new();
        }
    }
}

impl<K: Ord, V> SmallMap<K, V> {
    /// The value of `key`.
    pub fn get(&self, key: &K) -> Option<&V> {
        match &self.0 {
            Kept::Few(row) => {
                let place = find(row, key).ok()?;
                row.get(place).map(|(_, value)| value)
            }
            Kept::Many(tree) => tree.get(key),
        }
    }

    /// The value of `key`, to be changed.
    pub fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        match &mut self.0 {
            Kept::Few(row) => {
                let place = find(row, key).ok()?;
                row.get_mut(place).map(|(_, value)| value)
            }
            Kept::Many(tree) => tree.get_mut(key),
        }
    }

    /// Whether there is such a key.
    pub fn contains_key(&self, key: &K) -> bool {
        self.get(key).is_some()
    }

    /// Sets the value of `key`, and gives the one that it had.
    pub fn insert(&mut self, key: K, value: V) -> Option<V> {
        let row = match &mut self.0 {
            Kept::Many(tree) => return tree.insert(key, value),
            Kept::Few(row) => row,
        };
        let place = match find(row, &key) {
            Ok(place) => return row.get_mut(place).map(|(_, old)| mem::replace(old, value)),
            Err(place) => place,
        };
        if row.len() < FEW {
            if row.is_empty() {
                row.reserve_exact(1); // else there is room for four from the start
            }
            row.insert(place, (key, value));
        } else {
            let mut tree: BTreeMap<K, V> = mem::take(row).into_iter().collect();
            tree.insert(key, value);
            self.0 = Kept::Many(tree);
        }
        None
    }

    /// Takes a value out.
    pub fn remove(&mut self, key: &K) -> Option<V> {
        match &mut self.0 {
            Kept::Few(row) => {
                let place = find(row, key).ok()?;
                Some(row.remove(place).1)
            }
            Kept::Many(tree) => {
                let value = tree.remove(key);
                if tree.len() <= FEW_AGAIN {
                    self.0 = Kept::Few(mem::take(tree).into_iter().collect());
                }
                value
            }
        }
    }
}

/// Where a key is, or would be.
fn find<K: Ord, V>(row: &[(K, V)], key: &K) -> Result<usize, usize> {
    row.binary_search_by(|(other, _)| other.cmp(key))
}
