//! What stands at each index of an own offer (RFC 8829 §5.2.1, §5.2.2; RFC 3264 §8).

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use super::agreement::{AgreedSection, Agreement};
use super::bundle::Member;
use super::config::Bundling;
use super::create_offer::OfferCreator;
use super::kind::{self, Kind};
use super::mismatch::CommandError;
use super::transceiver::{Entry, TransceiverId};
use crate::codec::Format;
use crate::text::{Token, Word};

/// What stands at an index of the offer.
pub(super) enum Slot<'o> {
    /// A section that was agreed and goes on.
    Continues(&'o AgreedSection, &'o Entry),
    /// One that is off, or that its transceiver wants off.
    Off(&'o AgreedSection),
    /// A new one, perhaps in the place of one that was off.
    New(&'o Entry, Token<'static>),
}

impl<'o> OfferCreator<'o> {
    /// The sections in order: those that were agreed in their places, then new ones, each in a
    /// place that is off or at the end; media before data (RFC 8829 §5.2.1, §5.2.2).
    ///
    /// A place before the section that carries the transport of the group is used when nothing
    /// else is left. What stands there would carry the transport for Chromium, whatever the group
    /// says, and to reject it would be to reject the group (RFC 9143 §7.3.3).
    pub(super) fn slots(&self, next_mid: &mut u32) -> Result<Vec<Slot<'o>>, CommandError> {
        let agreed = self.agreement.sections.iter();
        let mut mids: Vec<Token<'static>> = agreed.clone().map(|s| s.mid.clone()).collect();
        let mut slots: Vec<Slot<'o>> = agreed
            .map(|section| {
                let id = section.transceiver.filter(|_| section.live);
                let entry = id.and_then(|id| self.transceivers.get(id));
                match (entry, id.and_then(|id| self.instead_of(id))) {
                    (_, Some(other)) => Slot::New(other, section.mid.clone()),
                    (Some(entry), None) if !entry.stopped => Slot::Continues(section, entry),
                    (Some(_) | None, None) => Slot::Off(section),
                }
            })
            .collect();
        let serves = |id: TransceiverId| {
            self.agreement.sections.iter().any(|s| s.live && s.transceiver == Some(id))
        };
        let placed = |entry: &Entry| serves(entry.id) || entry.instead_of.is_some_and(serves);
        let new = self.transceivers.iter().filter(|entry| !entry.stopped && !placed(entry));
        let mut new: Vec<&'o Entry> = new.collect();
        new.sort_by_key(|entry| entry.wish.kind == Kind::Data);
        let stays = |index: &usize| matches!(slots.get(*index), Some(Slot::Continues(..)));
        let mut grouped = self.agreement.groups.iter().flatten().copied();
        let tag = grouped.find(stays).unwrap_or_default();
        let free = (0..self.agreement.sections.len())
            .filter(|index| self.agreement.sections.get(*index).is_some_and(|s| !s.live));
        let (before, behind): (Vec<usize>, Vec<usize>) = free.partition(|index| *index < tag);
        let (mut before, mut behind) = (before.into_iter(), behind.into_iter());
        let max = self.config.limits.media_max;
        for entry in new {
            let mid = Agreement::fresh_mid(next_mid, &mids);
            mids.push(mid.clone());
            let slot = Slot::New(entry, mid);
            let full = slots.len() >= max;
            let place = behind.next().or_else(|| if full { before.next() } else { None });
            match place.and_then(|index| slots.get_mut(index)) {
                Some(place) => *place = slot,
                None if full => return Err(CommandError::Sections { max }),
                None => slots.push(slot),
            }
        }
        Ok(slots)
    }

    /// The transceiver that takes the section of this one.
    fn instead_of(&self, id: TransceiverId) -> Option<&'o Entry> {
        let mut entries = self.transceivers.iter().filter(|entry| !entry.stopped);
        entries.find(|entry| entry.instead_of == Some(id))
    }

    /// The protocol of RTP in new sections: that of the sections that they are grouped with, which
    /// must be one (RFC 9143 §9.1), else the usual one.
    pub(super) fn protocol(&self, slots: &[Slot<'_>]) -> Word<'static> {
        let group = self.agreement.groups.first();
        let held = slots.iter().enumerate().filter_map(|(index, slot)| match slot {
            Slot::Continues(section, _) if group.is_none_or(|group| group.contains(&index)) => {
                let rtp = section.kind.is_some_and(Kind::is_rtp);
                Some(*section).filter(|section| rtp && section.direct.is_none())
            }
            Slot::Continues(..) | Slot::Off(_) | Slot::New(..) => None,
        });
        let held = held.map(|section| kind::offered_again(&section.line.proto)).next();
        held.unwrap_or_else(|| Kind::Audio.proto_word())
    }
}

/// The sections as far as placing them has to know them. Where there is no group yet, those that
/// go on join one if it can be: RTP of one protocol, with RTCP on its port, and no payload type
/// that stands for two formats (RFC 9143 §9.1, §9.3).
pub(super) fn members(slots: &[Slot<'_>], protocol: &str) -> Vec<Member> {
    let mut numbers: BTreeMap<u8, Format<'static>> = BTreeMap::new();
    let mut joins = |section: &AgreedSection| {
        let formats = || section.codecs.iter().map(|codec| &codec.local);
        let clash = |format: &Format<'static>| {
            let other = numbers.get(&format.payload_type);
            other.is_some_and(|other| !other.same_configuration(format))
        };
        let rtp = section.kind.is_some_and(Kind::is_rtp);
        let fits =
            !rtp || (section.rtcp_mux && kind::offered_again(&section.line.proto) == protocol);
        if !fits || formats().any(clash) {
            return false;
        }
        numbers.extend(formats().map(|format| (format.payload_type, format.clone())));
        true
    };
    let member = |slot: &Slot<'_>| match slot {
        Slot::Continues(section, entry) => {
            let joins = joins(section);
            let direct = section.direct.is_some();
            let part = if direct { Bundling::Apart } else { entry.wish.bundling };
            Member { kind: section.kind, live: true, continues: true, joins, part }
        }
        Slot::Off(section) => Member {
            kind: section.kind,
            live: false,
            continues: false,
            joins: false,
            part: Bundling::Apart,
        },
        Slot::New(entry, _) => {
            let direct = !entry.wish.carriage.is_ice() || entry.wish.kind == Kind::Other;
            Member {
                kind: Some(entry.wish.kind),
                live: true,
                continues: false,
                joins: true,
                part: if direct { Bundling::Apart } else { entry.wish.bundling },
            }
        }
    };
    slots.iter().map(member).collect()
}
