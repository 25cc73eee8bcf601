//! What the ICE attributes of a description have to agree on (RFC 8839 §4.3.1, §5.4).

use alloc::vec::Vec;

use super::{Sink, whole};
use crate::diagnostic::{Code, Diagnostic};
use crate::line::Line;

/// The credentials of the session part or of one section.
#[derive(Clone, Copy, Default)]
struct Pair<'s> {
    ufrag: Option<&'s str>,
    pwd: Option<&'s str>,
    /// Where a finding about them points.
    place: Option<Diagnostic>,
}

/// Both credentials of a section.
#[derive(Clone, Copy)]
struct Complete<'s> {
    ufrag: &'s str,
    pwd: &'s str,
    place: Diagnostic,
}

/// The credentials so far, and what a lite agent may not say.
#[derive(Default)]
pub(super) struct Ice<'s> {
    session: Pair<'s>,
    /// Those of the current section.
    own: Option<Pair<'s>>,
    /// Those of the sections before it, without repetitions in a row: mostly there are no others.
    first: Option<Complete<'s>>,
    others: Vec<Complete<'s>>,
    lite: bool,
    pacing: Option<Diagnostic>,
}

impl<'s> Ice<'s> {
    pub(super) fn section(&mut self) {
        self.close();
        self.own = Some(Pair::default());
    }

    /// Takes an `a=ice-ufrag`.
    pub(super) fn ufrag(&mut self, line: &Line<'s>, ufrag: &'s str) {
        let pair = self.current(line);
        pair.ufrag = Some(ufrag);
    }

    /// Takes an `a=ice-pwd`.
    pub(super) fn pwd(&mut self, line: &Line<'s>, pwd: &'s str) {
        let pair = self.current(line);
        pair.pwd = Some(pwd);
    }

    /// The credentials of the section at hand, or of the session part, which this line adds to.
    fn current(&mut self, line: &Line<'s>) -> &mut Pair<'s> {
        let pair = self.own.as_mut().unwrap_or(&mut self.session);
        pair.place = Some(whole(line, Code::IceUfragShared));
        pair
    }

    /// Takes an `a=ice-lite`.
    pub(super) const fn lite(&mut self) {
        self.lite = true;
    }

    /// Takes an `a=ice-pacing`.
    pub(super) fn pacing(&mut self, line: &Line<'s>) {
        self.pacing = Some(whole(line, Code::IcePacingLite));
    }

    /// Takes what holds for the current section over into the list.
    fn close(&mut self) {
        let Some(own) = self.own.take() else { return };
        let ufrag = own.ufrag.or(self.session.ufrag);
        let pwd = own.pwd.or(self.session.pwd);
        let place = own.place.or(self.session.place);
        let Some(((ufrag, pwd), place)) = ufrag.zip(pwd).zip(place) else { return };
        let last = self.others.last().or(self.first.as_ref());
        if last.is_some_and(|last| (last.ufrag, last.pwd) == (ufrag, pwd)) {
            return;
        }
        let complete = Complete { ufrag, pwd, place };
        if self.first.is_none() {
            self.first = Some(complete);
        } else {
            self.others.push(complete);
        }
    }

    pub(super) fn end(mut self, sink: &mut Sink<'_>) {
        self.close();
        if !self.others.is_empty() {
            self.others.extend(self.first);
            self.others.sort_unstable_by_key(|pair| (pair.ufrag, pair.place.line));
        }
        for pair in self.others.windows(2) {
            if let [first, again] = pair
                && first.ufrag == again.ufrag
                && first.pwd != again.pwd
            {
                sink(again.place);
            }
        }
        if let Some(finding) = self.pacing.filter(|_| self.lite) {
            sink(finding);
        }
    }
}
