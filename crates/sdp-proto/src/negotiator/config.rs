//! What a negotiator is told once: identity, keys, policies and bounds (RFC 8829 §4.1.1).

use alloc::vec::Vec;

use super::capability::Capabilities;
use super::custom::Custom;
use super::direct::Direct;
use super::kind::Kind;
use super::transceiver::Transceiver;
use crate::attribute::{
    Fingerprint, IceOptions, IcePacing, MaxMessageSize, SctpPort, Setup, TlsId,
};
use crate::{IceCredentials, Limits, Policy};

/// Which sections of a first offer get a transport of their own, in case the peer does not know
/// BUNDLE (RFC 8829 §4.1.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum BundlePolicy {
    /// The first one of each kind; the others are `bundle-only`.
    #[default]
    Balanced,
    /// All of them.
    MaxCompat,
    /// The first one alone.
    MaxBundle,
    /// All of them, and there is no group, in offers or answers: a side that cannot tell media on
    /// one port apart (RFC 9143 §7.3.1).
    Without,
}

/// Which part a section takes in the group of an own offer (RFC 9143 §7.2, §7.5).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Bundling {
    /// It is in the group, if there is one. What has left it stays apart.
    #[default]
    Member,
    /// It carries the transport of the group.
    Tag,
    /// It has a transport of its own outside of it.
    Apart,
}

/// Whether a peer without `rtcp-mux` is put up with (RFC 8829 §4.1.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum RtcpMuxPolicy {
    /// No: its RTP sections are rejected, and so is an answer without.
    #[default]
    Require,
    /// Yes: RTCP then has a port of its own.
    Negotiate,
}

/// What H.264 is taken for whose `profile-level-id` a description leaves out, or empty.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum UnstatedH264 {
    /// Constrained Baseline, level 3.1, as browsers and media servers take it. Where no parameters
    /// are given at all, single NAL units are agreed on, whatever packetization this side has.
    #[default]
    ConstrainedBaseline,
    /// Baseline, level 1, as RFC 6184 says.
    Baseline,
}

/// Whether encodings are paused at first although nobody has said how they would be resumed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Pausing {
    /// Yes: those that are to be, and in answers those of the offer, as browsers have it, for which
    /// a paused encoding is one that is switched off.
    #[default]
    Unannounced,
    /// No: all formats of the encoding have the feedback `ccm pause` (RFC 8853 §5.2, §5.3.2).
    Negotiated,
}

/// The configuration of a [`Negotiator`](super::Negotiator).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Number of the session, up to 2^63 - 1; random (RFC 8829 §5.2.1).
    pub session_id: u64,
    /// ICE credentials to start with, of all transports that
    /// [have none of their own](Transceiver::credentials) (RFC 8839 §5.4).
    pub credentials: IceCredentials<'static>,
    /// Fingerprints of the certificate that this side shows.
    pub fingerprints: Vec<Fingerprint<'static>>,
    /// Identity of the DTLS association (RFC 8842 §4).
    pub tls_id: Option<TlsId<'static>>,
    /// The DTLS role in an answer to `actpass`: `active`, unless this is `passive`.
    pub setup: Setup,
    /// Extensions of ICE that this side speaks; an answer has those that the offer has as well.
    pub ice_options: Option<IceOptions<'static>>,
    /// Interval between checks that this side wishes.
    pub ice_pacing: Option<IcePacing>,
    /// Whether this side is a lite implementation.
    pub ice_lite: bool,
    /// Which sections of a first offer get a transport of their own.
    pub bundle: BundlePolicy,
    /// Whether RTP and RTCP must share a port.
    pub rtcp_mux: RtcpMuxPolicy,
    /// Attributes of the application's own in the session part.
    pub attributes: Vec<Custom>,
    /// What is possible with audio.
    pub audio: Capabilities,
    /// What is possible with video.
    pub video: Capabilities,
    /// What is possible with text.
    pub text: Capabilities,
    /// What is borne of sections without ICE.
    pub direct: Direct,
    /// Whether one- and two-byte header extensions may be mixed in a stream (RFC 8285 §6).
    pub allow_mixed: bool,
    /// What H.264 without a profile is taken for. Default
    /// [`ConstrainedBaseline`](UnstatedH264::ConstrainedBaseline).
    pub h264: UnstatedH264,
    /// Whether this side takes several encodings of one source that a peer offers (RFC 8853), as a
    /// server does that forwards one of them. Default yes; an endpoint that plays what it receives
    /// says no (RFC 8829 §3.7).
    pub receives_simulcast: bool,
    /// Which encodings may be paused at first.
    pub pausing: Pausing,
    /// The SCTP port for data channels.
    pub sctp_port: SctpPort,
    /// The largest message that this side takes, in bytes.
    pub max_message_size: MaxMessageSize,
    /// What deviations in descriptions of the peer are borne. Default [`Policy::Compat`].
    pub policy: Policy,
    /// What a description of the peer may cost.
    pub limits: Limits,
    /// Transceivers that may exist at once, those that the peer's offers make included. Default
    /// 256, as many as there may be sections.
    pub transceivers_max: usize,
    /// Candidates kept for one section. Default 256: ICE would not check more pairs than that.
    pub candidates_max: usize,
    /// Outputs that wait to be polled. Default 1,024: a description makes at most two a section
    /// and four more, so a caller that polls now and then never meets it.
    pub outputs_max: usize,
}

impl Config {
    /// The usual choices: balanced BUNDLE, rtcp-mux required, ICE options `trickle` and `ice2`,
    /// SCTP port 5000,
    /// messages up to 256 KiB, no codecs.
    pub fn new(
        session_id: u64,
        credentials: IceCredentials<'static>,
        fingerprints: impl IntoIterator<Item = Fingerprint<'static>>,
    ) -> Self {
        Self {
            session_id,
            credentials,
            fingerprints: fingerprints.into_iter().collect(),
            tls_id: None,
            setup: Setup::Active,
            ice_options: IceOptions::new(["trickle", "ice2"]).ok(),
            ice_pacing: None,
            ice_lite: false,
            bundle: BundlePolicy::default(),
            rtcp_mux: RtcpMuxPolicy::default(),
            attributes: Vec::new(),
            audio: Capabilities::default(),
            video: Capabilities::default(),
            text: Capabilities::default(),
            direct: Direct::default(),
            allow_mixed: true,
            h264: UnstatedH264::default(),
            receives_simulcast: true,
            pausing: Pausing::default(),
            sctp_port: SctpPort::USUAL,
            max_message_size: MaxMessageSize(262_144),
            policy: Policy::Compat,
            limits: Limits::default(),
            transceivers_max: 256,
            candidates_max: 256,
            outputs_max: 1024,
        }
    }

    /// Whether this side has RTP of any kind.
    pub(super) fn has_rtp(&self) -> bool {
        [&self.audio, &self.video, &self.text].iter().any(|kind| !kind.codecs.is_empty())
    }

    /// What is possible in a section that serves this wish.
    pub(super) fn capabilities<'c>(&'c self, wish: &'c Transceiver) -> &'c Capabilities {
        const NONE: &Capabilities = &Capabilities { codecs: Vec::new(), extensions: Vec::new() };
        match (&wish.capabilities, wish.kind) {
            (Some(own), _) => own,
            (None, Kind::Audio) => &self.audio,
            (None, Kind::Video) => &self.video,
            (None, Kind::Text) => &self.text,
            (None, Kind::Data | Kind::Other) => NONE,
        }
    }
}
