//! Hash maps that attackers cannot flood: they choose the addresses, but do not know the key.
use core::hash::BuildHasher;
use siphasher::sip::SipHasher13;

/// A map for keys that come from the network. It is never iterated, so its order, which depends on
/// the key, cannot show.
pub(crate) type SeededMap<K, V> = hashbrown::HashMap<K, V, SeededState>;

/// Builds the hashers of one map, all with one key.
#[derive(Clone, Copy)]
pub(crate) struct SeededState {
    key: [u8; 16],
}

impl SeededState {
    pub(crate) const fn new(key: [u8; 16]) -> Self {
        Self { key }
    }
}

impl BuildHasher for SeededState {
    type Hasher = SipHasher13;

    fn build_hasher(&self) -> SipHasher13 {
        SipHasher13::new_with_key(&self.key)
    }
}

impl core::fmt::Debug for SeededState {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("SeededState") // the key is a secret
    }
}
