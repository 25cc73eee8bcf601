//! Words that tell nothing, and what is left of all others.

use alloc::string::String;
use alloc::vec::Vec;

/// Words of protocols and formats, in lower case.
const KNOWN: &[&str] = &[
    "0",
    "16ch",
    "a",
    "ack",
    "aead_aes_128_gcm",
    "aead_aes_256_gcm",
    "aes_cm_128_hmac_sha1_32",
    "aes_cm_128_hmac_sha1_80",
    "aes_cm_256_hmac_sha1_32",
    "aes_cm_256_hmac_sha1_80",
    "all",
    "anat",
    "app",
    "application",
    "apt",
    "as",
    "audio",
    "av1",
    "avp",
    "avpf",
    "base",
    "bitrate",
    "bundle",
    "bfcp",
    "c",
    "cabac",
    "cbr",
    "ccm",
    "channel-order",
    "clock",
    "clue",
    "cname",
    "cn",
    "config",
    "constantduration",
    "cr",
    "crc",
    "cs",
    "ct",
    "data",
    "ddp",
    "depend",
    "dict",
    "direct",
    "dtls",
    "dup",
    "dvi4",
    "dtmf",
    "dtx",
    "ecn",
    "emphasis",
    "evs",
    "excl",
    "f",
    "fec",
    "fec-fr",
    "fid",
    "fir",
    "flexfec",
    "flexfec-03",
    "float",
    "fmtp",
    "g722",
    "g7221",
    "g723",
    "g726-16",
    "g726-24",
    "g726-32",
    "g726-40",
    "g728",
    "g729",
    "gal",
    "generation",
    "generic",
    "glonass",
    "gps",
    "gsm",
    "gsm-efr",
    "goog-remb",
    "google-ice",
    "h",
    "h261",
    "h263",
    "h263-1998",
    "h263-2000",
    "h264",
    "h265",
    "high",
    "host",
    "hq",
    "hs",
    "ice2",
    "ieee1588-2002",
    "ieee1588-2008",
    "ieee1588-2019",
    "ieee1722",
    "ilbc",
    "image",
    "in",
    "inactive",
    "incl",
    "inline",
    "interleaving",
    "ip4",
    "ip6",
    "jitt",
    "jpeg",
    "kdr",
    "l",
    "l16",
    "l24",
    "l8",
    "label",
    "level-asymmetry-allowed",
    "level-id",
    "level-idx",
    "lo",
    "local",
    "localmac",
    "loss",
    "low",
    "lpc",
    "lr",
    "ls",
    "lrr",
    "m",
    "m0",
    "max-bpp",
    "max-br",
    "max-cpb",
    "max-dpb",
    "max-fps",
    "max-fr",
    "max-fs",
    "max-height",
    "max-mbps",
    "max-pps",
    "max-smbps",
    "max-width",
    "maxaveragebitrate",
    "maxcapturerate",
    "maxplaybackrate",
    "md2",
    "md5",
    "message",
    "mid",
    "mi",
    "minptime",
    "mode",
    "mode-set",
    "mpa",
    "mpv",
    "mp2t",
    "mp4a-latm",
    "mp4v-es",
    "mpeg4-generic",
    "ms",
    "msid",
    "mslabel",
    "msrp",
    "nack",
    "network-cost",
    "network-id",
    "no",
    "nowait",
    "npt",
    "ntp",
    "object",
    "octet-align",
    "off",
    "on",
    "opus",
    "packetization-mode",
    "par",
    "pause",
    "pcm",
    "pcma",
    "pcmu",
    "pli",
    "previous-ssrc",
    "private",
    "prflx",
    "profile",
    "profile-id",
    "profile-level-id",
    "profile-space",
    "pt",
    "ptime",
    "ptp",
    "q",
    "qcelp",
    "rai",
    "rate",
    "rcvr-rtt",
    "raddr",
    "recv",
    "recvonly",
    "red",
    "relay",
    "renomination",
    "repair-window",
    "robust-sorting",
    "rpsi",
    "rport",
    "rr",
    "rs",
    "rtp",
    "rtp+ecn",
    "rtx",
    "rtx-time",
    "sampling",
    "sar",
    "savp",
    "savpf",
    "sctp",
    "send",
    "sender",
    "sendonly",
    "sendrecv",
    "sha-1",
    "sha-224",
    "sha-256",
    "sha-384",
    "sha-512",
    "short",
    "sim",
    "sizelength",
    "sli",
    "smart",
    "smpte",
    "so",
    "speex",
    "sprop-maxcapturerate",
    "sprop-stereo",
    "srf",
    "srflx",
    "stat-summary",
    "stereo",
    "streamid",
    "streamtype",
    "t140",
    "t38",
    "tcp",
    "tcptype",
    "telephone-event",
    "text",
    "tias",
    "tier",
    "tier-flag",
    "tls",
    "tmmbr",
    "tone",
    "track",
    "trackid",
    "traceable",
    "transport-cc",
    "trickle",
    "trr-int",
    "tstr",
    "ttl",
    "typ",
    "tx-mode",
    "udp",
    "udptl",
    "ufrag",
    "ulpfec",
    "usedtx",
    "useinbandfec",
    "vad",
    "vbcm",
    "vbr",
    "video",
    "voip-metrics",
    "vp8",
    "vp9",
    "webrtc-datachannel",
    "wms",
    "x",
    "y",
    "yes",
    "active",
    "passive",
    "actpass",
    "holdconn",
    "new",
    "existing",
    "utf-8",
    "iso-8859-1",
    "us-ascii",
    "broadcast",
    "meeting",
    "moderated",
    "test",
    "slides",
    "speaker",
    "main",
    "sl",
    "alt",
    "user-floor",
    "annexa",
    "annexb",
    "cif",
    "qcif",
    "indexlength",
    "indexdeltalength",
    "cpresent",
    "ebits",
    "octets",
    "unencrypted_srtp",
    "unencrypted_srtcp",
    "unauthenticated_srtp",
];

/// Whether a word tells nothing of who and where.
pub(super) fn is_known(word: &str) -> bool {
    KNOWN.iter().any(|known| word.eq_ignore_ascii_case(known))
}

/// Whether it is a number, or a few hex digits, as parameters of formats have them.
pub(super) fn is_number(word: &str) -> bool {
    let digits = word.bytes().all(|b| b.is_ascii_digit() || b == b'-');
    let hex = word.len() <= 8 && word.bytes().all(|b| b.is_ascii_hexdigit());
    let any = word.bytes().any(|b| b.is_ascii_digit());
    any && (digits && word.len() <= 10 || hex)
}

/// Whether it is digits alone.
pub(super) fn is_digits(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|b| b.is_ascii_digit())
}

/// Maps the words between separators by their places; the separators stay as they are.
pub(super) fn words(
    text: &str,
    separators: &[char],
    mut map: impl FnMut(usize, &str) -> String,
) -> String {
    let (mut out, mut rest, mut place) = (String::with_capacity(text.len()), text, 0);
    while !rest.is_empty() {
        let start = rest.find(|c| !separators.contains(&c)).unwrap_or(rest.len());
        let (gap, behind) = rest.split_at(start);
        let (word, after) = behind.split_at(behind.find(separators).unwrap_or(behind.len()));
        out.push_str(gap);
        if !word.is_empty() {
            out.push_str(&map(place, word));
            place += 1;
        }
        rest = after;
    }
    out
}

/// The shape of a text: words of protocols stay, in others letters become `x` or `X`, digits but 0
/// a 9, and anything beyond ASCII `ö`. What consists of hex digits keeps being hex.
pub(super) fn scrub(text: &str) -> String {
    shape(text, is_known)
}

/// The same of text that people wrote: no word stays.
pub(super) fn scrub_text(text: &str) -> String {
    shape(text, |_| false)
}

fn shape(text: &str, stays: impl Fn(&str) -> bool) -> String {
    runs(
        text,
        |c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'),
        |word| {
            if stays(word) {
                return String::from(word);
            }
            // Of a compound its parts.
            runs(
                word,
                |c| !matches!(c, '-' | '_'),
                |part| {
                    if stays(part) { String::from(part) } else { outline(part) }
                },
            )
        },
    )
}

/// Maps the runs of what is inside of words; the rest stays as it is, if it is of ASCII.
fn runs(text: &str, inside: impl Fn(char) -> bool, map: impl Fn(&str) -> String) -> String {
    let (mut out, mut rest) = (String::with_capacity(text.len()), text);
    while !rest.is_empty() {
        let start = rest.find(&inside).unwrap_or(rest.len());
        let (gap, behind) = rest.split_at(start);
        let (word, after) = behind.split_at(behind.find(|c| !inside(c)).unwrap_or(behind.len()));
        out.extend(gap.chars().map(|c| if c.is_ascii() { c } else { 'ö' }));
        if !word.is_empty() {
            out.push_str(&map(word));
        }
        rest = after;
    }
    out
}

fn outline(word: &str) -> String {
    let hex =
        word.bytes().all(|b| b.is_ascii_hexdigit()) && word.bytes().any(|b| b.is_ascii_digit());
    let low = if hex { 'a' } else { 'x' };
    let mapped = word.chars().map(|c| match c {
        '0' => '0',
        '1'..='9' => '9',
        'a'..='z' => low,
        'A'..='Z' => low.to_ascii_uppercase(),
        other => other,
    });
    mapped.collect()
}

/// The shape of bytes that may be none of UTF-8; those that are not become FF.
pub(super) fn scrub_bytes(bytes: &[u8], scrub: fn(&str) -> String) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        out.extend_from_slice(scrub(chunk.valid()).as_bytes());
        out.extend(chunk.invalid().iter().map(|_| 0xFF));
    }
    out
}
