use alloc::string::{String, ToString};
use alloc::vec::Vec;

use crate::{Policy, Session};

fn safe(text: &str) -> String {
    Session::parse(text.as_bytes()).unwrap().anonymised().unwrap().to_string()
}

#[test]
fn equal_values_stay_equal_and_different_ones_different() {
    let text = "a=candidate:77 1 udp 5 10.0.0.1 9 typ srflx raddr 10.0.0.2 rport 9 ufrag abcd\n\
        a=candidate:78 1 udp 5 10.0.0.1 9 typ host generation 0\n\
        a=candidate:77 1 udp 5 fe80::1 9 typ host x-y secret7\n\
        a=ice-ufrag:abcd\na=msid:s1 t1\na=ssrc:7 msid:s1 t1\na=ssrc:8 cname:q\n";
    assert_eq!(
        safe(text),
        "a=candidate:1 1 udp 5 192.0.2.1 9 typ srflx raddr 192.0.2.2 rport 9 ufrag 0001\n\
         a=candidate:2 1 udp 5 192.0.2.1 9 typ host generation 0\n\
         a=candidate:1 1 udp 5 2001:db8::3 9 typ host x-y xxxxxx9\n\
         a=ice-ufrag:0001\na=msid:id1 id2\na=ssrc:7 msid:id1 id2\na=ssrc:8 cname:id3\n"
    );
}

#[test]
fn nothing_that_tells_who_or_where_is_left() {
    let secrets = [
        "alice",
        "10.9.8.7",
        "secret",
        "2001:db7::9",
        "hunter2",
        "cam.example.net",
        "AA:BB",
        "WVNfX19z",
        "7a1e2f0c",
        "Zürich",
        "private",
    ];
    let text = "v=0\r\no=alice 77 1 IN IP4 10.9.8.7\r\ns=private talk\r\ni=in Zürich\r\n\
        u=http://alice/\r\ne=alice@secret\r\np=+1 555\r\nc=IN IP4 cam.example.net\r\nt=0 0\r\n\
        k=clear:secret\r\na=tool:secret\r\nm=audio 9 RTP/AVP 0\r\nc=IN IP6 2001:db7::9\r\n\
        a=rtcp:9 IN IP4 10.9.8.7\r\na=remote-candidates:1 10.9.8.7 5\r\na=fingerprint:x AA:BB\r\n\
        a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:WVNfX19z\r\na=identity:secret\r\n\
        a=control:rtsp://alice:hunter2@cam.example.net/private/1\r\n\
        a=candidate:1 1 udp 5 7a1e2f0c.local 9 typ host\r\na=ice-pwd:secretsecretsecretsecret\r\n\
        a=source-filter: incl IN IP4 * 10.9.8.7\r\na=setup:secret\r\nsecret line\r\n";
    let safe = safe(text);
    for secret in secrets {
        assert!(text.contains(secret), "{secret}");
        assert!(!safe.contains(secret), "{secret} in {safe}");
    }
    assert_eq!(safe.lines().count(), text.lines().count());
}

#[test]
fn clocks_parameters_and_names_of_attributes_tell_nothing() {
    let secrets = ["7C-E9", "ED-FF", "corp", "alice", "secret", "hunter", "00:11:22"];
    let text = "m=alice 9 alice/AVP alice 0\nb=ALICE:5\na=ts-refclk:localmac=7C-E9-D3-1B-9A-AF\n\
        a=ts-refclk:ptp=IEEE1588-2008:7C-E9-D3-ED-FF-1B-9A-AF:37\na=ts-refclk:ntp=ntp.corp.test\n\
        a=mediaclk:IEEE1722=7C-E9-D3-1B-9A-AF-00-01\na=mid:alice\na=alice\na=x-alice:secret\n\
        a=x-mac:7C-E9-D3-1B-9A-AF\na=eui:00:11:22:33:44:55\na=fmtp:0 user=alice;mail=a@corp.test\n\
        a=rtpmap:0 alicecodec/8000\na=cname:alice@corp\na=rtcp-fb:* alice\na=rtcp-fb:0 nack alice\n\
        a=rid:alice send depend=alice;alice=1\na=simulcast:send alice;hunter\na=group:ALICE alice\n\
        a=ice-options:alice\na=extmap:1 urn:alice:x alice=1\na=control:alice\na=content:alice\n\
        a=candidate:1 1 udp 1 192.0.2.9 9 typ alice alice secret\na=ssrc:1 alice:secret\n\
        a=sctpmap:5000 alice 1\na=crypto:1 ALICE inline:hunter2\na=imageattr:0 send [alice=1]\n\
        a=setup:alice\nt=alice\nv=alice\nalice\n";
    let safe = safe(text).to_ascii_lowercase();
    for secret in secrets {
        let secret = secret.to_ascii_lowercase();
        assert!(!safe.contains(&secret), "{secret} in {safe}");
    }
}

#[test]
fn equal_names_stay_equal_wherever_they_stand() {
    let text = "a=group:BUNDLE left  right\na=mid:left\na=mid:right \na=rid:big send\n\
        a=rid:small send depend=big\na=simulcast:send big;~small\na=rtpmap:96 Own/90000\n\
        a=rtpmap:97 own/90000\n";
    assert_eq!(
        safe(text),
        "a=group:BUNDLE mid1  mid2\na=mid:mid1\na=mid:mid2 \na=rid:rid1 send\n\
         a=rid:rid2 send depend=rid1\na=simulcast:send rid1;~rid2\na=rtpmap:96 x1/90000\n\
         a=rtpmap:97 x1/90000\n"
    );
}

#[test]
fn what_has_no_name_in_it_stays() {
    let text = "v=0\nc=IN IP4 0.0.0.0\nt=0 0\nm=audio 9 RTP/AVP 111\na=rtpmap:111 opus/48000/2\n\
        a=fmtp:111 minptime=10\na=rtcp-fb:111 nack\na=mid:0\na=setup:actpass\na=rtcp-mux\n\
        a=extmap:1 urn:ietf:params:rtp-hdrext:sdes:mid\na=control:track1\na=msid:- *\n\na=rtcp-xr:rcvr-rtt=all\n";
    assert_eq!(safe(text), text);
}

#[test]
fn a_strict_description_stays_strict() {
    let text = include_str!("../../tests/data/chrome_offer.sdp");
    let session = Session::accept(text.as_bytes(), Policy::Strict).unwrap();
    let safe = session.anonymised().unwrap();
    assert!(safe.check(Policy::Strict).is_ok(), "{:?}", safe.check(Policy::Strict));
    let lines = |session: &Session<'_>| session.lines().map(|l| l.kind()).collect::<Vec<_>>();
    assert_eq!(lines(&safe), lines(&session));
}

#[test]
fn groups_of_hosts_are_replaced_by_such_of_the_same_scope() {
    let text = "c=IN IP4 239.7.8.9/32\nc=IN IP4 224.2.1.1/127/3\nc=IN IP4 239.7.8.9/1\n\
        c=IN IP6 ff15::beef\na=source-filter: incl IN IP4 239.7.8.9 10.0.0.1\n";
    assert_eq!(
        safe(text),
        "c=IN IP4 233.252.0.1/32\nc=IN IP4 233.252.0.2/127/3\nc=IN IP4 233.252.0.1/1\n\
         c=IN IP6 ff15::db8:0:3\na=source-filter: incl IN IP4 233.252.0.1 192.0.2.1\n"
    );
}

#[test]
fn a_version_does_not_give_the_session_away() {
    assert_eq!(safe("o=- 3910280086 3910280086 IN IP4 0.0.0.0\n"), "o=- 1 1 IN IP4 0.0.0.0\n");
    assert_eq!(safe("o=- 3910280086 3910280087 IN IP4 0.0.0.0\n"), "o=- 1 2 IN IP4 0.0.0.0\n");
    assert_eq!(safe("o=- 3910280086 7 IN IP4 0.0.0.0\n"), "o=- 1 7 IN IP4 0.0.0.0\n");
}

#[test]
fn what_is_right_stays_right() {
    for direction in ["sendrecv", "sendonly", "recvonly", "inactive"] {
        let text = alloc::format!("a=extmap:5/{direction} urn:ietf:params:rtp-hdrext:toffset\n");
        assert_eq!(safe(&text), text);
    }
}

#[test]
fn what_is_wrong_stays_wrong() {
    let text = "a=extmap:255 http://corp/own\u{11}ext\n";
    let codes = |text: &str| -> Vec<_> {
        Session::parse(text.as_bytes()).unwrap().diagnostics().iter().map(|d| d.code).collect()
    };
    assert!(codes(text).contains(&crate::Code::ExtMap));
    assert_eq!(codes(&safe(text)), codes(text));
    assert!(!safe(text).contains("corp"));
}

#[test]
fn a_thousand_addresses_have_a_thousand_aliases() {
    let lines = (0..1000).map(|n| alloc::format!("c=IN IP4 10.0.{}.{}\n", n / 256, n % 256));
    let text: String = lines.collect();
    let safe = safe(&text);
    let mut aliases: Vec<_> = safe.lines().collect();
    aliases.sort_unstable();
    aliases.dedup();
    assert_eq!(aliases.len(), 1000);
}
