//! Blanks comments and literals out of Rust source, so that rules look at code alone.

/// Returns the source with every byte of comments, strings and characters replaced by a space.
/// Line breaks stay, so that line numbers agree.
pub(crate) fn blank(source: &str) -> String {
    let bytes = source.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let rest = &bytes[at..];
        let after_word = at > 0 && is_word(bytes[at - 1]);
        let length = match rest {
            [b'/', b'/', ..] => line_comment(rest),
            [b'/', b'*', ..] => block_comment(rest),
            [b'"', ..] => string(rest),
            [b'r', b'"' | b'#', ..] if !after_word => raw_string(rest, 1).unwrap_or(0),
            [b'b', b'r', ..] if !after_word => raw_string(rest, 2).unwrap_or(0),
            [b'\'', ..] => character(rest).unwrap_or(0),
            _ => 0,
        };
        if length == 0 {
            out.push(bytes[at]);
            at += 1;
            continue;
        }
        let end = (at + length).min(bytes.len());
        out.extend(bytes[at..end].iter().map(|byte| if *byte == b'\n' { b'\n' } else { b' ' }));
        at = end;
    }
    String::from_utf8_lossy(&out).into_owned()
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

fn line_comment(rest: &[u8]) -> usize {
    rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len())
}

fn block_comment(rest: &[u8]) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < rest.len() {
        match &rest[at..] {
            [b'/', b'*', ..] => (depth, at) = (depth + 1, at + 2),
            [b'*', b'/', ..] => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            break;
        }
    }
    at
}

fn string(rest: &[u8]) -> usize {
    let mut at = 1;
    while at < rest.len() {
        match rest[at] {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    at
}

/// The length of a raw string that begins with `prefix` letters, if one begins here.
fn raw_string(rest: &[u8], prefix: usize) -> Option<usize> {
    let hashes = rest[prefix..].iter().take_while(|byte| **byte == b'#').count();
    let open = prefix + hashes;
    if rest.get(open) != Some(&b'"') {
        return None;
    }
    let close: Vec<u8> = [b"\"".as_slice(), &vec![b'#'; hashes]].concat();
    let body = &rest[open + 1..];
    let end = body.windows(close.len()).position(|window| window == close);
    Some(end.map_or(rest.len(), |end| open + 1 + end + close.len()))
}

/// The length of a character literal, unless the quote begins a lifetime.
fn character(rest: &[u8]) -> Option<usize> {
    let first = *rest.get(1)?;
    if first == b'\\' {
        return Some(3 + rest.get(3..)?.iter().position(|byte| *byte == b'\'')? + 1);
    }
    let width = match first {
        0xF0.. => 4,
        0xE0.. => 3,
        0xC0.. => 2,
        _ => 1,
    };
    (rest.get(1 + width) == Some(&b'\'')).then_some(width + 2)
}

#[cfg(test)]
mod tests {
    use super::blank;

    #[test]
    fn comments_and_literals_go_and_code_stays() {
        let source =
            "a // x\nb /* y /* z */ */ c \"s\\\"t\" d r#\"u\"v\"# e 'w' f '\\'' g<'life> 'é'";
        let code = blank(source);
        for word in ["a", "b", "c", "d", "e", "f", "g<'life>"] {
            assert!(code.contains(word), "{word} is code in {code}");
        }
        for word in ["x", "y", "z", "s", "t", "u", "v", "w", "é"] {
            assert!(!code.contains(word), "{word} is no code in {code}");
        }
    }

    #[test]
    fn line_numbers_agree() {
        let source = "let a = \"one\ntwo\";\n/* three\nfour */ five\n";
        assert_eq!(blank(source).lines().count(), source.lines().count());
        assert_eq!(blank(source).lines().nth(3).map(str::trim), Some("five"));
    }

    #[test]
    fn what_never_ends_ends_with_the_file() {
        for source in ["\"abc", "/* abc", "r#\"abc", "'\\", "'", "b'"] {
            assert_eq!(blank(source).len(), source.len(), "{source}");
        }
    }
}
