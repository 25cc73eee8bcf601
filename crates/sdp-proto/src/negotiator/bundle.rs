//! BUNDLE in an own offer: which sections share a transport, and which of them carries it (RFC 9143
//! §7.2, §7.5, RFC 8829 §4.1.1).

use alloc::vec::Vec;

use super::agreement::Agreement;
use super::config::{BundlePolicy, Bundling};
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
    /// Whether it may join a group that there is not yet.
    pub(super) joins: bool,
    /// What the application wants; what does without ICE is apart.
    pub(super) part: Bundling,
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
    let mut placed = alloc::vec![Placement::Own; members.len()];
    if policy == BundlePolicy::Without {
        return (placed, Vec::new());
    }
    let part = |index: &usize| members.get(*index).map_or(Bundling::Apart, |member| member.part);
    let is_live = |index: &usize| members.get(*index).is_some_and(|member| member.live);
    let bundles = |index: &usize| part(index) != Bundling::Apart;
    let continues = |index: &usize| members.get(*index).is_some_and(|member| member.continues);
    let stays = |index: &usize| is_live(index) && continues(index) && bundles(index);
    let old = agreement.groups.iter();
    let old = old.map(|group| group.iter().copied().filter(stays).collect::<Vec<_>>());
    let mut groups: Vec<Vec<usize>> = old.filter(|group| !group.is_empty()).collect();
    let mut live: Vec<usize> = (0..members.len()).filter(is_live).filter(bundles).collect();
    live.sort_by_key(|index| part(index) != Bundling::Tag);
    if groups.is_empty() {
        // A peer that was met without BUNDLE would reject what is bundle-only.
        let alone = members.iter().any(|member| member.live && member.continues);
        let mut kinds = Vec::new();
        for (order, index) in live.iter().enumerate() {
            let kind = members.get(*index).map(|member| member.kind);
            let first_of_kind = !kinds.contains(&kind);
            kinds.push(kind);
            let own = match policy {
                BundlePolicy::MaxCompat | BundlePolicy::Without => true,
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
        let joins = |index: &usize| members.get(*index).is_some_and(|member| member.joins);
        groups.push(live.into_iter().filter(joins).collect());
        return (placed, groups);
    }
    if let Some(first) = groups.first_mut() {
        first.extend(live.iter().copied().filter(|index| !continues(index)));
    }
    for group in &mut groups {
        group.sort_by_key(|index| part(index) != Bundling::Tag);
        let Some((tag, others)) = group.split_first() else { continue };
        for other in others {
            if let Some(place) = placed.get_mut(*other) {
                *place = Placement::Shared(*tag);
            }
        }
    }
    (placed, groups)
}
