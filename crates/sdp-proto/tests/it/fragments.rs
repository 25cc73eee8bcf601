//! Fragments as SIP and WHIP trickle them.

use sdp_proto::{Code, Fragment, Policy, Session, WriteError};

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
    let text = format!("{CREDENTIALS}a=end-of-candidates\r\nm=audio 9 RTP/AVP 0\r\na=mid:0\r\n");
    let fragment = Fragment::accept(text.as_bytes(), Policy::Strict).unwrap();
    assert!(fragment.end_of_candidates());
    assert!(fragment.sections().all(|section| section.end_of_candidates()));
}

const CREDENTIALS: &str = "a=ice-ufrag:EsAw\r\na=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1\r\n";

fn codes(text: &str) -> Vec<Code> {
    let fragment = Fragment::parse(text.as_bytes()).unwrap();
    fragment.diagnostics().iter().map(|finding| finding.code).collect()
}

#[test]
fn a_fragment_has_attributes_and_sections_alone() {
    let codes = |text: &str| codes(&format!("{CREDENTIALS}{text}"));
    assert_eq!(codes(""), []);
    assert_eq!(codes("v=0\r\n"), [Code::FragmentLine]);
    assert_eq!(codes("m=audio 9 RTP/AVP 0\r\nc=IN IP4 0.0.0.0\r\n"), [Code::FragmentLine]);
    assert_eq!(codes("a=candidate:1 1 udp 1 192.0.2.1 9 typ host\r\n"), [Code::AttributeLevel]);
    assert_eq!(Fragment::parse(b"").unwrap().diagnostics()[0].code, Code::Empty);
}

#[test]
fn a_fragment_carries_credentials_wherever_the_description_has_them() {
    let section = "m=audio 9 RTP/AVP 0\r\na=mid:0\r\n";
    assert_eq!(codes(&format!("{section}{CREDENTIALS}")), []);
    assert_eq!(codes(section), [Code::FragmentCredentials]);
    assert_eq!(codes(&format!("a=ice-ufrag:EsAw\r\n{section}")), [Code::FragmentCredentials]);
    // The grammar of §9.2 lets them be left out, so that the strictest bears it.
    let fragment = Fragment::accept(section.as_bytes(), Policy::Strict).unwrap();
    assert_eq!(fragment.ice_credentials().unwrap(), None);
}

#[test]
fn a_mid_stands_before_the_candidates_that_it_is_for() {
    let media = format!("{CREDENTIALS}m=audio 9 RTP/AVP 0\r\n");
    let candidate = "a=candidate:1 1 udp 1 192.0.2.1 9 typ host\r\n";
    let (mid, end) = ("a=mid:0\r\n", "a=end-of-candidates\r\n");
    assert_eq!(codes(&format!("{media}{mid}{candidate}{end}")), []);
    assert_eq!(codes(&format!("{media}{candidate}{end}{mid}")), [Code::FragmentMid]);
    assert_eq!(codes(&format!("{media}{end}")), [Code::FragmentMid]);
    // One finding a section; the sections need not be those of the description.
    let two = format!("{media}{mid}m=audio 9 RTP/AVP 0\r\n{candidate}{candidate}");
    assert_eq!(codes(&two), [Code::FragmentMid]);
}

#[test]
fn what_a_fragment_says_beyond_candidates_is_ignored() {
    let candidate = "a=candidate:1 1 udp 1 192.0.2.1 9 typ host\r\na=end-of-candidates\r\n";
    let plain = format!("{CREDENTIALS}m=audio 9 RTP/AVP 0\r\na=mid:0\r\n{candidate}");
    let more = format!(
        "{CREDENTIALS}a=new\r\na=later:1\r\nm=video 0 X 1 2\r\na=y\r\na=mid:0\r\n{candidate}"
    );
    let said = |text: &str| {
        assert_eq!(codes(text), []);
        let fragment = Fragment::accept(text.as_bytes(), Policy::Strict).unwrap();
        let section = fragment.sections().next().unwrap();
        let candidates: Vec<_> = section.candidates().map(|c| c.unwrap().to_string()).collect();
        let mid = section.mid().unwrap().unwrap().as_str().to_owned();
        let ufrag = section.ice_credentials().unwrap().unwrap().ufrag.as_str().to_owned();
        (mid, ufrag, candidates, section.end_of_candidates())
    };
    let expected = vec!["1 1 udp 1 192.0.2.1 9 typ host".to_owned()];
    assert_eq!(said(&plain), ("0".into(), "EsAw".into(), expected, true));
    assert_eq!(said(&more), said(&plain));
}

const HEAD: &str = "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n";

/// What a fragment says of a description.
fn of(description: &str) -> Result<String, WriteError> {
    let description = Session::accept(description.as_bytes(), Policy::Compat).unwrap();
    let fragment = Fragment::of(&description)?;
    fragment.check(Policy::Strict).unwrap();
    Ok(String::from_utf8(fragment.to_bytes().into_owned()).unwrap())
}

#[test]
fn a_written_fragment_has_the_credentials_where_the_description_has_them() {
    let audio = "m=audio 9 RTP/AVP 0\r\n";
    let candidate = "a=candidate:1 1 udp 1 192.0.2.1 9 typ host\r\n";
    let common = of(&format!("{HEAD}{CREDENTIALS}{audio}a=mid:0\r\n{candidate}"));
    assert_eq!(common, Ok(format!("{CREDENTIALS}{audio}a=mid:0\r\n{candidate}")));
    let own = of(&format!("{HEAD}{audio}{candidate}a=mid:0\r\n{CREDENTIALS}"));
    assert_eq!(own, Ok(format!("{audio}{CREDENTIALS}a=mid:0\r\n{candidate}")));
}

#[test]
fn a_written_fragment_repeats_all_candidates_in_their_order() {
    let candidates: String = [3, 1, 2]
        .map(|port| format!("a=candidate:{port} 1 udp 1 192.0.2.1 {port} typ host\r\n"))
        .concat();
    let text = of(&format!(
        "{HEAD}a=group:BUNDLE a b\r\na=ice-options:trickle\r\na=group:LS a\r\na=tool:x\r\n\
         {CREDENTIALS}m=audio 9 RTP/AVP 0\r\nc=IN IP4 0.0.0.0\r\na=mid:a\r\na=sendrecv\r\n\
         {candidates}a=end-of-candidates\r\nm=video 9 RTP/AVP 99\r\na=mid:b\r\n\
         m=text 0 RTP/AVP 98\r\na=mid:c\r\n{candidates}"
    ));
    assert_eq!(
        text,
        Ok(format!(
            "a=group:BUNDLE a b\r\na=ice-options:trickle\r\n{CREDENTIALS}\
             m=audio 9 RTP/AVP 0\r\na=mid:a\r\n{candidates}a=end-of-candidates\r\n"
        ))
    );
}

#[test]
fn what_is_no_fragment_is_not_written() {
    let code = |description: &str| match of(description) {
        Err(WriteError::Refused(refusal)) => refusal.first.code,
        other => panic!("{other:?}"),
    };
    let candidate = "a=candidate:1 1 udp 1 192.0.2.1 9 typ host\r\n";
    let audio = "m=audio 9 RTP/AVP 0\r\n";
    assert_eq!(code(&format!("{HEAD}{audio}")), Code::Empty);
    assert_eq!(code(&format!("{HEAD}{CREDENTIALS}{audio}{candidate}")), Code::FragmentMid);
    let unsigned = format!("{HEAD}{audio}a=mid:0\r\n{candidate}");
    assert_eq!(code(&unsigned), Code::FragmentCredentials);
}
