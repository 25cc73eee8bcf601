use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use proptest::prelude::*;

use super::super::Sink;
use super::super::values::Values;
use crate::Session;
use crate::diagnostic::Code;
use crate::line::Kind;
use crate::section::AttributeLine;

/// What a line says, by what is plain and by what is read with care, and what is wrong with it.
fn both(text: &str, see: impl FnOnce(Option<String>, String, Vec<Code>)) {
    let session = Session::parse(text.as_bytes()).unwrap();
    let Some(line) = session.line(0).filter(|line| line.record.flags & !3 == 0) else { return };
    let mut codes = Vec::new();
    let sink: &mut Sink<'_> = &mut |finding| codes.push(finding.code);
    let mut values = Values::at(true);
    let (plain, careful) = if let Some(attribute) = AttributeLine::new(line) {
        let plain = super::attribute(&line, Some(text)).map(|(_, says)| format!("{says:?}"));
        (plain, format!("{:?}", values.attribute(&attribute, Some(text), sink)))
    } else {
        let kind = line.kind();
        let plain = super::field(&line, kind, Some(text)).map(|says| format!("{says:?}"));
        let says = if matches!(kind, Kind::Blank | Kind::Stray | Kind::Unknown(_)) {
            String::new()
        } else {
            // Without the text that was parsed nothing is plain.
            format!("{:?}", values.field(line, kind, None, sink))
        };
        (plain, says)
    };
    codes.retain(|code| *code != Code::AttributeLevel);
    see(plain, careful, codes);
}

const LINES: [&str; 62] = [
    "v=0",
    "o=- 4611731400430051336 2 IN IP4 127.0.0.1",
    "s=-",
    "t=0 0",
    "i=a text",
    "b=AS:128",
    "c=IN IP4 203.0.113.7",
    "m=audio 9 UDP/TLS/RTP/SAVPF 111 0 8",
    "m=audio 49170 RTP/AVP 0",
    "m=application 9 UDP/DTLS/SCTP webrtc-datachannel",
    "m=application 9 DTLS/SCTP 5000",
    "m=image 49172 udptl t38",
    "a=sctpmap:5000 webrtc-datachannel 1024",
    "a=group:BUNDLE 0 1 audio",
    "a=msid-semantic: WMS",
    "a=msid-semantic:WMS *",
    "a=candidate:1 1 udp 2130706431 192.0.2.1 5000 typ host",
    "a=candidate:2 2 TCP 1 2001:db8::1 9 typ host tcptype active generation 0",
    "a=candidate:3 1 udp 7 0e7e.local 5 typ srflx raddr 0.0.0.0 rport 9 ufrag EsAw network-id 1",
    "a=ice-ufrag:x7Qd",
    "a=ice-pwd:9mYt4Jq0bLw2RkUe6sVnHc1A",
    "a=ice-options:trickle ice2",
    "a=fingerprint:sha-1 0F:1E:2D:3C:4B:5A:69:78:87:96:A5:B4:C3:D2:E1:F0:0F:1E:2D:3C",
    "a=fingerprint:sha-256 0F:1E:2D:3C:4B:5A:69:78:87:96:A5:B4:C3:D2:E1:F0:0F:1E:2D:3C:4B:5A:69:78:87:96:A5:B4:C3:D2:E1:F0",
    "a=fingerprint:SHA-1 0F:1E:2D:3C:4B:5A:69:78:87:96:A5:B4:C3:D2:E1:F0:0F:1E:2D:3C",
    "a=setup:actpass",
    "a=mid:audio-1",
    "a=extmap:1 urn:ietf:params:rtp-hdrext:sdes:mid",
    "a=extmap:4096/sendonly urn:x",
    "a=extmap:3 urn:ietf:params:rtp-hdrext:encrypt urn:ietf:params:rtp-hdrext:sdes:mid vad=on",
    "a=extmap:14 urn:x vad=on",
    "a=sendrecv",
    "a=inactive",
    "a=rtcp-mux",
    "a=rtcp-mux-only",
    "a=rtcp-rsize",
    "a=bundle-only",
    "a=ice-lite",
    "a=end-of-candidates",
    "a=extmap-allow-mixed",
    "a=rtpmap:111 opus/48000/2",
    "a=rtpmap:97 RTX/90000",
    "a=fmtp:97 apt=96",
    "a=fmtp:111 minptime=10;useinbandfec=1",
    "a=rtcp-fb:* nack",
    "a=rtcp-fb:96 nack pli",
    "a=rtcp-fb:96 ccm fir",
    "a=rtcp:9 IN IP4 0.0.0.0",
    "a=rtcp:53020",
    "a=msid:- 5f0c8e2a-1111-4222-8333-944455566677",
    "a=msid:stream",
    "a=ssrc:2902487201 cname:cQm3vX8Lr0TzHn5w x y",
    "a=ssrc-group:FID 3171868687 750192674",
    "a=rid:h send",
    "a=simulcast:send h;~m,l recv x",
    "a=sctp-port:5000",
    "a=max-message-size:262144",
    "a=ptime:20",
    "a=framerate:25",
    "a=control:trackID=1",
    "a=range:npt=0-",
    "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz|2^20|1:32",
];

#[test]
fn usual_lines_are_plain_and_say_what_care_says() {
    for line in LINES {
        both(&format!("{line}\r\n"), |plain, careful, codes| {
            assert_eq!(plain.as_ref(), Some(&careful), "{line}");
            assert_eq!(codes, [], "{line}");
        });
    }
}

#[test]
fn what_is_odd_is_not_plain() {
    for line in [
        "t=0 1",
        "c=IN IP4 224.2.1.1",
        "c=IN IP4 192.0.2.01",
        "b=AS: 128",
        "m=audio 9 RTP/AVP 0 128",
        "m=audio 9 RTP/AVP 0 ",
        "a=mid:a b",
        "a=mid:",
        "a=sendrecv ",
        "a=rtcp-mux:",
        "a=ice-ufrag:abc",
        "a=ice-pwd:9mYt4Jq0bLw2RkUe6sVnHc1_",
        "a=fingerprint:md5 0F:1E:2D:3C:4B:5A:69:78:87:96:A5:B4:C3:D2:E1:F0",
        "a=fingerprint:sha-1 0f:1e:2d:3c:4b:5a:69:78:87:96:a5:b4:c3:d2:e1:f0:0f:1e:2d:3c",
        "a=rtcp-fb:96 ccm",
        "a=rtcp-fb:128 nack",
        "a=extmap:0 urn:x",
        "a=extmap:256 urn:x",
        "a=fmtp:97 x=1; APT = 96",
        "a=ptime:0",
        "a=sctp-port:05000",
        "a=candidate:1 1 udp 0 192.0.2.1 5000 typ host",
        "a=candidate:1 1 udp 1 192.0.2.256 5000 typ host",
        "a=candidate:1 1 udp 1 192.0.2.1 5000 typ srflx rport 1 rport 1",
        "a=candidate:1 1 udp 1 192.0.2.1 5000 typ host generation",
        "a=rid:h send max-width=x",
    ] {
        both(&format!("{line}\r\n"), |plain, _, _| assert_eq!(plain, None, "{line}"));
    }
}

/// A usual line with a few changes.
fn changed() -> impl Strategy<Value = String> {
    const EDITS: [&str; 18] = [
        "",
        " ",
        "\t",
        "0",
        "apt=",
        ";",
        "=",
        "/",
        ":",
        "é",
        "\u{c}",
        "\u{7f}",
        "a",
        "F",
        "-",
        "+",
        "256",
        "4294967296",
    ];
    let edit = proptest::sample::select(&EDITS[..]);
    let edits =
        proptest::collection::vec((any::<proptest::sample::Index>(), edit, 0..3_usize), 0..4);
    (proptest::sample::select(&LINES[..]), edits).prop_map(|(line, edits)| {
        let mut text: Vec<char> = line.chars().collect();
        for (at, put, cut) in edits {
            let at = at.index(text.len() + 1);
            let end = (at + cut).min(text.len());
            text.splice(at..end, put.chars());
        }
        text.into_iter().chain("\r\n".chars()).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    #[test]
    fn what_is_plain_has_no_finding_and_says_what_care_says(text in changed()) {
        both(&text, |plain, careful, codes| {
            if let Some(says) = plain {
                assert_eq!(says, careful, "{text:?}");
                assert_eq!(codes, [], "{text:?}");
            }
        });
    }
}
