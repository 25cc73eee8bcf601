//! Own formats and those of the peer: which are the same, and what is agreed about each (RFC 3264
//! §6.1, §7; RFC 4588).

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::string::ToString;
use alloc::vec::Vec;

use super::agreement::AgreedCodec;
use super::explain::{ExplanationLog, Reason};
use super::feedback::Feedback;
use super::formats::{Layout, fmtp, reference};
use crate::attribute::{Fmtp, RtcpFb, RtpMap};
use crate::codec::{Format, Parameters, Symmetry};
use crate::text::Text;

impl Layout {
    /// Which own format each one of the peer is the same as. Says why not to `log`. Of the payload
    /// types in `unstated` nothing is said but that they are H.264, so that any packetization of
    /// ours will do: all receivers take single NAL units (RFC 6184).
    pub(super) fn matched(
        &self,
        remotes: &[Format<'_>],
        unstated: &BTreeSet<u8>,
        log: &mut ExplanationLog<'_>,
    ) -> Vec<(usize, usize)> {
        let mut pairs: Vec<(usize, usize)> = Vec::new();
        let mut used = alloc::vec![false; self.formats.len()];
        for (theirs, remote) in remotes.iter().enumerate() {
            let same = |index: usize, own: &Format<'_>| {
                own.same_by(self.symmetry(index), &self.formats, remote, remotes)
            };
            let all = || self.formats.iter().enumerate().filter(|(index, own)| same(*index, own));
            let is_free = |index: &usize| used.get(*index) == Some(&false);
            let silent = unstated.contains(&remote.payload_type);
            let any =
                || self.formats.iter().enumerate().filter(|(_, own)| silent && takes(own, remote));
            let mut free = all().find(|(index, _)| is_free(index));
            // What is ours word for word, and answered already, is not taken for something else.
            if all().next().is_none() {
                free = any().find(|(index, _)| is_free(index));
            }
            if let Some((own, _)) = free {
                if let Some(slot) = used.get_mut(own) {
                    *slot = true;
                }
                pairs.push((own, theirs));
            } else if all().next().is_some() {
                log.codec(remote, Reason::Duplicate);
            } else {
                log.codec(remote, self.why_not(remote));
            }
        }
        // A companion stays if its original does, under the number that it refers to.
        let originals: BTreeMap<usize, u8> = pairs
            .iter()
            .filter_map(|(own, theirs)| Some((*own, remotes.get(*theirs)?.payload_type)))
            .collect();
        pairs.retain(|(own, theirs)| {
            let Some((note, remote)) = self.notes.get(*own).zip(remotes.get(*theirs)) else {
                return false;
            };
            let Some(original) = note.original else { return true };
            let kept = originals.get(&original).is_some_and(|number| refers(remote, *number));
            if !kept {
                log.codec(remote, Reason::NoOriginal);
            }
            kept
        });
        pairs
    }

    /// The rules for the parameters of a format, or of the one that it goes with.
    fn symmetry(&self, index: usize) -> &Symmetry {
        let note = self.notes.get(index);
        let original = note.and_then(|note| self.notes.get(note.original?));
        original.or(note).map_or(&Symmetry::Registered, |note| &note.symmetry)
    }

    fn why_not(&self, remote: &Format<'_>) -> Reason {
        if matches!(remote.parameters(), Parameters::Rtx(_)) {
            return Reason::NoOriginal;
        }
        let same = |own: &Format<'_>| {
            own.codec.as_ref().zip(remote.codec.as_ref()).is_some_and(|(a, b)| a.same_codec(b))
        };
        if self.formats.iter().any(same) { Reason::Parameters } else { Reason::NotOurs }
    }

    /// The agreed formats seen from the answerer, in the order of the offer and with its numbers.
    pub(super) fn answered(
        &self,
        remotes: &[Format<'_>],
        pairs: &[(usize, usize)],
        feedback: &[RtcpFb<'_>],
    ) -> Vec<AgreedCodec> {
        let theirs = Feedback::new(feedback);
        let place = |own: usize| {
            let (_, theirs) = pairs.iter().find(|(o, _)| *o == own)?;
            remotes.get(*theirs).map(|remote| remote.payload_type)
        };
        let agreed = pairs.iter().filter_map(|(own, index)| {
            let (format, note) = self.formats.get(*own).zip(self.notes.get(*own))?;
            let remote = remotes.get(*index)?;
            let about = note.original.and_then(place);
            Some(AgreedCodec {
                local: renumbered(format, remote, about),
                remote: remote.clone().into_owned(),
                feedback: theirs.common(remote.payload_type, &note.feedback),
                key: note.key.clone(),
            })
        });
        agreed.collect()
    }

    /// The agreed formats seen from the offerer, in the order of the answer.
    pub(super) fn settled(
        &self,
        remotes: &[Format<'_>],
        pairs: &[(usize, usize)],
        feedback: &[RtcpFb<'_>],
    ) -> Vec<AgreedCodec> {
        let theirs = Feedback::new(feedback);
        let agreed = pairs.iter().filter_map(|(own, index)| {
            let (format, note) = self.formats.get(*own).zip(self.notes.get(*own))?;
            let remote = remotes.get(*index)?;
            Some(AgreedCodec {
                local: format.clone(),
                remote: remote.clone().into_owned(),
                feedback: theirs.common(remote.payload_type, &note.feedback),
                key: note.key.clone(),
            })
        });
        agreed.collect()
    }
}

/// An own format under the number of the peer, its parameters fitted to those of the offer.
fn renumbered(own: &Format<'static>, remote: &Format<'_>, about: Option<u8>) -> Format<'static> {
    let number = remote.payload_type;
    let parameters = match (about, own.parameters(), remote.parameters()) {
        (Some(about), ..) => Text::new(reference(own, about)).ok(),
        (None, Parameters::H264(a), Parameters::H264(b)) => {
            let id = a.answer(b);
            own.fmtp.as_ref().and_then(|fmtp| with_profile(fmtp, id, b.packetization_mode))
        }
        (None, ..) => own.fmtp.as_ref().map(|fmtp| fmtp.parameters.clone()),
    };
    let codec = own.codec.clone().map(|codec| RtpMap { payload_type: number, ..codec });
    Format { payload_type: number, codec, fmtp: fmtp(number, parameters) }
}

/// The parameters with this `profile-level-id` and this packetization mode, the others as they are.
fn with_profile(fmtp: &Fmtp<'_>, [a, b, c]: [u8; 3], mode: u8) -> Option<Text<'static>> {
    let id = format!("{a:02x}{b:02x}{c:02x}");
    let is_mode = |name: &str| name.eq_ignore_ascii_case("packetization-mode");
    let pairs = fmtp.pairs().filter(|(name, _)| mode != 0 || !is_mode(name));
    let pairs = pairs.map(|(name, value)| match value {
        Some(_) if name.eq_ignore_ascii_case("profile-level-id") => format!("{name}={id}"),
        Some(value) => format!("{name}={value}"),
        None => name.to_string(),
    });
    Text::new(pairs.collect::<Vec<_>>().join(";")).ok()
}

/// Whether a companion format refers to this payload type; RED without parameters to any.
fn refers(format: &Format<'_>, number: u8) -> bool {
    match format.parameters() {
        Parameters::Rtx(rtx) => rtx.apt == number,
        Parameters::Red(red) => red.payload_types().next().is_none_or(|first| first == number),
        _ => true,
    }
}

/// Whether an own format may answer one of which nothing is said: the same profile of H.264.
fn takes(own: &Format<'_>, remote: &Format<'_>) -> bool {
    match (own.parameters(), remote.parameters()) {
        (Parameters::H264(a), Parameters::H264(b)) => a.profile() == b.profile(),
        _ => false,
    }
}
