//! The formats and header extensions that generated offers are made of.

use std::fmt::Write as _;

/// One format.
pub(super) struct Sample {
    /// What `a=rtpmap` says; nothing for a static payload type that says it all.
    map: Option<&'static str>,
    /// What `a=fmtp` says; `{}` for the format before this one.
    parameters: Option<&'static str>,
    feedback: &'static [&'static str],
    /// The static payload type.
    pub(super) fixed: Option<usize>,
    /// A format that refers to this one.
    pub(super) companion: Option<&'static Self>,
}

impl Sample {
    const fn new(map: &'static str, parameters: Option<&'static str>) -> Self {
        Self { map: Some(map), parameters, feedback: &[], fixed: None, companion: None }
    }

    const fn fixed(number: usize, map: Option<&'static str>) -> Self {
        Self { map, parameters: None, feedback: &[], fixed: Some(number), companion: None }
    }

    const fn video(map: &'static str, parameters: Option<&'static str>) -> Self {
        const FEEDBACK: &[&str] = &["nack", "nack pli", "ccm fir", "goog-remb", "transport-cc"];
        let companion = Some(&RTX);
        Self { map: Some(map), parameters, feedback: FEEDBACK, fixed: None, companion }
    }

    /// Writes its attributes.
    pub(super) fn write(&self, number: usize, all: &[(usize, &Self)], text: &mut String) {
        if let Some(map) = self.map {
            let _never = writeln!(text, "a=rtpmap:{number} {map}");
        }
        if let Some(parameters) = self.parameters {
            let place = all.iter().position(|(other, _)| *other == number).unwrap_or(1);
            let before = all[place.saturating_sub(1)].0.to_string();
            let parameters = parameters.replace("{}", &before);
            let _never = writeln!(text, "a=fmtp:{number} {parameters}");
        }
        for feedback in self.feedback {
            let _never = writeln!(text, "a=rtcp-fb:{number} {feedback}");
        }
    }
}

static RTX: Sample = Sample::new("rtx/90000", Some("apt={}"));
static RED: Sample = Sample::new("red/48000/2", Some("{}/{}"));

pub(super) static AUDIO: &[Sample] = &[
    Sample {
        companion: Some(&RED),
        ..Sample::new("opus/48000/2", Some("minptime=10;useinbandfec=1"))
    },
    Sample { companion: Some(&RED), ..Sample::new("opus/48000/2", None) },
    Sample::new("OPUS/48000/2", Some("stereo=1; sprop-stereo=1; useinbandfec=1")),
    Sample::new("opus/48000", None),
    Sample::fixed(0, Some("PCMU/8000")),
    Sample::fixed(0, None),
    Sample::fixed(8, Some("pcma/8000/1")),
    Sample::fixed(9, Some("G722/8000")),
    Sample::fixed(13, Some("CN/8000")),
    Sample::new("telephone-event/8000", Some("0-15")),
    Sample::new("telephone-event/8000", None),
    Sample::new("telephone-event/48000", Some("0-16")),
    Sample::new("PCMU/16000", None),
    Sample::new("AMR-WB/16000", Some("octet-align=1")),
    Sample::new("x-unheard/8000", None),
];

pub(super) static VIDEO: &[Sample] = &[
    Sample::video("VP8/90000", None),
    Sample::video("vp8/90000", Some("max-fs=12288;max-fr=60")),
    Sample::video("VP9/90000", Some("profile-id=0")),
    Sample::video("VP9/90000", None),
    Sample::video("VP9/90000", Some("profile-id=2")),
    Sample::video(
        "H264/90000",
        Some("level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f"),
    ),
    Sample::video("H264/90000", Some("profile-level-id=42E01F; packetization-mode=0")),
    Sample::video(
        "H264/90000",
        Some("level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42001f"),
    ),
    Sample::video(
        "H264/90000",
        Some("level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=640034"),
    ),
    Sample::video("H264/90000", None),
    Sample::video("AV1/90000", Some("level-idx=5;profile=0;tier=0")),
    Sample::video("AV1/90000", None),
    Sample::video("H265/90000", Some("level-id=93;profile-id=1;tier-flag=0;tx-mode=SRST")),
    Sample::video("x-unheard/90000", None),
];

pub(super) static EXTENSIONS: &[&str] = &[
    "urn:ietf:params:rtp-hdrext:sdes:mid",
    "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id",
    "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id",
    "urn:ietf:params:rtp-hdrext:ssrc-audio-level",
    "urn:ietf:params:rtp-hdrext:csrc-audio-level",
    "urn:ietf:params:rtp-hdrext:toffset",
    "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time",
    "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01",
    "urn:3gpp:video-orientation",
    "http://www.webrtc.org/experiments/rtp-hdrext/playout-delay",
    "http://www.webrtc.org/experiments/rtp-hdrext/abs-capture-time",
    "urn:x-unheard:extension",
];

/// An offer of everything above, to which a browser says what it knows.
pub(super) fn everything(media: &str) -> String {
    let mut text = "v=0\no=- 1 1 IN IP4 127.0.0.1\ns=-\nt=0 0\na=ice-ufrag:peer\n\
        a=ice-pwd:peerasd88fgpdd777uzjYhagZg\na=setup:actpass\n\
        a=fingerprint:sha-256 07:07:07:07:07:07:07:07:07:07:07:07:07:07:07:07:\
        07:07:07:07:07:07:07:07:07:07:07:07:07:07:07:07\n"
        .to_owned();
    let format = if media == "audio" { "opus/48000/2" } else { "VP8/90000" };
    let _never = write!(
        text,
        "m={media} 9 UDP/TLS/RTP/SAVPF 96\nc=IN IP4 0.0.0.0\na=mid:0\na=sendrecv\na=rtcp-mux\n\
         a=rtpmap:96 {format}\n"
    );
    for (id, uri) in (1..).zip(EXTENSIONS) {
        let _never = writeln!(text, "a=extmap:{id} {uri}");
    }
    text.replace('\n', "\r\n")
}
