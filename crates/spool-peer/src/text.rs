//! What others wrote, made safe to show: names, messages, reasons.
use std::borrow::Cow;

/// How much of a text is shown.
const SHOWN_MAX: usize = 200;

/// A text of somebody else as a terminal may get it: without control characters, without those that
/// turn the direction of writing around or cannot be seen, and not endless. What is taken out leaves
/// a mark.
///
/// ```
/// assert_eq!(spool_peer::printable("a\u{1b}[2Jb"), "a\u{fffd}[2Jb");
/// assert_eq!(spool_peer::printable("photo\u{202e}gpj.exe"), "photo\u{fffd}gpj.exe");
/// assert_eq!(spool_peer::printable("plain text"), "plain text");
/// ```
pub fn printable(text: &str) -> Cow<'_, str> {
    let end = text.char_indices().nth(SHOWN_MAX).map_or(text.len(), |(at, _)| at);
    if end == text.len() && !text.contains(is_unsafe) {
        return Cow::Borrowed(text);
    }
    let mut shown = text[..end].replace(is_unsafe, "\u{fffd}");
    if end < text.len() {
        shown.push('\u{2026}');
    }
    Cow::Owned(shown)
}

/// Whether a terminal or a reader may be led astray by it: controls, and what has a direction or no
/// width of its own (Unicode's `Cc`, `Bidi_Control`, and the invisible ones of `Cf`).
pub(crate) fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::printable;

    #[test]
    fn nothing_reaches_a_terminal_that_it_would_obey() {
        for text in ["\x1b[2J", "\x1b]52;c;eA==\x07", "\u{9b}31m", "a\rb", "a\nb", "a\x08b"] {
            assert!(!printable(text).contains(char::is_control), "{text:?}");
        }
        for text in ["a\u{202e}b", "a\u{2066}b", "a\u{200b}b", "a\u{e0041}b", "\u{feff}a"] {
            assert!(printable(text).contains('\u{fffd}'), "{text:?}");
        }
        assert_eq!(
            printable("Gr\u{fc}\u{df}e, \u{65e5}\u{672c}"),
            "Gr\u{fc}\u{df}e, \u{65e5}\u{672c}"
        );
    }

    #[test]
    fn a_long_name_is_cut() {
        assert_eq!(printable(&"x".repeat(4096)).chars().count(), 201);
    }
}
