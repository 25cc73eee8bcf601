//! Which lines there are, and in which order (RFC 8866 §5, §9).

use super::{Sink, missing, whole};
use crate::diagnostic::Code;
use crate::document::Document;
use crate::line::{Kind, Line};

/// The lines so far.
#[derive(Default)]
pub(super) struct Order {
    started: bool,
    in_media: bool,
    /// The highest rank in this section.
    highest: u8,
    /// A bit for each rank that has occurred in this section.
    seen: u16,
    origin: bool,
    name: bool,
    time: bool,
}

impl Order {
    /// Takes an attribute: they come last, as many as there are.
    #[inline]
    pub(super) fn attribute(&mut self, line: &Line<'_>, sink: &mut Sink<'_>) {
        if self.started {
            self.highest = ATTRIBUTES;
        } else {
            self.line(line, Kind::Attribute, sink);
        }
    }

    pub(super) fn line(&mut self, line: &Line<'_>, kind: Kind, sink: &mut Sink<'_>) {
        if !self.started && !matches!(kind, Kind::Blank | Kind::Stray) {
            self.started = true;
            if kind != Kind::Version {
                sink(missing(line.number(), Code::MissingVersion));
            }
        }
        if kind == Kind::Media {
            self.in_media = true;
            (self.highest, self.seen) = (0, 0);
            return;
        }
        let rank =
            if self.in_media { media_rank(kind) } else { self.session_rank(line, kind, sink) };
        match rank {
            Rank::Once(rank) if self.seen & (1 << rank) != 0 => sink(whole(line, Code::Repeated)),
            Rank::Once(rank) | Rank::Often(rank) => self.place(line, rank, sink),
            Rank::Foreign => sink(whole(line, Code::SessionLineInMedia)),
            Rank::None => {}
        }
    }

    fn place(&mut self, line: &Line<'_>, rank: u8, sink: &mut Sink<'_>) {
        if rank < self.highest {
            sink(whole(line, Code::Misplaced));
        }
        self.seen |= 1 << rank;
        self.highest = self.highest.max(rank);
    }

    /// Notes that a line of the session part is there.
    fn session_rank(&mut self, line: &Line<'_>, kind: Kind, sink: &mut Sink<'_>) -> Rank {
        match kind {
            Kind::Origin => self.origin = true,
            Kind::SessionName => self.name = true,
            Kind::Time => self.time = true,
            Kind::Repeat | Kind::Zone if !self.time => sink(whole(line, Code::TimeMissingBefore)),
            _ => {}
        }
        session_rank(kind)
    }

    pub(super) fn end(&self, document: &Document<'_>, sink: &mut Sink<'_>) {
        let wanted = [
            (self.origin, Code::MissingOrigin),
            (self.name, Code::MissingName),
            (self.time, Code::MissingTime),
        ];
        for (_, code) in wanted.into_iter().filter(|(there, _)| !there) {
            sink(missing(document.session_part().end + 1, code));
        }
    }
}

/// The rank of attributes, the highest of all.
const ATTRIBUTES: u8 = 11;

/// Place of a line in its section.
enum Rank {
    Once(u8),
    Often(u8),
    /// Belongs into the session part.
    Foreign,
    None,
}

const fn session_rank(kind: Kind) -> Rank {
    match kind {
        Kind::Version => Rank::Once(0),
        Kind::Origin => Rank::Once(1),
        Kind::SessionName => Rank::Once(2),
        Kind::Information => Rank::Once(3),
        Kind::Uri => Rank::Once(4),
        Kind::Email => Rank::Often(5),
        Kind::Phone => Rank::Often(6),
        Kind::Connection => Rank::Once(7),
        Kind::Bandwidth => Rank::Often(8),
        // RFC 4566 had z= after all of t= and r=; both orders pass.
        Kind::Time | Kind::Repeat | Kind::Zone => Rank::Often(9),
        Kind::Key => Rank::Once(10),
        Kind::Attribute => Rank::Often(ATTRIBUTES),
        Kind::Media | Kind::Unknown(_) | Kind::Blank | Kind::Stray => Rank::None,
    }
}

const fn media_rank(kind: Kind) -> Rank {
    match kind {
        Kind::Information => Rank::Once(1),
        Kind::Connection => Rank::Often(2),
        Kind::Bandwidth => Rank::Often(3),
        Kind::Key => Rank::Once(4),
        Kind::Attribute => Rank::Often(ATTRIBUTES),
        Kind::Media | Kind::Unknown(_) | Kind::Blank | Kind::Stray => Rank::None,
        Kind::Version
        | Kind::Origin
        | Kind::SessionName
        | Kind::Uri
        | Kind::Email
        | Kind::Phone
        | Kind::Time
        | Kind::Repeat
        | Kind::Zone => Rank::Foreign,
    }
}
