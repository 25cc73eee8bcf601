//! The origins of descriptions that follow one another (RFC 3264 §8).

use alloc::format;
use core::cmp::Ordering;

use crate::Session;
use crate::field::Origin;
use crate::line::Kind;

/// What is odd about the `o=` line of a description, given the one before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OriginFault {
    /// It names another session: more than the version changed.
    Session,
    /// The description changed and its version did not rise.
    Version,
}

/// What is odd about `now`, which follows `before`; nothing where either has no origin.
pub(super) fn fault(before: &Session<'_>, now: &Session<'_>) -> Option<OriginFault> {
    let (old, new) = (origin(before)?, origin(now)?);
    let names = |origin: &Origin<'_>| {
        let Origin { username, session_id, network, address_type, address, .. } = origin;
        format!("{username} {session_id} {network} {address_type} {address}")
    };
    if names(&old) != names(&new) {
        return Some(OriginFault::Session);
    }
    let risen = numerical(&old.session_version, &new.session_version) == Ordering::Less;
    (!risen && before != now).then_some(OriginFault::Version)
}

fn origin<'s>(session: &'s Session<'_>) -> Option<Origin<'s>> {
    session.session_section().field(Kind::Origin, Origin::parse).ok().flatten()
}

/// Compares digits of any length.
fn numerical(a: &str, b: &str) -> Ordering {
    let (a, b) = (a.trim_start_matches('0'), b.trim_start_matches('0'));
    (a.len(), a).cmp(&(b.len(), b))
}
