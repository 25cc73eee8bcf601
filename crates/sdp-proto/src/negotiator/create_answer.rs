//! Making an answer out of an offer, section by section (RFC 8829 §5.3, RFC 3264 §6).

use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use super::agreement::{AgreedSection, AgreedTransport, Agreement, DataTerms, DtlsRole};
use super::bundle_answer;
use super::config::{Config, RtcpMuxPolicy};
use super::direct::{Carriage, DirectTransport};
use super::evaluation::{Evaluation, MediaTerms, NumbersInUse, OfferedTransport};
use super::explain::{Explanation, ExplanationLog, Reason};
use super::extensions;
use super::facts::{Said, SectionFacts};
use super::formats;
use super::kind::Kind;
use super::lip_sync;
use super::numbers::Numbers;
use super::own_ice::OwnIce;
use super::receive_offer::ReceivedOffer;
use super::section_draft::{self, SectionDraft};
use super::side_terms::SideTerms;
use super::transceiver::Transceivers;
use super::transport;
use crate::IceCredentials;
use crate::attribute::{ExtMap, SctpPort, Setup};
use crate::field::MediaLine;
use crate::text::Words;

/// What an offer comes to if it is answered now.
pub(super) struct AnswerPlan {
    pub(super) sections: Vec<PlannedSection>,
    pub(super) groups: Vec<Vec<usize>>,
    pub(super) lip_sync: Vec<Vec<usize>>,
    pub(super) payload_types: Numbers,
    pub(super) extension_ids: Numbers,
    pub(super) explanations: Vec<Explanation>,
    /// The sections whose transports restart ICE.
    restarts: BTreeSet<usize>,
}

/// A section as it would be agreed, and how the answer writes it.
pub(super) struct PlannedSection {
    pub(super) agreed: AgreedSection,
    pub(super) draft: SectionDraft,
}

impl AnswerPlan {
    /// Gives sections without a mid one where there are groups, which all sections must have then
    /// (RFC 5888 §6). Without groups they stay as they were offered (RFC 8829 §5.3.1).
    fn name_sections(&mut self) {
        if self.groups.iter().chain(&self.lip_sync).any(|group| !group.is_empty()) {
            for PlannedSection { agreed, draft } in &mut self.sections {
                draft.mid.get_or_insert_with(|| agreed.mid.clone());
            }
        }
    }
}

/// What an answer is made from.
#[derive(Clone, Copy)]
pub(super) struct AnswerCreator<'a> {
    pub(super) config: &'a Config,
    pub(super) transceivers: &'a Transceivers,
    pub(super) agreement: &'a Agreement,
    /// The ICE credentials of transports that have none of their own.
    pub(super) credentials: &'a IceCredentials<'static>,
    pub(super) offered: &'a ReceivedOffer,
}

impl AnswerCreator<'_> {
    pub(super) fn plan(&self) -> AnswerPlan {
        let facts = &self.offered.facts;
        let mut plan = AnswerPlan {
            sections: Vec::with_capacity(facts.sections.len()),
            groups: Vec::new(),
            lip_sync: Vec::new(),
            payload_types: self.agreement.payload_types.clone(),
            extension_ids: self.agreement.extension_ids.clone(),
            explanations: Vec::new(),
            restarts: self.restarts().into_iter().collect(),
        };
        let mut sections = Vec::with_capacity(facts.sections.len());
        let mut numbers = NumbersInUse::default();
        let decided = facts.sections.iter().zip(&self.offered.decisions).zip(self.mids());
        for (index, ((facts, decision), mid)) in decided.enumerate() {
            let mut log = ExplanationLog { section: index, lines: &mut plan.explanations };
            let section = self.evaluate(index, facts, *decision, mid, &mut numbers, &mut log);
            sections.push(section);
        }
        plan.groups = bundle_answer::answer(self, &mut sections);
        for section in sections {
            let planned = self.section(section, &mut plan);
            plan.sections.push(planned);
        }
        let streams = plan.sections.iter().map(|section| section.draft.streams());
        let streams: Vec<_> = streams.collect();
        plan.lip_sync = lip_sync::answered(&facts.lip_sync, &streams);
        plan.name_sections();
        plan
    }

    /// The sections whose transports have new ICE credentials (RFC 8839 §4.4.1.1.1):
    /// those that carry the transport of a group that goes on, and those that stay alone.
    pub(super) fn restarts(&self) -> Vec<usize> {
        self.carriers(|index, said| {
            let before = self.before(index).and_then(|index| self.agreement.transport(index));
            let new = before.zip(said.credentials());
            new.is_some_and(|(before, now)| before.credentials != now)
        })
    }

    /// The sections whose transports take a new DTLS association.
    pub(super) fn new_dtls(&self) -> Vec<usize> {
        self.carriers(|index, said| {
            let before = self.before(index).and_then(|index| self.agreement.transport(index));
            let now = transport::of_offer(self.config, said, before).ok();
            before.zip(now).is_some_and(|(before, now)| transport::takes_new_dtls(before, &now))
        })
    }

    /// Those sections in use with a transport of their own of which this holds.
    fn carriers(&self, holds: impl Fn(usize, &Said) -> bool) -> Vec<usize> {
        let offer = &self.offered.facts;
        let sections = offer.sections.iter().enumerate();
        let carriers = sections.filter(|(index, facts)| {
            let group = offer.group_of(*index);
            // What was alone may stay so, whatever group it is offered in.
            let alone = self.agreement.group_of(*index).is_none();
            let first = |group: &[usize]| group.first() == Some(index);
            let carries = group.is_none_or(|group| first(group) || alone);
            !facts.is_off() && carries && holds(*index, &facts.said)
        });
        carriers.map(|(index, _)| index).collect()
    }

    /// Whether RTCP of a section may go the way that it would.
    pub(super) fn rtcp(&self, section: &Evaluation<'_>, mux: bool) -> Result<(), Reason> {
        let before = self.agreement.sections.get(section.index);
        let before = before.is_some_and(|before| before.live && before.rtcp_mux);
        let needed = before || self.config.rtcp_mux == RtcpMuxPolicy::Require;
        let bound = section.facts.is_rtp() && !section.is_direct();
        if bound && needed && !mux { Err(Reason::NoRtcpMux) } else { Ok(()) }
    }

    fn section(&self, section: Evaluation<'_>, plan: &mut AnswerPlan) -> PlannedSection {
        let mut log = ExplanationLog { section: section.index, lines: &mut plan.explanations };
        match (section.owner, section.media.clone()) {
            (Ok(owner), Ok(media)) => {
                log.section(Reason::Agreed);
                self.accept(section, media, owner, plan)
            }
            (Err(reason), _) | (Ok(_), Err(reason)) => {
                log.section(reason);
                reject(section)
            }
        }
    }

    /// The section whose transport goes on in an offered one.
    pub(super) fn before(&self, index: usize) -> Option<usize> {
        self.agreement.going_on(index, self.offered.facts.group_of(index))
    }

    /// The credentials of the transport that a section uses.
    fn ice(&self, index: usize, owner: usize, restarts: &BTreeSet<usize>) -> OwnIce {
        let wanted = |index: usize| self.wanted_credentials(index);
        let before = self.before(owner).and_then(|index| self.agreement.sections.get(index));
        let ice = OwnIce::answered(wanted(owner), before, restarts.contains(&owner));
        if owner == index { ice } else { ice.shared(wanted(index)) }
    }

    /// What the application wants for the transport of a section.
    fn wanted_credentials(&self, index: usize) -> &IceCredentials<'static> {
        let decision = self.offered.decisions.get(index);
        let entry = decision.and_then(|decision| self.transceivers.get(decision.transceiver?));
        OwnIce::wanted(entry.map(|entry| &entry.wish), self.credentials)
    }

    /// Whether a transport restarts that has no credentials of its own.
    pub(super) fn restarts_common(&self) -> bool {
        let common = |index: &usize| self.wanted_credentials(*index) == self.credentials;
        self.restarts().iter().any(common)
    }

    /// Whether a transport restarts for which there are no new credentials.
    pub(super) fn lacks_credentials(&self) -> bool {
        self.restarts().into_iter().any(|index| {
            let before = self.before(index).and_then(|index| self.agreement.sections.get(index));
            let before = before.and_then(|before| before.local_credentials.as_ref());
            before == Some(self.wanted_credentials(index))
        })
    }

    /// The own port of a data channel association.
    fn sctp_port(&self, index: usize, said: &Said) -> SctpPort {
        let before = self.agreement.sections.get(index).and_then(|before| before.data.as_ref());
        DataTerms::answering(before, said, self.config.sctp_port)
    }

    /// Whether a section carries the transport of a group with RTP in it, or in which the offer has
    /// rtcp-mux for RTP to come. Then it says rtcp-mux, be it RTP or not (RFC 9143 §9.3.1.2).
    fn carries_rtp(&self, index: usize, groups: &[Vec<usize>]) -> bool {
        let Some(group) = groups.iter().find(|group| group.first() == Some(&index)) else {
            return false;
        };
        let facts = &self.offered.facts;
        let section = |member: &usize| facts.sections.get(*member);
        let offered = facts.group_of(index).unwrap_or_default();
        let meant = offered.iter().any(|member| section(member).is_some_and(|s| s.said.rtcp_mux));
        let rtp = |member: &usize| section(member).is_some_and(SectionFacts::is_rtp);
        group.iter().any(rtp) || meant && self.has_rtp()
    }

    /// Whether this side has codecs of any kind.
    fn has_rtp(&self) -> bool {
        let mut own = self.transceivers.iter().filter_map(|entry| entry.wish.capabilities.as_ref());
        self.config.has_rtp() || own.any(|own| !own.codecs.is_empty())
    }

    /// Whether RTCP of a section outside of groups keeps the port of its own that was agreed on:
    /// later answers have rtcp-mux exactly where it was used before (RFC 8829 §5.3.2).
    fn stays_apart(&self, index: usize, plan: &AnswerPlan) -> bool {
        let before = self.agreement.sections.get(index);
        let apart = before.is_some_and(|before| before.live && !before.rtcp_mux);
        apart && !plan.groups.iter().any(|group| group.contains(&index))
    }

    /// The header extensions to answer with.
    fn extensions(
        &self,
        section: &Evaluation<'_>,
        allow_mixed: bool,
        plan: &mut AnswerPlan,
    ) -> Vec<ExtMap<'static>> {
        let Evaluation { index, facts, entry: Some(entry), .. } = *section else {
            return Vec::new();
        };
        if !facts.is_rtp() {
            return Vec::new();
        }
        let group = plan.groups.iter().find(|group| group.contains(&index));
        let own = self.config.capabilities(&entry.wish);
        let own = extensions::with_mid(&own.extensions, group.is_some());
        let mut log = ExplanationLog { section: index, lines: &mut plan.explanations };
        let earlier = group.into_iter().flatten().filter_map(|index| plan.sections.get(*index));
        let in_use: Vec<_> = earlier.flat_map(|earlier| &earlier.agreed.extensions).collect();
        let offer = extensions::free_of(&in_use, &facts.said.extensions, &mut log);
        extensions::answered(&own, &offer, allow_mixed, &mut plan.extension_ids, &mut log)
    }

    fn accept(
        &self,
        section: Evaluation<'_>,
        media: MediaTerms,
        owner: usize,
        plan: &mut AnswerPlan,
    ) -> PlannedSection {
        let allow_mixed = self.config.allow_mixed && section.facts.said.allow_mixed;
        let allow_mixed = section.facts.is_rtp() && allow_mixed;
        extensions::reserve(&mut plan.extension_ids, &section.facts.said.extensions);
        let extensions = self.extensions(&section, allow_mixed, plan);
        let Evaluation { index, facts, entry, mid, transport, .. } = section;
        let kind = facts.kind.or(Some(Kind::Other));
        let (said, rtp) = (&facts.said, facts.is_rtp());
        let mux = self.offered.facts.muxed(index, owner) && !self.stays_apart(index, plan);
        let (own_transport, direct) = of_its_own(transport.ok().filter(|_| owner == index));
        let ice = direct.is_none().then(|| self.ice(index, owner, &plan.restarts));
        let (carriage, dtls, crypto) = Carriage::answering(own_transport.as_ref(), direct.as_ref());
        reserve_numbers(&facts.formats, kind, &media, plan);
        let sctp_port = self.sctp_port(index, said);
        let line = line(facts, &media, sctp_port);
        let carries_rtp = self.carries_rtp(index, &plan.groups);
        let draft = SectionDraft {
            line: line.clone(),
            mid: said.mid.clone(),
            kind,
            live: true,
            bundle_only: false,
            owner,
            setup: dtls.map(DtlsRole::setup),
            carriage,
            crypto,
            tls_id: said.tls_id.is_some(),
            ice: ice.clone(),
            direction: media.direction,
            formats: media.codecs.iter().map(|c| (c.local.clone(), c.feedback.clone())).collect(),
            extensions: extensions.clone(),
            allow_mixed,
            own: entry.map_or_else(SideTerms::default, |entry| SideTerms::wanted(&entry.wish)),
            simulcast: media.simulcast.clone(),
            other: media.other.clone(),
            rtcp: rtp && !mux,
            rtcp_mux: (mux && rtp && said.rtcp_mux) || carries_rtp,
            rtcp_mux_only: false,
            rtcp_rsize: rtp && said.rtcp_rsize,
            sctp_port,
            attributes: entry.map_or(Vec::new(), |entry| entry.wish.attributes.clone()),
        };
        let agreed = AgreedSection {
            mid,
            kind,
            live: true,
            transceiver: entry.map(|entry| entry.id),
            direction: media.direction,
            local: SideTerms::written(&draft),
            remote: SideTerms::new(said, &facts.bandwidths),
            wanted: entry.map(|entry| entry.wish.clone()),
            codecs: media.codecs,
            extensions,
            allow_mixed,
            simulcast: media.simulcast.simulcast,
            send_encodings: media.simulcast.send,
            receive_encodings: media.simulcast.receive,
            rtcp_mux: rtp && mux,
            rtcp_rsize: draft.rtcp_rsize,
            data: DataTerms::new(said, sctp_port).filter(|_| kind == Some(Kind::Data)),
            transport: owner,
            own_transport,
            local_credentials: ice.as_ref().map(|ice| ice.credentials.clone()),
            asked_credentials: ice.map(|ice| ice.asked),
            direct,
            other: facts.other.clone(),
            line,
        };
        PlannedSection { agreed, draft }
    }
}

/// What a section has to be reached by.
fn of_its_own(
    transport: Option<OfferedTransport>,
) -> (Option<AgreedTransport>, Option<DirectTransport>) {
    match transport {
        Some(OfferedTransport::Ice(transport)) => (Some(transport), None),
        Some(OfferedTransport::Direct(direct)) => (None, Some(direct)),
        None => (None, None),
    }
}

/// The `m=` line of a section that is accepted.
fn line(facts: &SectionFacts, media: &MediaTerms, sctp_port: SctpPort) -> MediaLine<'static> {
    let line = facts.line.clone();
    let formats = if let Some(other) = &media.other {
        Some(other.formats.clone())
    } else if facts.is_rtp() {
        let numbers = media.codecs.iter().map(|c| alloc::format!("{}", c.local.payload_type));
        Words::new(numbers).ok()
    } else {
        data_format(&line, sctp_port)
    };
    MediaLine { formats, ..line }
}

/// The format of a data channel section: what the offer has or, before RFC 8841, the own port.
fn data_format(line: &MediaLine<'_>, port: SctpPort) -> Option<Words<'static>> {
    if line.proto == "DTLS/SCTP" {
        return Words::new([alloc::format!("{}", port.0)]).ok();
    }
    let offered = line.formats.clone().map(Words::into_owned);
    offered.or_else(|| Words::new(["webrtc-datachannel"]).ok())
}

/// A section that the answer rejects.
fn reject(section: Evaluation<'_>) -> PlannedSection {
    let Evaluation { index, facts, mid, .. } = section;
    let line = section_draft::rejected(facts.line.clone());
    let agreed = AgreedSection::off(mid, facts.kind, line.clone(), index);
    let draft = SectionDraft::off(line, facts.said.mid.clone(), index, facts.kind);
    PlannedSection { agreed, draft }
}

/// Notes what the payload types of an accepted section stand for.
fn reserve_numbers(
    formats: &[crate::codec::Format<'static>],
    kind: Option<Kind>,
    media: &MediaTerms,
    plan: &mut AnswerPlan,
) {
    for codec in &media.codecs {
        plan.payload_types.adopt(codec.local.payload_type.into(), &formats::meaning(codec));
    }
    if let Some(kind) = kind.filter(|kind| kind.is_rtp()) {
        for format in formats {
            let key = formats::key_of(kind, format);
            plan.payload_types.adopt(format.payload_type.into(), &key);
        }
    }
}

impl DtlsRole {
    /// The role as an answer says it.
    pub(super) const fn setup(self) -> Setup {
        match self {
            Self::Client => Setup::Active,
            Self::Server => Setup::Passive,
        }
    }
}
