//! The FreeformClass: which characters a text may have anywhere (RFC 8264 §4.3, §8, §9).
use unicode_normalization::UnicodeNormalization;
use unicode_properties::{GeneralCategory as C, UnicodeGeneralCategory};

/// Whether a character is valid in any place. Those that depend on their neighbours are not; see
/// [`context`](super::context).
pub(super) fn is_valid(c: char) -> bool {
    match c {
        // ASCII, and exceptions (RFC 8264 §9.6), before everything else.
        ' '..='~' | '\u{DF}' | '\u{3C2}' | '\u{6FD}' | '\u{6FE}' | '\u{F0B}' | '\u{3007}' => {
            return true;
        }
        _ if is_excepted(c) => return false,
        _ => {}
    }
    let category = c.general_category();
    if matches!(category, C::Unassigned | C::Control) || is_old_jamo(c) || is_ignorable(c) {
        return false;
    }
    match category {
        C::Format | C::Surrogate | C::PrivateUse | C::LineSeparator | C::ParagraphSeparator => {
            has_compatibility_form(c)
        }
        _ => true,
    }
}

/// Allowed in context only, or never (RFC 8264 §9.6).
const fn is_excepted(c: char) -> bool {
    matches!(c,
        '\u{B7}' | '\u{375}' | '\u{5F3}' | '\u{5F4}' | '\u{30FB}' | '\u{660}'..='\u{669}'
        | '\u{6F0}'..='\u{6F9}' | '\u{640}' | '\u{7FA}' | '\u{302E}' | '\u{302F}'
        | '\u{3031}'..='\u{3035}' | '\u{303B}')
}

/// HasCompat (RFC 8264 §9.17).
fn has_compatibility_form(c: char) -> bool {
    !core::iter::once(c).nfkc().eq(core::iter::once(c))
}

/// OldHangulJamo (RFC 8264 §9.9).
const fn is_old_jamo(c: char) -> bool {
    matches!(c,
        '\u{1100}'..='\u{11FF}' | '\u{A960}'..='\u{A97C}' | '\u{D7B0}'..='\u{D7C6}'
        | '\u{D7CB}'..='\u{D7FB}')
}

/// PrecisIgnorableProperties (RFC 8264 §9.13): Default_Ignorable_Code_Point, and noncharacters.
const fn is_ignorable(c: char) -> bool {
    let noncharacter = c as u32 & 0xFFFE == 0xFFFE || matches!(c, '\u{FDD0}'..='\u{FDEF}');
    noncharacter
        || matches!(c,
            '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{115F}'..='\u{1160}' | '\u{17B4}'..='\u{17B5}'
            | '\u{180B}'..='\u{180F}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}' | '\u{3164}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}'
            | '\u{FFA0}' | '\u{FFF0}'..='\u{FFF8}' | '\u{1BCA0}'..='\u{1BCA3}'
            | '\u{1D173}'..='\u{1D17A}' | '\u{E0000}'..='\u{E0FFF}')
}
