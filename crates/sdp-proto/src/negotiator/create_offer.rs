//! Making an offer out of what was agreed and what the transceivers want (RFC 8829 §5.2, RFC 3264
//! §5, §8).

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use super::agreement::{AgreedSection, Agreement};
use super::bundle::{self, Member, Placement};
use super::config::{Config, RtcpMuxPolicy};
use super::explain::{Explanation, ExplanationLog, Reason};
use super::extensions;
use super::formats::{Layout, Wishes};
use super::kind::Kind;
use super::lip_sync;
use super::mismatch::CommandError;
use super::numbers::{self, Numbers, Taken};
use super::section_draft::{self, SectionDraft};
use super::simulcast;
use super::transceiver::{Entry, TransceiverId, Transceivers};
use super::writer::{Candidates, Writer};
use crate::attribute::{Direction, Setup};
use crate::codec::Format;
use crate::text::{Token, Word};
use crate::{IceCredentials, Session};

/// An own offer that waits for its answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct LocalOffer {
    pub(super) session: Session<'static>,
    pub(super) sections: Vec<LocalSection>,
    pub(super) groups: Vec<Vec<usize>>,
    pub(super) lip_sync: Vec<Vec<usize>>,
    pub(super) reserved: Reserved,
    pub(super) next_mid: u32,
    pub(super) credentials: IceCredentials<'static>,
}

/// What sections have in common: the numbers given out, and the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Reserved {
    pub(super) payload_types: Numbers,
    pub(super) extension_ids: Numbers,
    pub(super) explanations: Vec<Explanation>,
}

/// A section of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct LocalSection {
    pub(super) draft: SectionDraft,
    pub(super) mid: Token<'static>,
    pub(super) transceiver: Option<TransceiverId>,
    pub(super) layout: Layout,
    pub(super) shared: bool,
}

/// What an offer is made from.
pub(super) struct OfferCreator<'o> {
    pub(super) config: &'o Config,
    pub(super) transceivers: &'o Transceivers,
    pub(super) agreement: &'o Agreement,
    pub(super) candidates: &'o Candidates,
    pub(super) credentials: &'o IceCredentials<'static>,
    pub(super) version: u64,
}

/// What stands at an index of the offer.
enum Slot<'o> {
    /// A section that was agreed and goes on.
    Continues(&'o AgreedSection, &'o Entry),
    /// One that is off, or that its transceiver wants off.
    Off(&'o AgreedSection),
    /// A new one, perhaps in the place of one that was off.
    New(&'o Entry, Token<'static>),
}

impl<'o> OfferCreator<'o> {
    pub(super) fn create(&self) -> Result<LocalOffer, CommandError> {
        let mut next_mid = self.agreement.next_mid;
        let slots = self.slots(&mut next_mid)?;
        let protocol = self.protocol(&slots);
        let members = members(&slots, &protocol);
        let (places, groups) = bundle::offer(self.config.bundle, self.agreement, &members);
        let mut reserved = Reserved {
            payload_types: self.agreement.payload_types.clone(),
            extension_ids: self.agreement.extension_ids.clone(),
            explanations: Vec::new(),
        };
        let mut sections = Vec::with_capacity(slots.len());
        for (index, (slot, place)) in slots.iter().zip(places).enumerate() {
            let bundled = groups.iter().any(|group| group.contains(&index));
            let role = Role { index, place, bundled, protocol: &protocol };
            sections.push(self.section(slot, role, &mut reserved)?);
        }
        let drafts: Vec<SectionDraft> = sections.iter().map(|s| s.draft.clone()).collect();
        let streams: Vec<_> = drafts.iter().map(SectionDraft::streams).collect();
        let lip_sync = lip_sync::offered(&self.agreement.lip_sync, &streams);
        let writer = Writer {
            config: self.config,
            credentials: self.credentials,
            candidates: self.candidates,
            version: self.version,
            timings: &[],
            drafts: &drafts,
            groups: &groups,
            lip_sync: &lip_sync,
        };
        let session = writer.write()?;
        let credentials = self.credentials.clone();
        Ok(LocalOffer { session, sections, groups, lip_sync, reserved, next_mid, credentials })
    }

    /// The sections in order: those that were agreed in their places, then new ones, each in a
    /// place that is off or at the end; media before data (RFC 8829 §5.2.1, §5.2.2).
    ///
    /// A place before the section that carries the transport of the group is used when nothing
    /// else is left. What stands there would carry the transport for Chromium, whatever the group
    /// says, and to reject it would be to reject the group (RFC 9143 §7.3.3).
    fn slots(&self, next_mid: &mut u32) -> Result<Vec<Slot<'o>>, CommandError> {
        let agreed = self.agreement.sections.iter();
        let mut mids: Vec<Token<'static>> = agreed.clone().map(|s| s.mid.clone()).collect();
        let mut slots: Vec<Slot<'o>> = agreed
            .map(|section| match section.transceiver.and_then(|id| self.transceivers.get(id)) {
                Some(entry) if section.live && !entry.stopped => Slot::Continues(section, entry),
                _ => Slot::Off(section),
            })
            .collect();
        let placed = |entry: &Entry| {
            self.agreement.sections.iter().any(|s| s.live && s.transceiver == Some(entry.id))
        };
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

    /// The protocol of RTP in new sections: that of the sections that they are grouped with, which
    /// must be one (RFC 9143 §9.1), else the usual one.
    fn protocol(&self, slots: &[Slot<'_>]) -> Word<'static> {
        let group = self.agreement.groups.first();
        let held = slots.iter().enumerate().filter_map(|(index, slot)| match slot {
            Slot::Continues(section, _) if group.is_none_or(|group| group.contains(&index)) => {
                Some(*section).filter(|section| section.kind != Some(Kind::Data))
            }
            Slot::Continues(..) | Slot::Off(_) | Slot::New(..) => None,
        });
        let held = held.map(|section| section.line.proto.clone()).next();
        held.unwrap_or_else(|| Kind::Audio.proto_word())
    }

    fn section(
        &self,
        slot: &Slot<'_>,
        role: Role<'_>,
        reserved: &mut Reserved,
    ) -> Result<LocalSection, CommandError> {
        let Role { index, place, bundled, protocol } = role;
        let mut log = ExplanationLog { section: index, lines: &mut reserved.explanations };
        let (entry, held, mid) = match slot {
            Slot::Off(section) => return Ok(off(index, section, &mut log)),
            Slot::Continues(section, entry) => (*entry, Some(*section), section.mid.clone()),
            Slot::New(entry, mid) => (*entry, None, mid.clone()),
        };
        log.section(Reason::Offered);
        let wish = &entry.wish;
        let rtp = wish.kind != Kind::Data;
        let own = self.config.capabilities(wish);
        let wishes = Wishes {
            kind: wish.kind,
            codecs: &own.codecs,
            held: held.map_or(&[][..], |section| &section.codecs),
            ordered: wish.capabilities.is_some(),
        };
        let layout = layout(&wishes, &mut reserved.payload_types, &mut log);
        if rtp && !layout.has_media() {
            return Err(CommandError::NoCodec);
        }
        let mixed = rtp && self.config.allow_mixed && held.is_none_or(|s| s.allow_mixed);
        let ids = &mut reserved.extension_ids;
        let wanted = extensions::with_mid(&own.extensions, rtp && bundled);
        let extensions = extensions::offered(&wanted, held, mixed, ids, &mut log);
        for format in &layout.formats {
            log.codec(format, Reason::Offered);
        }
        for map in &extensions {
            log.extension(&map.uri, Reason::Offered);
        }
        let simulcast = if rtp {
            simulcast::offered(wish, held, &mut log)
        } else {
            simulcast::Lines::default()
        };
        let mut line = section_draft::line(wish.kind, &layout.formats)?;
        if rtp {
            line.proto = protocol.clone();
        }
        if let Some(held) = held {
            line.proto = held.line.proto.clone();
            if !rtp {
                line.formats.clone_from(&held.line.formats);
            }
        }
        let transport = place == Placement::Own;
        let mux_only = self.config.rtcp_mux == RtcpMuxPolicy::Require;
        let draft = SectionDraft {
            line,
            mid: Some(mid.clone()),
            kind: Some(wish.kind),
            live: true,
            bundle_only: place == Placement::BundleOnly,
            owner: if let Placement::Shared(tag) = place { tag } else { index },
            setup: transport.then_some(Setup::ActPass),
            tls_id: true,
            direction: if rtp { wish.direction } else { Direction::SendRecv },
            formats: layout.written(),
            extensions,
            allow_mixed: mixed,
            streams: wish.streams.clone(),
            simulcast,
            rtcp: rtp && transport && held.is_none_or(|section| !section.rtcp_mux),
            rtcp_mux: rtp && held.is_none_or(|section| section.rtcp_mux),
            rtcp_mux_only: rtp && held.is_none() && mux_only && transport,
            rtcp_rsize: rtp && held.is_none_or(|section| section.rtcp_rsize),
        };
        let shared = matches!(place, Placement::Shared(_) | Placement::BundleOnly);
        Ok(LocalSection { draft, mid, transceiver: Some(entry.id), layout, shared })
    }
}

/// The part of a section in the offer.
#[derive(Clone, Copy)]
struct Role<'p> {
    index: usize,
    place: Placement,
    /// Whether it is in a group.
    bundled: bool,
    /// That of RTP in new sections.
    protocol: &'p Word<'static>,
}

/// The sections as far as placing them has to know them. Where there is no group yet, those that
/// go on join one if it can be: RTP of one protocol, with RTCP on its port, and no payload type
/// that stands for two formats (RFC 9143 §9.1, §9.3).
fn members(slots: &[Slot<'_>], protocol: &str) -> Vec<Member> {
    let mut numbers: BTreeMap<u8, Format<'static>> = BTreeMap::new();
    let mut joins = |section: &AgreedSection| {
        let formats = || section.codecs.iter().map(|codec| &codec.local);
        let clash = |format: &Format<'static>| {
            let other = numbers.get(&format.payload_type);
            other.is_some_and(|other| !other.same_configuration(format))
        };
        let rtp = section.kind != Some(Kind::Data);
        let fits = !rtp || (section.rtcp_mux && section.line.proto == protocol);
        if !fits || formats().any(clash) {
            return false;
        }
        numbers.extend(formats().map(|format| (format.payload_type, format.clone())));
        true
    };
    let member = |slot: &Slot<'_>| match slot {
        Slot::Continues(section, _) => {
            let joins = joins(section);
            Member { kind: section.kind, live: true, continues: true, joins }
        }
        Slot::Off(section) => {
            Member { kind: section.kind, live: false, continues: false, joins: false }
        }
        Slot::New(entry, _) => {
            Member { kind: Some(entry.wish.kind), live: true, continues: false, joins: true }
        }
    };
    slots.iter().map(member).collect()
}

/// A section that is off, or goes.
fn off(index: usize, section: &AgreedSection, log: &mut ExplanationLog<'_>) -> LocalSection {
    log.section(if section.live { Reason::Stopped } else { Reason::OfferedOff });
    let line = section_draft::rejected(section.line.clone());
    let mid = section.mid.clone();
    LocalSection {
        draft: SectionDraft::off(line, Some(mid.clone()), index, section.kind),
        mid,
        transceiver: section.transceiver,
        layout: Layout::default(),
        shared: false,
    }
}

fn layout(wishes: &Wishes<'_>, types: &mut Numbers, log: &mut ExplanationLog<'_>) -> Layout {
    let mut taken = Taken::default();
    let number = |key: &str, wish: Option<u8>| {
        let mut held = wishes.held.iter();
        let had = held.find(|codec| codec.key == key).map(|h| h.local.payload_type);
        if let Some(had) = had.filter(|number| taken.take((*number).into())) {
            return Some(had);
        }
        let range = numbers::payload_types();
        types.assign(key, wish.map(u16::from), &mut taken, range).map(|number| number as u8)
    };
    Layout::new(wishes, number, log)
}
