//! What each side thinks was agreed, side by side.

use std::collections::{BTreeMap, BTreeSet};

use sdp_proto::Session;
use sdp_proto::attribute::Direction;
use sdp_proto::codec::Format;
use sdp_proto::negotiator::{AgreedSection, Kind, Negotiator, SignalingState};
use serde_json::Value;

use super::table::MESSAGE_MAX;

/// One line a section, seen from our side.
pub(super) fn sections(us: &Negotiator) -> Vec<String> {
    let line = |section: &AgreedSection| match section.kind {
        Some(kind) if section.live => {
            format!("{} {} {}", section.mid, kind.as_str(), section.direction.as_str())
        }
        _ => format!("{} off", section.mid),
    };
    us.agreement().sections().iter().map(line).collect()
}

/// Says where the two differ.
pub(super) fn compare(us: &Negotiator, report: &Value) -> Result<(), String> {
    let expected = mirrored(us.state()).as_str();
    if report["state"] != expected {
        return Err(format!("the browser is {} and we are {}", report["state"], us.state()));
    }
    let open =
        matches!(us.state(), SignalingState::HaveLocalOffer | SignalingState::HaveRemoteOffer);
    if !open {
        for side in ["local", "remote"] {
            descriptions(us, report[side].as_str().unwrap_or_default(), side)?;
        }
    }
    let mut transports: BTreeMap<usize, &Value> = BTreeMap::new();
    for (index, section) in us.agreement().sections().iter().enumerate() {
        let fault = |what: String| format!("section {index}, mid {}: {what}", section.mid);
        let theirs = if section.kind == Some(Kind::Data) {
            data(section, report)
        } else {
            media(section, report)
        };
        let Some(transport) = theirs.map_err(fault)? else { continue };
        let known = transports.entry(section.transport).or_insert(transport);
        if *known != transport {
            return Err(fault(format!(
                "the browser does not bundle it with {}",
                section.transport
            )));
        }
    }
    let apart: BTreeSet<String> = transports.values().map(ToString::to_string).collect();
    if apart.len() != transports.len() {
        return Err(format!("the browser bundles more than we do: {transports:?}"));
    }
    Ok(())
}

/// The state of the other side.
const fn mirrored(state: SignalingState) -> SignalingState {
    match state {
        SignalingState::HaveLocalOffer => SignalingState::HaveRemoteOffer,
        SignalingState::HaveRemoteOffer => SignalingState::HaveLocalOffer,
        SignalingState::HaveLocalPranswer => SignalingState::HaveRemotePranswer,
        SignalingState::HaveRemotePranswer => SignalingState::HaveLocalPranswer,
        SignalingState::Stable | SignalingState::Closed => state,
    }
}

/// The sections of a description of the browser are those of the agreement, in order.
fn descriptions(us: &Negotiator, text: &str, side: &str) -> Result<(), String> {
    let session = Session::parse(text.as_bytes()).map_err(|error| error.to_string())?;
    let mid = |media: sdp_proto::Media<'_>| media.mid().ok().flatten().map(|mid| mid.to_string());
    let theirs: Vec<_> = session.media().map(mid).collect();
    let ours: Vec<_> =
        us.agreement().sections().iter().map(|section| Some(section.mid.to_string())).collect();
    if theirs == ours {
        return Ok(());
    }
    Err(format!("the {side} description of the browser has the sections {theirs:?}, not {ours:?}"))
}

/// Compares a section of data channels; its transport in the browser.
fn data<'r>(section: &AgreedSection, report: &'r Value) -> Result<Option<&'r Value>, String> {
    let theirs = &report["data"];
    if !section.live {
        return Ok(None);
    }
    let size = section.data.map(|terms| terms.max_message_size);
    if theirs["sendsUpTo"] != MESSAGE_MAX || theirs["takesUpTo"].as_u64() != size {
        return Err(format!("we send messages of {size:?} and take {MESSAGE_MAX}, but {theirs}"));
    }
    Ok(Some(&theirs["transport"]))
}

/// Compares a section of audio or video; its transport in the browser.
fn media<'r>(section: &AgreedSection, report: &'r Value) -> Result<Option<&'r Value>, String> {
    let all = report["transceivers"].as_array().map_or(&[][..], Vec::as_slice);
    let mut of = all.iter().filter(|theirs| theirs["mid"] == section.mid.as_str());
    let (theirs, second) = (of.next(), of.next());
    if !section.live {
        return match theirs.map(|theirs| &theirs["direction"]) {
            None => Ok(None),
            Some(way) if *way == "stopped" || way.is_null() => Ok(None),
            Some(way) => Err(format!("off, and {way} for the browser")),
        };
    }
    let (Some(theirs), None) = (theirs, second) else {
        return Err("the browser has no transceiver for it, or two".into());
    };
    let way = section.direction.reversed();
    let kind = section.kind.map(Kind::as_str);
    if theirs["kind"].as_str() != kind || theirs["direction"] != way.as_str() {
        return Err(format!("{kind:?} {way:?}, but {} for the browser", theirs["direction"]));
    }
    codecs(section, way, theirs)?;
    if way.sends() {
        let ours = section.extensions.iter().map(|map| format!("{} {}", map.id, map.uri));
        same("extensions", ours.collect(), strings(&theirs["extensions"]))?;
        let ours: Vec<_> = section.receive_rids().iter().map(ToString::to_string).collect();
        let theirs = strings(&theirs["rids"]);
        // One encoding needs no rid on the wire.
        if theirs.len() > 1 || !ours.is_empty() {
            same("rids", ours, theirs)?;
        }
    }
    Ok(Some(&theirs["transport"]))
}

/// What we expect the browser has to send, and what we send it has to expect. It may have more,
/// since who offers keeps all that it offered, and who answers may send all that was offered.
fn codecs(section: &AgreedSection, way: Direction, theirs: &Value) -> Result<(), String> {
    let name = |format: &Format<'_>| {
        let codec = format.codec.as_ref();
        let codec =
            codec.map_or(String::new(), |map| format!("{}/{}", map.encoding, map.clock_rate));
        format!("{} {codec}", format.payload_type).to_lowercase()
    };
    let ways = [
        ("sends", way.sends(), section.codecs.iter().map(|c| name(&c.local)).collect::<Vec<_>>()),
        ("receives", way.receives(), section.codecs.iter().map(|c| name(&c.remote)).collect()),
    ];
    for (what, goes, ours) in ways {
        let theirs = strings(&theirs[what]);
        let missing = ours.iter().find(|format| !theirs.contains(format));
        // The first one is what it will send.
        let stray = theirs.first().filter(|first| what == "sends" && !ours.contains(first));
        if goes && (missing.is_some() || stray.is_some()) {
            return Err(format!("we agreed on {ours:?}, and the browser {what} {theirs:?}"));
        }
    }
    Ok(())
}

fn strings(list: &Value) -> Vec<String> {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    list.as_array().map_or(Vec::new(), |list| list.iter().map(text).collect())
}

fn same(what: &str, mut ours: Vec<String>, mut theirs: Vec<String>) -> Result<(), String> {
    ours.sort();
    theirs.sort();
    if ours == theirs {
        return Ok(());
    }
    Err(format!("{what}: {ours:?}, but {theirs:?} for the browser"))
}
