//! What this side can do with media: codecs with their companions, and header extensions.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::num::NonZeroU32;

use super::extension::Extension;
use super::kind::Kind;
use crate::codec::Symmetry;
use crate::text::{Text, TextError, Token};

/// Codecs and header extensions of one kind of media, in order of preference.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Capabilities {
    /// The codecs.
    pub codecs: Vec<Codec>,
    /// The header extensions.
    pub extensions: Vec<Extension>,
}

/// A codec that this side can send and receive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Codec {
    /// Its name in `a=rtpmap`.
    pub encoding: Token<'static>,
    /// Ticks of the RTP timestamp in a second.
    pub clock_rate: NonZeroU32,
    /// Audio channels; written where more than one.
    pub channels: u8,
    /// What `a=fmtp` says.
    pub parameters: Option<Text<'static>>,
    /// Which parameters the peer has to share, for a codec whose rules are not known here.
    pub symmetry: Symmetry,
    /// Feedback that it takes, such as `nack pli` (RFC 4585 §4.2).
    pub feedback: Vec<Text<'static>>,
    /// The payload type to use if it is free.
    pub payload_type: Option<u8>,
    /// Whether an RTX format goes with it (RFC 4588).
    pub retransmission: bool,
    /// How many earlier blocks a RED format that goes with it repeats at most (RFC 2198): one is
    /// usual with sound, two are with text (RFC 4103). No such format for 0.
    pub redundancy: u8,
}

impl Codec {
    /// A codec without parameters, one channel, no feedback.
    pub fn new(encoding: &str, clock_rate: NonZeroU32) -> Result<Self, TextError> {
        Ok(Self {
            encoding: encoding.parse()?,
            clock_rate,
            channels: 1,
            parameters: None,
            symmetry: Symmetry::Registered,
            feedback: Vec::new(),
            payload_type: None,
            retransmission: false,
            redundancy: 0,
        })
    }

    /// The same with parameters, such as `minptime=10;useinbandfec=1`.
    pub fn with_parameters(mut self, parameters: &str) -> Result<Self, TextError> {
        self.parameters = Some(parameters.parse()?);
        Ok(self)
    }

    /// The same with other rules about its parameters.
    #[must_use]
    pub fn with_symmetry(mut self, symmetry: Symmetry) -> Self {
        self.symmetry = symmetry;
        self
    }

    /// The same with one more type of feedback, such as `ccm fir`.
    pub fn with_feedback(mut self, feedback: &str) -> Result<Self, TextError> {
        self.feedback.push(feedback.parse()?);
        Ok(self)
    }

    /// The same with a wish for a payload type.
    #[must_use]
    pub const fn with_payload_type(mut self, number: u8) -> Self {
        self.payload_type = Some(number);
        self
    }

    /// The same with an RTX format.
    #[must_use]
    pub const fn with_retransmission(mut self) -> Self {
        self.retransmission = true;
        self
    }

    /// The same with a RED format that repeats one block.
    #[must_use]
    pub const fn with_redundancy(mut self) -> Self {
        self.redundancy = 1;
        self
    }

    /// Opus, with in-band error correction (RFC 7587).
    pub fn opus() -> Self {
        let mut codec = Self::known("opus", 48_000, 111);
        codec.channels = 2;
        codec.parameters = Text::new("minptime=10;useinbandfec=1").ok();
        codec
    }

    /// G.711, μ-law (RFC 3551).
    pub fn pcmu() -> Self {
        Self::known("PCMU", 8_000, 0)
    }

    /// G.711, A-law (RFC 3551).
    pub fn pcma() -> Self {
        Self::known("PCMA", 8_000, 8)
    }

    /// VP8 with the usual feedback and RTX (RFC 7741).
    pub fn vp8() -> Self {
        Self::known("VP8", 90_000, 96).video()
    }

    /// VP9 profile 0 with the usual feedback and RTX (RFC 9628).
    pub fn vp9() -> Self {
        let mut codec = Self::known("VP9", 90_000, 98).video();
        codec.parameters = Text::new("profile-id=0").ok();
        codec
    }

    /// H.264 Constrained Baseline, level 3.1, packetization mode 1, with the usual feedback and
    /// RTX (RFC 6184).
    pub fn h264() -> Self {
        let mut codec = Self::known("H264", 90_000, 102).video();
        let parameters = "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f";
        codec.parameters = Text::new(parameters).ok();
        codec
    }

    fn known(encoding: &'static str, clock_rate: u32, number: u8) -> Self {
        let rate = NonZeroU32::new(clock_rate).unwrap_or(NonZeroU32::MIN);
        Self::new(encoding, rate)
            .unwrap_or_else(|_| unreachable!("the names above are tokens"))
            .with_payload_type(number)
    }

    fn video(mut self) -> Self {
        let feedback = ["ccm fir", "nack", "nack pli"];
        self.feedback = feedback.into_iter().filter_map(|text| Text::new(text).ok()).collect();
        self.with_retransmission()
    }

    /// What tells this codec from all others, whatever its number is.
    pub(super) fn key(&self, kind: Kind) -> String {
        let encoding = self.encoding.to_ascii_lowercase();
        let parameters = self.parameters.as_deref().unwrap_or_default();
        format!("{} {encoding}/{}/{} {parameters}", kind.as_str(), self.clock_rate, self.channels)
    }
}
