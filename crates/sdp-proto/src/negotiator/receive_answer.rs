//! Holding an answer of the peer against the own offer (RFC 8829 §5.11, RFC 3264 §7).

use alloc::borrow::Cow;
use alloc::vec::Vec;

use super::agreement::{AgreedCodec, AgreedSection, AgreedTransport, Agreement, DataTerms};
use super::config::{Config, RtcpMuxPolicy};
use super::create_offer::{LocalOffer, LocalSection};
use super::direct::{self, DirectTransport, Protection};
use super::encoding::SimulcastStream;
use super::explain::{Explanation, ExplanationLog, Reason};
use super::extensions;
use super::facts::{RemoteFacts, Said, SectionFacts};
use super::formats;
use super::kind::Kind;
use super::mismatch::Mismatch;
use super::numbering::Numbering;
use super::own_ice::OwnIce;
use super::section_draft;
use super::side_terms::SideTerms;
use super::simulcast_answer::Settling;
use super::transport;
use super::unstated::Stated;
use crate::Session;
use crate::attribute::{Direction, RidDirection, Setup};
use crate::text::Token;

/// What an answer is held against.
pub(super) struct AnswerReceiver<'a> {
    pub(super) config: &'a Config,
    pub(super) agreement: &'a Agreement,
    pub(super) offer: &'a LocalOffer,
}

impl AnswerReceiver<'_> {
    /// What is agreed with this answer, or why it does not fit the offer.
    pub(super) fn apply(&self, session: &Session<'static>) -> Result<Agreement, Mismatch> {
        let mut remote = RemoteFacts::read(session)?;
        let (expected, found) = (self.offer.sections.len(), remote.sections.len());
        if found != expected {
            return Err(Mismatch::SectionCount { expected, found });
        }
        let answered = remote.sections.iter().zip(&self.offer.sections).enumerate();
        for (section, (facts, ours)) in answered {
            if facts.line.port != 0 && !ours.draft.live {
                return Err(Mismatch::NotOffered { section });
            }
        }
        let named = |(section, ours): (&SectionFacts, &LocalSection)| {
            section.said.mid.as_ref().is_none_or(|mid| *mid == ours.mid)
        };
        // Sections answer one another by their places. Where mids say otherwise, they and the
        // groups are ignored (RFC 5888 §9.1).
        if !remote.sections.iter().zip(&self.offer.sections).all(named) {
            remote.groups.clear();
            remote.lip_sync.clear();
        }
        let groups = self.groups(&remote)?;
        let mut explanations = Vec::new();
        let mut sections = Vec::with_capacity(found);
        for (index, (section, ours)) in remote.sections.iter().zip(&self.offer.sections).enumerate()
        {
            let group = groups.iter().find(|group| group.contains(&index));
            let answered = AnsweredSection {
                index,
                facts: section,
                owner: group.and_then(|group| group.first().copied()).unwrap_or(index),
                grouped: group.is_some(),
            };
            fits(&answered, ours)?;
            sections.push(self.section(&answered, ours, &remote, &mut explanations)?);
        }
        let reserved = &self.offer.reserved;
        Ok(Agreement {
            sections,
            groups,
            lip_sync: self.lip_sync(&remote),
            payload_types: reserved.payload_types.clone(),
            extension_ids: reserved.extension_ids.clone(),
            next_mid: self.offer.next_mid,
            local: Some(self.offer.session.clone()),
            remote: Some(session.clone()),
            answered: false,
            explanations,
        })
    }

    /// The groups of the answer: parts of those that were offered, what is rejected left out. With
    /// port 0 and bundle-only a section is in a group whose first section has a port, as RFC 8843
    /// had it (RFC 9143 §7.4.1).
    fn groups(&self, remote: &RemoteFacts) -> Result<Vec<Vec<usize>>, Mismatch> {
        let mut groups = Vec::new();
        for answered in &remote.groups {
            let offered = |index: &usize| self.offer.groups.iter().position(|g| g.contains(index));
            let from = answered.first().and_then(offered);
            let stray = answered.iter().find(|index| from.is_none() || offered(index) != from);
            if let Some(section) = stray {
                return Err(Mismatch::Bundle { section: *section });
            }
            let section = |index: &usize| remote.sections.get(*index);
            let has_port = |index: &usize| section(index).is_some_and(|s| s.line.port != 0);
            let carried = answered.first().is_some_and(has_port);
            let on = |index: &usize| {
                has_port(index) || carried && section(index).is_some_and(|s| s.said.bundle_only)
            };
            let live: Vec<usize> = answered.iter().copied().filter(on).collect();
            if !live.is_empty() {
                groups.push(live);
            }
        }
        Ok(groups)
    }

    /// The LS groups of the answer that are parts of offered ones.
    fn lip_sync(&self, remote: &RemoteFacts) -> Vec<Vec<usize>> {
        let offered = &self.offer.lip_sync;
        let part = |group: &Vec<usize>| {
            offered.iter().any(|whole| group.iter().all(|index| whole.contains(index)))
        };
        remote.lip_sync.iter().filter(|group| part(group)).cloned().collect()
    }

    fn section(
        &self,
        answered: &AnsweredSection<'_>,
        ours: &LocalSection,
        remote: &RemoteFacts,
        explanations: &mut Vec<Explanation>,
    ) -> Result<AgreedSection, Mismatch> {
        let AnsweredSection { index, facts: section, owner, grouped } = *answered;
        let mut log = ExplanationLog { section: index, lines: explanations };
        let kind = ours.draft.kind;
        let line = ours.draft.line.clone();
        if !answered.is_accepted() {
            let offered = ours.draft.live;
            log.section(if offered { Reason::RejectedByPeer } else { Reason::OfferedOff });
            let line = section_draft::rejected(line);
            return Ok(AgreedSection::off(ours.mid.clone(), kind, line, index));
        }
        let mux = remote.muxed(index, owner);
        log.section(Reason::Agreed);
        let rtp = kind.is_some_and(Kind::is_rtp);
        let direction = if ours.draft.carriage.is_ice() {
            section.direction()
        } else {
            section.direct_direction()
        };
        let offered = ours.draft.direction;
        if kind != Some(Kind::Data) && offered.answer(direction) != direction {
            return Err(Mismatch::Direction { section: index });
        }
        // In a group there is no other way (RFC 9143 §9.3.1.3).
        let needed = grouped
            || ours.draft.rtcp_mux
                && (self.config.rtcp_mux == RtcpMuxPolicy::Require || self.was_muxed(index));
        if rtp && needed && !mux {
            return Err(Mismatch::RtcpMux { section: index });
        }
        let said = &section.said;
        let (own_transport, direct) = self.transport(answered, ours)?;
        let other = ours.draft.other.as_ref();
        if other.is_some_and(|other| other.answering(&section.line).is_none()) {
            return Err(Mismatch::NoCodec { section: index });
        }
        let codecs = if rtp { self.codecs(section, ours, index, &mut log)? } else { Vec::new() };
        let offered_maps = &ours.draft.extensions;
        let extensions = extensions::settled(offered_maps, &said.extensions, &mut log);
        let [send_encodings, receive_encodings] =
            self.encodings(said, ours, &codecs, direction, &mut log);
        Ok(AgreedSection {
            mid: ours.mid.clone(),
            kind,
            live: true,
            transceiver: ours.transceiver,
            direction: match kind {
                Some(Kind::Data) => Direction::SendRecv,
                _ => direction.reversed(),
            },
            local: SideTerms::written(&ours.draft),
            remote: SideTerms::new(said, &section.bandwidths),
            wanted: ours.wish.clone(),
            codecs,
            extensions,
            allow_mixed: ours.draft.allow_mixed && said.allow_mixed,
            simulcast: ours.draft.simulcast.simulcast && said.simulcast().is_some(),
            send_encodings,
            receive_encodings,
            rtcp_mux: rtp && mux && ours.draft.rtcp_mux,
            rtcp_rsize: ours.draft.rtcp_rsize && said.rtcp_rsize,
            data: DataTerms::new(said, ours.draft.sctp_port).filter(|_| kind == Some(Kind::Data)),
            transport: owner,
            own_transport,
            local_credentials: self.ice(owner).map(|ice| ice.credentials.clone()),
            asked_credentials: self.ice(index).map(|ice| ice.asked.clone()),
            direct,
            other: section.other.clone(),
            line,
        })
    }

    /// What the answer left of the encodings of each way, `direction` being its own.
    fn encodings(
        &self,
        said: &Said,
        ours: &LocalSection,
        codecs: &[AgreedCodec],
        direction: Direction,
        log: &mut ExplanationLog<'_>,
    ) -> [Vec<SimulcastStream>; 2] {
        let kind = ours.draft.kind.unwrap_or(Kind::Data);
        let own = ours.wish.as_ref().map(|wish| &self.config.capabilities(wish).codecs[..]);
        let pair = |codec: &AgreedCodec| (codec.local.payload_type, codec.remote.payload_type);
        let settling = Settling {
            said,
            offered: &ours.draft.simulcast,
            numbering: Numbering::of_local(kind, own.unwrap_or_default(), codecs),
            numbers: codecs.iter().map(pair).collect(),
            pausing: self.config.pausing,
        };
        let mut way = |goes: bool, direction| {
            if goes { settling.way(direction, log) } else { Vec::new() }
        };
        let send = way(direction.receives(), RidDirection::Send);
        [send, way(direction.sends(), RidDirection::Recv)]
    }

    /// What the section has to be reached by, of its own.
    fn transport(
        &self,
        answered: &AnsweredSection<'_>,
        ours: &LocalSection,
    ) -> Result<(Option<AgreedTransport>, Option<DirectTransport>), Mismatch> {
        let AnsweredSection { index, facts, owner, .. } = *answered;
        if !ours.draft.carriage.is_ice() {
            let before = self.agreement.sections.get(index).and_then(|s| s.direct.as_ref());
            let direct = direct::of_answer(self.config, facts, ours, before, index)?;
            return Ok((None, Some(direct)));
        }
        if owner != index {
            return Ok((None, None));
        }
        let before = self.before(index);
        let moved = before.and_then(|before| self.agreement.sections.get(before));
        let moved = moved.is_some_and(|section| section.transport != index);
        let before = before.and_then(|before| self.agreement.transport(before));
        let before = before.map(|before| (before, moved));
        let own =
            transport::of_answer(self.config, &facts.said, before, self.restarts(index), index)?;
        Ok((Some(own), None))
    }

    /// The formats that the answer kept.
    fn codecs(
        &self,
        section: &SectionFacts,
        ours: &LocalSection,
        index: usize,
        log: &mut ExplanationLog<'_>,
    ) -> Result<Vec<AgreedCodec>, Mismatch> {
        let formats = Cow::Borrowed(&section.formats[..]);
        let Stated { formats, silent } = Stated::new(self.config.h264, formats);
        let pairs = ours.layout.matched(&formats, &silent, log);
        let codecs = ours.layout.settled(&formats, &pairs, &section.said.feedback);
        if !codecs.iter().any(|codec| formats::stands_alone(&codec.local)) {
            return Err(Mismatch::NoCodec { section: index });
        }
        for format in &ours.layout.formats {
            let kept = codecs.iter().any(|codec| codec.local.payload_type == format.payload_type);
            log.codec(format, if kept { Reason::Agreed } else { Reason::NotTheirs });
        }
        Ok(codecs)
    }

    fn was_muxed(&self, index: usize) -> bool {
        self.agreement.sections.get(index).is_some_and(|section| section.live && section.rtcp_mux)
    }

    /// The sections whose transports are other ones than those of `before`, by mid.
    pub(super) fn new_transports(
        &self,
        before: &Agreement,
        settled: &Agreement,
    ) -> Vec<Token<'static>> {
        let is_new = |index: usize, now: &AgreedTransport| {
            let before = self.before(index).and_then(|index| before.transport(index));
            before.is_some_and(|before| transport::is_new(before, now, self.restarts(index)))
        };
        let sections = settled.sections.iter().enumerate();
        let new = sections.filter(|(index, section)| {
            section.own_transport.as_ref().is_some_and(|now| is_new(*index, now))
        });
        new.map(|(_, section)| section.mid.clone()).collect()
    }

    /// The sections whose transports the answer leaves the DTLS role of open, by mid. What is in
    /// force was kept.
    pub(super) fn open_roles(session: &Session<'_>, settled: &Agreement) -> Vec<Token<'static>> {
        let sections = settled.sections.iter().zip(session.media());
        let open = sections.filter(|(section, media)| {
            let direct = section.direct.as_ref().map(|direct| &direct.protection);
            let dtls = matches!(direct, Some(Protection::Dtls { .. }));
            (dtls || section.own_transport.is_some()) && media.setup() == Ok(Some(Setup::ActPass))
        });
        open.map(|(section, _)| section.mid.clone()).collect()
    }

    /// Whether the offer restarts ICE on the transport that a section carries.
    fn restarts(&self, index: usize) -> bool {
        let before = self.before(index).and_then(|index| self.agreement.sections.get(index));
        let before = before.and_then(|before| before.local_credentials.as_ref());
        before.zip(self.ice(index)).is_some_and(|(before, ice)| *before != ice.credentials)
    }

    /// The section whose transport goes on in one that was offered.
    fn before(&self, index: usize) -> Option<usize> {
        let group = self.offer.groups.iter().find(|group| group.contains(&index));
        self.agreement.going_on(index, group.map(Vec::as_slice))
    }

    /// The own credentials that a section was offered with.
    fn ice(&self, index: usize) -> Option<&OwnIce> {
        self.offer.sections.get(index)?.draft.ice.as_ref()
    }
}

/// A section of the answer.
struct AnsweredSection<'a> {
    index: usize,
    facts: &'a SectionFacts,
    /// The section whose transport it uses.
    owner: usize,
    /// Whether it is in a group.
    grouped: bool,
}

impl AnsweredSection<'_> {
    fn is_accepted(&self) -> bool {
        self.grouped || self.facts.line.port != 0
    }
}

/// Whether a section answers the one that was offered in its place.
fn fits(answered: &AnsweredSection<'_>, ours: &LocalSection) -> Result<(), Mismatch> {
    let section = answered.index;
    let (line, offered) = (&answered.facts.line, &ours.draft.line);
    let accepted = answered.is_accepted();
    if line.media != offered.media || (accepted && line.proto != offered.proto) {
        return Err(Mismatch::SectionChanged { section });
    }
    if accepted && ours.shared && !answered.grouped {
        return Err(Mismatch::Bundle { section });
    }
    Ok(())
}
