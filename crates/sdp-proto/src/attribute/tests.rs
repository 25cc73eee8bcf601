use alloc::string::ToString;

use super::*;

#[test]
fn the_table_and_the_types_agree_on_names() {
    for (table, names) in names_by_type() {
        assert_eq!(table, names);
    }
    assert!(Attribute::TYPED.iter().all(|name| Attribute::is_typed(name)));
    assert!(!Attribute::is_typed("x-unknown"));
}

/// One value for each type in its canonical spelling.
const CANONICAL: &[(&str, Option<&str>)] = &[
    ("candidate", Some("1 1 udp 2130706431 192.0.2.1 9 typ host generation 0")),
    ("end-of-candidates", None),
    ("remote-candidates", Some("1 192.0.2.3 45664 2 2001:db8::1 45665")),
    ("ice-ufrag", Some("8hhY")),
    ("ice-pwd", Some("asd88fgpdd777uzjYhagZg")),
    ("ice-options", Some("ice2 trickle")),
    ("ice-lite", None),
    ("ice-pacing", Some("50")),
    ("ice-mismatch", None),
    ("fingerprint", Some("sha-1 4A:AD:B9:B1:3F:82:18:3B:54:02:12:DF:3E:5D:49:6B:19:E5:7C:AB")),
    ("setup", Some("actpass")),
    ("connection", Some("new")),
    ("tls-id", Some("abc3de65cddef001be82")),
    ("mid", Some("0")),
    ("group", Some("BUNDLE 0 1")),
    ("group", Some("BUNDLE")),
    ("bundle-only", None),
    ("sctp-port", Some("5000")),
    ("sctpmap", Some("5000 webrtc-datachannel 1024")),
    ("max-message-size", Some("262144")),
    ("rtcp", Some("9 IN IP4 0.0.0.0")),
    ("rtcp", Some("9")),
    ("rtcp-mux", None),
    ("rtcp-mux-only", None),
    ("rtcp-rsize", None),
    ("rtcp-fb", Some("96 nack pli")),
    ("rtcp-fb", Some("* trr-int 5")),
    ("sendrecv", None),
    ("sendonly", None),
    ("recvonly", None),
    ("inactive", None),
    ("msid", Some("- track")),
    ("msid-semantic", Some("WMS *")),
    ("extmap", Some("1 urn:ietf:params:rtp-hdrext:sdes:mid")),
    ("extmap", Some("3/sendonly urn:x 25@600/24")),
    ("extmap-allow-mixed", None),
    ("rtpmap", Some("111 opus/48000/2")),
    ("fmtp", Some("111 minptime=10;useinbandfec=1")),
    ("ptime", Some("20")),
    ("maxptime", Some("0.125")),
    ("framerate", Some("29.97")),
    ("imageattr", Some("97 send [x=800,y=640] recv *")),
    ("ssrc", Some("1234 cname:a b")),
    ("ssrc-group", Some("FID 1 2")),
    ("rid", Some("h send pt=96;max-width=1280")),
    ("simulcast", Some("send 1,~4;2;3 recv c")),
    (
        "crypto",
        Some("1 AES_CM_128_HMAC_SHA1_80 inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj|2^20|1:4"),
    ),
    ("identity", Some("eyJpZHAiOnsiZG9tYWlu= a=b")),
    ("control", Some("rtsp://192.0.2.1/trackID=1")),
    ("range", Some("npt=0-")),
    ("source-filter", Some(" incl IN IP4 233.252.0.1 192.0.2.1 192.0.2.2")),
    ("ts-refclk", Some("ptp=IEEE1588-2008:39-A7-94-FF-FE-07-CB-D0:37")),
    ("mediaclk", Some("direct=963214424 rate=44100/1")),
    ("mediaclk", Some("sender")),
];

#[test]
fn every_type_reads_what_it_writes() {
    for (name, value) in CANONICAL {
        let read = Attribute::read(name, *value).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert_eq!(read.name(), *name);
        assert_eq!(read.is_flag(), value.is_none(), "{name}");
        assert_eq!(read.to_string(), value.unwrap_or_default(), "{name}");
    }
    for name in Attribute::TYPED {
        assert!(CANONICAL.iter().any(|(n, _)| n == name), "no canonical value for {name}");
    }
}

#[test]
fn a_flag_refuses_a_value_and_a_value_is_not_left_out() {
    for (name, value) in CANONICAL {
        let wrong = if value.is_some() { None } else { Some("x") };
        let error = Attribute::read(name, wrong).unwrap_err();
        let expected = if value.is_some() { Code::AttributeValue } else { Code::AttributeFlag };
        assert_eq!(error.code, expected, "{name}");
    }
}

/// Values that must not be read, with the code that says why.
const WRONG: &[(&str, &str, Code)] = &[
    ("remote-candidates", "0 192.0.2.1 9", Code::RemoteCandidates),
    ("remote-candidates", "1 192.0.2.1", Code::RemoteCandidates),
    ("ice-ufrag", "abc", Code::IceUfrag),
    ("ice-ufrag", "ab cd", Code::IceUfrag),
    ("ice-ufrag", "ab!cd", Code::IceUfrag),
    ("ice-pwd", "tooshorttooshorttoosh", Code::IcePwd),
    ("ice-pacing", "fast", Code::IcePacing),
    ("ice-pacing", "10000000000", Code::IcePacing),
    ("fingerprint", "sha-256 AB:CD", Code::FingerprintLength),
    ("fingerprint", "AB:CD", Code::Fingerprint),
    ("fingerprint", "x AB:C", Code::Fingerprint),
    ("fingerprint", "x AB:", Code::Fingerprint),
    ("fingerprint", "x AB-CD", Code::Fingerprint),
    ("fingerprint", "x AG", Code::Fingerprint),
    ("setup", "foo", Code::Setup),
    ("connection", "old", Code::ConnectionValue),
    ("tls-id", "short", Code::TlsId),
    ("mid", "a b", Code::Mid),
    ("group", "BUNDLE 0 (1)", Code::Group),
    ("sctp-port", "65536", Code::SctpPort),
    ("sctp-port", "05000", Code::SctpPort),
    ("max-message-size", "-1", Code::MaxMessageSize),
    ("max-message-size", "00", Code::MaxMessageSize),
    ("rtcp", "x", Code::Rtcp),
    ("rtcp", "9 IN IP4", Code::Rtcp),
    ("rtcp-fb", "128 nack", Code::RtcpFb),
    ("rtcp-fb", "96", Code::RtcpFb),
    ("msid", "a b c", Code::Msid),
    ("extmap", "1/sideways urn:x", Code::ExtMap),
    ("extmap", "0 urn:x", Code::ExtMapId),
    ("extmap", "256 urn:x", Code::ExtMapId),
    ("extmap", "1", Code::ExtMap),
    ("rtpmap", "abc opus/48000", Code::RtpMap),
    ("rtpmap", "96 opus", Code::RtpMap),
    ("rtpmap", "96 opus/0", Code::RtpMapRate),
    ("rtpmap", "96 opus/fast/2", Code::RtpMapRate),
    ("fmtp", "96", Code::Fmtp),
    ("ptime", "0", Code::Ptime),
    ("ptime", "1.", Code::Ptime),
    ("framerate", "-1", Code::Framerate),
    ("imageattr", "96 both *", Code::ImageAttr),
    ("ssrc", "4294967296 cname:x", Code::Ssrc),
    ("ssrc", "1", Code::Ssrc),
    ("ssrc-group", "FID 1 x", Code::SsrcGroup),
    ("rid", "1 both", Code::Rid),
    ("rid", "a.b send", Code::Rid),
    ("simulcast", "send", Code::Simulcast),
    ("simulcast", "send 1 send 2", Code::Simulcast),
    ("simulcast", "send 1;;2", Code::Simulcast),
    ("crypto", "1 SUITE key", Code::Crypto),
    ("range", "npt", Code::Range),
    ("source-filter", "maybe IN IP4 233.252.0.1 192.0.2.1", Code::SourceFilter),
    ("mediaclk", "direct=x", Code::MediaClk),
];

#[test]
fn malformed_values_are_refused_for_the_right_reason() {
    for (name, value, code) in WRONG {
        let error = Attribute::read(name, Some(value)).expect_err(value);
        assert_eq!(error.code, *code, "{name}:{value}");
        assert!(error.start <= error.end && error.end as usize <= value.len(), "{name}:{value}");
    }
}

#[test]
fn an_unknown_attribute_stays_as_it_is() {
    let read = Attribute::read("x-new", Some("a b"));
    assert_eq!(read, Ok(Attribute::Unknown { name: "x-new", value: Some(b"a b") }));
}

#[test]
fn an_answer_flows_only_where_both_sides_want_it() {
    use Direction::{Inactive, RecvOnly, SendOnly, SendRecv};
    assert_eq!(SendRecv.answer(SendRecv), SendRecv);
    assert_eq!(SendOnly.answer(SendRecv), RecvOnly);
    assert_eq!(RecvOnly.answer(SendRecv), SendOnly);
    assert_eq!(SendOnly.answer(SendOnly), Inactive);
    assert_eq!(Inactive.answer(SendRecv), Inactive);
    assert_eq!(SendOnly.reversed(), RecvOnly);
}

#[test]
fn hex_of_a_fingerprint_is_read_in_either_case_and_written_in_upper_case() {
    let lower = Attribute::read("fingerprint", Some("x ab:0f")).unwrap();
    assert_eq!(lower, Attribute::read("fingerprint", Some("x AB:0F")).unwrap());
    assert_eq!(lower.to_string(), "x AB:0F");
}

#[test]
fn fmtp_pairs_ignore_blanks_and_empty_parts() {
    let fmtp = Fmtp::read("fmtp", Some("96 a=1; B = 2 ;;c; d=e=f ")).unwrap();
    let pairs: alloc::vec::Vec<_> = fmtp.pairs().collect();
    assert_eq!(pairs, [("a", Some("1")), ("B", Some("2")), ("c", None), ("d", Some("e=f"))]);
    assert_eq!(fmtp.get("b"), Some("2"));
}

#[test]
fn a_fragment_is_read_up_to_256_characters_and_written_up_to_32() {
    let long = "x".repeat(IceUfrag::MAX);
    assert!(IceUfrag::read("ice-ufrag", Some(&long)).is_ok());
    assert!(IceUfrag::new(long.get(..IceUfrag::SENT_MAX).unwrap()).is_ok());
    assert!(IceUfrag::new(long.get(..=IceUfrag::SENT_MAX).unwrap()).is_err());
    assert!(IcePwd::new(long).is_ok());
}
