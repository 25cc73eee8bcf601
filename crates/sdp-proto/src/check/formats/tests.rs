use alloc::format;
use alloc::vec::Vec;

use crate::diagnostic::Code;
use crate::{Policy, Session};

/// The findings in an RTP section with these formats and attributes.
fn codes(formats: &str, attributes: &[&str]) -> Vec<Code> {
    let mut text = format!(
        "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nt=0 0\r\n\
         m=audio 9 RTP/AVP {formats}\r\nc=IN IP4 0.0.0.0\r\n"
    );
    for line in attributes {
        text = text + line + "\r\n";
    }
    let session = Session::parse(text.as_bytes()).unwrap();
    session.diagnostics().iter().map(|finding| finding.code).collect()
}

#[test]
fn a_format_is_mapped_and_parametrised_once() {
    let map = "a=rtpmap:101 telephone-event/8000";
    assert_eq!(codes("0 101", &[map, "a=fmtp:101 0-15"]), []);
    let again = "a=rtpmap:101 telephone-event/16000";
    assert_eq!(codes("0 101", &[map, again]), [Code::RtpMapRepeated]);
    let fmtp = ["a=fmtp:101 0-15", "a=fmtp:101 16"];
    assert_eq!(codes("101", &[&[map][..], &fmtp[..]].concat()), [Code::FmtpRepeated]);
}

#[test]
fn attributes_are_about_formats_of_the_m_line() {
    for line in ["a=rtpmap:97 opus/48000/2", "a=fmtp:97 x=1", "a=rtcp-fb:97 nack"] {
        assert_eq!(codes("0", &[line]), [Code::FormatUnlisted], "{line}");
        let listed = codes("0 97", &["a=rtpmap:97 opus/48000/2", line]);
        assert!(!listed.contains(&Code::FormatUnlisted), "{line}");
    }
    assert_eq!(codes("0", &["a=rtcp-fb:* nack"]), []);
}

#[test]
fn a_dynamic_payload_type_without_a_map_is_worth_a_warning() {
    assert_eq!(codes("0 8 34", &[]), []);
    assert_eq!(codes("111", &[]), [Code::FormatUnmapped]);
    assert!(Code::FormatUnmapped.tolerated_by(Policy::Strict));
}

#[test]
fn retransmissions_name_a_format_of_the_section() {
    let maps = ["a=rtpmap:96 VP8/90000", "a=rtpmap:97 rtx/90000"];
    let with = |more: &[&str]| codes("96 97", &[&maps[..], more].concat());
    assert_eq!(with(&["a=fmtp:97 apt=96;rtx-time=200"]), []);
    assert_eq!(with(&["a=fmtp:97 rtx-time=200;apt=96"]), []);
    assert_eq!(with(&[]), [Code::RtxApt]);
    assert_eq!(with(&["a=fmtp:97 rtx-time=200"]), [Code::RtxApt]);
    assert_eq!(with(&["a=fmtp:97 apt=98"]), [Code::RtxApt]);
    // In whichever order the lines stand.
    assert_eq!(codes("96 97", &["a=fmtp:97 apt=96", maps[0], maps[1]]), []);
}

#[test]
fn feedback_that_has_parameters_has_them() {
    for (line, fine) in [
        ("a=rtcp-fb:0 ccm fir", true),
        ("a=rtcp-fb:0 ccm", false),
        ("a=rtcp-fb:0 trr-int 100", true),
        ("a=rtcp-fb:0 trr-int", false),
        ("a=rtcp-fb:0 nack", true),
    ] {
        let expected = if fine { Vec::new() } else { [Code::RtcpFbParameter].to_vec() };
        assert_eq!(codes("0", &[line]), expected, "{line}");
    }
}

#[test]
fn multiplexed_rtcp_is_offered_as_such_and_told_from_rtp() {
    assert_eq!(codes("0", &["a=rtcp-mux-only"]), [Code::RtcpMuxOnly]);
    assert_eq!(codes("0", &["a=rtcp-mux-only", "a=rtcp-mux"]), []);
    assert_eq!(codes("0 66", &["a=rtcp-mux"]), [Code::PayloadTypeRtcp]);
    assert_eq!(codes("0 66", &[]), []);
    assert!(Code::PayloadTypeRtcp.tolerated_by(Policy::Strict));
}
