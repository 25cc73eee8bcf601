//! Carrying what one peer says over to another: the two legs of a call through a gateway, or a
//! publisher and its subscribers.

use alloc::vec::Vec;

use super::Negotiator;
use super::agreement::AgreedSection;
use super::capability::{Capabilities, Codec};
use super::encoding::SimulcastStream;
use super::extension::Extension;
use super::facts::SectionFacts;
use super::formats::stands_alone;
use super::kind::Kind;
use super::mismatch::CommandError;
use super::other_media::OtherMedia;
use super::simulcast_answer;
use super::transceiver::{Transceiver, TransceiverId};
use crate::attribute::{Direction, ExtMap, Msid, RtcpFb};
use crate::codec::{Format, Parameters};
use crate::text::{Text, Words};

impl Negotiator {
    /// What another side has to want to make the same offer to someone else as the one that waits
    /// here: codecs under their payload types and with their parameters, whether this side knows
    /// them or not, extensions under their ids, directions, streams, encodings and bandwidths. One
    /// entry a section, in order; none for a section that is off or that nobody serves here. Of the
    /// feedback of a codec the first 32 types are carried over. What the
    /// application serves itself has the address of the peer, to be put right where media does not
    /// go there directly.
    ///
    /// What the other peer agrees to comes back by [`AgreedSection::relayed`]. A section that it
    /// rejects and on whose transport others rely here is better kept, inactive: rejected, it takes
    /// them along (RFC 8829 §5.3.1).
    pub fn relayed(&self) -> Result<Vec<Option<Transceiver>>, CommandError> {
        let offered = self.waiting()?;
        let sections = offered.facts.sections.iter().zip(&offered.decisions);
        Ok(sections.map(|(facts, decision)| relayed(facts, decision.transceiver)).collect())
    }

    /// The transceiver that a section of the waiting offer serves, whether or not it would be
    /// rejected as things are.
    pub fn serving(&self, section: usize) -> Option<TransceiverId> {
        self.waiting().ok()?.decisions.get(section)?.transceiver
    }
}

impl Transceiver {
    /// The same without feedback, for a peer that knows `RTP/AVP` and no `RTP/AVPF`, as most phones
    /// do: its codecs have none (RFC 4585 §4.2), and no RTX, which nothing would ask for (RFC 4588).
    #[must_use]
    pub fn without_feedback(mut self) -> Self {
        for codec in self.capabilities.iter_mut().flat_map(|able| &mut able.codecs) {
            codec.feedback.clear();
            codec.retransmission = false;
        }
        self
    }
}

impl AgreedSection {
    /// What another side has to want to agree with its own peer on what was agreed here: these
    /// codecs and extensions, and media that goes on where it comes from here. `None` for a
    /// section that is off.
    pub fn relayed(&self) -> Option<Transceiver> {
        let mut wish = Transceiver::new(self.kind.filter(|_| self.live)?);
        wish.other = self.other.as_ref().map(OtherMedia::relayed);
        if wish.kind == Kind::Other {
            wish.direction = self.direction.reversed();
            wish.bandwidths.clone_from(&self.remote.bandwidths);
        }
        if !wish.kind.is_rtp() {
            return Some(wish);
        }
        let formats: Vec<&Format<'static>> =
            self.codecs.iter().map(|codec| &codec.remote).collect();
        let feedback = |number: u8| {
            let agreed = self.codecs.iter().find(|codec| codec.remote.payload_type == number);
            agreed.map_or(Vec::new(), |codec| codec.feedback.clone())
        };
        let codecs = codecs(&formats, feedback);
        let extensions = self.extensions.iter().filter_map(|map| {
            let turned = map.direction.map(Direction::reversed);
            extension(&ExtMap { direction: turned, ..map.clone() })
        });
        wish.capabilities = Some(Capabilities { codecs, extensions: extensions.collect() });
        wish.direction = self.direction.reversed();
        name_streams(&mut wish, &self.remote.streams);
        wish.bandwidths.clone_from(&self.remote.bandwidths);
        wish.encodings = self.by_their_numbers(&self.receive_encodings);
        wish.receive_encodings.clone_from(&self.send_encodings);
        wish.packet_time.clone_from(&self.remote.packet_time);
        wish.max_packet_time.clone_from(&self.remote.max_packet_time);
        Some(wish)
    }

    /// Encodings that this side receives with the payload types that the peer has for them.
    fn by_their_numbers(&self, streams: &[SimulcastStream]) -> Vec<SimulcastStream> {
        let mut streams = streams.to_vec();
        let remote = |own: &u8| {
            let codec = self.codecs.iter().find(|codec| codec.local.payload_type == *own);
            codec.map(|codec| codec.remote.payload_type)
        };
        for encoding in streams.iter_mut().flat_map(|stream| &mut stream.alternatives) {
            encoding.payload_types = encoding.payload_types.iter().filter_map(remote).collect();
        }
        streams
    }
}

fn relayed(facts: &SectionFacts, serving: Option<TransceiverId>) -> Option<Transceiver> {
    let said = &facts.said;
    let kind = facts.kind.or(serving.map(|_| Kind::Other));
    let mut wish = Transceiver::new(kind.filter(|_| !facts.is_off())?);
    wish.other = facts.other.as_ref().map(OtherMedia::relayed);
    if wish.kind == Kind::Other {
        wish.direction = facts.direct_direction();
        wish.bandwidths.clone_from(&facts.bandwidths);
    }
    if !wish.kind.is_rtp() {
        return Some(wish);
    }
    let formats: Vec<&Format<'static>> = facts.formats.iter().collect();
    let codecs = codecs(&formats, |number| feedback(&said.feedback, number));
    let extensions = said.extensions.iter().filter_map(extension).collect();
    wish.capabilities = Some(Capabilities { codecs, extensions });
    let direct = said.credentials().is_none();
    wish.direction = if direct { facts.direct_direction() } else { facts.direction() };
    name_streams(&mut wish, &said.streams);
    wish.bandwidths.clone_from(&facts.bandwidths);
    (wish.encodings, wish.receive_encodings) = simulcast_answer::encodings(said);
    wish.packet_time.clone_from(&said.packet_time);
    wish.max_packet_time.clone_from(&said.max_packet_time);
    Some(wish)
}

/// Passes on what the peer calls the streams and the track that it sends.
fn name_streams(wish: &mut Transceiver, streams: &[Msid<'static>]) {
    wish.streams = streams.iter().map(|msid| msid.stream.clone()).collect();
    wish.streams.dedup();
    wish.track = streams.iter().find_map(|msid| msid.track.clone());
}

/// The codecs that these formats are, RTX and RED as what goes with others.
fn codecs(formats: &[&Format<'static>], feedback: impl Fn(u8) -> Vec<Text<'static>>) -> Vec<Codec> {
    let codec = |format: &&Format<'static>| {
        let map = format.codec.as_ref().filter(|map| !map.encoding.eq_ignore_ascii_case("rtx"))?;
        let mut codec = Codec::new(map.encoding.as_str(), map.clock_rate).ok()?;
        codec.channels = map.channels().try_into().ok()?;
        codec.parameters = format.fmtp.as_ref().map(|fmtp| fmtp.parameters.clone());
        codec.feedback = feedback(format.payload_type);
        codec.payload_type = Some(format.payload_type);
        Some(codec)
    };
    let alone = formats.iter().filter(|format| reference(format).is_none());
    let mut codecs: Vec<Codec> = alone.filter_map(codec).collect();
    for companion in formats {
        let Some(about) = reference(companion) else { continue };
        let original = codecs.iter_mut().find(|codec| codec.payload_type == Some(about));
        match (original, companion.parameters()) {
            (Some(original), Parameters::Rtx(_)) => original.retransmission = true,
            (Some(original), Parameters::Red(red)) => original.redundancy = red.redundancy().max(1),
            _ => {}
        }
    }
    codecs
}

/// The format that RTX or RED goes with.
fn reference(format: &Format<'_>) -> Option<u8> {
    match format.parameters() {
        Parameters::Rtx(rtx) => Some(rtx.apt),
        Parameters::Red(red) if !stands_alone(format) => red.payload_types().next(),
        _ => None,
    }
}

/// Types of feedback that a codec is carried over with: more than are registered. A line may be
/// about all formats, so that without a bound a short offer would make a long one.
const FEEDBACK_MAX: usize = 32;

/// The feedback of a payload type as a codec has it.
fn feedback(lines: &[RtcpFb<'_>], number: u8) -> Vec<Text<'static>> {
    let about = lines.iter().filter(|line| line.payload_type.is_none_or(|about| about == number));
    let mut all: Vec<Text<'static>> = Vec::new();
    for line in about {
        if all.len() == FEEDBACK_MAX {
            break;
        }
        let words = line.parameters.iter().flat_map(Words::iter);
        let words: Vec<&str> = core::iter::once(line.kind.as_str()).chain(words).collect();
        let text = Text::new(words.join(" ")).ok();
        all.extend(text.filter(|text| !all.contains(text)));
    }
    all
}

/// The extension that a description maps, under its id unless that offers a choice.
fn extension(map: &ExtMap<'_>) -> Option<Extension> {
    Some(Extension {
        uri: map.extension().parse().ok()?,
        encrypted: map.is_encrypted(),
        attributes: map.extension_attributes().and_then(|text| text.parse().ok()),
        direction: map.direction,
        id: Some(map.id).filter(|id| *id < 256),
    })
}
