//! Input of an attacker: shapes that make others slow, split lines or lose sections.

use sdp_proto::{LimitError, Limits, Policy, Session};

/// Makes an input of about the given size.
type Shape = fn(usize) -> Vec<u8>;

fn repeat(head: &str, unit: &str, size: usize) -> Vec<u8> {
    let mut text = head.as_bytes().to_vec();
    while text.len() < size {
        text.extend_from_slice(unit.as_bytes());
    }
    text
}

fn numbered(head: &str, size: usize, unit: impl Fn(usize) -> String) -> Vec<u8> {
    let mut text = head.as_bytes().to_vec();
    let mut number = 0;
    while text.len() < size {
        text.extend_from_slice(unit(number).as_bytes());
        number += 1;
    }
    text
}

const HEAD: &str = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nt=0 0\r\n";

/// Valid, invalid and adversarial shapes by name.
pub(crate) const SHAPES: &[(&str, Shape)] = &[
    ("attributes", |size| repeat(HEAD, "a=x:y\r\n", size)),
    ("short lines", |size| repeat(HEAD, "a=\n", size)),
    ("blank lines", |size| repeat(HEAD, "\n", size)),
    ("one long line", |size| repeat("a=x:", "y", size)),
    ("carriage returns", |size| repeat(HEAD, "\r", size)),
    ("carriage returns alone", |size| repeat("v=0", "\r", size)),
    ("nuls", |size| repeat("v=0\r\n", "\0", size)),
    ("garbage", |size| repeat(HEAD, "no line\r\n", size)),
    ("bare sections", |size| repeat(HEAD, "m=\r\n", size)),
    ("sections", |size| numbered(HEAD, size, |n| format!("m=audio 9 RTP/AVP 0\r\na=mid:{n}\r\n"))),
    ("equal mids", |size| repeat(HEAD, "m=audio 9 RTP/AVP 0\r\na=mid:same\r\n", size)),
    ("a long group", |size| {
        let group = numbered("", size / 2, |n| format!(" {n}"));
        let group = String::from_utf8(group).unwrap();
        repeat(&format!("{HEAD}a=group:BUNDLE{group}\r\n"), "m=audio 9 RTP/AVP 0\r\n", size)
    }),
    ("many groups", |size| repeat(HEAD, "a=group:BUNDLE 1 2 3\r\n", size)),
    ("extension ids", |size| {
        numbered(&format!("{HEAD}m=audio 9 RTP/AVP 0\r\n"), size, |n| {
            format!("a=extmap:{} urn:{n}\r\n", n % 255 + 1)
        })
    }),
    ("rids", |size| {
        numbered(&format!("{HEAD}m=audio 9 RTP/AVP 0\r\n"), size, |n| format!("a=rid:{n} send\r\n"))
    }),
    ("simulcast", |size| {
        let rids = numbered("", size / 2, |n| format!(";{n}"));
        let rids = String::from_utf8(rids).unwrap();
        let head = format!("{HEAD}m=audio 9 RTP/AVP 0\r\na=simulcast:send 0{rids}\r\n");
        numbered(&head, size, |n| format!("a=rid:{n} send\r\n"))
    }),
    ("fields and then blanks", |size| {
        let mut text = repeat("a=group:BUNDLE", " x", size / 2);
        text.resize(size, b' ');
        text
    }),
    ("formats", |size| repeat(&format!("{HEAD}m=audio 9 RTP/AVP"), " 0", size)),
    ("candidate extensions", |size| {
        let head = "m=audio 9 RTP/AVP 0\r\na=candidate:1 1 udp 1 192.0.2.1 9 typ host";
        repeat(&format!("{HEAD}{head}"), " generation 0", size)
    }),
    ("bad candidates", |size| repeat(HEAD, "a=candidate:1 1 udp\r\n", size)),
    ("fingerprint", |size| repeat("a=fingerprint:x 00", ":00", size)),
    ("repeats", |size| repeat("t=0 0\r\nr=1 1", " 0d", size)),
    ("high bytes", |size| {
        let mut text = b"v=0\r\na=x:".to_vec();
        text.resize(size, 0xFF);
        text
    }),
];

#[test]
fn findings_grow_in_proportion_to_the_lines() {
    for (name, shape) in SHAPES {
        let text = shape(50_000);
        let session = Session::parse_with(text.as_slice().into(), Limits::unlimited()).unwrap();
        let findings = session.diagnostics().len();
        // A line of a group may have a finding for each word of it.
        let words = text.split(u8::is_ascii_whitespace).count();
        assert!(findings <= 4 * (words + session.line_count()), "{name}: {findings}");
    }
}

#[test]
fn the_default_limits_refuse_what_is_out_of_proportion() {
    let parse = |text: &[u8]| Session::parse(text).err();
    let limit = Limits::default();
    let many = repeat(HEAD, "a=x\r\n", 100_000);
    assert_eq!(parse(&many), Some(LimitError::Attributes { line: 4 + 1024 + 1, max: 1024 }));
    let sections = repeat(HEAD, "m=audio 9 RTP/AVP 0\r\n", 100_000);
    assert_eq!(parse(&sections), Some(LimitError::Media { line: 4 + 256 + 1, max: 256 }));
    let formats = repeat("m=audio 9 RTP/AVP", " 0", 1000);
    assert_eq!(parse(&formats), Some(LimitError::Formats { line: 1, max: 128 }));
    let line = repeat("a=", "x", limit.line_bytes_max + 1);
    let bytes = line.len();
    assert_eq!(parse(&line), Some(LimitError::LineBytes { line: 1, bytes, max: 16 * 1024 }));
    let body = repeat(HEAD, "i=a text of some length\r\n", limit.bytes_max + 1);
    let bytes = body.len();
    assert_eq!(parse(&body), Some(LimitError::Bytes { bytes, max: 256 * 1024 }));
    let blank = repeat(HEAD, "\n", 20_000);
    assert_eq!(parse(&blank), Some(LimitError::Lines { max: 16 * 1024 }));
    assert!(parse(&repeat("a=", "x", limit.line_bytes_max)).is_none());
}

#[test]
fn no_policy_accepts_a_line_that_another_reader_would_split() {
    for inner in ["a=mid:0\ra=evil:1", "s=x\rm=audio 9 RTP/AVP 0", "a=x:\0"] {
        let text = format!("{HEAD}{inner}\r\n");
        let session = Session::parse(text.as_bytes()).unwrap();
        assert!(session.check(Policy::Camera).is_err(), "{inner:?}");
    }
}

#[test]
fn text_that_is_no_description_is_refused_by_all() {
    let utf16: Vec<u8> = "v=0\r\ns=-\r\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    for text in [&b""[..], b"\n\n", b"{\"type\":\"offer\"}", &utf16, b"\xEF\xBB\xBF"] {
        let session = Session::parse(text).unwrap();
        assert!(session.check(Policy::Camera).is_err(), "{text:?}");
        assert_eq!(&*session.to_bytes(), text);
    }
}
