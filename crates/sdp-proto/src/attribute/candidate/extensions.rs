//! The name and value pairs at the end of a candidate (RFC 8839 §5.1, `cand-extension`).

use alloc::borrow::Cow;
use alloc::string::String;
use core::fmt;

use crate::text::{Token, Word};

/// Extension pairs in order, kept whether they are understood or not.
///
/// Holds the text they were read from, so that reading them allocates nothing.
#[derive(Clone, Default)]
pub struct Extensions<'a>(Cow<'a, str>);

impl<'a> Extensions<'a> {
    /// Takes text in which names and values alternate; the caller has looked.
    pub(super) const fn borrowed(text: &'a str) -> Self {
        Self(Cow::Borrowed(text))
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.iter().next().is_none()
    }

    /// The pairs.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> + Clone {
        let mut words = self.0.split_ascii_whitespace();
        core::iter::from_fn(move || Some((words.next()?, words.next()?)))
    }

    /// The value of the first pair with this name.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.iter().find(|(n, _)| *n == name).map(|(_, value)| value)
    }

    /// Adds a pair at the end.
    pub fn push(&mut self, name: &Token<'_>, value: &Word<'_>) {
        let text = self.0.to_mut();
        for word in [name.as_str(), value.as_str()] {
            if !text.is_empty() {
                text.push(' ');
            }
            text.push_str(word);
        }
    }

    /// The pairs whose name is none of `names`.
    pub(super) fn without(&self, names: &[&str]) -> Extensions<'static> {
        let mut text = String::new();
        for (name, value) in self.iter().filter(|(name, _)| !names.contains(name)) {
            for word in [name, value] {
                text.push_str(if text.is_empty() { "" } else { " " });
                text.push_str(word);
            }
        }
        Extensions(Cow::Owned(text))
    }

    /// A copy that borrows nothing.
    pub fn into_owned(self) -> Extensions<'static> {
        Extensions(Cow::Owned(self.0.into_owned()))
    }
}

impl PartialEq for Extensions<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Eq for Extensions<'_> {}

impl fmt::Debug for Extensions<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

/// Each pair with a space before its name and its value.
impl fmt::Display for Extensions<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.iter().try_for_each(|(name, value)| write!(f, " {name} {value}"))
    }
}
