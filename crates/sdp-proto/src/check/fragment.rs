//! What a fragment has to say besides candidates (RFC 8840 §4.4, §9.2).

use super::says::Says;
use super::{Sink, missing, whole};
use crate::diagnostic::Code;
use crate::document::Document;
use crate::line::{Kind, Line};
use crate::section::AttributeLine;

/// What the lines so far have said.
#[derive(Default)]
pub(super) struct Pieces {
    ufrag: bool,
    pwd: bool,
    in_media: bool,
    /// Whether it is known which section the candidates of this one are for, or was asked for.
    named: bool,
}

impl Pieces {
    pub(super) fn field(&mut self, line: &Line<'_>, kind: Kind, sink: &mut Sink<'_>) {
        match kind {
            Kind::Media => (self.in_media, self.named) = (true, false),
            Kind::Attribute | Kind::Blank | Kind::Stray | Kind::Unknown(_) => {}
            _ => sink(whole(line, Code::FragmentLine)),
        }
    }

    pub(super) fn attribute(
        &mut self,
        line: &AttributeLine<'_>,
        says: &Says<'_>,
        sink: &mut Sink<'_>,
    ) {
        match says {
            Says::IceUfrag(_) => self.ufrag = true,
            Says::IcePwd(_) => self.pwd = true,
            Says::Mid(_) => self.named = true,
            Says::Nothing if self.in_media && !self.named => {
                if matches!(line.name(), b"candidate" | b"end-of-candidates") {
                    self.named = true;
                    sink(whole(&line.line(), Code::FragmentMid));
                }
            }
            _ => {}
        }
    }

    pub(super) fn end(&self, document: &Document<'_>, sink: &mut Sink<'_>) {
        if document.line_count() > 0 && !(self.ufrag && self.pwd) {
            sink(missing(document.line_count() as u32 + 1, Code::FragmentCredentials));
        }
    }
}
