//! Bytes and line ends (RFC 8866 §5, §9).

use super::{Sink, at, missing, whole};
use crate::diagnostic::Code;
use crate::document::Document;
use crate::line::{Kind, Line, flag};

/// What the lines so far have shown.
pub(super) struct Text {
    /// Whether there was a line of SDP.
    known: bool,
    /// The flags of a line with nothing odd about it and the first line end that there was. In one
    /// document those of one length are alike.
    usual: Option<u8>,
    mixed: bool,
    /// Index of the last line.
    last: usize,
}

impl Text {
    pub(super) fn new(document: &Document<'_>, sink: &mut Sink<'_>) -> Self {
        if !document.byte_order_mark().is_empty() {
            sink(missing(1, Code::Bom));
        }
        let last = document.line_count().saturating_sub(1);
        Self { known: false, usual: None, mixed: false, last }
    }

    /// Whether there is nothing odd about a line, and its end is as that of the first one, of which
    /// the length tells. The first line of all is never usual.
    #[inline]
    pub(super) fn is_usual(&self, line: &Line<'_>) -> bool {
        self.known && self.usual == Some(line.record.flags)
    }

    pub(super) fn line(&mut self, line: &Line<'_>, kind: Kind, sink: &mut Sink<'_>) {
        let known = !matches!(kind, Kind::Blank | Kind::Stray | Kind::Unknown(_));
        self.known |= known;
        let end = line.record.flags & flag::LINE_END;
        if end == 0 || self.usual != Some(end) {
            self.line_end(line, end, sink);
        }
        if !known || line.record.flags != end {
            content(line, kind, line.index as usize == self.last, sink);
        }
    }

    /// Reports the first line end of each unusual kind, not all of them.
    fn line_end(&mut self, line: &Line<'_>, flags: u8, sink: &mut Sink<'_>) {
        let len = line.content().len();
        let eol = line.line_end();
        let place = |code| at(line, len, len, code);
        if eol.is_empty() {
            // NULs after the last line are reported as such.
            if !is_nuls(line.content()) {
                sink(place(Code::NoFinalLineEnd));
            }
        } else if self.usual.is_some() {
            if !self.mixed {
                sink(place(Code::MixedLineEnds));
            }
            self.mixed = true;
        } else {
            self.usual = Some(flags);
            match eol {
                b"\n" => sink(place(Code::LfLineEnds)),
                b"\r" => sink(place(Code::CrLineEnds)),
                b"\r\n" => {}
                _ => sink(place(Code::ExtraCr)),
            }
        }
    }

    pub(super) fn end(&self, document: &Document<'_>, sink: &mut Sink<'_>) {
        if document.line_count() == 0 {
            sink(missing(1, Code::Empty));
        } else if !self.known {
            sink(missing(1, Code::NotSdp));
        }
    }
}

fn content(line: &Line<'_>, kind: Kind, is_last: bool, sink: &mut Sink<'_>) {
    let bytes = line.content();
    if line.record.flags & flag::BARE_CR != 0 {
        let cr = bytes.iter().position(|b| *b == b'\r').unwrap_or_default();
        sink(at(line, cr, cr + 1, Code::BareCr));
    }
    if line.record.flags & flag::NUL != 0 {
        let nul = bytes.iter().position(|b| *b == 0).unwrap_or_default();
        let trailing = is_last && is_nuls(bytes);
        let code = if trailing { Code::TrailingNul } else { Code::Nul };
        sink(at(line, nul, bytes.len(), code));
        if trailing {
            return;
        }
    }
    if line.record.flags & flag::INDENTED != 0 {
        sink(at(line, 0, 1, Code::IndentedLine));
    }
    if line.record.flags & flag::SPACED_EQUALS != 0 {
        let value_at = line.value_at();
        sink(at(line, value_at.saturating_sub(2), value_at, Code::SpacedEquals));
    }
    match kind {
        Kind::Blank => sink(whole(line, Code::BlankLine)),
        Kind::Stray if is_disguised_media(bytes) => sink(whole(line, Code::DisguisedMedia)),
        Kind::Stray => sink(whole(line, Code::NotALine)),
        Kind::Unknown(_) => sink(whole(line, Code::UnknownType)),
        _ => {}
    }
}

fn is_nuls(bytes: &[u8]) -> bool {
    !bytes.is_empty() && bytes.iter().all(|b| *b == 0)
}

/// Whether another reader might take this line for the start of a section: `M=`, or `m=` behind
/// characters that do not show.
fn is_disguised_media(bytes: &[u8]) -> bool {
    let visible = bytes.iter().position(u8::is_ascii_graphic).unwrap_or(bytes.len());
    let rest = bytes.get(visible..).unwrap_or_default();
    let after = rest.iter().skip(1).find(|b| !matches!(b, b' ' | b'\t'));
    matches!(rest.first(), Some(b'm' | b'M')) && after == Some(&b'=')
}
