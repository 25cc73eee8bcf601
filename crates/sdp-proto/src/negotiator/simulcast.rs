//! Rids and simulcast of a section as they are written, and as an offer has them (RFC 8851 §6.1, RFC
//! 8853 §5.3.1, §5.3.4).

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::agreement::AgreedSection;
use super::config::Pausing;
use super::encoding::{Encoding, SimulcastStream, rids};
use super::explain::{ExplanationLog, Reason};
use super::numbering::Numbering;
use super::restrictions::Restrictions;
use super::transceiver::Transceiver;
use crate::attribute::{Rid, RidDirection};
use crate::text::Token;

/// The `a=rid` and `a=simulcast` lines of a section.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Lines {
    pub(super) send: Vec<SimulcastStream>,
    pub(super) receive: Vec<SimulcastStream>,
    /// Whether the streams of each way are sent at once, and the rids not just names of formats.
    pub(super) simulcast: bool,
}

impl Lines {
    /// The `a=rid` lines.
    pub(super) fn rids(&self) -> impl Iterator<Item = Rid<'static>> {
        let way = |streams: &[SimulcastStream], direction| -> Vec<Rid<'static>> {
            let encodings = streams.iter().flat_map(|stream| &stream.alternatives);
            encodings.map(|encoding| encoding.line(direction)).collect()
        };
        let send = way(&self.send, RidDirection::Send);
        send.into_iter().chain(way(&self.receive, RidDirection::Recv))
    }

    /// What `a=simulcast` says, if there is one.
    pub(super) fn simulcast(&self) -> Option<String> {
        let ways = [("send", &self.send), ("recv", &self.receive)];
        let ways = ways.into_iter().filter(|(_, streams)| self.simulcast && !streams.is_empty());
        let written = ways.map(|(word, streams)| {
            let streams: Vec<String> = streams.iter().map(SimulcastStream::written).collect();
            format!("{word} {}", streams.join(";"))
        });
        let written: Vec<String> = written.collect();
        (!written.is_empty()).then(|| written.join(" "))
    }

    /// The rids that start paused.
    pub(super) fn paused(&self) -> impl Iterator<Item = &Token<'static>> {
        let streams = self.send.iter().chain(&self.receive);
        let encodings = streams.flat_map(|stream| &stream.alternatives);
        encodings.filter(|encoding| encoding.paused).map(|encoding| &encoding.rid)
    }
}

/// Offers to send and to receive encodings, each way as far as media may go it. What the peer sends
/// by its own offer goes on: an offer without would end it (RFC 8853 §5.3.4). A rid stands for one
/// encoding of the section (RFC 8851 §4): what was agreed, else what is sent. Where there is one
/// each way at most, this is no simulcast.
pub(super) fn offered(
    wish: &Transceiver,
    held: Option<&AgreedSection>,
    numbering: &Numbering<'_>,
    pausing: Pausing,
    log: &mut ExplanationLog<'_>,
) -> Lines {
    let agreed = held.map_or(&[][..], |section| &section.receive_encodings);
    let mut draft = Draft { numbering, pausing, used: rids(agreed).cloned().collect(), log };
    let mut lines = Lines::default();
    if wish.direction.sends() {
        lines.send = draft.streams(&wished(&wish.encodings));
    }
    if wish.direction.receives() {
        draft.used = rids(&lines.send).cloned().collect();
        lines.receive = draft.streams(&asked(wish, held));
    }
    let (sent, received) = (rids(&lines.send).count(), rids(&lines.receive).count());
    lines.simulcast = sent > 1 || received > 1;
    // What the one stream of the peer is called it says itself.
    let named = lines.receive.iter().flat_map(|stream| &stream.alternatives);
    if !lines.simulcast && named.clone().all(Encoding::is_plain) {
        lines.receive.clear();
    }
    lines
}

/// An encoding to be offered.
#[derive(Clone, Copy)]
enum Wanted<'e> {
    /// Of the application, with payload types that codecs wish for.
    Own(&'e Encoding),
    /// As it was agreed, with those of the section.
    Agreed(&'e Encoding),
}

impl<'e> Wanted<'e> {
    fn encoding(self) -> &'e Encoding {
        match self {
            Self::Own(encoding) | Self::Agreed(encoding) => encoding,
        }
    }
}

fn wished(streams: &[SimulcastStream]) -> Vec<Vec<Wanted<'_>>> {
    streams.iter().map(|stream| stream.alternatives.iter().map(Wanted::Own).collect()).collect()
}

/// What the peer is asked to send: what was agreed, with what the application says of it now and
/// without what it no longer asks for, and then the rest of what it asks for.
fn asked<'e>(wish: &'e Transceiver, held: Option<&'e AgreedSection>) -> Vec<Vec<Wanted<'e>>> {
    let own = wish.receive_encodings.iter().flat_map(|stream| &stream.alternatives);
    let own: BTreeMap<&Token<'static>, &Encoding> = own.map(|own| (&own.rid, own)).collect();
    let before = held.and_then(|section| section.wanted.as_ref());
    let before: BTreeSet<&Token<'static>> =
        before.map_or(BTreeSet::new(), |before| rids(&before.receive_encodings).collect());
    let agreed = held.map_or(&[][..], |section| &section.receive_encodings);
    let going_on = agreed.iter().map(|stream| {
        let alternatives = stream.alternatives.iter();
        let alternatives = alternatives.filter_map(|agreed| match own.get(&agreed.rid) {
            Some(own) if !own.is_plain() => Some(Wanted::Own(own)),
            None if before.contains(&agreed.rid) => None,
            Some(_) | None => Some(Wanted::Agreed(agreed)),
        });
        alternatives.collect()
    });
    let known: BTreeSet<&Token<'static>> = rids(agreed).collect();
    let new = wished(&wish.receive_encodings).into_iter().map(|mut stream| {
        stream.retain(|wanted| !known.contains(&wanted.encoding().rid));
        stream
    });
    going_on.chain(new).collect()
}

/// What the encodings of an offer are numbered with.
struct Draft<'d, 'l> {
    numbering: &'d Numbering<'d>,
    pausing: Pausing,
    /// Rids that stand for something.
    used: BTreeSet<Token<'static>>,
    log: &'d mut ExplanationLog<'l>,
}

impl Draft<'_, '_> {
    fn streams(&mut self, wanted: &[Vec<Wanted<'_>>]) -> Vec<SimulcastStream> {
        let mut streams = Vec::new();
        for alternatives in wanted {
            let alternatives = alternatives.iter().filter_map(|wanted| {
                let outcome = self.encoding(*wanted);
                outcome.map_err(|reason| self.log.rid(&wanted.encoding().rid, reason)).ok()
            });
            streams.push(SimulcastStream { alternatives: alternatives.collect() });
        }
        let all = streams.iter().flat_map(|stream| &stream.alternatives);
        let lost = dangling(all.map(|encoding| (encoding.rid.as_str(), &encoding.restrictions)));
        let lost: BTreeSet<String> = lost.into_iter().map(String::from).collect();
        for stream in &mut streams {
            stream.alternatives.retain(|encoding| {
                let kept = !lost.contains(encoding.rid.as_str());
                if !kept {
                    self.log.rid(&encoding.rid, Reason::Restrictions);
                }
                kept
            });
        }
        streams.retain(|stream| !stream.alternatives.is_empty());
        streams
    }

    fn encoding(&mut self, wanted: Wanted<'_>) -> Result<Encoding, Reason> {
        let encoding = wanted.encoding();
        if !self.used.insert(encoding.rid.clone()) {
            return Err(Reason::Duplicate);
        }
        let number = |number: &u8| match wanted {
            Wanted::Own(_) => self.numbering.wished(*number),
            Wanted::Agreed(_) => self.numbering.given(*number),
        };
        let payload_types: Vec<u8> = encoding.payload_types.iter().filter_map(number).collect();
        if payload_types.is_empty() && !encoding.payload_types.is_empty() {
            return Err(Reason::NoCodec);
        }
        let paused = encoding.paused && self.numbering.may_pause(self.pausing, &payload_types);
        Ok(Encoding { payload_types, paused, ..encoding.clone() })
    }
}

/// The rids among these that depend on one that is not, perhaps by way of others (RFC 8851 §6.2.2).
/// In linear time, whatever depends on what.
pub(super) fn dangling<'r>(
    all: impl Iterator<Item = (&'r str, &'r Restrictions)>,
) -> BTreeSet<&'r str> {
    let mut present: BTreeSet<&str> = BTreeSet::new();
    let mut dependents: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (rid, restrictions) in all {
        present.insert(rid);
        for needed in restrictions.dependencies() {
            dependents.entry(needed.as_str()).or_default().push(rid);
        }
    }
    let mut waiting: Vec<&str> =
        dependents.keys().copied().filter(|needed| !present.contains(needed)).collect();
    let mut lost = BTreeSet::new();
    while let Some(gone) = waiting.pop() {
        for rid in dependents.remove(gone).into_iter().flatten() {
            if lost.insert(rid) {
                waiting.push(rid);
            }
        }
    }
    lost
}
