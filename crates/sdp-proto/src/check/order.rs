//! Which lines there are, and in which order (RFC 8866 §5, §9).

use super::{Sink, whole};
use crate::diagnostic::{Code, Diagnostic};
use crate::line::{Kind, Line};
use crate::section::Section;
use crate::session::Session;

pub(super) fn check(session: &Session<'_>, sink: &mut Sink<'_>) {
    let first = session.lines().find(|line| !matches!(line.kind(), Kind::Blank | Kind::Stray));
    if let Some(first) = first.filter(|line| line.kind() != Kind::Version) {
        let line = first.number();
        sink(Diagnostic { line, columns: (1, 1), code: Code::MissingVersion });
    }
    let top = session.session_section();
    session_order(&top, sink);
    presence(&top, sink);
    let default = has(&top, Kind::Connection);
    for media in session.media() {
        media_order(&media, sink);
        // A section that is switched off has no address to give.
        let off = media.line().is_ok_and(|line| line.port == 0);
        if !default && !off && !has(&media, Kind::Connection) {
            let line = media.first + 1;
            sink(Diagnostic { line, columns: (1, 1), code: Code::MissingConnection });
        }
    }
}

fn has(section: &Section<'_>, kind: Kind) -> bool {
    section.lines().any(|line| line.kind() == kind)
}

fn presence(top: &Section<'_>, sink: &mut Sink<'_>) {
    let wanted = [
        (Kind::Origin, Code::MissingOrigin),
        (Kind::SessionName, Code::MissingName),
        (Kind::Time, Code::MissingTime),
    ];
    for (kind, code) in wanted {
        if !has(top, kind) {
            sink(Diagnostic { line: top.last + 1, columns: (1, 1), code });
        }
    }
}

/// Place of a line in the session part, and whether it may occur once only.
fn session_rank(kind: Kind) -> Option<(u8, bool)> {
    Some(match kind {
        Kind::Version => (0, true),
        Kind::Origin => (1, true),
        Kind::SessionName => (2, true),
        Kind::Information => (3, true),
        Kind::Uri => (4, true),
        Kind::Email => (5, false),
        Kind::Phone => (6, false),
        Kind::Connection => (7, true),
        Kind::Bandwidth => (8, false),
        // RFC 4566 had z= after all of t= and r=; both orders pass.
        Kind::Time | Kind::Repeat | Kind::Zone => (9, false),
        Kind::Key => (10, true),
        Kind::Attribute => (11, false),
        Kind::Media | Kind::Unknown(_) | Kind::Blank | Kind::Stray => return None,
    })
}

fn session_order(top: &Section<'_>, sink: &mut Sink<'_>) {
    let mut order = Order::default();
    let mut timed = false;
    for line in top.lines() {
        let kind = line.kind();
        timed |= kind == Kind::Time;
        if matches!(kind, Kind::Repeat | Kind::Zone) && !timed {
            sink(whole(&line, Code::TimeMissingBefore));
        }
        if let Some((rank, once)) = session_rank(kind) {
            order.take(&line, rank, once, sink);
        }
    }
}

fn media_order(media: &Section<'_>, sink: &mut Sink<'_>) {
    let mut order = Order::default();
    for line in media.lines() {
        let (rank, once) = match line.kind() {
            Kind::Media => (0, true),
            Kind::Information => (1, true),
            Kind::Connection => (2, false),
            Kind::Bandwidth => (3, false),
            Kind::Key => (4, true),
            Kind::Attribute => (5, false),
            Kind::Unknown(_) | Kind::Blank | Kind::Stray => continue,
            Kind::Version
            | Kind::Origin
            | Kind::SessionName
            | Kind::Uri
            | Kind::Email
            | Kind::Phone
            | Kind::Time
            | Kind::Repeat
            | Kind::Zone => {
                sink(whole(&line, Code::SessionLineInMedia));
                continue;
            }
        };
        order.take(&line, rank, once, sink);
    }
}

#[derive(Default)]
struct Order {
    highest: u8,
    /// A bit for each rank that has occurred.
    seen: u16,
}

impl Order {
    fn take(&mut self, line: &Line<'_>, rank: u8, once: bool, sink: &mut Sink<'_>) {
        let bit = 1 << rank;
        if once && self.seen & bit != 0 {
            sink(whole(line, Code::Repeated));
        } else if rank < self.highest {
            sink(whole(line, Code::Misplaced));
        }
        self.seen |= bit;
        self.highest = self.highest.max(rank);
    }
}
