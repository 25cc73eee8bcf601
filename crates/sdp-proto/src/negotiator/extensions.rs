//! Header extensions of a section: numbered for an offer, matched for an answer (RFC 8285 §6, §7).

use alloc::borrow::Cow;
use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use super::agreement::AgreedSection;

use super::explain::{ExplanationLog, Reason};
use super::extension::{Extension, key_of};
use super::numbers::{self, Numbers, Taken};
use crate::attribute::{Direction, ExtMap};
use crate::text::Text;

/// The extensions to offer: all of them, or in a section that was agreed those of the last
/// answer (RFC 8829 §5.2.2), under the same ids unless those stand for something else in its group.
pub(super) fn offered(
    own: &[Extension],
    held: Option<&AgreedSection>,
    bundled: bool,
    allow_mixed: bool,
    ids: &mut Numbers,
    log: &mut ExplanationLog<'_>,
) -> Vec<ExtMap<'static>> {
    let mut taken = Taken::default();
    let mut maps = Vec::new();
    for map in held.map_or(&[][..], |section| &section.extensions) {
        let wish = own.iter().find(|extension| extension.serves(map));
        let Some(wish) = wish else { continue };
        let kept = (!bundled || ids.is_for(map.id, &key_of(map))).then_some(map.id);
        let id = kept.filter(|id| taken.take(*id)).or_else(|| {
            let range = numbers::extension_ids(allow_mixed);
            ids.assign(&key_of(map), wish.id, &mut taken, range)
        });
        if let Some(id) = id {
            maps.push(ExtMap { id, direction: wish.direction, ..map.clone() });
        }
    }
    if held.is_some() {
        return maps;
    }
    let mut seen = BTreeSet::new();
    let offered = own.iter().filter(|extension| extension.is_offered());
    for extension in offered.filter(|extension| seen.insert(extension.key())) {
        let range = numbers::extension_ids(allow_mixed);
        let key = extension.key();
        let id = ids.assign(&key, extension.id, &mut taken, range);
        match id.and_then(|id| extension.map(id)) {
            Some(map) => maps.push(map),
            None => log.extension(&key, Reason::NoNumber),
        }
    }
    maps
}

/// The offered extensions but those whose id stands for another one in the group so far: ids are
/// those of one RTP session (RFC 9143 §9.1).
pub(super) fn free_of<'m>(
    in_use: &[&ExtMap<'_>],
    offer: &[ExtMap<'m>],
    log: &mut ExplanationLog<'_>,
) -> Vec<ExtMap<'m>> {
    let clashes = |map: &ExtMap<'m>| {
        in_use.iter().any(|other| other.id == map.id && key_of(other) != key_of(map))
    };
    let (taken, free): (Vec<_>, Vec<_>) = offer.iter().cloned().partition(clashes);
    for map in &taken {
        log.extension(&key_of(map), Reason::NumberInUse);
    }
    free
}

/// The extensions to answer with, under the numbers of the offer. An offered number from 4096 on
/// asks for one of those that are free.
pub(super) fn answered(
    own: &[Extension],
    offer: &[ExtMap<'_>],
    allow_mixed: bool,
    ids: &mut Numbers,
    log: &mut ExplanationLog<'_>,
) -> Vec<ExtMap<'static>> {
    let mut taken = Taken::default();
    for map in offer.iter().filter(|map| map.id < CHOICE) {
        taken.take(map.id);
    }
    let mut chosen = BTreeSet::new();
    let mut maps: Vec<ExtMap<'static>> = Vec::new();
    for map in offer {
        let key = key_of(map);
        let Some(wish) = own.iter().find(|extension| extension.serves(map)) else {
            log.extension(&key, Reason::NotOurs);
            continue;
        };
        let wanted = wish.direction.unwrap_or_default();
        let direction = map.direction.unwrap_or_default().answer(wanted);
        if direction == Direction::Inactive {
            log.extension(&key, Reason::Direction);
            continue;
        }
        let one_of_a_choice = map.id >= CHOICE && !chosen.insert(map.id);
        if one_of_a_choice || maps.iter().any(|m| m.id == map.id || key_of(m) == key) {
            log.extension(&key, Reason::Duplicate);
            continue;
        }
        let id = if map.id < CHOICE {
            Some(map.id)
        } else {
            ids.assign(&key, wish.id, &mut taken, numbers::extension_ids(allow_mixed))
        };
        let Some(id) = id else {
            log.extension(&key, Reason::NoNumber);
            continue;
        };
        let said = map.direction.is_some() || wish.direction.is_some();
        log.extension(&key, Reason::Agreed);
        maps.push(ExtMap {
            id,
            direction: said.then_some(direction),
            uri: map.uri.clone().into_owned(),
            attributes: wish.answering(map),
        });
    }
    maps
}

/// The own extensions and, in a group, the mid of the section in each packet, which all of its RTP
/// has (RFC 9143 §9.1).
pub(super) fn with_mid(own: &[Extension], bundled: bool) -> Cow<'_, [Extension]> {
    let mid = Extension::mid();
    if !bundled || own.iter().any(|extension| extension.uri == mid.uri) {
        return Cow::Borrowed(own);
    }
    Cow::Owned(own.iter().cloned().chain([mid]).collect())
}

/// What an answer left of the offered extensions.
pub(super) fn settled(
    offered: &[ExtMap<'static>],
    answer: &[ExtMap<'_>],
    log: &mut ExplanationLog<'_>,
) -> Vec<ExtMap<'static>> {
    let mut maps = Vec::new();
    for own in offered {
        let key = key_of(own);
        match answer.iter().find(|map| key_of(map) == key) {
            None => log.extension(&key, Reason::NotTheirs),
            Some(map) if map.id != own.id => log.extension(&key, Reason::NumberChanged),
            Some(map) => {
                let direction = map.direction.map(Direction::reversed);
                if direction == Some(Direction::Inactive) {
                    log.extension(&key, Reason::Direction);
                    continue;
                }
                log.extension(&key, Reason::Agreed);
                let attributes = map.attributes.clone().map(Text::into_owned);
                let attributes = attributes.or_else(|| own.attributes.clone());
                maps.push(ExtMap { direction, attributes, ..own.clone() });
            }
        }
    }
    maps
}

/// Numbers from here on offer a choice.
const CHOICE: u16 = 4096;

/// Notes what the peer uses its numbers for.
pub(super) fn reserve(ids: &mut Numbers, maps: &[ExtMap<'_>]) {
    for map in maps.iter().filter(|map| map.id < CHOICE) {
        ids.adopt(map.id, &key_of(map));
    }
}
