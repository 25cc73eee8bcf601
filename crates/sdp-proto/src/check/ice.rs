//! What the ICE attributes of a description have to agree on (RFC 8839 §4.3.1, §5.4).

use alloc::vec::Vec;

use super::values::Says;
use super::{Sink, whole};
use crate::diagnostic::{Code, Diagnostic};
use crate::section::AttributeLine;

/// The credentials of the session part or of one section.
#[derive(Clone, Copy, Default)]
struct Pair<'s> {
    ufrag: Option<&'s str>,
    pwd: Option<&'s str>,
    /// Where a finding about them points.
    place: Option<Diagnostic>,
}

/// The credentials so far, and what a lite agent may not say.
#[derive(Default)]
pub(super) struct Ice<'s> {
    session: Pair<'s>,
    /// Those of the current section.
    own: Option<Pair<'s>>,
    /// Those of the sections before it, without repetitions in a row.
    pairs: Vec<(&'s str, &'s str, Diagnostic)>,
    lite: bool,
    pacing: Option<Diagnostic>,
}

impl<'s> Ice<'s> {
    pub(super) fn section(&mut self) {
        self.close();
        self.own = Some(Pair::default());
    }

    pub(super) fn attribute(&mut self, line: &AttributeLine<'s>, says: &Says<'s>) {
        let pair = self.own.as_mut().unwrap_or(&mut self.session);
        match *says {
            Says::IceUfrag(ufrag) => pair.ufrag = Some(ufrag),
            Says::IcePwd(pwd) => pair.pwd = Some(pwd),
            Says::IceLite => return self.lite = true,
            Says::IcePacing => {
                return self.pacing = Some(whole(&line.line(), Code::IcePacingLite));
            }
            _ => return,
        }
        pair.place = Some(whole(&line.line(), Code::IceUfragShared));
    }

    /// Takes what holds for the current section over into the list.
    fn close(&mut self) {
        let Some(own) = self.own.take() else { return };
        let ufrag = own.ufrag.or(self.session.ufrag);
        let pwd = own.pwd.or(self.session.pwd);
        let place = own.place.or(self.session.place);
        let Some(((ufrag, pwd), place)) = ufrag.zip(pwd).zip(place) else { return };
        if self.pairs.last().is_none_or(|(u, p, _)| (*u, *p) != (ufrag, pwd)) {
            self.pairs.push((ufrag, pwd, place));
        }
    }

    pub(super) fn end(mut self, sink: &mut Sink<'_>) {
        self.close();
        self.pairs.sort_unstable_by_key(|(ufrag, _, place)| (*ufrag, place.line));
        for pair in self.pairs.windows(2) {
            if let [(first, pwd, _), (again, other, place)] = pair
                && first == again
                && pwd != other
            {
                sink(*place);
            }
        }
        if let Some(finding) = self.pacing.filter(|_| self.lite) {
            sink(finding);
        }
    }
}
