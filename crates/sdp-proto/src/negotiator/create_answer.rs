//! Judging an offer of the peer section by section, and what the answer says of each (RFC 8829
//! §5.3, RFC 3264 §6).

use alloc::vec::Vec;

use super::agreement::{
    AgreedCodec, AgreedSection, AgreedTransport, Agreement, DataTerms, DtlsRole,
};
use super::bundle;
use super::config::{Config, RtcpMuxPolicy};
use super::explain::{Explanation, ExplanationLog, Reason};
use super::extensions;
use super::facts::{Remote, RemoteSection};
use super::formats::{self, Layout};
use super::kind::{Kind, is_secure};
use super::lip_sync;
use super::mismatch::Mismatch;
use super::numbers::Numbers;
use super::receive_offer::ReceivedOffer;
use super::section_draft::{self, SectionDraft};
use super::simulcast::{self, Answered};
use super::transceiver::Transceivers;
use super::transport;
use crate::attribute::{Direction, Setup};
use crate::codec::Format;
use crate::text::{Token, Words};

/// What an offer comes to if it is answered now.
pub(super) struct AnswerPlan {
    /// The sections with how the answer writes them.
    pub(super) sections: Vec<(AgreedSection, SectionDraft)>,
    pub(super) groups: Vec<Vec<usize>>,
    pub(super) lip_sync: Vec<Vec<usize>>,
    pub(super) payload_types: Numbers,
    pub(super) extension_ids: Numbers,
    pub(super) explanations: Vec<Explanation>,
}

/// What an answer is made from.
pub(super) struct AnswerCreator<'j> {
    pub(super) config: &'j Config,
    pub(super) transceivers: &'j Transceivers,
    pub(super) agreement: &'j Agreement,
    pub(super) offered: &'j ReceivedOffer,
}

/// What a section is worth by itself.
struct Evaluation {
    codecs: Vec<AgreedCodec>,
    direction: Direction,
    wanted: Direction,
    simulcast: Answered,
    streams: Vec<Token<'static>>,
}

impl AnswerCreator<'_> {
    pub(super) fn plan(&self) -> Result<AnswerPlan, Mismatch> {
        let remote = Remote::read(&self.offered.session)?;
        let mut plan = AnswerPlan {
            sections: Vec::with_capacity(remote.sections.len()),
            groups: Vec::new(),
            lip_sync: Vec::new(),
            payload_types: self.agreement.payload_types.clone(),
            extension_ids: self.agreement.extension_ids.clone(),
            explanations: Vec::new(),
        };
        let mut evaluations = Vec::with_capacity(remote.sections.len());
        for (index, section) in remote.sections.iter().enumerate() {
            let mut log = ExplanationLog { section: index, lines: &mut plan.explanations };
            evaluations.push(self.evaluation(index, section, &mut log)?);
        }
        let verdicts: Vec<_> = evaluations
            .iter()
            .map(|evaluation| evaluation.as_ref().map(drop).map_err(|r| *r))
            .collect();
        let transports = self.transports(&remote);
        let usable = |index: usize| match transports.get(index) {
            Some(Ok(_)) => Ok(()),
            Some(Err(reason)) => Err(*reason),
            None => Err(Reason::NoCredentials),
        };
        let policy = self.config.bundle;
        let answered = bundle::answer(policy, self.agreement, &remote, &verdicts, &usable);
        plan.groups = answered.groups;
        let mids = self.mids(&remote);
        for (index, (section, mid)) in remote.sections.iter().zip(mids).enumerate() {
            let owner = answered.owners.get(index).copied().unwrap_or(Err(Reason::NoBundle));
            let evaluation =
                evaluations.get_mut(index).map(|m| core::mem::replace(m, Err(Reason::NoBundle)));
            let evaluation = evaluation.unwrap_or(Err(Reason::NoBundle));
            let outcome = evaluation.and_then(|evaluation| Ok((evaluation, owner?))).and_then(
                |(evaluation, owner)| {
                    let mux = muxed(&remote, index, owner);
                    self.rtcp(index, section, mux).map(|()| (evaluation, owner, mux))
                },
            );
            let mut log = ExplanationLog { section: index, lines: &mut plan.explanations };
            log.section(outcome.as_ref().map_or_else(|reason| *reason, |_| Reason::Agreed));
            let written = match outcome {
                Err(_) => off(section, mid, index),
                Ok((evaluation, owner, mux)) => {
                    let own = transports.get(index).and_then(|transport| transport.clone().ok());
                    let own = own.filter(|_| owner == index);
                    self.accept(index, section, mid, evaluation, (owner, mux, own), &mut plan)
                }
            };
            plan.sections.push(written);
        }
        rejected_leave(&mut plan);
        let streams = plan.sections.iter().map(|(_, draft)| draft.streams());
        let streams: Vec<_> = streams.collect();
        plan.lip_sync = lip_sync::answered(&remote.lip_sync, &streams);
        Ok(plan)
    }

    /// The mids of the sections whose transports have new ICE credentials (RFC 8839 §4.4.1.1.1):
    /// those that carry the transport of a group that goes on, and those that stay alone.
    pub(super) fn restarts(&self) -> Result<Vec<Token<'static>>, Mismatch> {
        let remote = Remote::read(&self.offered.session)?;
        let mids = self.mids(&remote);
        let sections = remote.sections.iter().enumerate().zip(mids);
        let restarted = sections.filter(|((index, section), _)| {
            let group = remote.group_of(*index);
            let was_grouped = self.agreement.group_of(*index).is_some();
            let carries = group.is_none_or(|group| group.first() == Some(index));
            let before = self.agreement.transport(*index);
            let now = section.facts.credentials();
            let new = before.zip(now).is_some_and(|(before, now)| before.credentials != now);
            !section.is_off() && carries && was_grouped == group.is_some() && new
        });
        Ok(restarted.map(|(_, mid)| mid).collect())
    }

    /// The names of the sections: as offered, as agreed, or new ones.
    fn mids(&self, remote: &Remote<'_>) -> Vec<Token<'static>> {
        let offered = remote.sections.iter().filter_map(|s| s.facts.mid.clone());
        let mut used: Vec<Token<'static>> = offered.map(Token::into_owned).collect();
        used.extend(self.agreement.sections.iter().map(|section| section.mid.clone()));
        let mut next = self.agreement.next_mid;
        let name = |(index, section): (usize, &RemoteSection<'_>)| {
            let agreed = self.agreement.sections.get(index).filter(|agreed| agreed.live);
            match (&section.facts.mid, agreed) {
                (Some(mid), _) => mid.clone().into_owned(),
                (None, Some(agreed)) => agreed.mid.clone(),
                (None, None) => Agreement::fresh_mid(&mut next, &used),
            }
        };
        remote.sections.iter().enumerate().map(name).collect()
    }

    /// The transport that each section offers.
    fn transports(&self, remote: &Remote<'_>) -> Vec<Result<AgreedTransport, Reason>> {
        let one = |(index, section): (usize, &RemoteSection<'_>)| {
            let before = self.agreement.transport(index);
            transport::of_offer(self.config, &section.facts, before)
        };
        remote.sections.iter().enumerate().map(one).collect()
    }

    /// Whether the section can be accepted for what it carries.
    fn evaluation(
        &self,
        index: usize,
        section: &RemoteSection<'_>,
        log: &mut ExplanationLog<'_>,
    ) -> Result<Result<Evaluation, Reason>, Mismatch> {
        if section.is_off() {
            return Ok(Err(Reason::OfferedOff));
        }
        if self.offered.rejected.contains(&index) {
            return Ok(Err(Reason::RejectedHere));
        }
        let Some(kind) = section.kind else { return Ok(Err(Reason::UnknownKind)) };
        if !is_secure(&section.line.proto) {
            return Ok(Err(Reason::Protocol));
        }
        let id = self.offered.transceivers.get(index).copied().flatten();
        let Some(id) = id else { return Ok(Err(Reason::SecondDataChannel)) };
        let Some(entry) = self.transceivers.get(id).filter(|entry| !entry.stopped) else {
            return Ok(Err(Reason::Stopped));
        };
        let wish = &entry.wish;
        let mut evaluation = Evaluation {
            codecs: Vec::new(),
            direction: Direction::SendRecv,
            wanted: wish.direction,
            simulcast: Answered::default(),
            streams: wish.streams.clone(),
        };
        if kind == Kind::Data {
            return Ok(Ok(evaluation));
        }
        let remotes = section.media.rtp_formats()?;
        let own = &self.config.capabilities(wish).codecs;
        let layout = Layout::scratch(kind, own, log);
        let pairs = layout.matched(&remotes, log);
        let codecs = layout.answered(&remotes, &pairs, &section.facts.feedback);
        for codec in &codecs {
            log.codec(&codec.remote, Reason::Agreed);
        }
        if !codecs.iter().any(|codec| formats::is_media(&codec.local)) {
            return Ok(Err(Reason::NoCodec));
        }
        evaluation.direction = section.direction().answer(wish.direction);
        let ways = (evaluation.direction.sends(), evaluation.direction.receives());
        let numbers = codecs.iter().map(|codec| codec.remote.payload_type).collect();
        let facts = &section.facts;
        evaluation.simulcast = simulcast::answered(facts, &wish.encodings, ways, &numbers, log);
        evaluation.codecs = codecs;
        Ok(Ok(evaluation))
    }

    fn rtcp(&self, index: usize, section: &RemoteSection<'_>, mux: bool) -> Result<(), Reason> {
        let before = self.agreement.sections.get(index).is_some_and(|s| s.live && s.rtcp_mux);
        let needed = before || self.config.rtcp_mux == RtcpMuxPolicy::Require;
        let rtp = section.kind != Some(Kind::Data);
        if rtp && needed && !mux { Err(Reason::NoRtcpMux) } else { Ok(()) }
    }

    fn accept(
        &self,
        index: usize,
        section: &RemoteSection<'_>,
        mid: Token<'static>,
        evaluation: Evaluation,
        (owner, mux, own_transport): (usize, bool, Option<AgreedTransport>),
        plan: &mut AnswerPlan,
    ) -> (AgreedSection, SectionDraft) {
        let facts = &section.facts;
        let kind = section.kind;
        let rtp = kind != Some(Kind::Data);
        adopt(section, &evaluation, plan);
        let mut log = ExplanationLog { section: index, lines: &mut plan.explanations };
        let id = self.offered.transceivers.get(index).copied().flatten();
        let entry = id.and_then(|id| self.transceivers.get(id)).filter(|_| rtp);
        let allow_mixed = rtp && self.config.allow_mixed && facts.allow_mixed;
        let extensions = entry.map_or(Vec::new(), |entry| {
            let own = &self.config.capabilities(&entry.wish).extensions;
            let ids = &mut plan.extension_ids;
            extensions::answered(own, &facts.extensions, allow_mixed, ids, &mut log)
        });
        let mut line = section.line.clone().into_owned();
        if rtp {
            let numbers =
                evaluation.codecs.iter().map(|c| alloc::format!("{}", c.local.payload_type));
            line.formats = Words::new(numbers).ok();
        }
        let data = (!rtp).then(|| DataTerms {
            sctp_port: facts.sctp_port.unwrap_or(crate::attribute::SctpPort::USUAL.0),
            max_message_size: facts.max_message_size(),
        });
        let formats =
            evaluation.codecs.iter().map(|c| (c.local.clone(), c.feedback.clone())).collect();
        let draft = SectionDraft {
            line: line.clone(),
            mid: facts.mid.is_some().then(|| mid.clone()),
            kind,
            live: true,
            bundle_only: false,
            owner,
            setup: own_transport.as_ref().map(|transport| transport.role.setup()),
            tls_id: facts.tls_id.is_some(),
            direction: evaluation.direction,
            formats,
            extensions: extensions.clone(),
            allow_mixed,
            streams: evaluation.streams,
            simulcast: evaluation.simulcast.lines,
            rtcp: rtp && !mux,
            rtcp_mux: mux && facts.rtcp_mux,
            rtcp_mux_only: false,
            rtcp_rsize: rtp && facts.rtcp_rsize,
        };
        let agreed = AgreedSection {
            mid,
            kind,
            live: true,
            transceiver: id,
            direction: evaluation.direction,
            wanted: evaluation.wanted,
            codecs: evaluation.codecs,
            extensions,
            allow_mixed,
            send_rids: evaluation.simulcast.send,
            receive_rids: evaluation.simulcast.receive,
            rtcp_mux: rtp && mux,
            rtcp_rsize: draft.rtcp_rsize,
            data,
            transport: owner,
            own_transport,
            line,
        };
        (agreed, draft)
    }
}

/// Notes what the numbers of an accepted section stand for.
fn adopt(section: &RemoteSection<'_>, evaluation: &Evaluation, plan: &mut AnswerPlan) {
    for codec in &evaluation.codecs {
        plan.payload_types.adopt(codec.local.payload_type.into(), &codec.key);
    }
    if let Some(kind) = section.kind.filter(|kind| *kind != Kind::Data) {
        let formats: Vec<Format<'_>> = section.media.rtp_formats().unwrap_or_default();
        for format in &formats {
            let key = formats::key_of(kind, format);
            plan.payload_types.adopt(format.payload_type.into(), &key);
        }
    }
    extensions::adopt(&mut plan.extension_ids, &section.facts.extensions);
}

/// Whether RTCP shares the port: the section says so, or the one that carries its transport
/// (RFC 9143 §7.1.3).
pub(super) fn muxed(remote: &Remote<'_>, index: usize, owner: usize) -> bool {
    let says = |index: usize| remote.sections.get(index).is_some_and(|s| s.facts.rtcp_mux);
    says(index) || says(owner)
}

/// A section that the answer rejects.
fn off(
    section: &RemoteSection<'_>,
    mid: Token<'static>,
    index: usize,
) -> (AgreedSection, SectionDraft) {
    let line = section_draft::rejected(section.line.clone().into_owned());
    let agreed = AgreedSection::off(mid.clone(), section.kind, line.clone(), index);
    let mid = section.facts.mid.is_some().then_some(mid);
    (agreed, SectionDraft::off(line, mid, index, section.kind))
}

/// Takes sections that were rejected last, for RTCP, out of their groups; if one of them carried
/// the transport, all that used it are rejected.
fn rejected_leave(plan: &mut AnswerPlan) {
    let live: Vec<bool> = plan.sections.iter().map(|(agreed, _)| agreed.live).collect();
    let is_live = |index: usize| live.get(index) == Some(&true);
    for (index, (agreed, draft)) in plan.sections.iter_mut().enumerate() {
        if agreed.live && !is_live(agreed.transport) {
            let mut log = ExplanationLog { section: index, lines: &mut plan.explanations };
            log.section(Reason::TagRejected);
            let line = section_draft::rejected(agreed.line.clone());
            *draft = SectionDraft::off(line.clone(), draft.mid.clone(), index, agreed.kind);
            *agreed = AgreedSection::off(agreed.mid.clone(), agreed.kind, line, index);
        }
    }
    let live: Vec<bool> = plan.sections.iter().map(|(agreed, _)| agreed.live).collect();
    for group in &mut plan.groups {
        group.retain(|index| live.get(*index) == Some(&true));
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
