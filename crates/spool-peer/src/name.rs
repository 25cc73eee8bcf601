//! The name of one file or folder, as it came from somewhere else: the one place where it is decided
//! whether it may be used, and how it is written here.
use crate::text::is_unsafe;
use std::fmt;
use thiserror::Error;
use unicode_normalization::{UnicodeNormalization, is_nfc};

/// The longest name in bytes that file systems take (NAME_MAX of most).
const BYTES_MAX: usize = 255;

/// One component of a path: never empty, `.` or `..`, without separators and control characters, in
/// Unicode's form NFC. A path is made of nothing else, so none leads out of its folder.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Name(String);

/// Why a name is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum NameFault {
    /// There is nothing in it.
    #[error("it is empty")]
    Empty,
    /// `.` or `..`.
    #[error("it leads to another folder")]
    Dots,
    /// A slash, or a NUL.
    #[error("it has a '/' or NUL in it")]
    Separator,
    /// A control character, or one that cannot be seen.
    #[error("it has a control or invisible character in it")]
    Control,
    /// More than 255 bytes.
    #[error("it is longer than 255 bytes")]
    Length,
    /// It is not in form NFC, as names are to be told.
    #[error("its letters are not in form NFC")]
    Form,
    /// It is not Unicode.
    #[error("it is not in UTF-8")]
    Encoding,
}

impl Name {
    /// Takes a name that somebody else told.
    pub(crate) fn told(name: &str) -> Result<Self, NameFault> {
        if name.is_empty() {
            return Err(NameFault::Empty);
        }
        if name == "." || name == ".." {
            return Err(NameFault::Dots);
        }
        if name.contains(['/', '\0']) {
            return Err(NameFault::Separator);
        }
        if name.contains(is_unsafe) {
            return Err(NameFault::Control);
        }
        if name.len() > BYTES_MAX {
            return Err(NameFault::Length);
        }
        if !is_nfc(name) {
            return Err(NameFault::Form);
        }
        Ok(Self(name.to_owned()))
    }

    /// Takes a name of a file of ours, to be told to somebody else.
    pub(crate) fn ours(name: &std::ffi::OsStr) -> Result<Self, NameFault> {
        let name: String = name.to_str().ok_or(NameFault::Encoding)?.nfc().collect();
        Self::told(&name)
    }

    /// As it was told.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// As the file is called here. What means something else on another system is changed
    /// everywhere, so that a folder can travel on: names of devices, a dot or space at the end,
    /// backslashes. What Windows cannot write is changed there alone.
    pub(crate) fn here(&self) -> String {
        self.on(if cfg!(windows) { System::Windows } else { System::Unix })
    }

    fn on(&self, system: System) -> String {
        let is_bad = |c: char| match system {
            System::Windows => matches!(c, '\\' | '<' | '>' | ':' | '"' | '|' | '?' | '*'),
            System::Unix => c == '\\',
        };
        let mut name = self.0.replace(is_bad, "_");
        if name.ends_with(['.', ' ']) {
            name.pop();
            name.push('_');
        }
        if is_device(&name) {
            name.insert(0, '_');
        }
        name
    }
}

/// Whose rules for names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum System {
    Unix,
    Windows,
}

/// Whether Windows takes it for a device, whatever follows the first dot.
fn is_device(name: &str) -> bool {
    let stem = name.split(['.', ':']).next().unwrap_or_default().trim_end().to_uppercase();
    let numbered = |kind: &str| {
        let number = stem.strip_prefix(kind).and_then(|rest| {
            let mut digits = rest.chars();
            digits.next().filter(|_| digits.next().is_none())
        });
        number.is_some_and(|c| c.is_ascii_digit() || "\u{b9}\u{b2}\u{b3}".contains(c))
    };
    matches!(&*stem, "CON" | "PRN" | "AUX" | "NUL" | "CONIN$" | "CONOUT$")
        || numbered("COM")
        || numbered("LPT")
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

#[cfg(test)]
mod tests {
    use super::{Name, NameFault, System};

    #[test]
    fn what_leads_elsewhere_or_hides_is_refused() {
        for (name, fault) in [
            ("", NameFault::Empty),
            (".", NameFault::Dots),
            ("..", NameFault::Dots),
            ("../x", NameFault::Separator),
            ("/etc/passwd", NameFault::Separator),
            ("a/../../b", NameFault::Separator),
            ("a\0b", NameFault::Separator),
            ("a\x1b[2Jb", NameFault::Control),
            ("a\nb", NameFault::Control),
            ("photo\u{202e}gpj.exe", NameFault::Control),
            ("a\u{200b}b", NameFault::Control),
            ("cafe\u{301}", NameFault::Form),
        ] {
            assert_eq!(Name::told(name), Err(fault), "{name:?}");
        }
        assert_eq!(Name::told(&"x".repeat(256)), Err(NameFault::Length));
        for name in ["-rf", "...", ".bashrc", "a b", "caf\u{e9}", "C:", "x".repeat(255).as_str()] {
            assert!(Name::told(name).is_ok(), "{name:?}");
        }
    }

    #[test]
    fn names_of_ours_are_told_in_one_form() {
        assert_eq!(Name::ours("cafe\u{301}".as_ref()).unwrap().as_str(), "caf\u{e9}");
        assert_eq!(Name::ours("..".as_ref()), Err(NameFault::Dots));
    }

    #[test]
    #[cfg(unix)]
    fn a_name_that_is_no_text_is_told_to_nobody() {
        use std::os::unix::ffi::OsStrExt;
        let name = std::ffi::OsStr::from_bytes(b"a\xffb");
        assert_eq!(Name::ours(name), Err(NameFault::Encoding));
    }

    #[test]
    fn what_means_something_else_elsewhere_gets_another_name() {
        for (told, unix, windows) in [
            ("CON", "_CON", "_CON"),
            ("nul.txt", "_nul.txt", "_nul.txt"),
            ("com1", "_com1", "_com1"),
            ("com\u{b9}.log", "_com\u{b9}.log", "_com\u{b9}.log"),
            ("LPT9", "_LPT9", "_LPT9"),
            ("COM12", "COM12", "COM12"),
            ("CONTENTS", "CONTENTS", "CONTENTS"),
            ("a.", "a_", "a_"),
            ("a ", "a_", "a_"),
            ("...", ".._", ".._"),
            ("a\\..\\b", "a_.._b", "a_.._b"),
            ("\\\\?\\C:\\x", "__?_C:_x", "____C__x"),
            ("a:stream", "a:stream", "a_stream"),
            ("C:", "C:", "C_"),
            ("12:30?.jpg", "12:30?.jpg", "12_30_.jpg"),
        ] {
            let name = Name::told(told).unwrap();
            assert_eq!(name.on(System::Unix), unix, "{told}");
            assert_eq!(name.on(System::Windows), windows, "{told}");
        }
    }
}
