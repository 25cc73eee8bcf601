//! Byte searches, eight bytes at a step.

const ONES: u64 = u64::from_ne_bytes([1; 8]);
const HIGHS: u64 = u64::from_ne_bytes([0x80; 8]);

/// Index of the first byte at or after `from` that is below 0x0E (NUL, TAB, LF, CR and their
/// neighbours), or the length of `text`.
pub(super) fn find_control(text: &[u8], from: usize) -> usize {
    // (x - n) & !x has the high bit of the lowest byte below n set; bits above it may be wrong,
    // which is why the word is read little endian and the lowest bit counts.
    find(text, from, |word| word.wrapping_sub(ONES * 0x0E) & !word & HIGHS, |byte| byte < 0x0E)
}

/// Index of the first `needle` in `text`.
pub(crate) fn find_byte(text: &[u8], needle: u8) -> Option<usize> {
    let pattern = ONES * u64::from(needle);
    let hit = |word: u64| {
        let zeros = word ^ pattern;
        zeros.wrapping_sub(ONES) & !zeros & HIGHS
    };
    let at = find(text, 0, hit, |byte| byte == needle);
    (at < text.len()).then_some(at)
}

#[inline]
fn find(text: &[u8], from: usize, word: impl Fn(u64) -> u64, byte: impl Fn(u8) -> bool) -> usize {
    let rest = text.get(from..).unwrap_or_default();
    let (words, tail) = rest.as_chunks::<8>();
    let mut at = from;
    for chunk in words {
        let hits = word(u64::from_le_bytes(*chunk));
        if hits != 0 {
            return at + (hits.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    at + tail.iter().position(|&b| byte(b)).unwrap_or(tail.len())
}
