//! A line of a description with carets under a part of it.
use std::fmt::Write;

/// Characters shown before the carets, and behind their start, of a line that is long.
const BEFORE_MAX: usize = 60;
const BEHIND_MAX: usize = 100;

/// Draws `content` under its number, and carets under the bytes of `columns` (from 1, half open),
/// with `advice` after them. What a terminal could take for a command is replaced.
pub(super) fn draw(
    out: &mut String,
    number: u32,
    content: &[u8],
    columns: (u32, u32),
    advice: &str,
) {
    let start = (columns.0.max(1) as usize - 1).min(content.len());
    let end = (columns.1.max(1) as usize - 1).clamp(start, content.len());
    let before = shown(&content[..start]);
    let marked = clip(&shown(&content[start..end]), BEHIND_MAX);
    // none where the marked part had to be cut already
    let room = BEHIND_MAX.checked_sub(marked.chars().count());
    let behind = room.map_or(String::new(), |room| clip(&shown(&content[end..]), room));
    let before = match before.chars().count().checked_sub(BEFORE_MAX) {
        Some(cut @ 1..) => format!("…{}", before.chars().skip(cut).collect::<String>()),
        _ => before,
    };
    let width = number.to_string().len();
    let pad = console::measure_text_width(&before);
    let carets = console::measure_text_width(&marked).max(1);
    // writing to a String cannot fail
    let _ = writeln!(out, " {:width$} |", "");
    let _ = writeln!(out, " {number} | {}", format!("{before}{marked}{behind}").trim_end());
    let _ = writeln!(out, " {:width$} | {:pad$}{} {advice}", "", "", "^".repeat(carets));
}

/// Text in which each character takes its place and does nothing else.
pub(super) fn shown(bytes: &[u8]) -> String {
    let safe = |c: char| match c {
        '\t' => ' ',
        c if c.is_control() => '\u{fffd}',
        c => c,
    };
    String::from_utf8_lossy(bytes).chars().map(safe).collect()
}

fn clip(text: &str, max: usize) -> String {
    match text.char_indices().nth(max) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::draw;

    fn drawn(content: &[u8], columns: (u32, u32)) -> Vec<String> {
        let mut out = String::new();
        draw(&mut out, 7, content, columns, "advice");
        out.lines().map(str::to_owned).collect()
    }

    #[test]
    fn carets_stand_under_what_is_meant() {
        assert_eq!(
            drawn(b"a=mid:x y", (8, 10)),
            ["   |", " 7 | a=mid:x y", "   |        ^^ advice"]
        );
    }

    #[test]
    fn columns_count_bytes_and_carets_characters() {
        assert_eq!(drawn("s=é€x".as_bytes(), (8, 9))[2], "   |     ^ advice");
        assert_eq!(
            drawn(b"s=\xff\x1b[2Jx", (4, 5))[1..],
            [" 7 | s=\u{fffd}\u{fffd}[2Jx", "   |    ^ advice"]
        );
    }

    #[test]
    fn wide_characters_have_wide_carets() {
        let line = drawn("a=mid:日本(語".as_bytes(), (7, 17));
        assert_eq!(line[2], "   |       ^^^^^^^ advice");
        assert_eq!(drawn("日本\tx".as_bytes(), (8, 9))[2], "   |      ^ advice");
        assert_eq!(drawn("日本".as_bytes(), (4, 7))[2], "   |   ^^ advice");
    }

    #[test]
    fn places_outside_of_the_line_are_its_end() {
        assert_eq!(drawn(b"ab", (40, 50))[2], "   |   ^ advice");
        assert_eq!(drawn(b"", (0, 0))[2], "   | ^ advice");
        assert_eq!(drawn(b"abc", (3, 2))[2], "   |   ^ advice");
    }

    #[test]
    fn a_long_line_is_shown_in_part() {
        let lines = drawn(&[b'x'; 10_000], (5_000, 9_000));
        assert!(lines.iter().all(|line| line.chars().count() < 200), "{lines:?}");
        assert!(lines[1].starts_with(" 7 | …x") && lines[1].ends_with("x…"), "{lines:?}");
        assert!(lines[2].contains(&"^".repeat(100)), "{lines:?}");
    }
}
