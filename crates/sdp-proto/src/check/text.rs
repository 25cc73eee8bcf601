//! Bytes and line ends (RFC 8866 §5, §9).

use super::{Sink, at, whole};
use crate::diagnostic::{Code, Diagnostic};
use crate::line::{Kind, Line, flag};
use crate::session::Session;

pub(super) fn check(session: &Session<'_>, sink: &mut Sink<'_>) {
    if session.prefix > 0 {
        sink(Diagnostic { line: 1, columns: (1, 1), code: Code::Bom });
    }
    let mut known = false;
    let mut first_end: Option<&[u8]> = None;
    let mut mixed = false;
    let last = session.line_count().saturating_sub(1);
    for line in session.lines() {
        known |= !matches!(line.kind(), Kind::Blank | Kind::Stray | Kind::Unknown(_));
        let is_last = line.index as usize == last;
        line_end(&line, &mut first_end, &mut mixed, sink);
        content(&line, is_last, sink);
    }
    let end = Diagnostic { line: 1, columns: (1, 1), code: Code::Empty };
    if session.line_count() == 0 {
        sink(end);
    } else if !known {
        sink(Diagnostic { code: Code::NotSdp, ..end });
    }
}

/// Reports the first line end of each unusual kind, not all of them.
fn line_end<'s>(
    line: &Line<'s>,
    first: &mut Option<&'s [u8]>,
    mixed: &mut bool,
    sink: &mut Sink<'_>,
) {
    let len = line.content().len();
    let eol = line.line_end();
    let place = |code| at(line, len, len, code);
    if eol.is_empty() {
        // NULs after the last line are reported as such.
        if !is_nuls(line.content()) {
            sink(place(Code::NoFinalLineEnd));
        }
        return;
    }
    match *first {
        None => {
            *first = Some(eol);
            match eol {
                b"\n" => sink(place(Code::LfLineEnds)),
                b"\r" => sink(place(Code::CrLineEnds)),
                b"\r\n" => {}
                _ => sink(place(Code::ExtraCr)),
            }
        }
        Some(usual) if usual != eol && !*mixed => {
            *mixed = true;
            sink(place(Code::MixedLineEnds));
        }
        Some(_) => {}
    }
}

fn content(line: &Line<'_>, is_last: bool, sink: &mut Sink<'_>) {
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
        let value_at = usize::from(line.record.value_at);
        sink(at(line, value_at.saturating_sub(2), value_at, Code::SpacedEquals));
    }
    match line.kind() {
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
