//! The tables of SASLprep (RFC 4013 §2, RFC 3454 appendices B.1 and C).

/// RFC 3454 table B.1.
pub(super) const fn is_mapped_to_nothing(c: char) -> bool {
    matches!(c,
        '\u{AD}' | '\u{34F}' | '\u{1806}' | '\u{180B}'..='\u{180D}' | '\u{200B}'..='\u{200D}'
        | '\u{2060}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}')
}

/// RFC 3454 table C.1.2.
pub(super) const fn is_space(c: char) -> bool {
    matches!(
        c,
        '\u{A0}' | '\u{1680}' | '\u{2000}'..='\u{200B}' | '\u{202F}' | '\u{205F}' | '\u{3000}'
    )
}

/// RFC 3454 tables C.1.2 to C.9.
pub(super) const fn is_prohibited(c: char) -> bool {
    let noncharacter = c as u32 & 0xFFFE == 0xFFFE || matches!(c, '\u{FDD0}'..='\u{FDEF}');
    let private = matches!(c, '\u{E000}'..='\u{F8FF}' | '\u{F0000}'..);
    noncharacter || private || is_space(c) || is_control(c) || is_inappropriate(c)
}

/// Tables C.2.1 and C.2.2.
const fn is_control(c: char) -> bool {
    matches!(c,
        '\0'..='\u{1F}' | '\u{7F}'..='\u{9F}' | '\u{6DD}' | '\u{70F}' | '\u{180E}'
        | '\u{200C}'..='\u{200D}' | '\u{2028}'..='\u{2029}' | '\u{2060}'..='\u{2063}'
        | '\u{206A}'..='\u{206F}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFC}'
        | '\u{1D173}'..='\u{1D17A}')
}

/// Tables C.6 to C.9.
const fn is_inappropriate(c: char) -> bool {
    matches!(c,
        '\u{FFF9}'..='\u{FFFD}' | '\u{2FF0}'..='\u{2FFB}' | '\u{340}' | '\u{341}'
        | '\u{200E}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{206A}'..='\u{206F}'
        | '\u{E0001}' | '\u{E0020}'..='\u{E007F}')
}
