//! Session descriptions, as text.
use std::{fmt::Write, fs, path::PathBuf};

/// Media sections in [`offer`].
pub const OFFER_SECTIONS: usize = 3;
/// Media sections in [`large`].
pub const LARGE_SECTIONS: usize = 50;

/// An offer of the make of a browser's: audio, video and data.
pub fn offer() -> String {
    browser(OFFER_SECTIONS, 13)
}

/// A description with 50 sections and 123 kB, as of a conference.
pub fn large() -> String {
    browser(LARGE_SECTIONS, 10)
}

/// An offer that Chromium made, where the shared corpus is at hand: in `SPOOL_SHARED`, or beside
/// the workspace.
pub fn captured() -> Option<String> {
    let beside = || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared"));
    let shared = std::env::var_os("SPOOL_SHARED").map_or_else(beside, PathBuf::from);
    let files = fs::read_dir(shared.join("corpus/sdp-captured")).ok()?;
    let mut paths: Vec<PathBuf> = files.filter_map(|file| Some(file.ok()?.path())).collect();
    paths.sort();
    let is_offer = |path: &&PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.starts_with("chromium-") && name.contains("-offer-gathered-")
    };
    fs::read_to_string(paths.iter().find(is_offer)?).ok()
}

/// Audio and video in turns and one section for data, with `codecs` video codecs and their
/// retransmissions.
fn browser(sections: usize, codecs: usize) -> String {
    let mut text = String::from(
        "v=0\r\no=- 4611731400430051336 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE",
    );
    for mid in 0..sections {
        let _ = write!(text, " {mid}");
    }
    text += "\r\na=extmap-allow-mixed\r\na=msid-semantic: WMS\r\n";
    for mid in 0..sections {
        match mid {
            _ if mid + 1 == sections => data(&mut text, mid),
            _ if mid % 2 == 0 => audio(&mut text, mid),
            _ => video(&mut text, mid, codecs),
        }
    }
    text
}

fn transport(text: &mut String, mid: usize) {
    *text += "c=IN IP4 0.0.0.0\r\na=rtcp:9 IN IP4 0.0.0.0\r\n";
    for (index, address) in ["192.0.2.17", "198.51.100.4"].iter().enumerate() {
        let (priority, port) = (2_113_937_151 - index, 49_152 + 2 * mid + index);
        let _ = write!(
            text,
            "a=candidate:{} 1 udp {priority} {address} {port} typ host generation 0 network-id 1 \
             network-cost 50\r\n",
            1_418_360_946 + index
        );
    }
    *text += "a=ice-ufrag:x7Qd\r\na=ice-pwd:9mYt4Jq0bLw2RkUe6sVnHc1A\r\na=ice-options:trickle\r\n\
        a=fingerprint:sha-256 0F:1E:2D:3C:4B:5A:69:78:87:96:A5:B4:C3:D2:E1:F0:0F:1E:2D:3C:4B:5A:\
        69:78:87:96:A5:B4:C3:D2:E1:F0\r\na=setup:actpass\r\n";
    let _ = write!(text, "a=mid:{mid}\r\n");
}

fn stream(text: &mut String, extensions: &[&str]) {
    for (index, uri) in extensions.iter().enumerate() {
        let _ = write!(text, "a=extmap:{} {uri}\r\n", index + 1);
    }
    *text += "a=sendrecv\r\na=msid:- 5f0c8e2a-1111-4222-8333-944455566677\r\na=rtcp-mux\r\n\
        a=rtcp-rsize\r\n";
}

fn audio(text: &mut String, mid: usize) {
    *text += "m=audio 9 UDP/TLS/RTP/SAVPF 111 63 9 0 8 13 110 126\r\n";
    transport(text, mid);
    stream(text, &EXTENSIONS[..4]);
    *text += "a=rtpmap:111 opus/48000/2\r\na=rtcp-fb:111 transport-cc\r\n\
        a=fmtp:111 minptime=10;useinbandfec=1\r\na=rtpmap:63 red/48000/2\r\na=fmtp:63 111/111\r\n\
        a=rtpmap:9 G722/8000\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\n\
        a=rtpmap:13 CN/8000\r\na=rtpmap:110 telephone-event/48000\r\n\
        a=rtpmap:126 telephone-event/8000\r\na=ssrc:2902487201 cname:cQm3vX8Lr0TzHn5w\r\n";
}

fn video(text: &mut String, mid: usize, codecs: usize) {
    *text += "m=video 9 UDP/TLS/RTP/SAVPF";
    for payload in (35..).take(2 * codecs) {
        let _ = write!(text, " {payload}");
    }
    *text += "\r\n";
    transport(text, mid);
    stream(text, &EXTENSIONS);
    for payload in (35..).step_by(2).take(codecs) {
        let _ = write!(text, "a=rtpmap:{payload} H264/90000\r\n");
        for feedback in ["goog-remb", "transport-cc", "ccm fir", "nack", "nack pli"] {
            let _ = write!(text, "a=rtcp-fb:{payload} {feedback}\r\n");
        }
        let _ = write!(
            text,
            "a=fmtp:{payload} level-asymmetry-allowed=1;packetization-mode=1;\
             profile-level-id=42e01f\r\na=rtpmap:{0} rtx/90000\r\na=fmtp:{0} apt={payload}\r\n",
            payload + 1
        );
    }
    *text += "a=ssrc-group:FID 3171868687 750192674\r\na=ssrc:3171868687 cname:cQm3vX8Lr0TzHn5w\r\n\
        a=ssrc:750192674 cname:cQm3vX8Lr0TzHn5w\r\n";
}

fn data(text: &mut String, mid: usize) {
    *text += "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n";
    transport(text, mid);
    *text += "a=sctp-port:5000\r\na=max-message-size:262144\r\n";
}

/// The first four are for audio as well.
const EXTENSIONS: [&str; 8] = [
    "urn:ietf:params:rtp-hdrext:sdes:mid",
    "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time",
    "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01",
    "urn:ietf:params:rtp-hdrext:ssrc-audio-level",
    "urn:ietf:params:rtp-hdrext:toffset",
    "urn:3gpp:video-orientation",
    "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id",
    "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id",
];

/// A name, and what makes a text of a size in bytes.
pub type Shape = (&'static str, fn(usize) -> String);

/// Texts of any size that ask for trouble, by name. None is larger than asked for by more than a
/// section.
pub const SHAPES: [Shape; 26] = [
    ("valid: sections", |size| {
        let one = browser(4, 10).len() / 4;
        browser(size / one + 2, 10)
    }),
    ("valid: candidates", |size| {
        grow(DATA, size, |n| {
            format!("a=candidate:{n} 1 udp 1 192.0.2.1 {} typ host\r\n", n % 65_535 + 1)
        })
    }),
    ("valid: unknown attributes", |size| grow(DATA, size, |n| format!("a=x-{n}:{n}\r\n"))),
    ("invalid: stray lines", |size| grow(DATA, size, |_| "stray\r\n".to_owned())),
    ("invalid: attributes without value", |size| grow(DATA, size, |_| "a=rtpmap\r\n".to_owned())),
    ("invalid: one mid again and again", |size| grow(DATA, size, |_| "a=mid:0\r\n".to_owned())),
    ("hostile: bare m= lines", |size| grow(HEAD, size, |_| "m=\r\n".to_owned())),
    ("hostile: line ends", |size| grow(HEAD, size, |_| "\n".to_owned())),
    ("hostile: one line", |size| grow("v=0\r\na=x:", size, |_| "a".repeat(64))),
    ("hostile: formats of one section", |size| {
        grow(&format!("{HEAD}m=audio 9 RTP/AVP"), size, |n| format!(" {}", n % 128)) + "\r\n"
    }),
    ("hostile: a group of strangers", |size| {
        grow(&format!("{HEAD}a=group:BUNDLE"), size, |n| format!(" {n}")) + "\r\n"
    }),
    ("hostile: extensions with one id", |size| {
        grow(DATA, size, |n| format!("a=extmap:1 urn:{n}\r\n"))
    }),
    ("hostile: simulcast of strangers", |size| {
        grow(&format!("{DATA}a=simulcast:send 0"), size, |n| format!(";{n}")) + "\r\n"
    }),
    ("hostile: a simulcast of half the text", |size| {
        let list = grow("a=simulcast:send 0", size / 2, |n| format!(";{n}"));
        grow(&format!("{DATA}{list}\r\n"), size, |n| format!("a=rid:{n} send\r\n"))
    }),
    ("hostile: rids", |size| grow(DATA, size, |n| format!("a=rid:{n} send\r\n"))),
    ("hostile: groups", |size| grow(HEAD, size, |_| "a=group:BUNDLE 1 2 3\r\n".to_owned())),
    ("hostile: a group of half the text", |size| {
        let list = grow("a=group:BUNDLE", size / 3, |n| format!(" {n}"));
        grow(&format!("{HEAD}{list}\r\n"), size, |n| {
            format!("m=audio 9 RTP/AVP 0\r\na=mid:{n}\r\n")
        })
    }),
    ("hostile: groups of all sections", |size| {
        // As many groups as sections would be more than linear in itself: the root of both.
        let sections = (1..=size).take_while(|n| n * n * 3 < size).count();
        let text = grow(HEAD, size / 2, |_| {
            (0..sections).fold("a=group:BUNDLE".to_owned(), |list, n| format!("{list} {n}"))
                + "\r\n"
        });
        let section = |n| format!("m=audio 9 RTP/AVP 0\r\na=mid:{n}\r\n");
        (0..sections).fold(text, |text, n| text + &section(n))
    }),
    ("hostile: formats that clash in a group", |size| {
        let half = size / 2;
        let maps = |name: &str| {
            grow("", half, |n| format!("a=rtpmap:{} {name}/{}\r\n", n % 128, n % 7 + 1))
        };
        let section = |mid, name| format!("m=audio 9 RTP/AVP 0\r\na=mid:{mid}\r\n{}", maps(name));
        format!("{HEAD}a=group:BUNDLE 0 1\r\n{}{}", section(0, "x"), section(1, "y"))
    }),
    ("hostile: formats that are the same in a group", |size| {
        let maps = grow("", size / 2, |n| format!("a=fmtp:{} apt=96;x={}\r\n", n % 128, n % 3));
        let section = |mid| format!("m=audio 9 RTP/AVP 0\r\na=mid:{mid}\r\n{maps}");
        format!("{HEAD}a=group:BUNDLE 0 1\r\n{}{}", section(0), section(1))
    }),
    ("hostile: credentials of all sections", |size| {
        grow(HEAD, size, |n| {
            format!("m=audio 9 RTP/AVP 0\r\na=ice-ufrag:same\r\na=ice-pwd:{n:022}\r\n")
        })
    }),
    ("hostile: parameters of one format", |size| {
        grow(&format!("{DATA}a=fmtp:96 a"), size, |n| format!("; a{n} = x")) + "\r\n"
    }),
    ("hostile: extensions of one candidate", |size| {
        let candidate = "a=candidate:1 1 udp 1 192.0.2.1 9 typ host";
        grow(&format!("{DATA}{candidate}"), size, |n| format!(" x{n} y")) + "\r\n"
    }),
    ("hostile: words and then blanks", |size| {
        let words = grow(&format!("{HEAD}a=group:BUNDLE"), size / 2, |n| format!(" {n}"));
        grow(&words, size, |_| " ".to_owned()) + "\r\n"
    }),
    ("hostile: carriage returns", |size| grow(HEAD, size, |_| "\r".to_owned())),
    ("hostile: characters of two bytes", |size| grow("v=0\r\na=x:", size, |_| "é".to_owned())),
];

const HEAD: &str = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nt=0 0\r\n";
const DATA: &str = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nt=0 0\r\n\
    m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\na=mid:0\r\n";

/// Adds to a text until it has `size` bytes.
fn grow(text: &str, size: usize, more: impl Fn(usize) -> String) -> String {
    let mut text = String::from(text);
    let mut count = 0;
    while text.len() < size {
        text += &more(count);
        count += 1;
    }
    text
}
