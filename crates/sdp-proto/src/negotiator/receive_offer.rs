//! Taking an offer of the peer in: whether it can follow what was agreed, and whom each of its
//! sections serves (RFC 8829 §5.10, RFC 3264 §8).

use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use super::agreement::Agreement;
use super::config::Config;
use super::facts::{RemoteFacts, SectionFacts};
use super::kind::Kind;
use super::mismatch::Mismatch;
use super::transceiver::{Transceiver, TransceiverId, Transceivers};
use crate::Session;
use crate::attribute::Direction;

/// An offer of the peer that waits for the answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ReceivedOffer {
    pub(super) session: Session<'static>,
    pub(super) facts: RemoteFacts,
    /// What is decided of each section.
    pub(super) decisions: Vec<Decision>,
}

/// What is decided of a section before it is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Decision {
    /// Whom it serves.
    pub(super) transceiver: Option<TransceiverId>,
    /// Whether the application rejects it.
    pub(super) rejected: bool,
}

/// Looks whether an offer can follow what was agreed, and finds a transceiver for each section.
pub(super) fn receive(
    config: &Config,
    agreement: &Agreement,
    transceivers: &mut Transceivers,
    session: Session<'static>,
) -> Result<ReceivedOffer, Mismatch> {
    let facts = RemoteFacts::read(&session)?;
    let (expected, found) = (agreement.sections.len(), facts.sections.len());
    if found < expected {
        return Err(Mismatch::SectionCount { expected, found });
    }
    for (index, (agreed, section)) in agreement.sections.iter().zip(&facts.sections).enumerate() {
        let named = section.said.mid.as_ref().is_none_or(|mid| *mid == agreed.mid);
        // Without ICE another kind of media may take the place (RFC 3264 §8.3.3).
        let fits = section.continues(agreed) || agreed.direct.is_some() && !section.is_ice();
        if agreed.live && !(named && fits) {
            return Err(Mismatch::SectionChanged { section: index });
        }
    }
    let live = agreement.sections.iter().filter(|section| section.live);
    let mut taken: BTreeSet<TransceiverId> = live.filter_map(|s| s.transceiver).collect();
    let mut decisions = Vec::with_capacity(facts.sections.len());
    for (index, section) in facts.sections.iter().enumerate() {
        let agreed = agreement.sections.get(index);
        let agreed = agreed.filter(|agreed| agreed.live && section.continues(agreed));
        let transceiver = match (agreed, section.kind) {
            (Some(agreed), _) => agreed.transceiver,
            (None, Some(kind)) if !section.is_off() => {
                find(transceivers, kind, section.direction(), &mut taken)
            }
            (None, None) if !section.is_off() => serving(transceivers, section, &mut taken),
            (None, _) => None,
        };
        decisions.push(Decision { transceiver, rejected: false });
    }
    let max = config.transceivers_max;
    if transceivers.len() > max {
        return Err(Mismatch::Transceivers { max });
    }
    Ok(ReceivedOffer { session, facts, decisions })
}

/// The transceiver by which the application serves a section itself, if there is one.
fn serving(
    transceivers: &Transceivers,
    section: &SectionFacts,
    taken: &mut BTreeSet<TransceiverId>,
) -> Option<TransceiverId> {
    let entry = transceivers.iter().find(|entry| {
        let serves = entry.wish.other.as_ref().is_some_and(|other| other.serves(section));
        serves && entry.wish.shares && !entry.stopped && !taken.contains(&entry.id)
    })?;
    taken.insert(entry.id);
    Some(entry.id)
}

/// The first transceiver that may serve an offered section, or a new one that receives (RFC 8829
/// §5.10). There is one for data channels at most.
fn find(
    transceivers: &mut Transceivers,
    kind: Kind,
    direction: Direction,
    taken: &mut BTreeSet<TransceiverId>,
) -> Option<TransceiverId> {
    let data = kind == Kind::Data;
    let wanted = data || direction.receives();
    let fits = transceivers.iter().find(|entry| {
        let willing = data || entry.wish.shares;
        wanted && willing && entry.wish.kind == kind && !entry.stopped && !taken.contains(&entry.id)
    });
    let id = match fits {
        Some(entry) => entry.id,
        None if data && transceivers.iter().any(|e| e.wish.kind == kind && !e.stopped) => {
            return None;
        }
        None => {
            let wish = Transceiver::new(kind);
            let wish = if data { wish } else { wish.with_direction(Direction::RecvOnly) };
            transceivers.add(wish, true)
        }
    };
    taken.insert(id);
    Some(id)
}
