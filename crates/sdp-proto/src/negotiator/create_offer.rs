//! Making an offer out of what was agreed and what the transceivers want (RFC 8829 §5.2, RFC 3264
//! §5, §8).

use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use super::agreement::{AgreedSection, Agreement};
use super::bundle::{self, Placement};
use super::config::{Config, RtcpMuxPolicy};
use super::direct::{Carriage, Protection};
use super::explain::{Explanation, ExplanationLog, Reason};
use super::extension::key_of;
use super::extensions;
use super::formats::{Asked, Layout, Wishes, meaning};
use super::kind::{Kind, offered_again};
use super::lip_sync;
use super::mismatch::CommandError;
use super::numbering::Numbering;
use super::numbers::{self, Numbers, Taken};
use super::own_ice::OwnIce;
use super::section_draft::{self, SectionDraft};
use super::side_terms::SideTerms;
use super::simulcast;
use super::slots::{Slot, members};
use super::transceiver::{Transceiver, TransceiverId, Transceivers};
use super::writer::{Candidates, Writer};
use crate::attribute::{Crypto, Direction, ExtMap, SctpPort, Setup};
use crate::field::MediaLine;
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
}

/// What sections have in common: the numbers given out, and the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Reserved {
    pub(super) payload_types: Numbers,
    pub(super) extension_ids: Numbers,
    pub(super) explanations: Vec<Explanation>,
}

impl Reserved {
    /// Takes over what numbers stand for in the sections of groups that go on. That is one thing
    /// in all of them, whatever it was in sections that are gone (RFC 9143 §9.1).
    fn hold(&mut self, slots: &[Slot<'_>], groups: &[Vec<usize>]) {
        let (mut types, mut ids) = (Taken::default(), Taken::default());
        for slot in groups.iter().flatten().filter_map(|index| slots.get(*index)) {
            let Slot::Continues(section, _) = slot else { continue };
            for codec in &section.codecs {
                let number = codec.local.payload_type.into();
                if types.take(number) {
                    self.payload_types.renew(number, &meaning(codec));
                }
            }
            for map in section.extensions.iter().filter(|map| ids.take(map.id)) {
                self.extension_ids.renew(map.id, &key_of(map));
            }
        }
    }
}

/// A section of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct LocalSection {
    pub(super) draft: SectionDraft,
    pub(super) mid: Token<'static>,
    pub(super) transceiver: Option<TransceiverId>,
    /// What was wanted when the offer was made.
    pub(super) wish: Option<Transceiver>,
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

impl OfferCreator<'_> {
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
        reserved.hold(&slots, &groups);
        let wished = self.wished();
        let mut sections = Vec::with_capacity(slots.len());
        for (index, (slot, place)) in slots.iter().zip(places).enumerate() {
            let group = groups.iter().find(|group| group.contains(&index));
            let is_rtp = |member: &usize| {
                members.get(*member).is_some_and(|member| member.kind.is_some_and(Kind::is_rtp))
            };
            let tagged = group.filter(|group| group.first() == Some(&index));
            let owner = if let Placement::Shared(tag) = place { tag } else { index };
            let role = Role {
                index,
                place,
                owner,
                ice: self.ice(owner, &slots, group.map(Vec::as_slice)),
                bundled: group.is_some(),
                carries_rtp: tagged.is_some_and(|group| group.iter().any(is_rtp)),
                protocol: &protocol,
                wished: &wished,
            };
            sections.push(self.section(slot, &role, &mut reserved)?);
        }
        let drafts: Vec<SectionDraft> = sections.iter().map(|s| s.draft.clone()).collect();
        let streams: Vec<_> = drafts.iter().map(SectionDraft::streams).collect();
        let lip_sync = lip_sync::offered(&self.agreement.lip_sync, &streams);
        let writer = Writer {
            config: self.config,
            candidates: self.candidates,
            version: self.version,
            timings: &[],
            ice_options: self.config.ice_options.clone(),
            drafts: &drafts,
            groups: &groups,
            lip_sync: &lip_sync,
        };
        let session = writer.write()?;
        Ok(LocalOffer { session, sections, groups, lip_sync, reserved, next_mid })
    }

    /// The payload types that codecs wish for.
    fn wished(&self) -> BTreeSet<u16> {
        let wishes = self.transceivers.iter().map(|entry| self.config.capabilities(&entry.wish));
        let codecs = wishes.flat_map(|able| &able.codecs);
        codecs.filter_map(|codec| codec.payload_type.map(u16::from)).collect()
    }

    fn section(
        &self,
        slot: &Slot<'_>,
        role: &Role<'_>,
        reserved: &mut Reserved,
    ) -> Result<LocalSection, CommandError> {
        let Role { index, place, owner, bundled, carries_rtp, protocol, .. } = *role;
        let mut log = ExplanationLog { section: index, lines: &mut reserved.explanations };
        let (entry, held, mid) = match slot {
            Slot::Off(section) => return Ok(off(index, section, &mut log)),
            Slot::Continues(section, entry) => (*entry, Some(*section), section.mid.clone()),
            Slot::New(entry, mid) => (*entry, None, mid.clone()),
        };
        log.section(Reason::Offered);
        let wish = &entry.wish;
        let rtp = wish.kind.is_rtp();
        let own = self.config.capabilities(wish);
        let wishes = Wishes {
            kind: wish.kind,
            codecs: &own.codecs,
            held: held.map_or(&[][..], |section| &section.codecs),
            ordered: wish.capabilities.is_some(),
        };
        let types = &mut reserved.payload_types;
        let layout = layout(&wishes, bundled, types, role.wished, &mut log);
        if rtp && !layout.has_media() {
            return Err(CommandError::NoCodec);
        }
        let mixed = rtp && self.config.allow_mixed && held.is_none_or(|s| s.allow_mixed);
        let ids = &mut reserved.extension_ids;
        let wanted = extensions::with_mid(&own.extensions, rtp && bundled);
        let extensions = extensions::offered(&wanted, held, bundled, mixed, ids, &mut log);
        offered(&layout, &extensions, &mut log);
        let simulcast = self.simulcast(wish, held, &layout, &mut log);
        let carriage = carriage(wish, held);
        let direct = !carriage.is_ice();
        let protocol = if direct { carriage.protocol(&own.codecs)? } else { protocol.clone() };
        let line = match &wish.other {
            Some(other) => other.line(),
            None => line(wish.kind, &layout, held, &protocol)?,
        };
        let transport = place == Placement::Own;
        let draft = SectionDraft {
            line,
            mid: Some(mid.clone()),
            kind: Some(wish.kind),
            live: true,
            bundle_only: place == Placement::BundleOnly,
            owner,
            ice: self.own_ice(wish, role).filter(|_| !direct),
            setup: (transport && carriage.has_dtls()).then_some(Setup::ActPass),
            carriage,
            crypto: self.keys(carriage, held)?,
            tls_id: true,
            direction: direction(wish),
            formats: layout.written(),
            extensions,
            allow_mixed: mixed,
            own: SideTerms::wanted(wish),
            other: wish.other.clone(),
            simulcast,
            rtcp: rtp && transport && held.is_none_or(|section| !section.rtcp_mux),
            rtcp_mux: carries_rtp || (rtp && held.map_or(!direct, |section| section.rtcp_mux)),
            rtcp_mux_only: rtp && !direct && held.is_none() && transport && self.needs_mux(),
            rtcp_rsize: rtp && held.map_or(!direct, |section| section.rtcp_rsize),
            sctp_port: held
                .and_then(|section| section.data)
                .map_or(self.config.sctp_port, |data| SctpPort(data.local_port)),
            attributes: wish.attributes.clone(),
        };
        let shared = matches!(place, Placement::Shared(_) | Placement::BundleOnly);
        let wish = Some(wish.clone());
        Ok(LocalSection { draft, mid, transceiver: Some(entry.id), wish, layout, shared })
    }
}

/// The `m=` line of a section: one that goes on keeps its protocol, and that of data its format.
fn line(
    kind: Kind,
    layout: &Layout,
    held: Option<&AgreedSection>,
    protocol: &Word<'static>,
) -> Result<MediaLine<'static>, CommandError> {
    let line = section_draft::line(kind, &layout.formats)?;
    Ok(match (kind, held) {
        (Kind::Audio | Kind::Video | Kind::Text, held) => {
            let proto = match held {
                None => protocol.clone(),
                Some(held) if held.direct.is_some() => held.line.proto.clone(),
                Some(held) => offered_again(&held.line.proto),
            };
            MediaLine { proto, ..line }
        }
        (Kind::Data | Kind::Other, None) => line,
        (Kind::Data | Kind::Other, Some(held)) => {
            let (proto, formats) = (held.line.proto.clone(), held.line.formats.clone());
            MediaLine { proto, formats, ..line }
        }
    })
}

/// How the media of a section travels.
fn carriage(wish: &Transceiver, held: Option<&AgreedSection>) -> Carriage {
    match wish.kind {
        Kind::Audio | Kind::Video | Kind::Text => held.map_or(wish.carriage, Carriage::of),
        Kind::Data => Carriage::Ice,
        Kind::Other => Carriage::Plain,
    }
}

/// Which way media is offered to go.
fn direction(wish: &Transceiver) -> Direction {
    match (&wish.other, wish.kind) {
        (_, Kind::Data) => Direction::SendRecv,
        (Some(other), _) => other.direction(wish.direction),
        (None, _) => wish.direction,
    }
}

impl OfferCreator<'_> {
    fn needs_mux(&self) -> bool {
        self.config.rtcp_mux == RtcpMuxPolicy::Require
    }

    fn simulcast(
        &self,
        wish: &Transceiver,
        held: Option<&AgreedSection>,
        layout: &Layout,
        log: &mut ExplanationLog<'_>,
    ) -> simulcast::Lines {
        if !wish.kind.is_rtp() {
            return simulcast::Lines::default();
        }
        let codecs = &self.config.capabilities(wish).codecs;
        let numbering = Numbering::of_layout(wish.kind, codecs, layout);
        simulcast::offered(wish, held, &numbering, self.config.pausing, log)
    }

    /// The credentials of the transport that a section uses.
    fn own_ice(&self, wish: &Transceiver, role: &Role<'_>) -> Option<OwnIce> {
        let ice = role.ice.clone()?;
        let shares = role.owner != role.index;
        let wanted = || OwnIce::wanted(Some(wish), self.credentials);
        Some(if shares { ice.shared(wanted()) } else { ice })
    }

    /// The credentials of the transport that the section in this place carries.
    fn ice(&self, owner: usize, slots: &[Slot<'_>], group: Option<&[usize]>) -> Option<OwnIce> {
        let (Slot::Continues(_, entry) | Slot::New(entry, _)) = slots.get(owner)? else {
            return None;
        };
        let before = self.agreement.going_on(owner, group);
        let before = before.and_then(|index| self.agreement.sections.get(index));
        let wanted = OwnIce::wanted(Some(&entry.wish), self.credentials);
        Some(OwnIce::offered(wanted, before))
    }

    /// The lines with keys: those that were agreed, else all with tags of their own.
    fn keys(
        &self,
        carriage: Carriage,
        held: Option<&AgreedSection>,
    ) -> Result<Vec<Crypto<'static>>, CommandError> {
        let agreed = held.and_then(|section| section.direct.as_ref());
        if let Some(Protection::Sdes { local, .. }) = agreed.map(|direct| &direct.protection) {
            return Ok([local.clone()].into());
        }
        let own = &self.config.direct.crypto;
        if carriage == Carriage::Sdes && own.is_empty() {
            return Err(CommandError::NoKeys);
        }
        let own = own.iter().filter(|_| carriage.has_keys());
        Ok(own.zip(1..).map(|(own, tag)| Crypto { tag, ..own.clone() }).collect())
    }
}

/// Says of formats and extensions that they are offered.
fn offered(layout: &Layout, extensions: &[ExtMap<'static>], log: &mut ExplanationLog<'_>) {
    for format in &layout.formats {
        log.codec(format, Reason::Offered);
    }
    for map in extensions {
        log.extension(&key_of(map), Reason::Offered);
    }
}

/// The part of a section in the offer.
#[derive(Clone)]
struct Role<'p> {
    index: usize,
    place: Placement,
    /// The section that carries the transport.
    owner: usize,
    /// The ICE credentials of the transport.
    ice: Option<OwnIce>,
    /// Whether it is in a group.
    bundled: bool,
    /// Whether it carries the transport of a group with RTP in it.
    carries_rtp: bool,
    /// That of RTP in new sections.
    protocol: &'p Word<'static>,
    /// The payload types that codecs of any section wish for.
    wished: &'p BTreeSet<u16>,
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
        wish: None,
        layout: Layout::default(),
        shared: false,
    }
}

/// Numbers the formats. Those that were agreed keep their numbers, unless the section comes into a
/// group where these stand for something else. What wishes for none gets last what others wish for.
pub(super) fn layout(
    wishes: &Wishes<'_>,
    bundled: bool,
    types: &mut Numbers,
    wished: &BTreeSet<u16>,
    log: &mut ExplanationLog<'_>,
) -> Layout {
    let mut taken = Taken::default();
    let number = |asked: Asked<'_>| {
        let mut held = wishes.held.iter();
        let had = held.find(|codec| codec.key == asked.key && meaning(codec) == asked.meaning);
        let had = had.map(|codec| codec.local.payload_type);
        let had = had.filter(|number| !bundled || types.is_for((*number).into(), &asked.meaning));
        if let Some(had) = had.filter(|number| taken.take((*number).into())) {
            return Some(had);
        }
        let wish = asked.wish.map(u16::from);
        let all = numbers::payload_types;
        let range = all().filter(|number| !wished.contains(number));
        let range = range.chain(all().filter(|number| wished.contains(number)));
        types.assign(&asked.meaning, wish, &mut taken, range).map(|number| number as u8)
    };
    Layout::new(wishes, number, log)
}
