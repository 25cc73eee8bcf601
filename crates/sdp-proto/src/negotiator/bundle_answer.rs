//! BUNDLE in an answer: which sections share a transport, and which of them carries it (RFC 9143
//! §7.3, RFC 8829 §5.3.1).

use alloc::vec::Vec;

use super::config::BundlePolicy;
use super::create_answer::AnswerCreator;
use super::evaluation::{Evaluation, OfferedTransport};
use super::explain::Reason;
use super::facts::RemoteFacts;
use super::kind::Kind;

/// Says of each section whose transport it uses, or why it is rejected; returns the groups that
/// were offered with what is accepted of them, perhaps nothing, the section with the transport
/// first (RFC 9143 §7.3.1, §7.3.3).
pub(super) fn answer(
    creator: &AnswerCreator<'_>,
    sections: &mut [Evaluation<'_>],
) -> Vec<Vec<usize>> {
    for section in sections.iter_mut() {
        if let (Ok(_), Err(reason)) = (section.owner, &section.transport) {
            section.owner = Err(*reason);
        }
    }
    let without = creator.config.bundle == BundlePolicy::Without;
    let offered = &creator.offered.facts.groups;
    let offered = if without { &[][..] } else { &offered[..] };
    let mut groups: Vec<_> = offered.iter().map(|g| group(creator, sections, g)).collect();
    for section in sections.iter_mut() {
        let grouped = groups.iter().any(|group: &Vec<usize>| group.contains(&section.index));
        if section.facts.said.bundle_only && !grouped && section.owner.is_ok() {
            section.owner = Err(Reason::NoBundle);
        }
    }
    limit(creator.config.bundle, sections);
    for section in sections.iter_mut() {
        if let Ok(owner) = section.owner {
            let mux = creator.offered.facts.muxed(section.index, owner);
            if let Err(reason) = creator.rtcp(section, mux) {
                section.owner = Err(reason);
            }
        }
    }
    share_fate(sections);
    for group in &mut groups {
        group.retain(|index| sections.get(*index).is_some_and(|section| section.owner.is_ok()));
    }
    groups
}

/// Chooses the section that carries the transport of an offered group, and who shares it.
///
/// What cannot share it leaves the group with the transport of its own that it offers. Nothing
/// leaves a group that exists, or without such a transport (RFC 9143 §7.3.2).
fn group(
    creator: &AnswerCreator<'_>,
    sections: &mut [Evaluation<'_>],
    offered: &[usize],
) -> Vec<usize> {
    let facts = &creator.offered.facts;
    let first = offered.first().copied();
    // The transport of a group that exists is that of its first section, and of no other.
    let exists = first.and_then(|index| creator.agreement.group_of(index)).is_some();
    let pool = if exists { 1 } else { offered.len() };
    let carries =
        |index: &usize| sections.get(*index).is_some_and(|s| obstacle(facts, s).is_none());
    let tag = offered.iter().copied().take(pool).find(carries);
    let why = first.and_then(|index| sections.get(index));
    let why = why.and_then(|section| obstacle(facts, section)).unwrap_or(Reason::NoBundle);
    let mut protocol: Option<&str> = None;
    let mut members = Vec::new();
    let others = offered.iter().copied().filter(|index| Some(*index) != tag);
    for index in tag.into_iter().chain(others) {
        let Some(section) = sections.get_mut(index).filter(|section| section.media.is_ok()) else {
            continue;
        };
        let shares = tag.ok_or(why).and_then(|tag| {
            let line = &section.facts.line;
            if section.facts.kind.is_none() {
                // What the application serves has a transport of its own.
                Err(Reason::NoBundle)
            } else if !section.facts.is_rtp() {
                Ok(tag)
            } else if !facts.muxed(index, tag) {
                Err(Reason::NoRtcpMux)
            } else if line.proto != *protocol.get_or_insert(line.proto.as_str()) {
                Err(Reason::BundleProtocol)
            } else {
                Ok(tag)
            }
        });
        match shares {
            Ok(tag) => {
                section.owner = Ok(tag);
                members.push(index);
            }
            Err(reason) if exists || section.facts.line.port == 0 => section.owner = Err(reason),
            Err(_) => {}
        }
    }
    members
}

/// Why a section cannot carry the transport of a group.
fn obstacle(facts: &RemoteFacts, section: &Evaluation<'_>) -> Option<Reason> {
    let (media, transport) = (&section.media, &section.transport);
    match (media, transport) {
        (Err(_), _) => Some(Reason::TagRejected),
        (Ok(_), Err(reason)) => Some(*reason),
        (Ok(_), Ok(_)) if section.facts.line.port == 0 => Some(Reason::NoBundle),
        (Ok(_), Ok(OfferedTransport::Direct(_))) => Some(Reason::NoCredentials),
        // RTCP has no port of its own in a group (RFC 9143 §9.3).
        (Ok(_), Ok(_)) if section.facts.is_rtp() && !facts.muxed(section.index, section.index) => {
            Some(Reason::NoRtcpMux)
        }
        (Ok(_), Ok(_)) => None,
    }
}

/// Rejects the transports that the policy does not allow beside the first, or beside the first
/// of each kind (RFC 8829 §5.3.1).
fn limit(policy: BundlePolicy, sections: &mut [Evaluation<'_>]) {
    let mut firsts: Vec<(Option<Kind>, usize)> = Vec::new();
    for section in sections.iter_mut() {
        let Ok(transport) = section.owner else { continue };
        if section.is_direct() {
            continue;
        }
        let kind = match policy {
            BundlePolicy::MaxCompat | BundlePolicy::Without => return,
            BundlePolicy::MaxBundle => None,
            BundlePolicy::Balanced => section.facts.kind,
        };
        match firsts.iter().find(|(of, _)| *of == kind) {
            None => firsts.push((kind, transport)),
            Some((_, first)) if *first == transport => {}
            Some(_) => section.owner = Err(Reason::BundlePolicy),
        }
    }
}

/// What shares a transport goes with it.
fn share_fate(sections: &mut [Evaluation<'_>]) {
    let alive: Vec<bool> = sections.iter().map(|section| section.owner.is_ok()).collect();
    for section in sections.iter_mut() {
        if section.owner.is_ok_and(|transport| alive.get(transport) != Some(&true)) {
            section.owner = Err(Reason::TagRejected);
        }
    }
}
