//! Aliases: the same one for the same value, so that equal values stay equal.

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;

/// What was replaced by which number, kind by kind. Holds at most one entry a word of the text.
#[derive(Default)]
pub(super) struct Aliases {
    seen: BTreeMap<(&'static str, String), u32>,
    next: BTreeMap<&'static str, u32>,
}

impl Aliases {
    /// The number of `value` among the values of its kind, from 1.
    pub(super) fn number(&mut self, kind: &'static str, value: &str) -> u32 {
        let next = self.next.entry(kind).or_insert(0);
        *self.seen.entry((kind, String::from(value))).or_insert_with(|| {
            *next += 1;
            *next
        })
    }

    /// Digits, as many as `value` has bytes, and at least `min` of them.
    pub(super) fn text(&mut self, kind: &'static str, value: &str, min: usize) -> String {
        let number = self.number(kind, value);
        format!("{number:0>width$}", width = value.len().max(min))
    }

    /// A name for the identifier of a stream; `-` and `*` have a meaning and stay.
    pub(super) fn identifier(&mut self, value: &str) -> String {
        match value {
            "-" | "*" | "" => String::from(value),
            _ => format!("id{}", self.number("id", value)),
        }
    }
}

/// The shape of a text: letters become `x`, digits `0`, anything beyond ASCII `?`.
pub(super) fn scrub(value: &[u8]) -> String {
    let shape = |byte: &u8| match byte {
        b'0'..=b'9' => '0',
        b'a'..=b'z' | b'A'..=b'Z' => 'x',
        0x80.. => '?',
        other => char::from(*other),
    };
    value.iter().map(shape).collect()
}

/// A URL with another host and nothing of its path; `None` for a relative one, which names a
/// track.
pub(super) fn authority(url: &str, aliases: &mut Aliases) -> Option<String> {
    let (scheme, rest) = url.split_once("://")?;
    let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let number = aliases.number("host", host);
    Some(format!("{scheme}://host-{number}.example{}", scrub(path.as_bytes())))
}
