//! Numbers that stand for something and never for something else: payload types and extension
//! ids (RFC 3264 §8.3.2, RFC 9143 §9.1, RFC 8285 §5).

use alloc::collections::BTreeMap;
use alloc::string::String;

/// What each number of the session stands for. At most as many entries as there are numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Numbers {
    meanings: BTreeMap<u16, String>,
    /// The number that each meaning had last, as it may have had several.
    last: BTreeMap<String, u16>,
}

/// The numbers that one section uses, so that it uses none twice.
#[derive(Clone, Debug, Default)]
pub(super) struct Taken(alloc::collections::BTreeSet<u16>);

impl Taken {
    pub(super) fn take(&mut self, number: u16) -> bool {
        self.0.insert(number)
    }
}

impl Numbers {
    /// Notes what the peer uses a number for; the first meaning of a number stays.
    pub(super) fn adopt(&mut self, number: u16, key: &str) {
        let meaning = self.meanings.entry(number).or_insert_with(|| String::from(key));
        if *meaning == key {
            self.last.insert(String::from(key), number);
        }
    }

    /// Notes what a number stands for in a group now, whatever it stood for in one that is gone.
    pub(super) fn renew(&mut self, number: u16, key: &str) {
        if let Some(before) = self.meanings.insert(number, String::from(key)) {
            self.last.retain(|key, last| *key != before || *last != number);
        }
        self.last.insert(String::from(key), number);
    }

    /// Whether a number stands for this, and for nothing else.
    pub(super) fn is_for(&self, number: u16, key: &str) -> bool {
        self.meanings.get(&number).is_some_and(|meaning| meaning == key)
    }

    /// The number for `key`: the one that it had last, else another one that it has, else the one
    /// it wishes, else the first free one of `range`. A peer that has forgotten what is long gone
    /// would give an older number to something else.
    pub(super) fn assign(
        &mut self,
        key: &str,
        wish: Option<u16>,
        taken: &mut Taken,
        mut range: impl Iterator<Item = u16>,
    ) -> Option<u16> {
        let others = self.meanings.iter().filter(|(_, k)| *k == key).map(|(number, _)| *number);
        let mut has = self.last.get(key).copied().into_iter().chain(others);
        if let Some(number) = has.find(|number| !taken.0.contains(number)) {
            taken.take(number);
            return Some(number);
        }
        let free = |number: &u16| !self.meanings.contains_key(number) && !taken.0.contains(number);
        let number = wish.filter(free).or_else(|| range.find(free))?;
        taken.take(number);
        self.adopt(number, key);
        Some(number)
    }
}

/// Payload types that may be given out: the dynamic ones, then those that are unassigned and no
/// RTCP packet type in disguise (RFC 5761 §4).
pub(super) fn payload_types() -> impl Iterator<Item = u16> {
    (96..=127).chain(35..=63)
}

/// Extension ids: those of the one-byte form, and with mixed headers those of the other.
pub(super) fn extension_ids(allow_mixed: bool) -> impl Iterator<Item = u16> {
    (1..=14).chain((16..=255).filter(move |_| allow_mixed))
}
