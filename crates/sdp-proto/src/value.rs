//! Reading a value field by field, with the place of each field for the error message.

use core::num::NonZeroU32;

use crate::bytes::{find_blank, find_byte, find_unprintable};
use crate::diagnostic::{Code, ValueError};
use crate::text::{IceText, Token, Word, Words};

/// A field of a value and where it lies.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Field<'a> {
    pub(crate) text: &'a str,
    pub(crate) at: u32,
}

impl<'a> Field<'a> {
    pub(crate) const fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    pub(crate) const fn fault(&self, code: Code) -> ValueError {
        ValueError { code, start: self.at, end: self.at + self.text.len() as u32 }
    }

    /// Decimal digits alone, within the type (`1*DIGIT`).
    pub(crate) fn number<T: TryFrom<u64>>(&self, code: Code) -> Result<T, ValueError> {
        decimal(self.text).ok_or(self.fault(code))
    }

    /// The same with so many digits at most.
    pub(crate) fn short_number<T: TryFrom<u64>>(
        &self,
        digits: usize,
        code: Code,
    ) -> Result<T, ValueError> {
        if self.text.len() > digits { Err(self.fault(code)) } else { self.number(code) }
    }

    /// A number without a zero before it (`zero-based-integer` of RFC 8866 §9).
    pub(crate) fn plain_number<T: TryFrom<u64>>(&self, code: Code) -> Result<T, ValueError> {
        if is_padded(self.text) { Err(self.fault(code)) } else { self.number(code) }
    }

    /// A number that is not zero and has none before it (`integer` of RFC 8866 §9).
    pub(crate) fn integer(&self, code: Code) -> Result<NonZeroU32, ValueError> {
        self.plain_number::<u32>(code).and_then(|n| NonZeroU32::new(n).ok_or(self.fault(code)))
    }

    /// A component of ICE, 1 to 256 (RFC 8839 §5.1).
    pub(crate) fn component(&self, code: Code) -> Result<u16, ValueError> {
        match self.short_number(3, code)? {
            number @ 1..=256 => Ok(number),
            _ => Err(self.fault(code)),
        }
    }

    pub(crate) fn token(&self, code: Code) -> Result<Token<'a>, ValueError> {
        Token::new(self.text).map_err(|_| self.fault(code))
    }

    pub(crate) fn word(&self, code: Code) -> Result<Word<'a>, ValueError> {
        Word::new(self.text).map_err(|_| self.fault(code))
    }

    pub(crate) fn ice(&self, max: usize, code: Code) -> Result<IceText<'a>, ValueError> {
        match IceText::new(self.text) {
            Ok(text) if text.len() <= max => Ok(text),
            _ => Err(self.fault(code)),
        }
    }

    /// The part before and the part after the first `separator`, which is of ASCII.
    pub(crate) fn split(&self, separator: u8) -> (Self, Option<Self>) {
        let (head, tail) = split(self.text, separator);
        let at = self.at + head.len() as u32 + 1;
        (Self { text: head, at: self.at }, tail.map(|text| Self { text, at }))
    }

    /// The parts between `separator`s.
    pub(crate) fn parts(self, separator: u8) -> impl Iterator<Item = Self> {
        let mut rest = Some(self);
        core::iter::from_fn(move || {
            let (head, tail) = rest?.split(separator);
            rest = tail;
            Some(head)
        })
    }
}

/// The number that decimal digits make. The number types themselves take a plus sign as well, which
/// the grammar has nowhere, so that nothing else reads a number here.
pub(crate) fn decimal<T: TryFrom<u64>>(text: &str) -> Option<T> {
    let value = text.bytes().try_fold(0_u64, |value, digit| {
        let digit = digit.wrapping_sub(b'0');
        let value = value.checked_mul(10)?.checked_add(u64::from(digit))?;
        (digit < 10).then_some(value)
    });
    T::try_from(value.filter(|_| !text.is_empty())?).ok()
}

/// Whether a number has a zero before it that says nothing.
pub(crate) const fn is_padded(text: &str) -> bool {
    matches!(text.as_bytes(), [b'0', b'0'..=b'9', ..])
}

/// Whether it is an `integer` of RFC 8866 §9, however long.
pub(crate) fn is_integer(text: &str) -> bool {
    matches!(text.as_bytes(), [b'1'..=b'9', rest @ ..] if rest.iter().all(u8::is_ascii_digit))
}

/// Whether it is a `non-zero-int-or-real` of RFC 8866 §9.
pub(crate) fn is_real(text: &str) -> bool {
    match text.split_once('.') {
        None => is_integer(text),
        Some((whole, part)) => {
            let digits = part.bytes().all(|b| b.is_ascii_digit());
            (whole == "0" || is_integer(whole))
                && digits
                && matches!(part.as_bytes(), [.., b'1'..=b'9'])
        }
    }
}

/// The payload type of RTP that a format is, 0 to 127. Each has one spelling (RFC 8866 §6.6), by
/// which lines refer to it.
pub(crate) fn payload_type(text: &str) -> Option<u8> {
    decimal(text).filter(|number| *number < 128 && !is_padded(text))
}

/// Takes the fields of a value from the front. Runs of blanks count as one separator: whether
/// they should is a separate finding, so that a lenient reader still gets the value.
#[derive(Clone, Debug)]
pub(crate) struct Fields<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Fields<'a> {
    /// Blanks at the end are dropped here, once: dropping them at every field would make a line
    /// of many fields and many blanks take quadratic time.
    pub(crate) fn new(text: &'a str) -> Self {
        Self { text: trim_end(text), at: 0 }
    }

    /// The next field, or a fault at the end.
    pub(crate) fn expect(&mut self, code: Code) -> Result<Field<'a>, ValueError> {
        self.next().ok_or_else(|| {
            let at = self.text.len() as u32;
            ValueError { code, start: at, end: at }
        })
    }

    /// All that is left, without blanks around it; empty at the end.
    pub(crate) fn rest(&self) -> Field<'a> {
        let tail = self.text.get(self.at..).unwrap_or_default();
        let blanks = tail.bytes().position(|b| !is_blank(b)).unwrap_or(tail.len());
        Field { text: tail.get(blanks..).unwrap_or_default(), at: (self.at + blanks) as u32 }
    }

    /// All that is left, which must be something.
    pub(crate) fn expect_rest(&self, code: Code) -> Result<Field<'a>, ValueError> {
        let rest = self.rest();
        if rest.text.is_empty() { Err(rest.fault(code)) } else { Ok(rest) }
    }

    /// All that is left, as words; `None` at the end.
    pub(crate) fn words(mut self, code: Code) -> Result<Option<Words<'a>>, ValueError> {
        let rest = self.rest().text;
        // Most of the time it is one word or none, of which one look tells.
        if find_unprintable(rest.as_bytes()).is_some() {
            self.try_for_each(|word| word.word(code).map(drop))?;
        }
        Ok((!rest.is_empty()).then(|| Words::borrowed(rest)))
    }

    /// Nothing but blanks may be left.
    pub(crate) fn end(&self, code: Code) -> Result<(), ValueError> {
        let rest = self.rest();
        if rest.text.is_empty() { Ok(()) } else { Err(rest.fault(code)) }
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Field<'a>;

    fn next(&mut self) -> Option<Field<'a>> {
        let bytes = self.text.as_bytes();
        let mut start = self.at;
        while is_blank(*bytes.get(start)?) {
            start += 1;
        }
        self.at = find_blank(bytes, start);
        Some(Field { text: self.text.get(start..self.at)?, at: start as u32 })
    }
}

pub(crate) const BLANKS: [char; 2] = [' ', '\t'];

/// One of [`BLANKS`], which as bytes are part of no other character.
const fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

/// The part before and the part after the first `separator`, which is of ASCII and so no part of a
/// longer character. Costs less than `split_once`, which is made for long texts.
pub(crate) fn split(text: &str, separator: u8) -> (&str, Option<&str>) {
    let at = find_byte(text.as_bytes(), separator);
    let parts = at.and_then(|at| Some((text.get(..at)?, text.get(at + 1..)?)));
    parts.map_or((text, None), |(head, tail)| (head, Some(tail)))
}

/// The text without blanks at its start.
pub(crate) fn trim_start(text: &str) -> &str {
    let start = text.bytes().position(|b| !is_blank(b)).unwrap_or(text.len());
    text.get(start..).unwrap_or_default()
}

/// The text without blanks at its end.
pub(crate) fn trim_end(text: &str) -> &str {
    let end = text.bytes().rposition(|b| !is_blank(b)).map_or(0, |last| last + 1);
    text.get(..end).unwrap_or_default()
}

#[cfg(test)]
mod tests;
