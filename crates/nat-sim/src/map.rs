//! Hash maps with a fixed hasher: the same in every run, and never iterated. Their keys come from
//! the simulated world, not from an attacker.
use core::{
    hash::{BuildHasher, BuildHasherDefault, Hash, Hasher},
    net::{IpAddr, SocketAddr},
};

pub(crate) type Map<K, V> = hashbrown::HashMap<K, V, BuildHasherDefault<WordHasher>>;

/// The hash of a key.
pub(crate) fn hash<K: Hash + ?Sized>(key: &K) -> u64 {
    BuildHasherDefault::<WordHasher>::default().hash_one(key)
}

/// Whose an address is, on one network.
#[derive(Clone, Debug, Default)]
pub(crate) struct Owners {
    ipv4: Map<u32, (u32, u8)>,
    ipv6: Map<u128, (u32, u8)>,
}

impl Owners {
    /// The node and its interface.
    #[inline]
    pub(crate) fn get(&self, ip: IpAddr) -> Option<(u32, u8)> {
        match ip {
            IpAddr::V4(ip) => self.ipv4.get(&ip.to_bits()).copied(),
            IpAddr::V6(ip) => self.ipv6.get(&ip.to_bits()).copied(),
        }
    }

    pub(crate) fn insert(&mut self, ip: IpAddr, owner: (u32, u8)) {
        match ip {
            IpAddr::V4(ip) => self.ipv4.insert(ip.to_bits(), owner),
            IpAddr::V6(ip) => self.ipv6.insert(ip.to_bits(), owner),
        };
    }

    pub(crate) fn remove(&mut self, ip: IpAddr) {
        match ip {
            IpAddr::V4(ip) => self.ipv4.remove(&ip.to_bits()),
            IpAddr::V6(ip) => self.ipv6.remove(&ip.to_bits()),
        };
    }
}

/// A socket's address: in one or three words, where its own hash takes more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SocketKey(pub(crate) SocketAddr);

impl Hash for SocketKey {
    #[inline]
    fn hash<H: Hasher>(&self, state: &mut H) {
        match self.0 {
            SocketAddr::V4(v4) => {
                state.write_u64(u64::from(v4.ip().to_bits()) << 16 | u64::from(v4.port()));
            }
            SocketAddr::V6(v6) => {
                state.write_u128(v6.ip().to_bits());
                state.write_u16(v6.port());
            }
        }
    }
}

/// Multiplies and folds word by word.
#[derive(Default)]
pub(crate) struct WordHasher(u64);

impl WordHasher {
    #[inline]
    const fn word(&mut self, word: u64) {
        let product = (self.0.rotate_left(23) ^ word) as u128 * 0x9E37_79B9_7F4A_7C15_u128;
        self.0 = (product >> 64) as u64 ^ product as u64;
    }
}

impl Hasher for WordHasher {
    #[inline]
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

    #[inline]
    fn write_u8(&mut self, n: u8) {
        self.word(u64::from(n));
    }

    #[inline]
    fn write_u16(&mut self, n: u16) {
        self.word(u64::from(n));
    }

    #[inline]
    fn write_u32(&mut self, n: u32) {
        self.word(u64::from(n));
    }

    #[inline]
    fn write_u64(&mut self, n: u64) {
        self.word(n);
    }

    #[inline]
    fn write_u128(&mut self, n: u128) {
        self.word(n as u64);
        self.word((n >> 64) as u64);
    }

    #[inline]
    fn write_usize(&mut self, n: usize) {
        self.word(n as u64);
    }
}
