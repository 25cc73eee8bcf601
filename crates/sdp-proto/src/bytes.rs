//! Byte searches, eight bytes at a step.

const ONES: u64 = u64::from_ne_bytes([1; 8]);
const HIGHS: u64 = u64::from_ne_bytes([0x80; 8]);

/// Index of the first byte at or after `from` that is below 0x0E (NUL, TAB, LF, CR and their
/// neighbours), or the length of `text`.
pub(crate) fn find_control(text: &[u8], from: usize) -> usize {
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

/// Index of the first NUL, CR or LF.
pub(crate) fn find_line_breaker(text: &[u8]) -> Option<usize> {
    let mut at = find_control(text, 0);
    while let Some(byte) = text.get(at) {
        if matches!(byte, 0 | b'\r' | b'\n') {
            return Some(at);
        }
        at = find_control(text, at + 1);
    }
    None
}

/// Index of the first space or tab at or after `from`, or the length of `text`.
pub(crate) fn find_blank(text: &[u8], from: usize) -> usize {
    let low = |word: u64| word.wrapping_sub(ONES * 0x21) & !word & HIGHS;
    let mut at = from;
    loop {
        at = find(text, at, low, |byte| byte < 0x21);
        match text.get(at) {
            Some(b' ' | b'\t') | None => return at,
            Some(_) => at += 1,
        }
    }
}

/// Index of the first byte that is no `VCHAR` and not part of a longer UTF-8 sequence.
pub(crate) fn find_unprintable(text: &[u8]) -> Option<usize> {
    let hit = |word: u64| {
        let deletes = word ^ (ONES * 0x7F);
        (word.wrapping_sub(ONES * 0x21) & !word | deletes.wrapping_sub(ONES) & !deletes) & HIGHS
    };
    let at = find(text, 0, hit, |byte| byte < 0x21 || byte == 0x7F);
    (at < text.len()).then_some(at)
}

/// Index of the first tab, or of the first blank that stands at the start or behind another one.
pub(crate) fn find_odd_blank(text: &[u8]) -> Option<usize> {
    let (words, tail) = text.as_chunks::<8>();
    let mut before = HIGH;
    for (index, chunk) in words.iter().enumerate() {
        let (hits, last) = odd_blanks(u64::from_le_bytes(*chunk), before);
        if hits != 0 {
            return Some(index * 8 + (hits.trailing_zeros() / 8) as usize);
        }
        before = last;
    }
    // The rest, with the bytes before it once more where there are any; no odd blank is in those.
    let (word, before, at) = if let Some(last) = text.last_chunk::<8>() {
        (*last, u64::from(text.len() == 8) * HIGH, text.len() - 8)
    } else {
        let mut padded = [b'x'; 8];
        padded.iter_mut().zip(tail).for_each(|(to, from)| *to = *from);
        (padded, before, 0)
    };
    let (hits, _) = odd_blanks(u64::from_le_bytes(word), before);
    (hits != 0).then(|| at + (hits.trailing_zeros() / 8) as usize)
}

/// The high bit of the first byte of a word.
const HIGH: u64 = 0x80;

/// A bit for each odd blank of a word, and the one to say of the next word's predecessor whether
/// the last byte is a blank.
#[inline]
fn odd_blanks(word: u64, before: u64) -> (u64, u64) {
    // A space needs no tab and no other space beside it. Cheaper than below, and wrong only in that
    // it may see one too many behind a true one.
    let spaces = word ^ (ONES * u64::from(b' '));
    let spaces = spaces.wrapping_sub(ONES) & !spaces & HIGHS;
    let low = word.wrapping_sub(ONES * 0x10) & !word & HIGHS;
    if low | spaces & (spaces << 8 | before) == 0 {
        return (0, u64::from(word >> 56 == u64::from(b' ')) * HIGH);
    }
    let tabs = equal(word, b'\t');
    let blanks = tabs | equal(word, b' ');
    (tabs | blanks & (blanks << 8 | before), blanks >> 56)
}

/// The high bit of each byte that is this one, and no other bit.
fn equal(word: u64, byte: u8) -> u64 {
    let zeros = word ^ (ONES * u64::from(byte));
    !(((zeros & !HIGHS) + !HIGHS) | zeros | !HIGHS)
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

#[cfg(test)]
mod tests;
