//! RTCP feedback that both sides know (RFC 4585 §4.2, RFC 5104 §7).

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

use crate::attribute::RtcpFb;
use crate::text::{Text, Words};

/// Feedback of the peer by payload type; `None` for all of them.
pub(super) struct Feedback<'f>(BTreeMap<Option<u8>, Vec<Vec<&'f str>>>);

impl<'f> Feedback<'f> {
    pub(super) fn new(lines: &'f [RtcpFb<'_>]) -> Self {
        let mut all: BTreeMap<Option<u8>, Vec<Vec<&str>>> = BTreeMap::new();
        for line in lines {
            let parameters = line.parameters.iter().flat_map(Words::iter);
            let words = core::iter::once(line.kind.as_str()).chain(parameters).collect();
            all.entry(line.payload_type).or_default().push(words);
        }
        Self(all)
    }

    /// The own feedback that the peer has for this payload type as well, with those parameters that
    /// both have.
    pub(super) fn common(&self, number: u8, ours: &[Text<'static>]) -> Vec<Text<'static>> {
        let common = |own: &Text<'static>| {
            let words: Vec<&str> = own.split_ascii_whitespace().collect();
            let lines = [Some(number), None].into_iter().filter_map(|key| self.0.get(&key));
            let shared: String = lines.flatten().find_map(|theirs| shared(&words, theirs))?;
            Text::new(shared).ok()
        };
        ours.iter().filter_map(common).collect()
    }
}

/// What two lines of feedback have in common: the type in its one or two words, and of parameters
/// behind that those that both have. Where both have some and share none, nothing.
fn shared(own: &[&str], theirs: &[&str]) -> Option<String> {
    const TYPE: usize = 2;
    let (kind, parameters) = own.split_at(own.len().min(TYPE));
    let (their_kind, their_parameters) = theirs.split_at(theirs.len().min(TYPE));
    if kind != their_kind {
        return None;
    }
    let kept: Vec<&str> =
        parameters.iter().copied().filter(|word| their_parameters.contains(word)).collect();
    let lost = kept.is_empty() && !parameters.is_empty() && !their_parameters.is_empty();
    (!lost).then(|| [kind, &kept].concat().join(" "))
}
