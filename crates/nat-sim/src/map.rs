//! Hash maps with a fixed hasher: the same in every run, and never iterated. Their keys come from
//! the simulated world, not from an attacker.
use core::hash::{BuildHasher, BuildHasherDefault, Hash, Hasher};

pub(crate) type Map<K, V> = hashbrown::HashMap<K, V, BuildHasherDefault<WordHasher>>;

/// The hash of a key.
pub(crate) fn hash<K: Hash + ?Sized>(key: &K) -> u64 {
    BuildHasherDefault::<WordHasher>::default().hash_one(key)
}

/// Multiplies and folds word by word.
#[derive(Default)]
pub(crate) struct WordHasher(u64);

impl WordHasher {
    const fn word(&mut self, word: u64) {
        let product = (self.0.rotate_left(23) ^ word) as u128 * 0x9E37_79B9_7F4A_7C15_u128;
        self.0 = (product >> 64) as u64 ^ product as u64;
    }
}

impl Hasher for WordHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks::<8>();
        for word in words {
            self.word(u64::from_le_bytes(*word));
        }
        if !rest.is_empty() {
            let mut last = [0; 8];
            last[..rest.len()].copy_from_slice(rest);
            self.word(u64::from_le_bytes(last));
        }
    }

    fn write_u8(&mut self, n: u8) {
        self.word(u64::from(n));
    }

    fn write_u16(&mut self, n: u16) {
        self.word(u64::from(n));
    }

    fn write_u32(&mut self, n: u32) {
        self.word(u64::from(n));
    }

    fn write_u64(&mut self, n: u64) {
        self.word(n);
    }

    fn write_usize(&mut self, n: usize) {
        self.word(n as u64);
    }
}
