//! A place in a value, and steps from there. A step that cannot be taken leaves it where it is, or
//! somewhere in between: there is no second try.

use core::ops::RangeInclusive;

use super::super::says::{PayloadTypes, bit};
use crate::bytes::{find_blank, find_byte, find_unprintable};
use crate::text::{is_ice_byte, is_rid_byte, is_token_byte, is_upper_hex};

/// What is left of a value. The value is UTF-8 and has neither NUL, CR nor LF.
#[derive(Clone, Copy)]
pub(super) struct Cursor<'s> {
    text: &'s str,
    rest: &'s [u8],
}

impl<'s> Cursor<'s> {
    pub(super) const fn new(text: &'s str) -> Self {
        Self { text, rest: text.as_bytes() }
    }

    /// All of the value.
    pub(super) const fn text(&self) -> &'s str {
        self.text
    }

    pub(super) const fn rest(&self) -> &'s [u8] {
        self.rest
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.rest.first().copied()
    }

    pub(super) fn end(&self) -> Option<()> {
        self.rest.is_empty().then_some(())
    }

    /// This byte.
    pub(super) fn byte(&mut self, byte: u8) -> Option<()> {
        let (first, rest) = self.rest.split_first()?;
        if *first != byte {
            return None;
        }
        self.rest = rest;
        Some(())
    }

    pub(super) fn space(&mut self) -> Option<()> {
        self.byte(b' ')
    }

    /// These bytes.
    pub(super) fn word(&mut self, word: &str) -> Option<()> {
        self.rest = self.rest.strip_prefix(word.as_bytes())?;
        Some(())
    }

    /// The bytes before `at`.
    fn take(&mut self, at: usize) -> Option<&'s [u8]> {
        let (taken, rest) = self.rest.split_at_checked(at)?;
        self.rest = rest;
        (!taken.is_empty()).then_some(taken)
    }

    /// One to ten digits that make a number up to `max`, without a zero before it.
    pub(super) fn number(&mut self, max: u64) -> Option<u64> {
        let mut value = 0_u64;
        let mut len = 0;
        for byte in self.rest {
            let digit = byte.wrapping_sub(b'0');
            if digit > 9 {
                break;
            }
            value = value.wrapping_mul(10) + u64::from(digit);
            len += 1;
        }
        let padded = len > 1 && self.peek() == Some(b'0');
        (len <= 10 && value <= max && !padded && self.take(len).is_some()).then_some(value)
    }

    /// 0 to 127.
    pub(super) fn payload_type(&mut self) -> Option<u8> {
        self.number(127).map(|number| number as u8)
    }

    /// A token, up to the next byte that can be in none.
    pub(super) fn token(&mut self) -> Option<&'s [u8]> {
        let end = self.rest.iter().position(|byte| !is_token_byte(*byte));
        self.take(end.unwrap_or(self.rest.len()))
    }

    /// A word, up to the next blank.
    pub(super) fn visible(&mut self) -> Option<&'s [u8]> {
        let word = self.take(find_blank(self.rest, 0))?;
        find_unprintable(word).is_none().then_some(word)
    }

    /// Words with a space before each, up to the end.
    pub(super) fn words(&mut self) -> Option<()> {
        while self.space().is_some() {
            self.visible()?;
        }
        self.end()
    }

    /// One to `max` letters, digits, `+` and `/`.
    pub(super) fn ice_word(&mut self, max: usize) -> Option<&'s [u8]> {
        let end = self.rest.iter().position(|byte| !is_ice_byte(*byte));
        self.take(end.unwrap_or(self.rest.len())).filter(|word| word.len() <= max)
    }

    /// All of the value, where it has so many letters, digits, `+` and `/`.
    pub(super) fn ice_text(&self, len: RangeInclusive<usize>) -> Option<&'s str> {
        let good = len.contains(&self.rest.len()) && self.rest.iter().all(|b| is_ice_byte(*b));
        good.then_some(self.text)
    }

    /// Letters, digits, `-` and `_`.
    pub(super) fn rid(&mut self) -> Option<&'s [u8]> {
        let end = self.rest.iter().position(|byte| !is_rid_byte(*byte));
        self.take(end.unwrap_or(self.rest.len()))
    }

    /// Whether something is left that does not end in a blank.
    pub(super) fn has_tail(&self) -> bool {
        self.rest.last().is_some_and(|byte| !matches!(byte, b' ' | b'\t'))
    }

    /// Four numbers with dots between them; the first one.
    pub(super) fn ip4(&mut self) -> Option<u8> {
        let mut first = None;
        for part in 0..4 {
            if part > 0 {
                self.byte(b'.')?;
            }
            first.get_or_insert(self.number(255)? as u8);
        }
        first
    }

    /// Pairs of hex digits in upper case with colons between them, up to the end; how many.
    pub(super) fn hex_pairs(&self) -> Option<usize> {
        let (triples, last) = self.rest.as_chunks::<3>();
        let [a, b] = last else { return None };
        let pair = |a: u8, b: u8| is_upper_hex(a) && is_upper_hex(b);
        let good = triples.iter().all(|[a, b, colon]| *colon == b':' && pair(*a, *b));
        (good && pair(*a, *b)).then_some(triples.len() + 1)
    }

    /// Whether what is left may say `apt=`, whatever its case and the blanks in it.
    pub(super) fn may_say_apt(&self) -> bool {
        let mut rest = self.rest;
        while let Some(at) = find_byte(rest, b'=') {
            let (before, after) = rest.split_at(at);
            let apt =
                before.last_chunk::<3>().is_some_and(|name| name.eq_ignore_ascii_case(b"apt"));
            if apt || matches!(before.last(), Some(b' ' | b'\t')) {
                return true;
            }
            rest = after.get(1..).unwrap_or_default();
        }
        false
    }

    /// Payload types with a space before each, up to the end, at least one.
    pub(super) fn payload_types(&mut self) -> Option<PayloadTypes> {
        let mut all = 0;
        while self.space().is_some() {
            all |= bit(self.payload_type()?);
        }
        self.end()?;
        (all != 0).then_some(all)
    }
}
