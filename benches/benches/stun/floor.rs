//! What nobody can do without: one HMAC-SHA1 with its key schedule kept, and one CRC-32.
use benches::messages::{CHECK, Check, ICE_CHECK, PASSWORD, RFC_5769};
use core::hint::black_box;
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;

const MAC_LEN: usize = 20;
/// MESSAGE-INTEGRITY and FINGERPRINT with their headers, at the end of each message.
const SEALS_LEN: usize = 24 + 8;
const CRC_LEN: usize = 8;
const CRC_XOR: u32 = 0x5354_554e;

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

    fn holds(&self, key: &Hmac<Sha1>, message: &[u8]) -> bool {
        let mut hmac = key.clone();
        hmac.update(black_box(&self.signed));
        let mac: [u8; MAC_LEN] = hmac.finalize().into_bytes().into();
        let crc = crc32fast::hash(&message[..message.len() - CRC_LEN]) ^ CRC_XOR;
        mac == self.mac && crc == self.crc
    }
}

fn key() -> Hmac<Sha1> {
    Hmac::new_from_slice(PASSWORD.as_bytes()).expect("a key of any length")
}

/// Both over the bytes of the check.
pub(crate) fn verify() -> impl FnMut(&'static [u8]) -> Option<Check> {
    let (key, cut) = (key(), Cut::new(&ICE_CHECK));
    move |bytes| cut.holds(&key, bytes).then_some(CHECK)
}

/// The same sums as for verifying.
pub(crate) fn write() -> impl FnMut(()) -> usize {
    let mut verify = verify();
    move |()| verify(black_box(&ICE_CHECK)).map_or(0, |_| ICE_CHECK.len())
}

/// Both over the bytes of the three vectors.
pub(crate) fn vectors() -> impl FnMut(&'static [Vec<u8>]) -> bool {
    let (key, cuts) = (key(), RFC_5769.each_ref().map(|message| Cut::new(message)));
    move |messages| cuts.iter().zip(messages).all(|(cut, message)| cut.holds(&key, message))
}
