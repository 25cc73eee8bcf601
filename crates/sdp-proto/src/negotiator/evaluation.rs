//! What a section of an offer is worth: its media, its transport, and why it has none (RFC 8829
//! §5.3.1, RFC 3264 §6.1).

use alloc::borrow::Cow;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use super::agreement::{AgreedCodec, AgreedTransport, Agreement};
use super::create_answer::AnswerCreator;
use super::direct::{self, DirectTransport};
use super::explain::{ExplanationLog, Reason};
use super::facts::SectionFacts;
use super::formats::{self, Layout};
use super::kind::{Kind, is_clear, is_secure};
use super::numbering::Numbering;
use super::other_media::OtherMedia;
use super::receive_offer::Decision;
use super::simulcast::Lines;
use super::simulcast_answer::{self, Able};
use super::transceiver::Entry;
use super::transport;
use super::unstated::Stated;
use crate::attribute::Direction;
use crate::codec::Format;
use crate::text::Token;

/// A section of an offer with all that becomes known of it on the way to the answer.
pub(super) struct Evaluation<'a> {
    pub(super) index: usize,
    pub(super) facts: &'a SectionFacts,
    /// Whom it serves.
    pub(super) entry: Option<&'a Entry>,
    pub(super) mid: Token<'static>,
    /// What it would carry, or why it is rejected for that.
    pub(super) media: Result<MediaTerms, Reason>,
    /// The transport that it offers.
    pub(super) transport: Result<OfferedTransport, Reason>,
    /// The section whose transport it uses, or why it is rejected.
    pub(super) owner: Result<usize, Reason>,
}

impl Evaluation<'_> {
    /// Whether it would do without ICE.
    pub(super) fn is_direct(&self) -> bool {
        let own = self.owner == Ok(self.index);
        own && matches!(self.transport, Ok(OfferedTransport::Direct(_)))
    }
}

/// What payload types stand for in the sections of each group so far: those of one RTP session
/// (RFC 9143 §9.1). Groups go by their first section.
#[derive(Default)]
pub(super) struct NumbersInUse(BTreeMap<usize, BTreeMap<u8, Format<'static>>>);

impl NumbersInUse {
    fn of_group(&mut self, group: Option<&[usize]>) -> Option<&mut BTreeMap<u8, Format<'static>>> {
        Some(self.0.entry(*group?.first()?).or_default())
    }
}

/// The formats but those whose number stands for another format of the group.
fn free_of<'f>(
    formats: &'f [Format<'static>],
    numbers: Option<&BTreeMap<u8, Format<'static>>>,
    log: &mut ExplanationLog<'_>,
) -> Cow<'f, [Format<'static>]> {
    let clashes = |format: &Format<'static>| {
        let other = numbers.and_then(|numbers| numbers.get(&format.payload_type));
        other.is_some_and(|other| !other.same_configuration(format))
    };
    if !formats.iter().any(clashes) {
        return Cow::Borrowed(formats);
    }
    let (taken, free): (Vec<_>, Vec<_>) = formats.iter().cloned().partition(clashes);
    for format in &taken {
        log.codec(format, Reason::NumberInUse);
    }
    Cow::Owned(free)
}

/// What a section has to be reached by.
#[derive(Clone)]
pub(super) enum OfferedTransport {
    Ice(AgreedTransport),
    Direct(DirectTransport),
}

/// What a section carries if it is accepted.
#[derive(Clone)]
pub(super) struct MediaTerms {
    pub(super) codecs: Vec<AgreedCodec>,
    pub(super) direction: Direction,
    pub(super) simulcast: Lines,
    pub(super) other: Option<OtherMedia>,
}

impl<'a> AnswerCreator<'a> {
    /// Looks at a section by itself; whose transport it uses is decided for all of them at once.
    pub(super) fn evaluate(
        &self,
        index: usize,
        facts: &'a SectionFacts,
        decision: Decision,
        mid: Token<'static>,
        numbers: &mut NumbersInUse,
        log: &mut ExplanationLog<'_>,
    ) -> Evaluation<'a> {
        let entry = decision.transceiver.and_then(|id| self.transceivers.get(id));
        let numbers = numbers.of_group(self.offered.facts.group_of(index));
        let secure = self.means_dtls(index, facts);
        let known = if secure || direct::allows(self.config, &facts.line.proto) {
            Ok(())
        } else {
            Err(Reason::Protocol)
        };
        let media = serve(facts, decision, entry, known)
            .and_then(|entry| self.media(facts, entry, numbers, log));
        let before = self.before(index).and_then(|index| self.agreement.transport(index));
        let transport = transport::of_offer(self.config, &facts.said, before);
        let transport = match transport {
            Ok(ice) if facts.kind.is_some() && secure => Ok(OfferedTransport::Ice(ice)),
            Err(reason) if self.relies_on_others(index, facts) => Err(reason),
            Ok(_) | Err(_) => {
                let before = self.agreement.sections.get(index).and_then(|s| s.direct.as_ref());
                let direct = direct::of_offer(self.config, facts, before);
                let better = |reason| {
                    let own = matches!(reason, Reason::NoKeys | Reason::Multicast);
                    transport.err().filter(|_| !own)
                };
                direct.map(OfferedTransport::Direct).map_err(|r| better(r).unwrap_or(r))
            }
        };
        let owner = media.as_ref().map_err(|reason| *reason).map(|_| index);
        Evaluation { index, facts, entry, mid, media, transport, owner }
    }

    /// Whether the section is one of a group with ICE and has none of its own: then it says nothing
    /// of a transport because it takes that of the group, and not because it does without ICE
    /// (RFC 9143 §7.5).
    fn relies_on_others(&self, index: usize, facts: &SectionFacts) -> bool {
        let all = &self.offered.facts;
        let ice = |facts: &SectionFacts| facts.said.credentials().is_some();
        let mut group = all.group_of(index).into_iter().flatten();
        facts.is_rtp() && !ice(facts) && group.any(|of| all.sections.get(*of).is_some_and(ice))
    }

    /// Whether the section is for DTLS: by the name of its protocol, or by the fingerprint of its
    /// transport where the name is that of RTP in clear (RFC 8829 §5.1.2).
    fn means_dtls(&self, index: usize, facts: &SectionFacts) -> bool {
        let all = &self.offered.facts;
        let carrier = all.group_of(index).and_then(|group| all.sections.get(*group.first()?));
        let proves = |facts: &SectionFacts| !facts.said.fingerprints.is_empty();
        let proto = &facts.line.proto;
        is_secure(proto) || is_clear(proto) && (proves(facts) || carrier.is_some_and(proves))
    }

    fn media(
        &self,
        facts: &SectionFacts,
        entry: &Entry,
        mut numbers: Option<&mut BTreeMap<u8, Format<'static>>>,
        log: &mut ExplanationLog<'_>,
    ) -> Result<MediaTerms, Reason> {
        let wish = &entry.wish;
        let mut terms = MediaTerms {
            codecs: Vec::new(),
            direction: Direction::SendRecv,
            simulcast: Lines::default(),
            other: None,
        };
        if wish.kind == Kind::Data {
            return Ok(terms);
        }
        if let Some(other) = &wish.other {
            let answer = other.answering(&facts.line).ok_or(Reason::NoCodec)?;
            let own = answer.direction(wish.direction);
            terms.direction = facts.direct_direction().answer(own);
            terms.other = Some(answer);
            return Ok(terms);
        }
        let own = &self.config.capabilities(wish).codecs;
        let layout = Layout::scratch(wish.kind, own, log);
        let formats = free_of(&facts.formats, numbers.as_deref(), log);
        let Stated { formats, silent } = Stated::new(self.config.h264, formats);
        let mut pairs = layout.matched(&formats, &silent, log);
        if wish.capabilities.is_some() {
            // The order that the application has set (RFC 8829 §5.3.1).
            pairs.sort_unstable();
        }
        terms.codecs = layout.answered(&formats, &pairs, &facts.said.feedback);
        for codec in &terms.codecs {
            log.codec(&codec.remote, Reason::Agreed);
        }
        if !terms.codecs.iter().any(|codec| formats::stands_alone(&codec.local)) {
            return Err(Reason::NoCodec);
        }
        if let Some(numbers) = &mut numbers {
            let agreed = terms.codecs.iter().map(|codec| &codec.remote);
            numbers.extend(agreed.map(|format| (format.payload_type, format.clone())));
        }
        let alone = facts.said.credentials().is_none() && numbers.is_none();
        let offered = if alone { facts.direct_direction() } else { facts.direction() };
        terms.direction = offered.answer(wish.direction);
        let declines =
            if self.config.receives_simulcast { Reason::Direction } else { Reason::NoSimulcast };
        let receives = self.config.receives_simulcast && terms.direction.receives();
        let able = Able {
            sends: terms.direction.sends().then_some(&wish.encodings[..]),
            receives: if receives { Ok(&wish.receive_encodings[..]) } else { Err(declines) },
            numbering: Numbering::of_remote(wish.kind, own, &terms.codecs),
            pausing: self.config.pausing,
        };
        terms.simulcast = simulcast_answer::answered(&facts.said, &able, log);
        Ok(terms)
    }

    /// The names of the sections: as offered, as agreed, or new ones.
    pub(super) fn mids(&self) -> Vec<Token<'static>> {
        let sections = &self.offered.facts.sections;
        let offered: BTreeSet<&Token<'static>> =
            sections.iter().filter_map(|facts| facts.said.mid.as_ref()).collect();
        let agreed = self.agreement.sections.iter().map(|section| &section.mid);
        let used: Vec<Token<'static>> = offered.iter().copied().chain(agreed).cloned().collect();
        let mut next = self.agreement.next_mid;
        let name = |(index, facts): (usize, &SectionFacts)| {
            let agreed = self.agreement.sections.get(index).filter(|agreed| agreed.live);
            // A name that the offer gives to another section is that one's.
            let agreed = agreed.filter(|agreed| !offered.contains(&agreed.mid));
            match (&facts.said.mid, agreed) {
                (Some(mid), _) => mid.clone(),
                (None, Some(agreed)) => agreed.mid.clone(),
                (None, None) => Agreement::fresh_mid(&mut next, &used),
            }
        };
        sections.iter().enumerate().map(name).collect()
    }
}

/// The transceiver that the section serves, or why there is none.
fn serve<'a>(
    facts: &SectionFacts,
    decision: Decision,
    entry: Option<&'a Entry>,
    protocol: Result<(), Reason>,
) -> Result<&'a Entry, Reason> {
    if facts.is_off() {
        return Err(Reason::OfferedOff);
    }
    if decision.rejected {
        return Err(Reason::RejectedHere);
    }
    if facts.kind.is_none() {
        let entry = entry.filter(|entry| !entry.stopped);
        return entry.ok_or(Reason::UnknownKind);
    }
    protocol?;
    if decision.transceiver.is_none() {
        return Err(Reason::SecondDataChannel);
    }
    entry.filter(|entry| !entry.stopped).ok_or(Reason::Stopped)
}
