//! The alphabet of base64 (RFC 4648, section 4), for what is short and of fixed length.
use alloc::string::String;

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Writes the low `6 * N` bits of a number as `N` digits.
pub(crate) fn digits<const N: usize>(mut number: u128) -> [u8; N] {
    let mut out = [0; N];
    for digit in out.iter_mut().rev() {
        *digit = ALPHABET[(number & 63) as usize];
        number >>= 6;
    }
    out
}

/// Reads at most 21 digits back; `None` for another character.
pub(crate) fn number(digits: &[u8]) -> Option<u128> {
    digits.iter().try_fold(0, |number, digit| {
        let value = match digit {
            b'A'..=b'Z' => digit - b'A',
            b'a'..=b'z' => digit - b'a' + 26,
            b'0'..=b'9' => digit - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        Some(number << 6 | u128::from(value))
    })
}

/// Encodes bytes, with padding.
pub(crate) fn encode(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let number = group.iter().fold(0, |number, byte| number << 8 | u128::from(*byte));
        let digits = digits::<4>(number << (8 * (3 - group.len())));
        out.extend(digits[..=group.len()].iter().map(|digit| char::from(*digit)));
        out.extend(core::iter::repeat_n('=', 3 - group.len()));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{digits, encode, number};

    #[test]
    fn the_examples_of_rfc_4648_hold() {
        for (plain, coded) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(encode(plain.as_bytes()), coded);
        }
    }

    #[test]
    fn numbers_survive_a_round_trip() {
        for n in [0, 1, 63, 64, u128::MAX >> 14] {
            assert_eq!(number(&digits::<19>(n)), Some(n));
        }
        assert_eq!(number(b"A-"), None);
    }
}
