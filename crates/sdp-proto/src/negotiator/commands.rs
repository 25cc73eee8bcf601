//! What the application tells a negotiator (RFC 8829 §4.1).

use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use super::config::Config;
use super::create_answer::{AnswerCreator, AnswerPlan};
use super::create_offer::OfferCreator;
use super::message::{DescriptionKind, Event};
use super::mismatch::CommandError;
use super::own_ice::OwnIce;
use super::receive_offer::ReceivedOffer;
use super::section_draft::SectionDraft;
use super::transceiver::{Transceiver, TransceiverId};
use super::writer::{Gathered, Writer};
use super::{Agreement, Exchange, Kind, Negotiator, SignalingState};
use crate::IceCredentials;
use crate::attribute::{Candidate, Direction};
use crate::text::Token;

impl Negotiator {
    /// The configuration.
    pub const fn config(&self) -> &Config {
        &self.config
    }

    /// Adds a wish for a section. It gets one in the next offer, or in one of the peer's: in that
    /// which waits for an answer, if there is a section of its kind that nobody has taken.
    pub fn add(&mut self, wish: Transceiver) -> Result<TransceiverId, CommandError> {
        self.open()?;
        let max = self.config.transceivers_max;
        if self.transceivers.len() >= max {
            return Err(CommandError::Transceivers { max });
        }
        if (wish.kind == Kind::Other) != wish.other.is_some() {
            return Err(CommandError::OtherMedia);
        }
        if let Some(id) = self.take_over(&wish) {
            return Ok(id);
        }
        let data = |kind| kind == Kind::Data;
        let other = self.transceivers.iter().any(|e| data(e.wish.kind) && !e.stopped);
        if data(wish.kind) && other {
            return Err(CommandError::SecondDataChannel);
        }
        let id = self.transceivers.add(wish, false);
        self.remind();
        Ok(id)
    }

    /// The transceivers that are not stopped, those that offers of the peer made included.
    pub fn transceivers(&self) -> impl Iterator<Item = (TransceiverId, &Transceiver)> {
        let live = self.transceivers.iter().filter(|entry| !entry.stopped);
        live.map(|entry| (entry.id, &entry.wish))
    }

    /// The mid of the section that serves a transceiver, once there is one.
    pub fn mid_of(&self, id: TransceiverId) -> Option<Token<'static>> {
        let agreed = self.agreement().sections.iter().find(|s| s.transceiver == Some(id));
        match (&self.exchange, agreed) {
            (_, Some(section)) => Some(section.mid.clone()),
            (Exchange::Local { offer, .. }, None) => {
                offer.sections.iter().find(|s| s.transceiver == Some(id)).map(|s| s.mid.clone())
            }
            (Exchange::Remote { offered, .. }, None) => {
                let mut decided = offered.decisions.iter();
                let index = decided.position(|decision| decision.transceiver == Some(id))?;
                offered.facts.sections.get(index)?.said.mid.clone()
            }
            (Exchange::None | Exchange::Closed, None) => None,
        }
    }

    /// The transceiver that the waiting offer made for a section and that this wish may have.
    fn take_over(&mut self, wish: &Transceiver) -> Option<TransceiverId> {
        let Exchange::Remote { offered, provisional: None } = &mut self.exchange else {
            return None;
        };
        if let Some(other) = wish.other.as_ref().filter(|_| wish.shares) {
            let sections = offered.facts.sections.iter().zip(&mut offered.decisions);
            let mut free = sections.filter(|(facts, decision)| {
                decision.transceiver.is_none() && !facts.is_off() && other.serves(facts)
            });
            let (_, decision) = free.next()?;
            decision.transceiver = Some(self.transceivers.add(wish.clone(), false));
            return decision.transceiver;
        }
        let shares = wish.shares || wish.kind == Kind::Data;
        let mut made = offered.decisions.iter().filter_map(|decision| decision.transceiver);
        let id = made.find(|id| {
            let entry = self.transceivers.get(*id);
            entry.is_some_and(|entry| {
                shares && entry.implicit && !entry.stopped && entry.wish.kind == wish.kind
            })
        })?;
        self.update(id, |own| *own = wish.clone()).ok().map(|()| id)
    }

    /// Changes what is wanted of a section, from the next description on: its direction, codecs and
    /// extensions, streams, encodings, bandwidths and attributes. What it carries does not change.
    /// The transceivers that an offer of the peer made can be changed as well.
    pub fn update(
        &mut self,
        id: TransceiverId,
        change: impl FnOnce(&mut Transceiver),
    ) -> Result<(), CommandError> {
        self.open()?;
        let entry = self.transceivers.get_mut(id).filter(|entry| !entry.stopped);
        let entry = entry.ok_or(CommandError::NoSuchTransceiver)?;
        let before = entry.wish.clone();
        change(&mut entry.wish);
        entry.wish.kind = before.kind;
        if (before.kind == Kind::Other) != entry.wish.other.is_some() {
            entry.wish.other = before.other;
        }
        entry.implicit = false;
        if entry.wish.credentials != before.credentials
            && let Some(mid) = self.mid_of(id)
        {
            self.candidates.remove(&Some(mid));
        }
        self.remind();
        Ok(())
    }

    /// Gives the section of a transceiver to another kind of media, as fax takes the place of the
    /// voice that it came as (RFC 3264 §8.3.3), from the next offer on. The transceiver goes when
    /// that is settled. For sections without ICE alone; with it the section stays what it is (RFC
    /// 8829 §5.10).
    pub fn replace(
        &mut self,
        id: TransceiverId,
        wish: Transceiver,
    ) -> Result<TransceiverId, CommandError> {
        self.open()?;
        let entry = self.transceivers.get(id).filter(|entry| !entry.stopped);
        entry.ok_or(CommandError::NoSuchTransceiver)?;
        let max = self.config.transceivers_max;
        if self.transceivers.len() >= max {
            return Err(CommandError::Transceivers { max });
        }
        if (wish.kind == Kind::Other) != wish.other.is_some() {
            return Err(CommandError::OtherMedia);
        }
        let mut sections = self.agreement.sections.iter().filter(|section| section.live);
        let section = sections.find(|section| section.transceiver == Some(id));
        let direct = section.is_some_and(|section| section.direct.is_some());
        if !direct || wish.kind == Kind::Data || (wish.kind.is_rtp() && wish.carriage.is_ice()) {
            return Err(CommandError::NotReplaceable);
        }
        let new = self.transceivers.add(wish, false);
        if let Some(entry) = self.transceivers.get_mut(new) {
            entry.instead_of = Some(id);
        }
        self.remind();
        Ok(new)
    }

    /// Changes which way media is wanted, from the next description on.
    pub fn set_direction(
        &mut self,
        id: TransceiverId,
        direction: Direction,
    ) -> Result<(), CommandError> {
        self.update(id, |wish| wish.direction = direction)
    }

    /// Ends a transceiver. Its section is switched off by the next offer, or rejected by the next
    /// answer.
    pub fn stop(&mut self, id: TransceiverId) -> Result<(), CommandError> {
        self.open()?;
        let entry = self.transceivers.get_mut(id).filter(|entry| !entry.stopped);
        entry.ok_or(CommandError::NoSuchTransceiver)?.stopped = true;
        self.remind();
        Ok(())
    }

    /// Uses new ICE credentials from the next description that may restart ICE (RFC 8839
    /// §4.4.1.1.1): the next offer, or an answer to an offer that restarts. Candidates that were
    /// set are forgotten. Transports that [have credentials of their own](Transceiver::credentials)
    /// go on; [`update`](Self::update) restarts those. While an offer waits that restarts some
    /// of the others, the credentials are for those, and the rest goes on.
    pub fn restart_ice(
        &mut self,
        credentials: IceCredentials<'static>,
    ) -> Result<(), CommandError> {
        self.open()?;
        let waiting = self.waiting().map(|offered| self.answer_creator(offered));
        let answering = waiting.is_ok_and(|creator| creator.restarts_common());
        let before = core::mem::replace(&mut self.credentials, credentials);
        if answering {
            let sections = self.agreement.sections.iter_mut();
            let asked = sections.filter_map(|section| section.asked_credentials.as_mut());
            for asked in asked.filter(|asked| **asked == before) {
                asked.clone_from(&self.credentials);
            }
        }
        let own = self.transceivers.iter().filter(|entry| entry.wish.credentials.is_some());
        let own: BTreeSet<Option<Token<'static>>> =
            own.map(|entry| self.mid_of(entry.id)).collect();
        self.candidates.retain(|mid, _| mid.is_some() && own.contains(mid));
        self.remind();
        Ok(())
    }

    /// The candidates to write from the next description on: of the transport that the section
    /// with this mid carries, or of all that have none of their own. `complete` says that no more
    /// will come.
    pub fn set_candidates(
        &mut self,
        mid: Option<Token<'static>>,
        candidates: Vec<Candidate<'static>>,
        complete: bool,
    ) -> Result<(), CommandError> {
        self.open()?;
        let max = self.config.candidates_max;
        if candidates.len() > max {
            return Err(CommandError::Candidates { max });
        }
        let max = self.config.limits.media_max;
        if self.candidates.len() > max && !self.candidates.contains_key(&mid) {
            return Err(CommandError::Sections { max });
        }
        self.candidates.insert(mid, Gathered { candidates, complete });
        Ok(())
    }

    /// Makes an offer and sends it (RFC 8829 §5.2).
    pub fn offer(&mut self) -> Result<(), CommandError> {
        self.ready()?;
        if self.exchange != Exchange::None {
            return Err(CommandError::State { state: self.state() });
        }
        let creator = OfferCreator {
            config: &self.config,
            transceivers: &self.transceivers,
            agreement: &self.agreement,
            candidates: &self.candidates,
            credentials: &self.credentials,
            version: self.version + 1,
        };
        let offer = creator.create()?;
        self.version += 1;
        self.send(DescriptionKind::Offer, offer.session.clone());
        self.exchange = Exchange::Local { offer, provisional: None };
        self.event(Event::State(self.state()));
        Ok(())
    }

    /// Sends the open offer once more, because it or its answer was lost.
    pub fn resend(&mut self) -> Result<(), CommandError> {
        self.ready()?;
        let Exchange::Local { offer, .. } = &self.exchange else {
            return Err(CommandError::State { state: self.state() });
        };
        let session = offer.session.clone();
        self.send(DescriptionKind::Offer, session);
        Ok(())
    }

    /// Rejects a section of the offer that waits; [`accept`](Self::accept) takes that back.
    pub fn reject(&mut self, section: usize) -> Result<(), CommandError> {
        self.decide(section, false)
    }

    /// Accepts a section of the offer that waits if it can be, as all are unless rejected.
    pub fn accept(&mut self, section: usize) -> Result<(), CommandError> {
        self.decide(section, true)
    }

    fn decide(&mut self, section: usize, accept: bool) -> Result<(), CommandError> {
        let state = self.state();
        let Exchange::Remote { offered, .. } = &mut self.exchange else {
            return Err(CommandError::State { state });
        };
        let decision = offered.decisions.get_mut(section);
        decision.ok_or(CommandError::NoSuchSection { section })?.rejected = !accept;
        Ok(())
    }

    /// Answers the offer that waits, for good (RFC 8829 §5.3).
    pub fn answer(&mut self) -> Result<(), CommandError> {
        self.respond(false)
    }

    /// Answers the offer that waits for the time being; [`answer`](Self::answer) is to follow
    /// (RFC 8829 §4.1.10.1).
    pub fn provisional_answer(&mut self) -> Result<(), CommandError> {
        self.respond(true)
    }

    fn respond(&mut self, provisional: bool) -> Result<(), CommandError> {
        self.ready()?;
        let Exchange::Remote { offered, .. } = &self.exchange else {
            return Err(CommandError::State { state: self.state() });
        };
        let creator = self.answer_creator(offered);
        if creator.lacks_credentials() {
            return Err(CommandError::CredentialsNeeded);
        }
        let AnswerPlan {
            sections,
            mut groups,
            lip_sync,
            payload_types,
            extension_ids,
            explanations,
            ..
        } = creator.plan();
        let sections = sections.into_iter().map(|section| (section.agreed, section.draft));
        let (sections, drafts): (Vec<_>, Vec<SectionDraft>) = sections.unzip();
        let writer = Writer {
            config: &self.config,
            candidates: &self.candidates,
            version: self.version + 1,
            timings: &offered.facts.timings,
            ice_options: offered.facts.common_options(self.config.ice_options.as_ref()),
            drafts: &drafts,
            groups: &groups,
            lip_sync: &lip_sync,
        };
        let session = writer.write()?;
        // The answer says of a group that nothing is left of it (RFC 8829 §5.3.1).
        groups.retain(|group| !group.is_empty());
        let agreement = Agreement {
            next_mid: self.agreement.next_mid,
            sections,
            groups,
            lip_sync,
            payload_types,
            extension_ids,
            local: Some(session.clone()),
            remote: Some(offered.session.clone()),
            answered: true,
            explanations,
        };
        self.version += 1;
        let kind =
            if provisional { DescriptionKind::ProvisionalAnswer } else { DescriptionKind::Answer };
        self.send(kind, session);
        self.settle(agreement, provisional);
        Ok(())
    }

    /// Takes the open offer back, own or of the peer, with whatever was answered provisionally
    /// (RFC 8829 §5.7). An own offer that the peer may have seen should be taken back there as
    /// well: [`Input::Rollback`](super::Input::Rollback).
    pub fn rollback(&mut self) -> Result<(), CommandError> {
        self.ready()?;
        match &self.exchange {
            Exchange::Local { .. } | Exchange::Remote { .. } => {
                self.roll_back();
                Ok(())
            }
            Exchange::None | Exchange::Closed => Err(CommandError::State { state: self.state() }),
        }
    }

    /// Ends it all. What was agreed can still be read; nothing else is possible.
    pub fn close(&mut self) {
        if self.exchange != Exchange::Closed {
            self.exchange = Exchange::Closed;
            self.outputs.clear();
            self.event(Event::State(SignalingState::Closed));
        }
    }

    /// Whether what the application wants is no longer what was agreed (RFC 8829 §3.4.1). Asked
    /// in the stable state; in others the open offer comes first.
    pub fn negotiation_needed(&self) -> bool {
        if self.exchange != Exchange::None {
            return false;
        }
        self.transceivers.iter().any(|entry| {
            let sections = self.agreement.sections.iter().enumerate();
            let mut sections = sections.filter(|(_, section)| section.live);
            match sections.find(|(_, section)| section.transceiver == Some(entry.id)) {
                None => !entry.stopped,
                Some((index, section)) => {
                    let wanted = OwnIce::wanted(Some(&entry.wish), &self.credentials);
                    let asked = section.asked_credentials.as_ref();
                    let restarts = section.transport == index && asked.is_some_and(|a| a != wanted);
                    let changed = section.wanted.as_ref().is_some_and(|w| *w != entry.wish);
                    entry.stopped || restarts || changed
                }
            }
        })
    }

    /// Says once that an offer is due.
    pub(super) fn remind(&mut self) {
        let needed = self.negotiation_needed();
        if needed && !self.told && self.outputs.len() < self.config.outputs_max {
            self.event(Event::NegotiationNeeded);
        }
        self.told = needed;
    }

    fn open(&self) -> Result<(), CommandError> {
        match self.exchange {
            Exchange::Closed => Err(CommandError::State { state: SignalingState::Closed }),
            Exchange::None | Exchange::Local { .. } | Exchange::Remote { .. } => Ok(()),
        }
    }

    /// Open, and with room for outputs.
    fn ready(&self) -> Result<(), CommandError> {
        self.open()?;
        if self.is_backlogged() { Err(CommandError::Backlog) } else { Ok(()) }
    }

    pub(super) fn plan(&self) -> Result<AnswerPlan, CommandError> {
        Ok(self.answer_creator(self.waiting()?).plan())
    }

    /// The offer of the peer that waits for its answer.
    pub(super) fn waiting(&self) -> Result<&ReceivedOffer, CommandError> {
        match &self.exchange {
            Exchange::Remote { offered, .. } => Ok(offered),
            Exchange::None | Exchange::Local { .. } | Exchange::Closed => {
                Err(CommandError::State { state: self.state() })
            }
        }
    }

    fn answer_creator<'n>(&'n self, offered: &'n ReceivedOffer) -> AnswerCreator<'n> {
        AnswerCreator {
            config: &self.config,
            transceivers: &self.transceivers,
            agreement: &self.agreement,
            credentials: &self.credentials,
            offered,
        }
    }
}
