//! Fragments as SIP and WHIP trickle them.

use sdp_proto::{Code, Fragment, Policy};

#[test]
fn a_fragment_gives_credentials_candidates_and_the_end_of_them() {
    let text = b"a=ice-options:trickle ice2\r\na=group:BUNDLE 0 1\r\na=ice-ufrag:EsAw\r\n\
        a=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1\r\nm=audio 9 RTP/AVP 0\r\na=mid:0\r\n\
        a=candidate:1387637174 1 udp 2122260223 192.0.2.1 61764 typ host ufrag EsAw\r\n\
        a=end-of-candidates\r\nm=video 9 RTP/AVP 0\r\na=mid:1\r\n";
    let fragment = Fragment::accept(text, Policy::Strict).unwrap();
    assert_eq!(&*fragment.to_bytes(), text);
    assert_eq!(fragment.ice_credentials().unwrap().unwrap().ufrag.as_str(), "EsAw");
    assert!(fragment.ice_options().unwrap().unwrap().contains("ice2"));
    assert!(!fragment.end_of_candidates());
    let [audio, video] = [0, 1].map(|index| fragment.sections().nth(index).unwrap());
    assert_eq!(audio.mid().unwrap().unwrap(), "0");
    assert!(audio.end_of_candidates() && !video.end_of_candidates());
    let candidate = audio.candidates().next().unwrap().unwrap();
    assert_eq!((candidate.port, candidate.ufrag()), (61764, Some("EsAw")));
    assert_eq!(video.candidates().count(), 0);
    assert!(video.ice_credentials().unwrap().is_some());
}

#[test]
fn the_end_of_candidates_may_hold_for_all_sections() {
    let text = b"a=end-of-candidates\r\nm=audio 9 RTP/AVP 0\r\na=mid:0\r\n";
    let fragment = Fragment::accept(text, Policy::Strict).unwrap();
    assert!(fragment.end_of_candidates());
    assert!(fragment.sections().all(|section| section.end_of_candidates()));
}

#[test]
fn a_fragment_has_attributes_and_sections_alone() {
    let codes = |text: &[u8]| -> Vec<Code> {
        Fragment::parse(text).unwrap().diagnostics().iter().map(|finding| finding.code).collect()
    };
    assert_eq!(codes(b"v=0\r\na=ice-ufrag:EsAw\r\n"), [Code::FragmentLine]);
    assert_eq!(codes(b"m=audio 9 RTP/AVP 0\r\nc=IN IP4 0.0.0.0\r\n"), [Code::FragmentLine]);
    assert_eq!(codes(b"a=candidate:1 1 udp 1 192.0.2.1 9 typ host\r\n"), [Code::AttributeLevel]);
    assert_eq!(codes(b""), [Code::Empty]);
}
