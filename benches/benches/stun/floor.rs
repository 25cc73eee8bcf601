//! What nobody can do without: one HMAC-SHA1 with its key schedule kept, and one CRC-32.
//!
//! Once with the `hmac` crate, as everybody has it, which is the floor that the others are measured
//! by; and once written out over the compression function alone, which is the least that the bytes
//! can be hashed with: the crate buffers what it is given.
use benches::messages::{CHECK, Check, ICE_CHECK, PASSWORD, RFC_5769};
use core::hint::black_box;
use hmac::{Hmac, KeyInit, Mac};
use sha1::{Sha1, block_api::compress};

const BLOCK_LEN: usize = 64;
const MAC_LEN: usize = 20;
/// MESSAGE-INTEGRITY and FINGERPRINT with their headers, at the end of each message.
const SEALS_LEN: usize = 24 + 8;
const CRC_LEN: usize = 8;
const CRC_XOR: u32 = 0x5354_554e;

/// One who makes MACs with a key that is set up already.
pub(crate) trait Sign: 'static {
    fn with_key(key: &[u8]) -> Self;
    fn mac(&self, signed: &[u8]) -> [u8; MAC_LEN];
}

/// Two hashes, each after the block with its half of the key.
pub(crate) struct Bare {
    inner: [u32; 5],
    outer: [u32; 5],
}

impl Sign for Bare {
    fn with_key(key: &[u8]) -> Self {
        let after = |pad| {
            let mut block = [pad; BLOCK_LEN];
            block.iter_mut().zip(key).for_each(|(byte, key)| *byte ^= key);
            let mut state = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476, 0xc3d2_e1f0];
            compress(&mut state, &[block]);
            state
        };
        Self { inner: after(0x36), outer: after(0x5c) }
    }

    /// Of messages that take one or two blocks, as all of these do.
    #[inline]
    fn mac(&self, signed: &[u8]) -> [u8; MAC_LEN] {
        let (mut inner, mut outer) = (self.inner, self.outer);
        let mut blocks = [[0; BLOCK_LEN]; 2];
        blocks.as_flattened_mut()[..signed.len()].copy_from_slice(signed);
        let count = pad(&mut blocks, signed.len());
        compress(&mut inner, &blocks[..count]);
        let mut block = [[0; BLOCK_LEN]];
        for (bytes, word) in block[0].as_chunks_mut().0.iter_mut().zip(inner) {
            *bytes = word.to_be_bytes();
        }
        pad(&mut block, MAC_LEN);
        compress(&mut outer, &block);
        let mut mac = [0; MAC_LEN];
        for (bytes, word) in mac.as_chunks_mut().0.iter_mut().zip(outer) {
            *bytes = word.to_be_bytes();
        }
        mac
    }
}

/// Ends what is hashed after `len` bytes and the block of the key; how many blocks that makes.
#[inline]
fn pad(blocks: &mut [[u8; BLOCK_LEN]], len: usize) -> usize {
    let count = (len + 8) / BLOCK_LEN + 1;
    blocks.as_flattened_mut()[len] = 0x80;
    let bits = 8 * (BLOCK_LEN + len) as u64;
    blocks[count - 1][BLOCK_LEN - 8..].copy_from_slice(&bits.to_be_bytes());
    count
}

impl Sign for Hmac<Sha1> {
    fn with_key(key: &[u8]) -> Self {
        Self::new_from_slice(key).expect("a key of any length")
    }

    fn mac(&self, signed: &[u8]) -> [u8; MAC_LEN] {
        let mut hmac = self.clone();
        hmac.update(signed);
        hmac.finalize().into_bytes().into()
    }
}

/// A message cut up in advance.
struct Cut {
    /// What is signed: the length in its header is already that of a message without fingerprint.
    signed: Vec<u8>,
    mac: [u8; MAC_LEN],
    crc: u32,
}

impl Cut {
    fn new(message: &[u8]) -> Self {
        let at = message.len() - SEALS_LEN;
        let (mut signed, mut mac, mut crc) = (message[..at].to_vec(), [0; MAC_LEN], [0; 4]);
        signed[3] -= CRC_LEN as u8;
        mac.copy_from_slice(&message[at + 4..at + 4 + MAC_LEN]);
        crc.copy_from_slice(&message[message.len() - 4..]);
        Self { signed, mac, crc: u32::from_be_bytes(crc) }
    }

    fn holds(&self, key: &impl Sign, message: &[u8]) -> bool {
        let mac = key.mac(black_box(&self.signed));
        let crc = crc32fast::hash(&message[..message.len() - CRC_LEN]) ^ CRC_XOR;
        mac == self.mac && crc == self.crc
    }
}

/// Both over the bytes of the check.
pub(crate) fn verify<K: Sign>() -> impl FnMut(&'static [u8]) -> Option<Check> {
    let (key, cut) = (K::with_key(PASSWORD.as_bytes()), Cut::new(&ICE_CHECK));
    move |bytes| cut.holds(&key, bytes).then_some(CHECK)
}

/// The same sums as for verifying.
pub(crate) fn write<K: Sign>() -> impl FnMut(()) -> usize {
    let mut verify = verify::<K>();
    move |()| verify(black_box(&ICE_CHECK)).map_or(0, |_| ICE_CHECK.len())
}

/// Both over the bytes of the three vectors.
pub(crate) fn vectors<K: Sign>() -> impl FnMut(&'static [Vec<u8>]) -> bool {
    let key = K::with_key(PASSWORD.as_bytes());
    let cuts = RFC_5769.each_ref().map(|message| Cut::new(message));
    move |messages| cuts.iter().zip(messages).all(|(cut, message)| cut.holds(&key, message))
}
