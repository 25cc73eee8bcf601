//! The checks behind [`Session::check`] and [`Session::diagnostics`]: every rule in one place per
//! subject, each reporting to a sink, so that asking a policy stores next to nothing. The lines are
//! walked once and each value is read once, for all subjects.

mod connections;
mod fragment;
mod ice;
mod order;
mod references;
mod text;
mod values;

use crate::diagnostic::{Code, Diagnostic};
use crate::line::Line;
use crate::section::AttributeLine;
use crate::session::Session;
use connections::Connections;
use fragment::Pieces;
use ice::Ice;
use order::Order;
use references::References;
use text::Text;
use values::{FieldSays, Values};

/// Where findings go.
pub(crate) type Sink<'f> = dyn FnMut(Diagnostic) + 'f;

/// Runs all checks. The findings come as they are made, not in the order of lines.
pub(crate) fn session(session: &Session<'_>, sink: &mut Sink<'_>) {
    let mut text = Text::new(session, sink);
    let mut order = Order::default();
    let mut values = Values::default();
    let mut references = References::default();
    let mut connections = Connections::default();
    let mut ice = Ice::default();
    let base = core::str::from_utf8(&session.base).ok();
    for line in session.lines() {
        let kind = line.kind();
        text.line(&line, kind, sink);
        order.line(&line, kind, sink);
        if let Some(attribute) = AttributeLine::new(line) {
            let says = values.attribute(&attribute, base, sink);
            references.attribute(&attribute, &says, sink);
            ice.attribute(&attribute, &says);
            continue;
        }
        match values.field(line, kind, sink) {
            FieldSays::Media { off } => {
                connections.section(line.number(), off, sink);
                references.section(line.number(), sink);
                ice.section();
            }
            FieldSays::Connection(family) => connections.line(line.number(), family),
            FieldSays::Nothing => {}
        }
    }
    text.end(session, sink);
    order.end(session, sink);
    connections.end(sink);
    references.end(&connections, sink);
    ice.end(sink);
}

/// Runs the checks that hold for a fragment, which has no session part to speak of.
pub(crate) fn fragment(session: &Session<'_>, sink: &mut Sink<'_>) {
    let mut text = Text::new(session, sink);
    let mut values = Values::default();
    let mut pieces = Pieces::default();
    let base = core::str::from_utf8(&session.base).ok();
    for line in session.lines() {
        let kind = line.kind();
        text.line(&line, kind, sink);
        if let Some(attribute) = AttributeLine::new(line) {
            let says = values.attribute(&attribute, base, sink);
            pieces.attribute(&attribute, &says, sink);
        } else {
            values.field(line, kind, sink);
            pieces.field(&line, kind, sink);
        }
    }
    text.end(session, sink);
    pieces.end(session, sink);
}

/// A finding about bytes `start..end` of the content of `line`.
fn at(line: &Line<'_>, start: usize, end: usize, code: Code) -> Diagnostic {
    Diagnostic { line: line.number(), columns: (start as u32 + 1, end as u32 + 1), code }
}

/// A finding about a line as a whole.
fn whole(line: &Line<'_>, code: Code) -> Diagnostic {
    at(line, 0, line.content().len(), code)
}

/// A finding about something that a line, or what starts there, lacks.
const fn missing(line: u32, code: Code) -> Diagnostic {
    Diagnostic { line, columns: (1, 1), code }
}

#[cfg(test)]
mod tests;
