//! Characters that are allowed between certain neighbours only (RFC 8264 §4.2.2; RFC 5892
//! appendix A).
//!
//! Scripts are told by their blocks. U+200C between joining letters, without a virama before it, is
//! refused: that rule would need a table of its own.
use unicode_normalization::char::canonical_combining_class;

const VIRAMA: u8 = 9;

/// A text, and what some rules ask of the whole of it. Looked for once: a user name full of such
/// characters, which anybody may send, takes no longer than another.
pub(super) struct Context<'a> {
    text: &'a str,
    japanese: bool,
    arabic_digits: bool,
    extended_arabic_digits: bool,
}

impl<'a> Context<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self {
            text,
            japanese: text.chars().any(is_japanese),
            arabic_digits: text.contains(|c| matches!(c, '\u{660}'..='\u{669}')),
            extended_arabic_digits: text.contains(|c| matches!(c, '\u{6F0}'..='\u{6F9}')),
        }
    }

    /// Whether the character `c` at byte `at` of the text is allowed there.
    pub(super) fn allows(&self, at: usize, c: char) -> bool {
        let before = self.text[..at].chars().next_back();
        let after = self.text[at + c.len_utf8()..].chars().next();
        match c {
            '\u{200C}' | '\u{200D}' => {
                before.is_some_and(|before| canonical_combining_class(before) == VIRAMA)
            }
            '\u{B7}' => before == Some('l') && after == Some('l'),
            '\u{375}' => after.is_some_and(is_greek),
            '\u{5F3}' | '\u{5F4}' => before.is_some_and(is_hebrew),
            '\u{30FB}' => self.japanese,
            '\u{660}'..='\u{669}' => !self.extended_arabic_digits,
            '\u{6F0}'..='\u{6F9}' => !self.arabic_digits,
            _ => false,
        }
    }
}

const fn is_greek(c: char) -> bool {
    matches!(c, '\u{370}'..='\u{3FF}' | '\u{1F00}'..='\u{1FFF}')
}

const fn is_hebrew(c: char) -> bool {
    matches!(c, '\u{591}'..='\u{5F4}' | '\u{FB1D}'..='\u{FB4F}')
}

const fn is_japanese(c: char) -> bool {
    matches!(c,
        '\u{3041}'..='\u{309F}' | '\u{30A1}'..='\u{30FA}' | '\u{30FD}'..='\u{30FF}'
        | '\u{3400}'..='\u{4DBF}' | '\u{4E00}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}'
        | '\u{20000}'..='\u{3FFFF}')
}
