//! Hashing that attackers cannot flood: they choose the addresses, but do not know the key.
use core::hash::BuildHasher;
use siphasher::sip::SipHasher13;

/// Builds the hashers of one map whose keys come from the network, all with one secret key. What is in
/// such a map comes in an order that depends on the key, so no machine shows it.
///
/// ```
/// use core::hash::BuildHasher;
/// use stun_proto::SeededState;
/// let [one, two] = [1, 2].map(|key| SeededState::new([key; 16]));
/// assert_eq!(one.hash_one("address"), one.hash_one("address"));
/// assert_ne!(one.hash_one("address"), two.hash_one("address"));
/// ```
#[derive(Clone, Copy)]
pub struct SeededState {
    key: [u8; 16],
}

impl SeededState {
    /// Hashers with this key.
    pub const fn new(key: [u8; 16]) -> Self {
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
