//! LS groups: sections to be played in step because they belong to one MediaStream (RFC 5888 §7,
//! RFC 8829 §5.2.1, §5.3.1).

use alloc::vec::Vec;

use crate::attribute::Msid;
use crate::text::Token;

/// The groups to offer: what goes on of those that were agreed, and each stream that several
/// sections have. `streams` are those of each section in use, `None` for others.
pub(super) fn offered(
    agreed: &[Vec<usize>],
    streams: &[Option<&[Msid<'static>]>],
) -> Vec<Vec<usize>> {
    let live = |index: &usize| matches!(streams.get(*index), Some(Some(_)));
    let going_on = agreed.iter().map(|group| group.iter().copied().filter(live).collect());
    let mut groups: Vec<Vec<usize>> = going_on.collect();
    let mut seen: Vec<&Token<'static>> = Vec::new();
    for stream in streams.iter().copied().flatten().flat_map(named) {
        if seen.contains(&stream) {
            continue;
        }
        seen.push(stream);
        groups.push(having(stream, streams).collect());
    }
    distinct(groups)
}

/// The groups to answer with: of each offered one the sections that share a stream here, or have
/// none.
pub(super) fn answered(
    offered: &[Vec<usize>],
    streams: &[Option<&[Msid<'static>]>],
) -> Vec<Vec<usize>> {
    let of = |index: &usize| streams.get(*index).copied().flatten();
    let groups = offered.iter().map(|group| {
        let common = group.iter().filter_map(of).flat_map(named).next();
        let fits = |index: &usize| {
            of(index).is_some_and(|own| {
                let mut own = named(own).peekable();
                own.peek().is_none() || common.is_some_and(|common| own.any(|o| o == common))
            })
        };
        group.iter().copied().filter(fits).collect()
    });
    distinct(groups.collect())
}

/// The streams, whatever the track in them.
fn named<'s>(own: &'s [Msid<'static>]) -> impl Iterator<Item = &'s Token<'static>> {
    own.iter().map(|msid| &msid.stream).filter(|stream| **stream != Msid::NO_STREAM)
}

fn having<'s>(
    stream: &'s Token<'static>,
    streams: &'s [Option<&'s [Msid<'static>]>],
) -> impl Iterator<Item = usize> + 's {
    let has = move |own: Option<&'s [Msid<'static>]>| {
        own.is_some_and(|own| named(own).any(|own| own == stream))
    };
    streams.iter().enumerate().filter(move |(_, own)| has(**own)).map(|(index, _)| index)
}

/// The groups that still are groups, each once.
fn distinct(groups: Vec<Vec<usize>>) -> Vec<Vec<usize>> {
    let mut kept: Vec<Vec<usize>> = Vec::new();
    for group in groups {
        if group.len() > 1 && !kept.contains(&group) {
            kept.push(group);
        }
    }
    kept
}
