//! Simulcast: rids of several encodings, offered, mirrored and cut down (RFC 8851 §5, RFC 8853 §5.3).

use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::agreement::AgreedSection;
use super::explain::{ExplanationLog, Reason};
use super::facts::Said;
use super::transceiver::Transceiver;
use crate::attribute::{Rid, RidDirection, SimulcastList};
use crate::text::{Text, Token};

/// The `a=rid` and `a=simulcast` lines of a section.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Lines {
    pub(super) rids: Vec<Rid<'static>>,
    pub(super) simulcast: Option<String>,
}

/// What is agreed, and how the answer says it.
#[derive(Clone, Debug, Default)]
pub(super) struct Answered {
    pub(super) lines: Lines,
    pub(super) send: Vec<Token<'static>>,
    pub(super) receive: Vec<Token<'static>>,
}

/// Offers to send and to receive several encodings, each way as far as media may go it. What the
/// peer sends by its own offer goes on: an offer without would end it (RFC 8853 §5.3.4). A rid
/// stands for one encoding of the section (RFC 8851 §4): what was agreed, else what is sent.
pub(super) fn offered(
    wish: &Transceiver,
    held: Option<&AgreedSection>,
    log: &mut ExplanationLog<'_>,
) -> Lines {
    let agreed = held.map_or(&[][..], |section| &section.receive_rids);
    let asked =
        if wish.receive_encodings.is_empty() { agreed } else { &wish.receive_encodings[..] };
    let ways = [
        (RidDirection::Send, "send", &wish.encodings[..], wish.direction.sends()),
        (RidDirection::Recv, "recv", asked, wish.direction.receives()),
    ];
    let mut used: BTreeSet<&str> = BTreeSet::new();
    let mut lines = Lines::default();
    let mut parts = Vec::new();
    for (direction, word, wanted, _) in ways.into_iter().filter(|(.., goes)| *goes) {
        let mut ids: Vec<&Token<'static>> = Vec::new();
        for rid in wanted {
            let is_agreed = direction == RidDirection::Send && agreed.contains(rid);
            if is_agreed || !used.insert(rid) {
                log.rid(rid, Reason::Duplicate);
            } else {
                ids.push(rid);
            }
        }
        if ids.len() > 1 {
            let names: Vec<&str> = ids.iter().map(|id| id.as_str()).collect();
            parts.push(format!("{word} {}", names.join(";")));
            let rid = |id: &Token<'static>| Rid { id: id.clone(), direction, restrictions: None };
            lines.rids.extend(ids.into_iter().map(rid));
        }
    }
    lines.simulcast = (!parts.is_empty()).then(|| parts.join(" "));
    lines
}

/// What this side could do of what is offered.
pub(super) struct Able<'a> {
    /// The encodings that it sends, where media goes that way.
    pub(super) sends: Option<&'a Vec<Token<'static>>>,
    pub(super) receives: bool,
}

/// Says of the rids that the peer would send that they are not taken.
pub(super) fn decline(said: &Said, log: &mut ExplanationLog<'_>) {
    for rid in said.rids.iter().filter(|rid| rid.direction == RidDirection::Send) {
        log.rid(&rid.id, Reason::NoSimulcast);
    }
}

/// Mirrors what the peer would send, and of what it would receive those encodings that there are.
/// `formats` are the payload types that were agreed.
pub(super) fn answered(
    said: &Said,
    able: &Able<'_>,
    formats: &BTreeSet<u8>,
    log: &mut ExplanationLog<'_>,
) -> Answered {
    let mut answered = Answered::default();
    let Some(simulcast) = &said.simulcast else { return answered };
    let mut parts = Vec::new();
    if let Some(list) = simulcast.send.as_ref().filter(|_| able.receives) {
        let wanted = |rid: &Rid<'_>| rid.direction == RidDirection::Send;
        let kept = restricted(said, wanted, RidDirection::Recv, formats, log);
        parts.extend(part("recv", list, &kept));
        answered.receive = named(list, &kept);
        answered.lines.rids.extend(kept);
    }
    if let Some((list, encodings)) = simulcast.recv.as_ref().zip(able.sends) {
        let own =
            |rid: &Rid<'_>| rid.direction == RidDirection::Recv && encodings.contains(&rid.id);
        let kept = restricted(said, own, RidDirection::Send, formats, log);
        parts.extend(part("send", list, &kept));
        answered.send = named(list, &kept);
        answered.lines.rids.extend(kept);
    }
    answered.lines.simulcast = (!parts.is_empty()).then(|| parts.join(" "));
    if answered.lines.simulcast.is_none() {
        answered.lines.rids.clear();
    }
    answered
}

/// What the answer left of the offered rids that go this way, seen from this side.
pub(super) fn settled(
    said: &Said,
    offered: &[Rid<'static>],
    way: RidDirection,
    log: &mut ExplanationLog<'_>,
) -> Vec<Token<'static>> {
    let simulcast = said.simulcast.as_ref();
    let list = simulcast.and_then(|simulcast| match way {
        RidDirection::Send => simulcast.recv.as_ref(),
        RidDirection::Recv => simulcast.send.as_ref(),
    });
    let answered: BTreeSet<&str> = list.map(ids).unwrap_or_default();
    let mut kept = Vec::new();
    for rid in offered.iter().filter(|rid| rid.direction == way) {
        if answered.contains(rid.id.as_str()) {
            log.rid(&rid.id, Reason::Agreed);
            kept.push(rid.id.clone());
        } else {
            log.rid(&rid.id, Reason::NotTheirs);
        }
    }
    kept
}

/// The rids that the peer would send, and those that it would receive.
pub(super) fn encodings(said: &Said) -> (Vec<Token<'static>>, Vec<Token<'static>>) {
    let way = |direction, list: Option<&SimulcastList<'_>>| {
        let listed = list.map(ids).unwrap_or_default();
        let mut ids: Vec<Token<'static>> = Vec::new();
        for rid in said.rids.iter().filter(|rid| rid.direction == direction && rid.is_strict()) {
            if listed.contains(rid.id.as_str()) && !ids.contains(&rid.id) {
                ids.push(rid.id.clone());
            }
        }
        ids
    };
    let list = said.simulcast.as_ref();
    let send = way(RidDirection::Send, list.and_then(|list| list.send.as_ref()));
    (send, way(RidDirection::Recv, list.and_then(|list| list.recv.as_ref())))
}

fn ids<'l>(list: &'l SimulcastList<'_>) -> BTreeSet<&'l str> {
    list.as_str().split([';', ',']).map(|rid| rid.trim_start_matches('~')).collect()
}

/// The wanted rids turned around, without those that lost all of their formats.
fn restricted(
    said: &Said,
    wanted: impl Fn(&Rid<'_>) -> bool,
    direction: RidDirection,
    formats: &BTreeSet<u8>,
    log: &mut ExplanationLog<'_>,
) -> Vec<Rid<'static>> {
    let mut kept = Vec::new();
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    for rid in &said.rids {
        let again = !seen.insert(&rid.id);
        if !wanted(rid) {
            continue;
        }
        // A line against the grammar is ignored (RFC 8851 §6).
        let reason = match restrictions(rid, formats) {
            _ if again => Reason::Duplicate,
            _ if !rid.is_strict() => Reason::Malformed,
            None => Reason::NoCodec,
            Some(restrictions) => {
                let restrictions = Text::new(restrictions).ok();
                kept.push(Rid { id: rid.id.clone(), direction, restrictions });
                Reason::Agreed
            }
        };
        log.rid(&rid.id, reason);
    }
    kept
}

/// The restrictions with the dropped formats taken out; `None` where none is left.
fn restrictions(rid: &Rid<'_>, formats: &BTreeSet<u8>) -> Option<String> {
    let mut parts = Vec::new();
    for (name, value) in rid.pairs() {
        match (name, value) {
            ("pt", Some(list)) => {
                let live = |text: &&str| text.parse().is_ok_and(|n| formats.contains(&n));
                let left: Vec<&str> = list.split(',').filter(live).collect();
                if left.is_empty() {
                    return None;
                }
                parts.push(format!("pt={}", left.join(",")));
            }
            (name, Some(value)) => parts.push(format!("{name}={value}")),
            (name, None) => parts.push(name.into()),
        }
    }
    Some(parts.join(";"))
}

/// The list with what was dropped taken out, such as `recv h;l`.
fn part(word: &str, list: &SimulcastList<'_>, kept: &[Rid<'static>]) -> Option<String> {
    let kept: BTreeSet<&str> = kept.iter().map(|rid| rid.id.as_str()).collect();
    let streams = list.streams().filter_map(|stream| {
        let left: Vec<String> = stream
            .filter(|alternative| kept.contains(alternative.rid))
            .map(|a| format!("{}{}", if a.paused { "~" } else { "" }, a.rid))
            .collect();
        (!left.is_empty()).then(|| left.join(","))
    });
    let streams: Vec<String> = streams.collect();
    (!streams.is_empty()).then(|| format!("{word} {}", streams.join(";")))
}

fn named(list: &SimulcastList<'_>, kept: &[Rid<'static>]) -> Vec<Token<'static>> {
    let listed = ids(list);
    let ids = kept.iter().filter(|rid| listed.contains(rid.id.as_str()));
    ids.map(|rid| rid.id.clone()).collect()
}
