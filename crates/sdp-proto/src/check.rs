//! The checks behind [`Session::check`] and [`Session::diagnostics`]: every rule in one place per
//! subject, each reporting to a sink, so that asking a policy stores next to nothing. The lines are
//! walked once and each value is read once, for all subjects.

mod connections;
mod formats;
mod fragment;
mod groups;
mod ice;
mod order;
mod references;
mod text;
mod values;

use alloc::vec::Vec;

use crate::diagnostic::{Code, Diagnostic, Refusal, ValueError};
use crate::limits::LimitError;
use crate::line::Line;
use crate::policy::Policy;
use crate::section::AttributeLine;
use crate::session::Session;
use connections::Connections;
use formats::Formats;
use fragment::Pieces;
use groups::Groups;
use ice::Ice;
use order::Order;
use references::References;
use text::Text;
use values::{FieldSays, Values};

/// Where findings go.
pub(crate) type Sink<'f> = dyn FnMut(Diagnostic) + 'f;

impl<'a> Session<'a> {
    /// Parses under the default limits and asks `policy`.
    pub fn accept(text: &'a [u8], policy: Policy) -> Result<Self, AcceptError> {
        let session = Self::parse(text)?;
        session.check(policy)?;
        Ok(session)
    }

    /// Whether `policy` accepts this description; the first finding that it does not tolerate.
    pub fn check(&self, policy: Policy) -> Result<(), Refusal> {
        let mut first: Option<Diagnostic> = None;
        session(self, &mut |finding| {
            if !finding.tolerated_by(policy)
                && first.is_none_or(|f| (finding.line, finding.columns) < (f.line, f.columns))
            {
                first = Some(finding);
            }
        });
        first.map_or(Ok(()), |first| Err(Refusal { policy, first }))
    }

    /// Everything there is to say about this description, in the order of lines.
    pub fn diagnostics(&self) -> Vec<Diagnostic> {
        let mut all = Vec::new();
        session(self, &mut |finding| all.push(finding));
        all.sort_by_key(|d| (d.line, d.columns));
        all
    }
}

/// Why a description was not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AcceptError {
    /// It is larger than allowed.
    #[error(transparent)]
    Limit(#[from] LimitError),
    /// The policy refuses it.
    #[error(transparent)]
    Refused(#[from] Refusal),
}

/// Runs all checks. The findings come as they are made, not in the order of lines.
pub(crate) fn session(session: &Session<'_>, sink: &mut Sink<'_>) {
    let mut text = Text::new(session, sink);
    let mut order = Order::default();
    let mut values = Values::default();
    let mut references = References::default();
    let mut formats = Formats::default();
    let mut groups = Groups::default();
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
            formats.attribute(&attribute, &says, sink);
            groups.attribute(&attribute, &says);
            ice.attribute(&attribute, &says);
            continue;
        }
        match values.field(line, kind, sink) {
            FieldSays::Media(media) => {
                let off = media.as_ref().is_some_and(|media| media.port == 0);
                connections.section(line.number(), off, sink);
                references.section(sink);
                formats.section(line.number(), media.as_ref(), sink);
                groups.section(line.number(), media.as_ref());
                ice.section();
            }
            FieldSays::Connection(family) => {
                connections.line(line.number(), family);
                groups.connection(line.content());
            }
            FieldSays::Nothing => {}
        }
    }
    text.end(session, sink);
    order.end(session, sink);
    connections.end(sink);
    references.end(sink);
    formats.end(sink);
    groups.end(session, &connections, sink);
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

/// What is wrong with a line by itself, in the session part or in a section.
pub(crate) fn line(line: Line<'_>, in_media: bool) -> Vec<Code> {
    let mut codes = Vec::new();
    let sink: &mut Sink<'_> = &mut |finding| codes.push(finding.code);
    let mut values = Values::at(in_media);
    match AttributeLine::new(line) {
        Some(attribute) => _ = values.attribute(&attribute, None, sink),
        None => _ = values.field(line, line.kind(), sink),
    }
    codes
}

/// A finding about bytes `start..end` of the content of `line`.
fn at(line: &Line<'_>, start: usize, end: usize, code: Code) -> Diagnostic {
    Diagnostic { line: line.number(), columns: (start as u32 + 1, end as u32 + 1), code }
}

/// A finding about a line as a whole.
fn whole(line: &Line<'_>, code: Code) -> Diagnostic {
    at(line, 0, line.content().len(), code)
}

/// A finding about all of the value of an attribute.
fn value(line: &AttributeLine<'_>, code: Code) -> Diagnostic {
    let end = line.value().map_or(0, <[u8]>::len) as u32;
    line.place(ValueError { code, start: 0, end })
}

/// A finding about something that a line, or what starts there, lacks.
const fn missing(line: u32, code: Code) -> Diagnostic {
    Diagnostic { line, columns: (1, 1), code }
}

#[cfg(test)]
mod tests;
