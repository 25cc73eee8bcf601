//! The checks behind [`Session::check`] and [`Session::diagnostics`]: every rule in one place per
//! subject, each reporting to a sink, so that asking a policy stores next to nothing. The lines are
//! walked once and each value is read once, for all subjects.

mod charset;
mod formats;
mod fragment;
mod groups;
mod ice;
mod order;
mod plain;
mod references;
mod says;
mod sections;
mod text;
mod values;

use alloc::vec::Vec;

use crate::diagnostic::{Code, Diagnostic, Refusal, ValueError};
use crate::document::Document;
use crate::limits::LimitError;
use crate::line::Line;
use crate::policy::Policy;
use crate::section::{self, AttributeLine};
use crate::session::Session;
use formats::Formats;
use fragment::Pieces;
use groups::Groups;
use ice::Ice;
use order::Order;
use references::References;
use says::{Family, FieldSays, MediaSays, Says};
use sections::{Address, Sections};
use text::Text;
use values::Values;

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
        description(&self.document, &mut |finding| {
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
        description(&self.document, &mut |finding| all.push(finding));
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
fn description<'s>(document: &'s Document<'s>, sink: &mut Sink<'_>) {
    let base = core::str::from_utf8(document.base()).ok();
    let mut text = Text::new(document, sink);
    let mut order = Order::default();
    let mut values = Values::default();
    let mut facts = Facts::new(document);
    for line in document.lines() {
        let plain = if text.is_usual(&line) { plain::attribute(&line, base) } else { None };
        if let Some((known, says)) = plain {
            order.attribute(&line, sink);
            values.place(&line, known, sink);
            facts.attribute(&line, says, sink);
            continue;
        }
        let kind = line.kind();
        text.line(&line, kind, sink);
        order.line(&line, kind, sink);
        if let Some(attribute) = AttributeLine::new(line) {
            facts.attribute(&line, values.attribute(&attribute, base, sink), sink);
            continue;
        }
        match values.field(line, kind, base, sink) {
            FieldSays::Media(media) => facts.section(line.number(), media, sink),
            FieldSays::Connection(family) => facts.address(&line, family),
            FieldSays::Nothing => {}
        }
    }
    if base.is_none() {
        charset::check(document, sink);
    }
    text.end(document, sink);
    order.end(document, sink);
    facts.end(sink);
}

/// What the lines have said so far, each fact where it is asked for.
struct Facts<'s> {
    sections: Sections<'s>,
    references: References<'s>,
    formats: Formats,
    groups: Groups<'s>,
    ice: Ice<'s>,
}

impl<'s> Facts<'s> {
    fn new(document: &'s Document<'s>) -> Self {
        Self {
            sections: Sections::new(document),
            references: References::default(),
            formats: Formats::default(),
            groups: Groups::new(document),
            ice: Ice::default(),
        }
    }

    fn attribute(&mut self, line: &Line<'s>, says: Says<'s>, sink: &mut Sink<'_>) {
        match says {
            Says::Nothing => {}
            Says::RtpMap { number, rtx } => {
                self.formats.map(line, number, rtx, sink);
                self.groups.note(line, number, self.sections.count());
            }
            Says::Fmtp { number, original } => {
                self.formats.parametrise(line, number, original, sink);
                self.groups.note(line, number, self.sections.count());
            }
            Says::RtcpFb(number) => {
                if let Some(number) = number {
                    self.formats.mention(line, number, sink);
                }
            }
            Says::RtcpMux => {
                self.formats.mux();
                self.sections.current().rtcp_mux = true;
            }
            Says::RtcpMuxOnly => self.formats.mux_only(),
            Says::ExtMap { id, mid } => {
                self.references.extension(line, id, sink);
                self.sections.current().mid_extension |= mid;
            }
            Says::Rid(rid) => self.references.rid(line, rid),
            Says::Simulcast => self.references.simulcast(line),
            Says::Mid(mid) => self.sections.name(line, mid),
            Says::Msid(track) => self.sections.track(line, track, sink),
            Says::BundleOnly => self.sections.current().bundle_only = true,
            Says::Group => {
                if self.sections.count() == 0 {
                    self.groups.take(line);
                }
            }
            Says::IceUfrag(ufrag) => self.ice.ufrag(line, ufrag),
            Says::IcePwd(pwd) => self.ice.pwd(line, pwd),
            Says::IceLite => self.ice.lite(),
            Says::IcePacing => self.ice.pacing(line),
        }
    }

    /// Takes an `m=` line.
    fn section(&mut self, line: u32, media: Option<MediaSays<'s>>, sink: &mut Sink<'_>) {
        self.sections.open(line, media, sink);
        self.references.section(sink);
        self.formats.section(line, media, sink);
        self.ice.section();
    }

    /// Takes a `c=` line.
    fn address(&mut self, line: &Line<'s>, family: Family) {
        let (number, content) = (line.number(), line.content());
        let address = &mut self.sections.current().address;
        address.get_or_insert(Address { line: number, content, family });
    }

    fn end(mut self, sink: &mut Sink<'_>) {
        self.sections.end(sink);
        self.references.end(sink);
        self.formats.end(sink);
        self.groups.end(&self.sections, sink);
        self.ice.end(sink);
    }
}

/// Runs the checks that hold for a fragment, which has no session part to speak of.
pub(crate) fn fragment(document: &Document<'_>, sink: &mut Sink<'_>) {
    let mut text = Text::new(document, sink);
    let mut values = Values::default();
    let mut pieces = Pieces::default();
    let base = core::str::from_utf8(document.base()).ok();
    for line in document.lines() {
        let kind = line.kind();
        text.line(&line, kind, sink);
        if let Some(attribute) = AttributeLine::new(line) {
            let says = values.attribute(&attribute, base, sink);
            pieces.attribute(&attribute, &says, sink);
        } else {
            values.field(line, kind, base, sink);
            pieces.field(&line, kind, sink);
        }
    }
    text.end(document, sink);
    pieces.end(document, sink);
}

/// What is wrong with a line by itself, in the session part or in a section.
pub(crate) fn line(line: Line<'_>, in_media: bool) -> Vec<Code> {
    let mut codes = Vec::new();
    let sink: &mut Sink<'_> = &mut |finding| codes.push(finding.code);
    let mut values = Values::at(in_media);
    match AttributeLine::new(line) {
        Some(attribute) => _ = values.attribute(&attribute, None, sink),
        None => _ = values.field(line, line.kind(), None, sink),
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
fn value(line: &Line<'_>, code: Code) -> Diagnostic {
    let value = line.attribute().and_then(|(_, value)| value);
    let end = value.map_or(0, <[u8]>::len) as u32;
    section::place(line, ValueError { code, start: 0, end })
}

/// A finding about something that a line, or what starts there, lacks.
const fn missing(line: u32, code: Code) -> Diagnostic {
    Diagnostic { line, columns: (1, 1), code }
}

#[cfg(test)]
mod tests;
