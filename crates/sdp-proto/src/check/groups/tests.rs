use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use crate::diagnostic::Code;
use crate::{Policy, Session};

const MID: &str = "a=extmap:1 urn:ietf:params:rtp-hdrext:sdes:mid";

/// The findings in a description with these groups and sections.
fn codes(groups: &[&str], sections: &[String]) -> Vec<Code> {
    let mut text = String::from("v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nt=0 0\r\n");
    for group in groups {
        text = text + "a=group:" + group + "\r\n";
    }
    text.extend(sections.iter().map(String::as_str));
    let session = Session::parse(text.as_bytes()).unwrap();
    session.diagnostics().iter().map(|finding| finding.code).collect()
}

fn section(line: &str, attributes: &[&str]) -> String {
    let attributes = attributes.join("\r\n");
    format!("m={line}\r\nc=IN IP4 0.0.0.0\r\n{attributes}\r\n")
}

/// Two RTP sections, `0` and `1`, that can be in one group, with more attributes for the second.
fn two(line: &str, more: &[&str]) -> [String; 2] {
    let first = ["a=mid:0", "a=rtcp-mux", MID, "a=rtpmap:96 opus/48000/2"];
    let second = [&["a=mid:1", "a=rtcp-mux", MID], more].concat();
    [section("audio 9 RTP/SAVPF 96", &first), section(line, &second)]
}

#[test]
fn sections_that_can_share_a_transport_give_no_findings() {
    let other = ["a=rtpmap:97 VP8/90000"];
    assert_eq!(codes(&["BUNDLE 0 1"], &two("video 9 RTP/SAVPF 97", &other)), []);
    let same = ["a=rtpmap:96 OPUS/48000/2", "a=fmtp:96 minptime=10"];
    assert_eq!(codes(&["BUNDLE 0 1"], &two("audio 9 RTP/SAVPF 96", &same)), []);
}

#[test]
fn a_section_is_in_one_bundle_group_at_a_time() {
    let sections = two("video 9 RTP/SAVPF 97", &["a=rtpmap:97 VP8/90000"]);
    assert_eq!(codes(&["BUNDLE 0 1", "BUNDLE 1"], &sections), [Code::GroupTwice]);
    assert_eq!(codes(&["BUNDLE 0 1", "LS 0 1"], &sections), []);
}

#[test]
fn a_section_that_is_off_is_in_no_bundle_group() {
    let map = "a=rtpmap:97 VP8/90000";
    let off = two("video 0 RTP/SAVPF 97", &[map]);
    assert_eq!(codes(&["BUNDLE 0 1"], &off), [Code::BundleDisabled]);
    assert_eq!(codes(&["BUNDLE 0"], &off), []);
    assert_eq!(codes(&["LS 0 1"], &off), []);
    let waiting = two("video 0 RTP/SAVPF 97", &[map, "a=bundle-only"]);
    assert_eq!(codes(&["BUNDLE 0 1"], &waiting), []);
}

#[test]
fn rtp_of_a_group_is_one_session() {
    let map = "a=rtpmap:97 VP8/90000";
    let protocol = two("video 9 RTP/SAVP 97", &[map]);
    assert_eq!(codes(&["BUNDLE 0 1"], &protocol), [Code::BundleProtocol]);
    assert_eq!(codes(&[], &protocol), []);
    let [first, second] = two("video 9 RTP/SAVPF 97", &[map]);
    let without = |text: &str, gone: &str| text.replace(&format!("{gone}\r\n"), "");
    let unmarked = [first.clone(), without(&second, MID)];
    assert_eq!(codes(&["BUNDLE 0 1"], &unmarked), [Code::BundleMidExtension]);
    assert!(Code::BundleMidExtension.tolerated_by(Policy::Strict));
    // Multiplexing RTCP may be said by the section with the transport alone.
    let tagged = [first.clone(), without(&second, "a=rtcp-mux")];
    assert_eq!(codes(&["BUNDLE 0 1"], &tagged), []);
    assert_eq!(codes(&["BUNDLE 1 0"], &tagged), [Code::BundleRtcpMux]);
    // Data channels are no RTP.
    let data = section("application 9 UDP/DTLS/SCTP webrtc-datachannel", &["a=mid:1"]);
    assert_eq!(codes(&["BUNDLE 0 1"], &[first, data]), []);
}

#[test]
fn a_payload_type_of_a_group_stands_for_one_format() {
    let with = |more: &[&str]| codes(&["BUNDLE 0 1"], &two("video 9 RTP/SAVPF 96", more));
    assert_eq!(with(&["a=rtpmap:96 VP8/90000"]), [Code::BundlePayloadType]);
    assert_eq!(with(&["a=rtpmap:96 opus/48000"]), [Code::BundlePayloadType]);
    let apart = two("video 9 RTP/SAVPF 96", &["a=rtpmap:96 VP8/90000"]);
    assert_eq!(codes(&["BUNDLE 0", "BUNDLE 1"], &apart), []);
    // Parameters count as far as they make another format of it.
    let profiles = |second: &str| {
        let attributes = |mid: &'static str, fmtp: &str| {
            let lines = [mid, "a=rtcp-mux", MID, "a=rtpmap:96 VP9/90000", fmtp];
            section("video 9 RTP/SAVPF 96", &lines)
        };
        let sections =
            [attributes("a=mid:0", "a=fmtp:96 profile-id=0"), attributes("a=mid:1", second)];
        codes(&["BUNDLE 0 1"], &sections)
    };
    assert_eq!(profiles("a=fmtp:96 profile-id=0;max-fr=30"), []);
    assert_eq!(profiles("a=fmtp:96 profile-id=2"), [Code::BundlePayloadType]);
}

#[test]
fn one_flow_has_addresses_that_differ() {
    let audio = |port: u16, mid: &str| {
        section(&format!("audio {port} RTP/AVP 0"), &[&format!("a=mid:{mid}")])
    };
    assert_eq!(codes(&["FID 1 2"], &[audio(30_000, "1"), audio(30_002, "2")]), []);
    assert_eq!(codes(&["FID 1 2"], &[audio(30_000, "1"), audio(30_000, "2")]), [Code::FidAddress]);
    let elsewhere = audio(30_000, "2").replace("0.0.0.0", "192.0.2.1");
    assert_eq!(codes(&["FID 1 2"], &[audio(30_000, "1"), elsewhere]), []);
}
