use alloc::string::String;
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
    // A name without a value ends where the blanks begin.
    for flag in ["a=ice-lite \r\n", "a=extmap-allow-mixed\t\r\n", "a=x-own \r\n"] {
        assert_eq!(codes(flag), [Code::TrailingSpace], "{flag:?}");
    }
    assert_eq!(codes("a=ice-lite:\r\n"), [Code::AttributeFlag]);
    assert_eq!(codes("a=ice-lite: \r\n"), [Code::AttributeFlag, Code::TrailingSpace]);
    assert_eq!(codes("a=to ol\r\n"), [Code::AttributeName]);
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

#[test]
fn multicast_has_a_ttl_and_unicast_has_no_slash() {
    let found = |line: &str| {
        let text =
            alloc::format!("v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc={line}\r\nt=0 0\r\n");
        findings(&text)
    };
    assert_eq!(found("IN IP4 233.252.0.1"), [(4, (10, 21), Code::MulticastTtlMissing)]);
    assert_eq!(found("IN IP4 192.0.2.1/127"), [(4, (10, 23), Code::UnicastSlash)]);
    assert_eq!(found("IN IP6 2001:db8::1/3"), [(4, (10, 23), Code::UnicastSlash)]);
    for good in ["IN IP4 233.252.0.1/0", "IN IP6 ff15::1", "IN IP6 ff15::1/3", "IN IP4 a.example"] {
        assert_eq!(found(good), [], "{good}");
    }
}

#[test]
fn short_times_are_worth_knowing() {
    let found = codes("t=5 3034423619\r\n");
    assert_eq!(found, [Code::TimeShort]);
    assert_eq!(Code::TimeShort.severity(), Severity::Warning);
    assert_eq!(codes("t=3034423619 0\r\n"), []);
}

#[test]
fn with_a_group_every_section_has_a_mid() {
    let sections = "m=audio 0 RTP/AVP 0\r\na=mid:0\r\nm=audio 0 RTP/AVP 0\r\n";
    assert_eq!(codes(sections), []);
    assert_eq!(codes(&alloc::format!("a=group:LS 0\r\n{sections}")), [Code::MissingMid]);
    // A group of nothing says what its writer supports, and groups nothing.
    assert_eq!(codes(&alloc::format!("a=group:LS\r\n{sections}")), []);
    // One that cannot be read is a finding of its own.
    let bad = alloc::format!("a=group:LS 0\r\n{sections}a=mid:(\r\n");
    assert_eq!(codes(&bad), [Code::Mid]);
}

#[test]
fn a_bundle_group_has_addresses_of_one_family() {
    let bundle = |first: &str, second: &str| {
        codes(&alloc::format!(
            "a=group:BUNDLE 0 1\r\nm=message 9 TCP/MSRP *\r\n{first}a=mid:0\r\n\
             m=message 9 TCP/MSRP *\r\n{second}a=mid:1\r\n"
        ))
    };
    let (four, six) = ("c=IN IP4 0.0.0.0\r\n", "c=IN IP6 ::\r\n");
    assert_eq!(bundle(four, six), [Code::BundleAddressTypes]);
    assert_eq!(bundle(six, "c=IN IP4 a.example\r\n"), [Code::BundleAddressTypes]);
    assert_eq!(bundle(six, six), []);
    assert_eq!(bundle(six, ""), [Code::MissingConnection]);
}

#[test]
fn equal_fragments_have_equal_passwords() {
    let section = |pwd: &str| {
        alloc::format!(
            "m=audio 0 RTP/AVP 0\r\na=ice-ufrag:abcd\r\na=ice-pwd:abcdefghijklmnopqrstu{pwd}\r\n"
        )
    };
    let sections = |pwds: &[&str]| codes(&pwds.iter().map(|pwd| section(pwd)).collect::<String>());
    assert_eq!(sections(&["x", "x", "x"]), []);
    assert_eq!(sections(&["x", "y"]), [Code::IceUfragShared]);
    assert_eq!(sections(&["x", "y", "x"]), [Code::IceUfragShared; 2]);
    // The session part gives the password that the last section lacks.
    let tail = alloc::format!(
        "a=ice-pwd:abcdefghijklmnopqrstuy\r\n{}m=audio 0 RTP/AVP 0\r\na=ice-ufrag:abcd\r\n",
        section("x")
    );
    assert_eq!(codes(&tail), [Code::IceUfragShared]);
}

#[test]
fn a_lite_agent_gives_no_pacing() {
    assert_eq!(codes("a=ice-pacing:50\r\na=ice-lite\r\n"), [Code::IcePacingLite]);
    assert_eq!(codes("a=ice-pacing:50\r\n"), []);
}

#[test]
fn extensions_are_mapped_at_one_level() {
    let both =
        "a=extmap:1 urn:x\r\nm=audio 0 RTP/AVP 0\r\na=extmap:2 urn:y\r\na=extmap:3 urn:z\r\n";
    assert_eq!(codes(both), [Code::ExtMapLevels]);
}

#[test]
fn restrictions_of_a_rid_follow_their_grammar() {
    let found = |text: &str| codes(&alloc::format!("m=video 0 RTP/AVP 96\r\na=rid:{text}\r\n"));
    for good in [
        "1 send",
        "1 send pt=96,97;max-width=1280;max-bpp=0.5",
        "1 recv depend=a,b-c;max-fps",
        "1 send x-new=any thing;other",
    ] {
        assert_eq!(found(good), [], "{good}");
    }
    for bad in [
        "1 send pt=",
        "1 send max-fps=30;pt=96",
        "1 send max-width=wide",
        "1 send max-bpp=1",
        "1 send depend=",
        "1 send ;",
        "1 send a_b=1",
    ] {
        assert_eq!(found(bad), [Code::RidRestriction], "{bad}");
    }
}

#[test]
fn numbers_are_spelled_as_their_grammar_has_them() {
    let lines =
        |lines: &str| codes(&alloc::format!("m=audio 0 RTP/AVP 96\r\na=rtpmap:96 x/1\r\n{lines}"));
    for (line, code) in [
        ("a=ptime:020", Code::Ptime),
        ("a=maxptime:60.0", Code::Ptime),
        ("a=framerate:29.970", Code::Framerate),
        ("a=ssrc:01 cname:x", Code::Ssrc),
        ("a=ssrc-group:FID 1 02", Code::SsrcGroup),
        ("a=extmap:000001 urn:x", Code::ExtMap),
        ("a=candidate:1 0001 udp 1 192.0.2.1 9 typ host", Code::CandidateComponent),
        ("a=candidate:1 1 udp 00000000001 192.0.2.1 9 typ host", Code::CandidatePriority),
        ("a=rtcp-fb:096 nack", Code::RtcpFb),
    ] {
        assert_eq!(lines(&alloc::format!("{line}\r\n")), [code], "{line}");
    }
    for line in ["a=ptime:0.125", "a=framerate:29.97", "a=ssrc:0 cname:x", "a=extmap:00001 urn:x"] {
        assert_eq!(lines(&alloc::format!("{line}\r\n")), [], "{line}");
    }
    for (line, code) in [
        ("m=audio 0/02 RTP/AVP 0\r\nc=IN IP4 0.0.0.0", Code::MediaPortCount),
        ("m=audio 0 RTP/AVP 00", Code::PayloadType),
        ("m=audio 0 RTP/AVP +5", Code::PayloadType),
        ("m=audio 0 RTP/AVP 0\r\na=rtpmap:0 PCMU/08000", Code::RtpMapRate),
        ("m=audio 0 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000/01", Code::RtpMap),
        ("m=audio 0 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000/x", Code::RtpMap),
        ("m=audio 0 RTP/AVP 0\r\nc=IN IP4 233.252.0.1/0127", Code::MulticastTtl),
        ("m=audio 0 RTP/AVP 0\r\nc=IN IP6 ff15::101/03", Code::AddressCount),
        ("r=07d 1h 0", Code::RepeatSyntax),
        ("r=7d 1h 0\r\nz=12 -1h", Code::TimeShort),
    ] {
        assert_eq!(codes(&alloc::format!("{line}\r\n")), [code], "{line}");
    }
    // There is no bound for times; what cannot be counted is not ill-formed.
    let text = HEAD.replace("t=0 0", "t=0 99999999999999999999");
    let found: Vec<Code> = findings(&text).into_iter().map(|(_, _, code)| code).collect();
    assert_eq!(found, [Code::TimeOverflow]);
}

#[test]
fn text_that_is_not_utf8_says_what_it_is() {
    let check = |name: &[u8], more: &[u8]| {
        let [before, after] = ["v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\n", "\r\nt=0 0\r\n"];
        let text = [before.as_bytes(), name, after.as_bytes(), more].concat();
        let session = Session::parse(&text).unwrap();
        session.diagnostics().iter().map(|d| d.code).collect::<Vec<_>>()
    };
    let section = b"m=audio 0 RTP/AVP 0\r\ni=caf\xe9\r\n";
    assert_eq!(check(b"s=caf\xe9", b""), [Code::CharsetMissing]);
    assert_eq!(check(b"s=-", section), [Code::CharsetMissing]);
    let charset = b"a=charset:ISO-8859-1\r\n";
    assert_eq!(check(b"s=caf\xe9", charset), []);
    assert_eq!(check(b"s=-", &[&charset[..], section].concat()), []);
    // It stands in the session part or nowhere.
    assert_eq!(
        check(b"s=caf\xe9", &[&section[..20], b"\n", charset].concat()),
        [Code::CharsetMissing]
    );
    assert_eq!(check("s=café".as_bytes(), b""), []);
}

#[test]
fn the_streams_of_a_section_have_one_track() {
    let lines = |lines: &str| codes(&alloc::format!("m=audio 0 RTP/AVP 0\r\n{lines}"));
    assert_eq!(lines("a=msid:a t\r\na=msid:b t\r\n"), []);
    assert_eq!(lines("a=msid:a\r\na=msid:b\r\n"), []);
    assert_eq!(lines("a=msid:a t\r\na=msid:b u\r\n"), [Code::MsidTracks]);
    assert_eq!(lines("a=msid:a t\r\na=msid:b\r\n"), [Code::MsidTracks]);
    assert_eq!(lines("a=msid:a t\r\nm=video 0 RTP/AVP 0\r\na=msid:a u\r\n"), []);
}

#[test]
fn a_rid_that_is_discarded_costs_itself_alone() {
    let media = "m=video 0 RTP/AVP 34\r\n";
    for lines in [
        "a=rid:h send\r\na=rid:h recv\r\n",
        "a=rid:h send\r\na=simulcast:send h;l\r\n",
        "a=rid:h sideways\r\na=rid:l send\r\na=simulcast:send h;l\r\n",
        "a=rid:h send max-width=x\r\n",
    ] {
        let text = alloc::format!("{HEAD}{media}{lines}");
        let session = Session::parse(text.as_bytes()).unwrap();
        assert!(!session.diagnostics().is_empty(), "{lines}");
        assert!(session.check(Policy::Strict).is_err(), "{lines}");
        assert_eq!(session.check(Policy::Compat), Ok(()), "{lines}");
    }
}
