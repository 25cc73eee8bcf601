//! The checks behind [`Session::check`] and [`Session::diagnostics`]: every rule in one place per
//! subject, each reporting to a sink, so that asking a policy stores nothing.

mod order;
mod references;
mod text;
mod values;

use crate::diagnostic::{Code, Diagnostic};
use crate::line::{Kind, Line};
use crate::session::Session;

/// Where findings go.
pub(crate) type Sink<'f> = dyn FnMut(Diagnostic) + 'f;

/// Runs all checks. The findings come subject by subject, not in the order of lines.
pub(crate) fn session(session: &Session<'_>, sink: &mut Sink<'_>) {
    text::check(session, sink);
    order::check(session, sink);
    values::check(session, sink);
    references::check(session, sink);
}

/// Runs the checks that hold for a fragment, which has no session part to speak of.
pub(crate) fn fragment(session: &Session<'_>, sink: &mut Sink<'_>) {
    text::check(session, sink);
    values::check(session, sink);
    for line in session.lines() {
        match line.kind() {
            Kind::Attribute | Kind::Media | Kind::Blank | Kind::Stray | Kind::Unknown(_) => {}
            _ => sink(whole(&line, Code::FragmentLine)),
        }
    }
}

/// A finding about bytes `start..end` of the content of `line`.
fn at(line: &Line<'_>, start: usize, end: usize, code: Code) -> Diagnostic {
    Diagnostic { line: line.number(), columns: (start as u32 + 1, end as u32 + 1), code }
}

/// A finding about a line as a whole.
fn whole(line: &Line<'_>, code: Code) -> Diagnostic {
    at(line, 0, line.content().len(), code)
}

#[cfg(test)]
mod tests;
