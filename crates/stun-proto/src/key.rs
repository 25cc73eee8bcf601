//! The HMAC key of a credential, with its schedule computed once (RFC 8489 §9.1.1, §9.2.2).
use crate::{
    Integrity,
    integrity::{SHA1_LEN, SHA256_LEN},
};
use core::fmt;
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::Sha256;
use subtle::ConstantTimeEq;

/// Signs messages and checks their signatures. Made once per credential: the first block of each
/// HMAC is already hashed.
#[derive(Clone)]
pub struct Key {
    sha1: Hmac<Sha1>,
    sha256: Hmac<Sha256>,
}

impl Key {
    /// The key with these bytes. For a short-term credential they are the password, as it is when
    /// it is ASCII, as all ICE passwords are.
    pub fn new(bytes: &[u8]) -> Self {
        Self { sha1: keyed(bytes), sha256: keyed(bytes) }
    }

    /// The MAC of a message up to its integrity attribute, with `length` in its header.
    pub(crate) fn sha1(&self, bytes: &[u8], length: u16) -> [u8; SHA1_LEN] {
        digest(&self.sha1, bytes, length).into()
    }

    /// The same with SHA-256.
    pub(crate) fn sha256(&self, bytes: &[u8], length: u16) -> [u8; SHA256_LEN] {
        digest(&self.sha256, bytes, length).into()
    }

    /// Whether `tag`, possibly cut short, is the MAC; in constant time.
    pub(crate) fn matches(&self, which: Integrity, bytes: &[u8], length: u16, tag: &[u8]) -> bool {
        match which {
            Integrity::Sha1 => is_same(&self.sha1(bytes, length), tag),
            Integrity::Sha256 => {
                let mac = self.sha256(bytes, length);
                mac.get(..tag.len()).is_some_and(|mac| is_same(mac, tag))
            }
        }
    }
}

/// Compares in a time that depends on the length only, which is a multiple of four. The differences
/// are gathered first, for `subtle` guards each value that it is given, and one is enough.
fn is_same(a: &[u8], b: &[u8]) -> bool {
    let words = a.as_chunks().0.iter().zip(b.as_chunks().0);
    let differences =
        words.fold(0, |all, (a, b)| all | (u32::from_ne_bytes(*a) ^ u32::from_ne_bytes(*b)));
    a.len() == b.len() && bool::from(differences.ct_eq(&0))
}

fn keyed<M: KeyInit>(bytes: &[u8]) -> M {
    // HMAC takes keys of any length, so the error cannot be; the empty key stands in for it.
    M::new_from_slice(bytes).unwrap_or_else(|_| M::new(&hmac::digest::Key::<M>::default()))
}

fn digest<M: Mac + Clone>(mac: &M, bytes: &[u8], length: u16) -> hmac::digest::Output<M> {
    let [high, low] = length.to_be_bytes();
    let mut mac = mac.clone();
    mac.update(&[bytes[0], bytes[1], high, low]);
    mac.update(&bytes[4..]);
    mac.finalize().into_bytes()
}

/// Keeps the key to itself.
impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key").finish_non_exhaustive()
    }
}
