//! Rids and simulcast of a section as an answer has them: made for an offer of the peer, and held
//! against an own one (RFC 8851 §6.2 to §6.4, RFC 8853 §5.3.2, §5.3.3).

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use super::config::Pausing;
use super::encoding::{Encoding, SimulcastStream, rids};
use super::explain::{ExplanationLog, Reason};
use super::facts::Said;
use super::numbering::Numbering;
use super::simulcast::{Lines, dangling};
use crate::attribute::{Rid, RidDirection, SimulcastList};
use crate::text::Token;

/// What this side could do of what is offered.
pub(super) struct Able<'a> {
    /// The encodings that it sends, where media goes that way.
    pub(super) sends: Option<&'a [SimulcastStream]>,
    /// What it says of those that it receives, or why it takes none.
    pub(super) receives: Result<&'a [SimulcastStream], Reason>,
    /// The agreed formats under the numbers of the peer.
    pub(super) numbering: Numbering<'a>,
    pub(super) pausing: Pausing,
}

/// Mirrors what the peer would send, and of what it would receive those encodings that there are,
/// each within the bounds of both sides.
pub(super) fn answered(said: &Said, able: &Able<'_>, log: &mut ExplanationLog<'_>) -> Lines {
    let mut outcomes: Vec<(&Rid<'_>, Result<Encoding, Reason>)> = checked(&said.rids)
        .map(|(rid, valid)| (rid, valid.and_then(|()| able.answer(rid))))
        .collect();
    let kept = outcomes.iter().filter_map(|(rid, outcome)| {
        outcome.as_ref().ok().map(|encoding| (rid.id.as_str(), &encoding.restrictions))
    });
    let lost: BTreeSet<Token<'static>> =
        dangling(kept).into_iter().filter_map(|rid| rid.parse().ok()).collect();
    for (rid, outcome) in &mut outcomes {
        if outcome.is_ok() && lost.contains(&rid.id) {
            *outcome = Err(Reason::Restrictions);
        }
    }
    let simulcast = said.simulcast();
    let way = |direction: RidDirection| -> Vec<SimulcastStream> {
        let encodings = outcomes.iter().filter(|(rid, _)| rid.direction == direction);
        let encodings = encodings.filter_map(|(_, outcome)| outcome.as_ref().ok());
        let list = simulcast.map(|simulcast| match direction {
            RidDirection::Send => simulcast.send.as_ref(),
            RidDirection::Recv => simulcast.recv.as_ref(),
        });
        match list {
            None => encodings.cloned().map(SimulcastStream::from).collect(),
            Some(None) => Vec::new(),
            Some(Some(list)) => able.listed(list, encodings),
        }
    };
    let (receive, send) = (way(RidDirection::Send), way(RidDirection::Recv));
    let written: BTreeSet<&Token<'static>> = rids(&send).chain(rids(&receive)).collect();
    for (rid, outcome) in &outcomes {
        let reason = match outcome {
            Err(reason) => *reason,
            Ok(encoding) if written.contains(&encoding.rid) => Reason::Agreed,
            Ok(_) => Reason::NotOurs,
        };
        log.rid(&rid.id, reason);
    }
    Lines { send, receive, simulcast: simulcast.is_some() }
}

impl Able<'_> {
    /// An offered rid as this side answers it, or why it does not.
    fn answer(&self, rid: &Rid<'_>) -> Result<Encoding, Reason> {
        let offered = Encoding::read(rid);
        let find = |streams: &[SimulcastStream]| {
            let mut all = streams.iter().flat_map(|stream| &stream.alternatives);
            all.find(|encoding| encoding.rid == offered.rid).cloned()
        };
        let own = match rid.direction {
            RidDirection::Send => find(self.receives?),
            RidDirection::Recv => {
                let own = find(self.sends.ok_or(Reason::Direction)?).ok_or(Reason::NotOurs)?;
                // What is asked of this side it has to understand (RFC 8851 §6.2.2, §6.3).
                if offered.restrictions.others().next().is_some() {
                    return Err(Reason::Restrictions);
                }
                Some(own)
            }
        };
        let own = own.unwrap_or_else(|| Encoding::new(offered.rid.clone()));
        let wished = own.payload_types.iter();
        let wished: Vec<u8> = wished.filter_map(|n| self.numbering.wished(*n)).collect();
        let fits = |number: &u8| {
            let agreed = self.numbering.given(*number).is_some();
            agreed && (own.payload_types.is_empty() || wished.contains(number))
        };
        let payload_types: Vec<u8> = offered.payload_types.iter().copied().filter(fits).collect();
        if has_formats(rid) && payload_types.is_empty() {
            return Err(Reason::NoCodec);
        }
        let restrictions = offered.restrictions.narrowed(&own.restrictions);
        Ok(Encoding { payload_types, restrictions, ..offered })
    }

    /// The streams of the offer with what was dropped taken out.
    fn listed<'e>(
        &self,
        list: &SimulcastList<'_>,
        encodings: impl Iterator<Item = &'e Encoding>,
    ) -> Vec<SimulcastStream> {
        let mut left: BTreeMap<&str, &Encoding> =
            encodings.map(|encoding| (encoding.rid.as_str(), encoding)).collect();
        let streams = list.streams().map(|stream| {
            let alternatives = stream.filter_map(|offered| {
                let encoding = left.remove(offered.rid)?;
                let numbers = &encoding.payload_types;
                let paused = offered.paused && self.numbering.may_pause(self.pausing, numbers);
                Some(Encoding { paused, ..encoding.clone() })
            });
            SimulcastStream { alternatives: alternatives.collect() }
        });
        streams.filter(|stream| !stream.alternatives.is_empty()).collect()
    }
}

/// What an own offer is held against.
pub(super) struct Settling<'s> {
    pub(super) said: &'s Said,
    pub(super) offered: &'s Lines,
    /// The agreed formats under the numbers of this side.
    pub(super) numbering: Numbering<'s>,
    /// Those numbers, and by which the peer has them.
    pub(super) numbers: Vec<(u8, u8)>,
    pub(super) pausing: Pausing,
}

impl Settling<'_> {
    /// What the answer left of the offered encodings that go this way, seen from this side.
    pub(super) fn way(
        &self,
        direction: RidDirection,
        log: &mut ExplanationLog<'_>,
    ) -> Vec<SimulcastStream> {
        let (streams, answering) = match direction {
            RidDirection::Send => (&self.offered.send, RidDirection::Recv),
            RidDirection::Recv => (&self.offered.receive, RidDirection::Send),
        };
        let answers = checked(&self.said.rids).filter(|(_, valid)| valid.is_ok());
        let answers = answers.filter(|(rid, _)| rid.direction == answering);
        let answers: BTreeMap<&str, &Rid<'_>> =
            answers.map(|(rid, _)| (rid.id.as_str(), rid)).collect();
        let mut kept: BTreeMap<&str, (usize, Encoding)> = BTreeMap::new();
        let mut refused: BTreeMap<&str, Reason> = BTreeMap::new();
        for (stream, offered) in streams.iter().enumerate() {
            for encoding in &offered.alternatives {
                let rid = encoding.rid.as_str();
                let answer = answers.get(rid).ok_or(Reason::NotTheirs);
                match answer.and_then(|answer| self.encoding(encoding, answer)) {
                    Ok(encoding) => _ = kept.insert(rid, (stream, encoding)),
                    Err(reason) => _ = refused.insert(rid, reason),
                }
            }
        }
        let settled = if self.offered.simulcast {
            let list = self.said.simulcast().and_then(|simulcast| match direction {
                RidDirection::Send => simulcast.recv.as_ref(),
                RidDirection::Recv => simulcast.send.as_ref(),
            });
            list.map_or(Vec::new(), |list| self.listed(list, kept))
        } else {
            kept.into_values().map(|(_, encoding)| encoding.into()).collect()
        };
        let agreed: BTreeSet<&Token<'static>> = rids(&settled).collect();
        for rid in rids(streams) {
            let reason = refused.get(rid.as_str()).copied().unwrap_or(Reason::NotTheirs);
            log.rid(rid, if agreed.contains(rid) { Reason::Agreed } else { reason });
        }
        match direction {
            RidDirection::Send => self.renumbered(settled),
            RidDirection::Recv => settled,
        }
    }

    /// An offered encoding as the answer has it, or why that is no answer to it (RFC 8851 §6.4).
    fn encoding(&self, offered: &Encoding, rid: &Rid<'_>) -> Result<Encoding, Reason> {
        let theirs = Encoding::read(rid);
        if !theirs.restrictions.answers(&offered.restrictions) {
            return Err(Reason::Restrictions);
        }
        let own = |remote: u8| self.numbers.iter().find(|(_, r)| *r == remote).map(|(own, _)| *own);
        let payload_types = if has_formats(rid) {
            let numbers = theirs.payload_types.iter().map(|number| own(*number));
            let numbers: Option<Vec<u8>> = numbers.collect();
            let numbers = numbers.filter(|numbers| !numbers.is_empty());
            let numbers = numbers.ok_or(Reason::Restrictions)?;
            if numbers.iter().any(|number| !offered.payload_types.contains(number)) {
                return Err(Reason::Restrictions);
            }
            numbers
        } else {
            let agreed = |number: &u8| self.numbering.given(*number);
            let left: Vec<u8> = offered.payload_types.iter().filter_map(agreed).collect();
            if left.is_empty() && !offered.payload_types.is_empty() {
                return Err(Reason::NoCodec);
            }
            left
        };
        let restrictions = offered.restrictions.narrowed(&theirs.restrictions);
        Ok(Encoding { payload_types, restrictions, paused: false, ..offered.clone() })
    }

    /// The streams of the answer as far as they were offered: none more, and alternatives of one
    /// stream in one.
    fn listed(
        &self,
        list: &SimulcastList<'_>,
        mut kept: BTreeMap<&str, (usize, Encoding)>,
    ) -> Vec<SimulcastStream> {
        let mut used: BTreeSet<usize> = BTreeSet::new();
        let mut streams = Vec::new();
        for answered in list.streams() {
            let mut from = None;
            let mut alternatives = Vec::new();
            for answer in answered {
                let Some((stream, _)) = kept.get(answer.rid) else { continue };
                if used.contains(stream) || from.is_some_and(|from| from != *stream) {
                    continue;
                }
                from = Some(*stream);
                let Some((_, encoding)) = kept.remove(answer.rid) else { continue };
                let numbers = &encoding.payload_types;
                let paused = answer.paused && self.numbering.may_pause(self.pausing, numbers);
                alternatives.push(Encoding { paused, ..encoding });
            }
            used.extend(from);
            if !alternatives.is_empty() {
                streams.push(SimulcastStream { alternatives });
            }
        }
        streams
    }

    /// The streams with the numbers of the peer, who receives them.
    fn renumbered(&self, mut streams: Vec<SimulcastStream>) -> Vec<SimulcastStream> {
        let remote = |own: &u8| self.numbers.iter().find(|(o, _)| o == own).map(|(_, r)| *r);
        for encoding in streams.iter_mut().flat_map(|stream| &mut stream.alternatives) {
            encoding.payload_types = encoding.payload_types.iter().filter_map(remote).collect();
        }
        streams
    }
}

/// The rids of a section, each with why it means nothing if it does not: one against the grammar,
/// and all that have a name that occurs twice (RFC 8851 §6.2.2).
fn checked<'r>(
    rids: &'r [Rid<'static>],
) -> impl Iterator<Item = (&'r Rid<'static>, Result<(), Reason>)> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for rid in rids {
        *counts.entry(&rid.id).or_default() += 1;
    }
    rids.iter().map(move |rid| {
        let valid = if counts.get(rid.id.as_str()).is_some_and(|count| *count > 1) {
            Err(Reason::Duplicate)
        } else if rid.is_strict() {
            Ok(())
        } else {
            Err(Reason::Malformed)
        };
        (rid, valid)
    })
}

fn has_formats(rid: &Rid<'_>) -> bool {
    rid.pairs().any(|(name, _)| name == "pt")
}

/// The encodings that a peer would send, and those that it would receive, each as it says.
pub(super) fn encodings(said: &Said) -> (Vec<SimulcastStream>, Vec<SimulcastStream>) {
    let simulcast = said.simulcast();
    let way = |direction: RidDirection| -> Vec<SimulcastStream> {
        let valid = checked(&said.rids).filter(|(_, valid)| valid.is_ok());
        let valid = valid.map(|(rid, _)| rid).filter(|rid| rid.direction == direction);
        let valid: Vec<&Rid<'_>> = valid.collect();
        let list = simulcast.and_then(|simulcast| match direction {
            RidDirection::Send => simulcast.send.as_ref(),
            RidDirection::Recv => simulcast.recv.as_ref(),
        });
        let mut left: BTreeMap<&str, &Rid<'_>> =
            valid.iter().map(|rid| (rid.id.as_str(), *rid)).collect();
        let Some(list) = list else {
            // One by itself says what the stream may be; several would be sent at once.
            let alone = simulcast.is_none() && valid.len() == 1;
            let alone = valid.into_iter().filter(|_| alone);
            return alone.map(|rid| Encoding::read(rid).into()).collect();
        };
        let streams = list.streams().map(|stream| {
            let alternatives = stream.filter_map(|listed| {
                let rid = left.remove(listed.rid)?;
                Some(Encoding { paused: listed.paused, ..Encoding::read(rid) })
            });
            SimulcastStream { alternatives: alternatives.collect() }
        });
        streams.filter(|stream| !stream.alternatives.is_empty()).collect()
    };
    (way(RidDirection::Send), way(RidDirection::Recv))
}
