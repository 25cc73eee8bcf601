//! Which sections have an address, and of which family (RFC 8866 §5.7, RFC 9143 §7.1.1).

use alloc::vec::Vec;

use super::{Sink, missing};
use crate::diagnostic::{Code, Diagnostic};
use crate::field::{Connection, ConnectionAddress};

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    V4,
    V6,
    /// The line cannot be read.
    Unknown,
}

impl Family {
    pub(super) fn of(connection: Option<&Connection<'_>>) -> Self {
        connection.map_or(Self::Unknown, |c| match &c.address {
            ConnectionAddress::Ip(ip) if ip.is_ipv4() => Self::V4,
            ConnectionAddress::Name4(_) => Self::V4,
            ConnectionAddress::Ip(_) | ConnectionAddress::Name6(_) => Self::V6,
        })
    }
}

/// The `c=` line that holds for a section, by number, and its family.
#[derive(Clone, Copy)]
struct Seen {
    line: u32,
    family: Family,
}

/// The addresses of all sections so far.
#[derive(Default)]
pub(super) struct Connections {
    session: Option<Seen>,
    sections: Vec<Option<Seen>>,
    /// The `m=` line of the current section, unless that is switched off and needs no address.
    wanting: Option<u32>,
}

impl Connections {
    pub(super) fn section(&mut self, line: u32, off: bool, sink: &mut Sink<'_>) {
        self.end(sink);
        self.wanting = (!off).then_some(line);
        self.sections.push(None);
    }

    pub(super) fn line(&mut self, line: u32, family: Family) {
        let place = self.sections.last_mut().unwrap_or(&mut self.session);
        place.get_or_insert(Seen { line, family });
    }

    /// Ends the current section, or the description.
    pub(super) fn end(&mut self, sink: &mut Sink<'_>) {
        let Some(line) = self.wanting.take() else { return };
        let own = self.sections.last().copied().flatten();
        if own.or(self.session).is_none() {
            sink(missing(line, Code::MissingConnection));
        }
    }

    /// Says where one of these sections of a BUNDLE group is of another family than the first.
    pub(super) fn bundled(&self, sections: impl Iterator<Item = usize>) -> Option<Diagnostic> {
        let known = |seen: &Seen| seen.family != Family::Unknown;
        let seen = |index: usize| self.sections.get(index).copied().flatten().or(self.session);
        let mut members = sections.filter_map(seen).filter(known);
        let first = members.next()?;
        let other = members.find(|seen| seen.family != first.family)?;
        Some(missing(other.line, Code::BundleAddressTypes))
    }
}
