//! The habits in which writers of descriptions differ without meaning anything else.

use super::super::dice::Dice;

/// How one writer spells.
pub(super) struct Spelling {
    transport: &'static str,
    data: Data,
    candidates: &'static str,
    shuffled: bool,
    line_end: &'static str,
    /// Adds a line that nobody knows to each section.
    noisy: bool,
    upper_case_hash: bool,
    trailing_blanks: bool,
}

/// How data channels are offered.
#[derive(Clone, Copy)]
enum Data {
    /// RFC 8841.
    Standard,
    /// The same over TCP.
    Tcp,
    /// As in the drafts before (draft-ietf-mmusic-sctp-sdp-07).
    Draft,
}

const NO_CANDIDATES: &str = "";
const TRICKLE: &str = "a=ice-options:trickle\n";
const SOME: &str = "a=candidate:1 1 udp 2130706431 192.0.2.1 50000 typ host\n\
    a=candidate:2 1 UDP 1694498815 198.51.100.7 50001 typ srflx raddr 192.0.2.1 rport 50000\n";
const ALL: &str = "a=ice-options:trickle ice2\n\
    a=candidate:1 1 udp 2130706431 192.0.2.1 50000 typ host generation 0\n\
    a=candidate:3 1 tcp 1518280447 192.0.2.1 9 typ host tcptype active\na=end-of-candidates\n";
const ODD: &str = "a=candidate:1 1 udp 2130706431 a8b2e1e0-0.local 50000 typ host\n\
    a=candidate:2 1 udp 2130706175 2001:db8::1 50000 typ host network-id 1\n";

impl Spelling {
    pub(super) fn new(dice: &mut Dice) -> Self {
        let transport = match dice.below(20) {
            0 | 3 => "RTP/SAVPF",
            1 => "TCP/DTLS/RTP/SAVPF",
            2 => "UDP/TLS/RTP/SAVP",
            // With a fingerprint these stand for the first one (RFC 8829 §5.1.2).
            4 => "RTP/AVPF",
            5 => "RTP/AVP",
            _ => "UDP/TLS/RTP/SAVPF",
        };
        let data = match dice.below(8) {
            0 => Data::Tcp,
            1 => Data::Draft,
            _ => Data::Standard,
        };
        Self {
            transport,
            data,
            candidates: dice.one(&[NO_CANDIDATES, TRICKLE, SOME, ALL, ODD]),
            shuffled: dice.once_in(2),
            line_end: if dice.once_in(6) { "\n" } else { "\r\n" },
            noisy: dice.once_in(3),
            upper_case_hash: dice.once_in(4),
            trailing_blanks: dice.once_in(12),
        }
    }

    pub(super) const fn media_proto(&self) -> &'static str {
        self.transport
    }

    pub(super) const fn data_proto(&self) -> &'static str {
        match self.data {
            Data::Standard => "UDP/DTLS/SCTP",
            Data::Tcp => "TCP/DTLS/SCTP",
            Data::Draft => "DTLS/SCTP",
        }
    }

    pub(super) const fn data_format(&self) -> &'static str {
        match self.data {
            Data::Standard | Data::Tcp => "webrtc-datachannel",
            Data::Draft => "5000",
        }
    }

    pub(super) const fn data_port(&self) -> &'static str {
        match self.data {
            Data::Standard | Data::Tcp => "a=sctp-port:5000\na=max-message-size:262144\n",
            Data::Draft => "a=sctpmap:5000 webrtc-datachannel 1024\n",
        }
    }

    pub(super) const fn candidates(&self) -> &'static str {
        self.candidates
    }

    /// The attributes of a section in the order of this writer.
    pub(super) fn order(&self, dice: &mut Dice, attributes: &str) -> String {
        let mut lines: Vec<&str> = attributes.lines().collect();
        if self.noisy {
            lines.push("a=x-unheard:of yes");
        }
        if self.shuffled {
            for last in (1..lines.len()).rev() {
                lines.swap(last, dice.below(last + 1));
            }
        }
        lines.iter().flat_map(|line| [line, "\n"]).collect()
    }

    /// The whole text in the habits of this writer.
    pub(super) fn respell(&self, text: &str) -> String {
        let mut respelled = String::with_capacity(2 * text.len());
        for line in text.lines() {
            if self.upper_case_hash && line.starts_with("a=fingerprint:") {
                respelled.push_str(&line.replace("sha-256", "SHA-256"));
            } else {
                respelled.push_str(line);
            }
            if self.trailing_blanks && matches!(line, "a=rtcp-mux" | "a=sendonly") {
                respelled.push(' ');
            }
            respelled.push_str(self.line_end);
        }
        respelled
    }
}
