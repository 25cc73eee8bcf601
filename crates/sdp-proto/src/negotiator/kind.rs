//! What a section carries: audio, video, text, or data channels (RFC 8829 §3.4).

use crate::field::MediaLine;
use crate::text::Word;

/// The kinds of section that are negotiated. Sections that nobody serves are rejected in their place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// RTP audio.
    Audio,
    /// RTP video.
    Video,
    /// Text of a conversation over RTP (RFC 4103).
    Text,
    /// Data channels: SCTP over DTLS (RFC 8841).
    Data,
    /// Anything else: the application serves it itself, by an [`OtherMedia`](super::OtherMedia).
    Other,
}

impl Kind {
    /// The media word of the `m=` line; `other` where that is the application's.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Audio => "audio",
            Self::Video => "video",
            Self::Text => "text",
            Self::Data => "application",
            Self::Other => "other",
        }
    }

    /// The protocol that an own offer names.
    pub(super) const fn proto(self) -> &'static str {
        match self {
            Self::Audio | Self::Video | Self::Text => "UDP/TLS/RTP/SAVPF",
            Self::Data | Self::Other => "UDP/DTLS/SCTP",
        }
    }

    pub(super) fn proto_word(self) -> Word<'static> {
        Word::new(self.proto()).unwrap_or_else(|_| unreachable!("the protocols above are words"))
    }

    pub(super) const fn is_rtp(self) -> bool {
        match self {
            Self::Audio | Self::Video | Self::Text => true,
            Self::Data | Self::Other => false,
        }
    }

    pub(super) fn of(line: &MediaLine<'_>) -> Option<Self> {
        match line.media.as_str() {
            "audio" if line.is_rtp() => Some(Self::Audio),
            "video" if line.is_rtp() => Some(Self::Video),
            "text" if line.is_rtp() => Some(Self::Text),
            "application" if line.is_data_channel() => Some(Self::Data),
            _ => None,
        }
    }
}

/// The protocol of RTP over DTLS to offer where this one was agreed: the right name for it, under
/// whichever it was offered first (RFC 8829 §5.1.2).
pub(super) fn offered_again(proto: &Word<'static>) -> Word<'static> {
    let right = proto == "UDP/TLS/RTP/SAVPF" || proto == "TCP/DTLS/RTP/SAVPF";
    if right { proto.clone() } else { Kind::Audio.proto_word() }
}

/// Whether the protocol can carry what is negotiated here: RTP with feedback over DTLS, under
/// any of the names that go round for it (RFC 8829 §5.1.2), or SCTP over DTLS.
pub(super) fn is_secure(proto: &str) -> bool {
    const PROTOCOLS: [&str; 9] = [
        "UDP/TLS/RTP/SAVPF",
        "TCP/DTLS/RTP/SAVPF",
        "UDP/TLS/RTP/SAVP",
        "TCP/DTLS/RTP/SAVP",
        "RTP/SAVPF",
        "RTP/SAVP",
        "UDP/DTLS/SCTP",
        "TCP/DTLS/SCTP",
        "DTLS/SCTP",
    ];
    PROTOCOLS.contains(&proto)
}

/// Whether the protocol is RTP in clear by its name. With a fingerprint it is one of the names that
/// go round for RTP over DTLS (RFC 8829 §5.1.2).
pub(super) fn is_clear(proto: &str) -> bool {
    matches!(proto, "RTP/AVP" | "RTP/AVPF")
}
