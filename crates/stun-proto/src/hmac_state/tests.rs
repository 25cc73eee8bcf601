//! Held to the `hmac` crate and to RFC 2202.
use super::{HEAD_LEN, HmacState};
use alloc::vec::Vec;
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::Sha256;

fn bytes(len: usize) -> Vec<u8> {
    (0..len).map(|i| (i * 7 + len) as u8).collect()
}

#[test]
fn every_length_of_key_and_message_gives_what_the_library_gives() {
    let keys = [0, 1, 16, 20, 22, 32, 63, 64, 65, 128, 200];
    for key in keys.map(bytes) {
        let (sha1, sha256) = (HmacState::<Sha1, 5>::new(&key), HmacState::<Sha256, 8>::new(&key));
        for message in (HEAD_LEN..300).chain([1500, 65_552]).map(bytes) {
            let (head, rest) = message.split_first_chunk().unwrap();
            let mut one = Hmac::<Sha1>::new_from_slice(&key).unwrap();
            one.update(&message);
            assert_eq!(sha1.mac(*head, rest).as_flattened(), &one.finalize().into_bytes()[..]);
            let mut two = Hmac::<Sha256>::new_from_slice(&key).unwrap();
            two.update(&message);
            assert_eq!(sha256.mac(*head, rest).as_flattened(), &two.finalize().into_bytes()[..]);
        }
    }
}

#[test]
fn second_case_of_rfc_2202_holds() {
    let mac = HmacState::<Sha1, 5>::new(b"Jefe").mac(*b"what", b" do ya want for nothing?");
    let words: Vec<u32> = mac.iter().map(|word| u32::from_be_bytes(*word)).collect();
    assert_eq!(words, [0xeffc_df6a, 0xe5eb_2fa2, 0xd274_16d5, 0xf184_df9c, 0x259a_7c79]);
}
