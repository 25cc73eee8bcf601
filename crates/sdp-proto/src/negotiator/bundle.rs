//! BUNDLE: which sections share a transport, and which of them carries it (RFC 9143 §7, RFC 8829
//! §4.1.1).

use alloc::vec::Vec;

use super::agreement::Agreement;
use super::config::BundlePolicy;
use super::explain::Reason;
use super::facts::Remote;
use super::kind::Kind;

/// How a section of an own offer gets its transport.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Placement {
    /// It has one of its own.
    Own,
    /// Port 0: in a group or not at all.
    BundleOnly,
    /// It shares that of the section at this index.
    Shared(usize),
}

/// A section as far as an offer has to know it.
pub(super) struct Member {
    pub(super) kind: Option<Kind>,
    pub(super) live: bool,
    /// Whether it was agreed on and stays.
    pub(super) continues: bool,
}

/// Places the sections of an own offer; the groups with the transport's section first.
///
/// Sections of a group that was agreed stay in it and new ones join the first group, without
/// transport attributes. Where there is no group yet, the policy decides.
pub(super) fn offer(
    policy: BundlePolicy,
    agreement: &Agreement,
    members: &[Member],
) -> (Vec<Placement>, Vec<Vec<usize>>) {
    let is_live = |index: &usize| members.get(*index).is_some_and(|member| member.live);
    let stays =
        |index: &usize| members.get(*index).is_some_and(|member| member.live && member.continues);
    let old = agreement.groups.iter();
    let old = old.map(|group| group.iter().copied().filter(stays).collect::<Vec<_>>());
    let mut groups: Vec<Vec<usize>> = old.filter(|group| !group.is_empty()).collect();
    let mut placed = alloc::vec![Placement::Own; members.len()];
    let live: Vec<usize> = (0..members.len()).filter(is_live).collect();
    if groups.is_empty() {
        // A peer that was met without BUNDLE would reject what is bundle-only.
        let alone = members.iter().any(|member| member.live && member.continues);
        let mut kinds = Vec::new();
        for (order, index) in live.iter().enumerate() {
            let kind = members.get(*index).map(|member| member.kind);
            let first_of_kind = !kinds.contains(&kind);
            kinds.push(kind);
            let own = match policy {
                BundlePolicy::MaxCompat => true,
                BundlePolicy::Balanced => first_of_kind,
                BundlePolicy::MaxBundle => order == 0,
            };
            if !(own || alone)
                && let Some(place) = placed.get_mut(*index)
            {
                *place = Placement::BundleOnly;
            }
        }
        // A group of nothing says no less (RFC 8829 §5.2.1).
        groups.push(live);
        return (placed, groups);
    }
    if let Some(first) = groups.first_mut() {
        let new = |index: &usize| members.get(*index).is_some_and(|member| !member.continues);
        first.extend(live.iter().copied().filter(new));
    }
    for group in &groups {
        let Some((tag, others)) = group.split_first() else { continue };
        for other in others {
            if let Some(place) = placed.get_mut(*other) {
                *place = Placement::Shared(*tag);
            }
        }
    }
    (placed, groups)
}

/// What became of the groups of an offer.
pub(super) struct Answered {
    /// For each section the one whose transport it uses, or why it has none.
    pub(super) owners: Vec<Result<usize, Reason>>,
    /// One for each offered group, with what was accepted of it: perhaps nothing.
    pub(super) groups: Vec<Vec<usize>>,
}

/// Chooses the section that carries the transport of each offered group, and rejects what is
/// left without one (RFC 9143 §7.3.1, §7.3.3). `verdicts` say what the sections are worth by
/// themselves, `usable` whether a section has a transport to offer.
pub(super) fn answer(
    policy: BundlePolicy,
    agreement: &Agreement,
    offer: &Remote<'_>,
    verdicts: &[Result<(), Reason>],
    usable: &dyn Fn(usize) -> Result<(), Reason>,
) -> Answered {
    let accepted = |index: usize| verdicts.get(index).is_some_and(Result::is_ok);
    let mut owners: Vec<Result<usize, Reason>> = verdicts
        .iter()
        .enumerate()
        .map(|(index, verdict)| verdict.and_then(|()| usable(index)).map(|()| index))
        .collect();
    let mut groups = Vec::new();
    for offered in &offer.groups {
        let has_port = |index: usize| offer.sections.get(index).is_some_and(|s| s.line.port != 0);
        let fits = |index: &usize| accepted(*index) && has_port(*index) && usable(*index).is_ok();
        let first = offered.first().copied();
        // The transport of a group that exists is that of its first section, and of no other.
        let exists = first.and_then(|index| agreement.group_of(index)).is_some();
        let mut candidates = offered.iter().copied().take(if exists { 1 } else { offered.len() });
        let Some(tag) = candidates.find(fits) else {
            for member in offered.iter().copied().filter(|index| accepted(*index)) {
                if let Some(owner) = owners.get_mut(member) {
                    *owner = Err(match verdicts.get(first.unwrap_or(member)) {
                        Some(Err(_)) => Reason::TagRejected,
                        _ => usable(first.unwrap_or(member)).err().unwrap_or(Reason::NoBundle),
                    });
                }
            }
            groups.push(Vec::new());
            continue;
        };
        let mut members: Vec<usize> = Vec::from([tag]);
        members.extend(offered.iter().copied().filter(|index| *index != tag && accepted(*index)));
        for member in &members {
            if let Some(owner) = owners.get_mut(*member) {
                *owner = Ok(tag);
            }
        }
        groups.push(members);
    }
    for (index, section) in offer.sections.iter().enumerate() {
        let grouped = groups.iter().any(|group| group.contains(&index));
        if section.facts.bundle_only
            && !grouped
            && let Some(owner) = owners.get_mut(index).filter(|owner| owner.is_ok())
        {
            *owner = Err(Reason::NoBundle);
        }
    }
    limit(policy, offer, &mut owners, &mut groups);
    Answered { owners, groups }
}

/// Rejects the transports that the policy does not allow beside the first, or beside the first
/// of each kind (RFC 8829 §5.3.1).
fn limit(
    policy: BundlePolicy,
    offer: &Remote<'_>,
    owners: &mut [Result<usize, Reason>],
    groups: &mut [Vec<usize>],
) {
    let mut firsts: Vec<(Option<Kind>, usize)> = Vec::new();
    for (index, owner) in owners.iter_mut().enumerate() {
        let Ok(transport) = *owner else { continue };
        let kind = match policy {
            BundlePolicy::MaxCompat => return,
            BundlePolicy::MaxBundle => None,
            BundlePolicy::Balanced => offer.sections.get(index).and_then(|section| section.kind),
        };
        match firsts.iter().find(|(of, _)| *of == kind) {
            None => firsts.push((kind, transport)),
            Some((_, first)) if *first == transport => {}
            Some(_) => *owner = Err(Reason::BundlePolicy),
        }
    }
    // What shares a transport shares its fate.
    let alive: Vec<bool> = owners.iter().map(Result::is_ok).collect();
    for owner in owners.iter_mut() {
        if owner.is_ok_and(|transport| alive.get(transport) != Some(&true)) {
            *owner = Err(Reason::TagRejected);
        }
    }
    for group in groups.iter_mut() {
        group.retain(|index| owners.get(*index).is_some_and(Result::is_ok));
    }
}
