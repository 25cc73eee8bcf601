use alloc::vec::Vec;

use crate::diagnostic::{Code, Severity};
use crate::{Policy, Session};

const HEAD: &str = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nt=0 0\r\n";

fn findings(text: &str) -> Vec<(u32, (u32, u32), Code)> {
    let session = Session::parse(text.as_bytes()).unwrap();
    session.diagnostics().iter().map(|d| (d.line, d.columns, d.code)).collect()
}

fn codes(tail: &str) -> Vec<Code> {
    let text = alloc::format!("{HEAD}{tail}");
    findings(&text).into_iter().map(|(_, _, code)| code).collect()
}

#[test]
fn a_well_formed_description_gives_no_findings() {
    assert_eq!(codes("m=audio 9 RTP/AVP 0\r\nc=IN IP4 0.0.0.0\r\na=mid:0\r\n"), []);
}

#[test]
fn a_finding_points_at_the_bytes() {
    let text = alloc::format!("{HEAD}m=audio 9 RTP/AVP 0\r\nc=IN IP4 0.0.0.0\r\na=mid:a(b\r\n");
    assert_eq!(findings(&text), [(7, (7, 10), Code::Mid)]);
    let text = alloc::format!("{HEAD}m=audio 99999 RTP/AVP 0\r\nc=IN IP4 1.2.3.4\r\n");
    assert_eq!(findings(&text), [(5, (9, 14), Code::MediaPort)]);
}

#[test]
fn missing_lines_are_reported_where_they_were_due() {
    assert_eq!(
        findings("v=0\r\n"),
        [
            (2, (1, 1), Code::MissingOrigin),
            (2, (1, 1), Code::MissingName),
            (2, (1, 1), Code::MissingTime)
        ]
    );
    assert_eq!(codes("m=audio 9 RTP/AVP 0\r\n"), [Code::MissingConnection]);
    assert_eq!(codes("m=audio 0 RTP/AVP 0\r\n"), []);
}

#[test]
fn order_is_checked_in_both_parts() {
    assert_eq!(codes("c=IN IP4 192.0.2.1\r\n"), [Code::Misplaced]);
    assert_eq!(codes("s=x\r\n"), [Code::Repeated]);
    let late = [Code::Misplaced; 3];
    assert_eq!(codes("i=x\r\nu=http://a\r\ne=a@b\r\n"), late);
    let twice = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\ni=x\r\ni=x\r\nu=a\r\nu=a\r\ne=a@b\r\n\
        e=a@b\r\np=+1 2\r\nc=IN IP4 192.0.2.1\r\nc=IN IP4 192.0.2.2\r\nt=0 0\r\n";
    assert_eq!(
        findings(twice).into_iter().map(|(line, _, code)| (line, code)).collect::<Vec<_>>(),
        [(5, Code::Repeated), (7, Code::Repeated), (12, Code::Repeated)]
    );
    let media = "m=audio 0 RTP/AVP 0\r\n";
    assert_eq!(codes(&alloc::format!("{media}a=x\r\nb=AS:1\r\n")), [Code::Misplaced]);
    assert_eq!(codes(&alloc::format!("{media}t=0 0\r\n")), [Code::SessionLineInMedia]);
    let early = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nr=7d 1h 0\r\nt=0 0\r\n";
    assert_eq!(findings(early), [(4, (1, 10), Code::TimeMissingBefore)]);
}

#[test]
fn repeats_and_levels_are_per_section() {
    let two = "m=audio 0 RTP/AVP 0\r\na=mid:0\r\nm=video 0 RTP/AVP 96\r\na=mid:1\r\n";
    assert_eq!(codes(two), []);
    let again = "m=audio 0 RTP/AVP 0\r\na=mid:0\r\na=mid:0\r\n";
    assert_eq!(codes(again), [Code::AttributeRepeated]);
    let same = "m=audio 0 RTP/AVP 0\r\na=mid:0\r\nm=video 0 RTP/AVP 96\r\na=mid:0\r\n";
    assert_eq!(codes(same), [Code::MidRepeated]);
    for line in ["mid:0", "sctp-port:5000", "rtcp:9", "rtcp-mux", "rtcp-fb:* nack"] {
        assert_eq!(codes(&alloc::format!("a={line}\r\n")), [Code::AttributeLevel], "{line}");
    }
    assert_eq!(codes("m=audio 0 RTP/AVP 0\r\na=ice-lite\r\n"), [Code::AttributeLevel]);
}

#[test]
fn references_must_lead_somewhere() {
    assert_eq!(codes("a=group:BUNDLE 0\r\n"), [Code::GroupUnknownMid]);
    assert_eq!(codes("a=group:BUNDLE\r\n"), []);
    let media = "m=video 0 RTP/AVP 96\r\n";
    let lines = |lines: &str| codes(&alloc::format!("{media}{lines}"));
    assert_eq!(lines("a=rid:h send\r\na=simulcast:send h\r\n"), []);
    assert_eq!(lines("a=rid:h send\r\na=simulcast:send h;l\r\n"), [Code::SimulcastUnknownRid]);
    assert_eq!(lines("a=rid:h send\r\na=rid:h recv\r\n"), [Code::RidRepeated]);
    assert_eq!(lines("a=extmap:1 urn:x\r\na=extmap:1 urn:y\r\n"), [Code::ExtMapRepeated]);
    assert_eq!(lines("a=extmap:1 urn:x\r\na=extmap:2 urn:y\r\n"), []);
    assert_eq!(lines("a=extmap:4096 urn:x\r\na=extmap:4096 urn:y\r\n"), []);
}

#[test]
fn spacing_is_a_finding_where_it_has_a_grammar() {
    assert_eq!(codes("m=audio 0 RTP/AVP 0 \r\n"), [Code::TrailingSpace]);
    assert_eq!(codes("m=audio  0 RTP/AVP 0\r\n"), [Code::OddSpacing]);
    assert_eq!(codes("m=audio\t0 RTP/AVP 0\r\n"), [Code::OddSpacing]);
    assert_eq!(codes("m=audio 0 RTP/AVP 0\r\na=fmtp:0 a;  b \r\n"), []);
    assert_eq!(codes("a=msid-semantic: WMS\r\n"), []);
}

#[test]
fn text_that_hides_a_section_is_refused_by_all() {
    for tail in [
        "M=audio 9 RTP/AVP 0\r\n",
        "\u{200B}m=audio 9 RTP/AVP 0\r\n",
        "a=x\rm=audio 9 RTP/AVP 0\r\n",
        "a=x\0\r\n",
    ] {
        let text = alloc::format!("{HEAD}{tail}");
        let session = Session::parse(text.as_bytes()).unwrap();
        assert!(session.check(Policy::Camera).is_err(), "{tail:?}");
        assert_eq!(&*session.to_bytes(), text.as_bytes());
    }
}

#[test]
fn an_indented_media_line_opens_a_section() {
    let text = alloc::format!("{HEAD}  m=audio 9 RTP/AVP 0\r\nm =video 9 RTP/AVP 96\r\n");
    let session = Session::parse(text.as_bytes()).unwrap();
    assert_eq!(session.media_count(), 2);
    assert!(session.check(Policy::Compat).is_err());
    assert!(session.check(Policy::Camera).is_ok());
}

#[test]
fn policies_are_nested_and_severity_follows() {
    for code in Code::ALL {
        let borne: Vec<_> = Policy::ALL.iter().map(|p| code.tolerated_by(*p)).collect();
        assert!(borne.is_sorted(), "{code:?}");
        assert_eq!(code.severity() == Severity::Warning, borne[0], "{code:?}");
    }
}

#[test]
fn every_code_has_its_own_name_a_section_and_a_plain_sentence() {
    let mut names: Vec<_> = Code::ALL.iter().map(|code| code.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), Code::ALL.len());
    for code in Code::ALL {
        assert!(code.rfc().starts_with("RFC ") || code.rfc().starts_with("draft-"), "{code:?}");
        assert!(!code.message().ends_with('.') && !code.suggestion().is_empty(), "{code:?}");
    }
}
