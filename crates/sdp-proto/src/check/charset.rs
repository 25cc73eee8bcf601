//! Text that is not UTF-8 takes an `a=charset` that says what it is (RFC 8866 §5.3, §5.4, §6.10).

use super::{Sink, whole};
use crate::diagnostic::Code;
use crate::document::Document;
use crate::line::Kind;

/// Looks at a description with bytes that are not UTF-8; nearly all have none.
pub(super) fn check(document: &Document<'_>, sink: &mut Sink<'_>) {
    let session = document.lines().take_while(|line| line.kind() != Kind::Media);
    let mut names = session.filter_map(|line| line.attribute().map(|(name, _)| name));
    if names.any(|name| name == b"charset") {
        return;
    }
    let foreign = document.lines().find(|line| {
        let text = matches!(line.kind(), Kind::SessionName | Kind::Information);
        text && core::str::from_utf8(line.value()).is_err()
    });
    if let Some(line) = foreign {
        sink(whole(&line, Code::CharsetMissing));
    }
}
