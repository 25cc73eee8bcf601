//! Properties over random text and random values.

use proptest::collection::vec;
use proptest::prelude::*;
use sdp_proto::attribute::{
    Address, Candidate, CandidateType, Fingerprint, IcePwd, IceUfrag, TcpType, Transport,
};
use sdp_proto::text::{IceText, Token, Word};
use sdp_proto::{DataChannel, Fragment, IceCredentials, Part, Policy, Session};

/// Lines that are likely to be nearly right.
fn line() -> impl Strategy<Value = Vec<u8>> {
    let value = prop_oneof![
        Just(String::new()),
        "[ -~]{0,40}",
        Just("0".into()),
        Just("- 1 1 IN IP4 192.0.2.1".into()),
        Just("0 0".into()),
        Just("audio 9 UDP/TLS/RTP/SAVPF 111".into()),
        Just("IN IP4 0.0.0.0".into()),
        "(mid|group|candidate|setup|rid|simulcast|extmap|fmtp|x):[ -~]{0,30}",
        Just("candidate:1 1 udp 5 192.0.2.1 9 typ host generation 0".into()),
        "(mid:[01]|group:BUNDLE [01] [01]|extmap:[12] urn:[xy]|rid:[ab] send|simulcast:send [ab];[ab])",
    ];
    let typed = ("[ ]?[vosiuepcbtrzkamxM][ ]?=", value).prop_map(|(t, v)| (t + &v).into_bytes());
    prop_oneof![8 => typed, 1 => vec(any::<u8>(), 0..20)]
}

fn text() -> impl Strategy<Value = Vec<u8>> {
    let eol = prop_oneof![
        6 => Just(&b"\r\n"[..]), 3 => Just(&b"\n"[..]), 1 => Just(&b"\r"[..]),
        1 => Just(&b"\r\r\n"[..]), 1 => Just(&b""[..]),
    ];
    let bom = prop_oneof![9 => Just(&b""[..]), 1 => Just(&b"\xEF\xBB\xBF"[..])];
    (bom, vec((line(), eol), 0..20)).prop_map(|(bom, lines)| {
        let lines = lines.into_iter().flat_map(|(line, eol)| [line, eol.to_vec()]);
        bom.iter().copied().chain(lines.flatten()).collect()
    })
}

fn address() -> impl Strategy<Value = Address<'static>> {
    prop_oneof![
        any::<[u8; 4]>().prop_map(|ip| Address::Ip(ip.into())),
        any::<[u8; 16]>().prop_map(|ip| Address::Ip(ip.into())),
        "[a-z][a-z0-9-]{0,20}\\.local".prop_map(|name| Address::Name(name.parse().unwrap())),
    ]
}

fn candidate() -> impl Strategy<Value = Candidate<'static>> {
    let typ = prop_oneof![
        Just(CandidateType::Host),
        Just(CandidateType::ServerReflexive),
        Just(CandidateType::PeerReflexive),
        Just(CandidateType::Relayed),
        "x[a-z]{1,5}".prop_map(|t| CandidateType::Other(t.parse().unwrap())),
    ];
    let tcp = prop_oneof![
        Just(None),
        Just(Some(TcpType::Active)),
        Just(Some(TcpType::Passive)),
        Just(Some(TcpType::SimultaneousOpen)),
    ];
    let related = (proptest::option::of(address()), proptest::option::of(any::<u16>()));
    let base = ("[a-zA-Z0-9+/]{1,32}", 1_u16..=256, 1..=u32::MAX, address(), any::<u16>(), typ);
    let pairs = vec(("x[a-z-]{1,8}", "[!-~]{1,8}"), 0..5);
    (base, related, tcp, pairs).prop_map(
        |(
            (foundation, component, priority, address, port, typ),
            (raddr, rport),
            tcptype,
            pairs,
        )| {
            let foundation: IceText<'static> = foundation.parse().unwrap();
            let mut candidate =
                Candidate::new(foundation, component, priority, (address, port), typ);
            candidate.transport = if tcptype.is_some() { Transport::Tcp } else { Transport::Udp };
            (candidate.raddr, candidate.rport, candidate.tcptype) = (raddr, rport, tcptype);
            for (name, value) in pairs {
                let (name, value) = (Token::new(name).unwrap(), Word::new(value).unwrap());
                candidate = candidate.with_extension(&name, &value);
            }
            candidate
        },
    )
}

proptest! {
    #[test]
    fn any_text_prints_as_it_was(text in text()) {
        let session = Session::parse(&text).unwrap();
        prop_assert_eq!(&*session.to_bytes(), &text[..]);
        let lines: Vec<u8> = session.lines()
            .flat_map(|line| line.content().iter().chain(line.line_end()).copied()).collect();
        prop_assert!(text.ends_with(&lines) && text.len() - lines.len() <= 3);
    }

    #[test]
    fn any_bytes_are_borne(bytes in vec(any::<u8>(), 0..300)) {
        let session = Session::parse(&bytes).unwrap();
        prop_assert_eq!(&*session.to_bytes(), &bytes[..]);
        session.diagnostics();
        for media in session.media() {
            let _ = (media.line(), media.mid(), media.direction(), media.connection());
        }
    }

    #[test]
    fn a_lenient_policy_accepts_what_a_strict_one_does(text in text()) {
        let session = Session::parse(&text).unwrap();
        let fragment = Fragment::parse(&text).unwrap();
        let accepted = Policy::ALL.map(|policy| session.check(policy).is_ok());
        prop_assert!(accepted.is_sorted());
        let accepted = Policy::ALL.map(|policy| fragment.check(policy).is_ok());
        prop_assert!(accepted.is_sorted());
    }

    #[test]
    fn normalising_twice_is_normalising_once(text in text()) {
        let normal = Session::parse(&text).unwrap().normalised().unwrap();
        prop_assert_eq!(&normal.normalised().unwrap(), &normal);
    }

    #[test]
    fn anonymised_text_has_the_same_findings(text in text()) {
        let session = Session::parse(&text).unwrap();
        let safe = session.anonymised().unwrap();
        let findings = |session: &Session<'_>| {
            let all = session.diagnostics();
            let mut all: Vec<_> = all.iter().map(|found| (found.line, found.code)).collect();
            all.sort_unstable();
            all
        };
        prop_assert_eq!(findings(&session), findings(&safe), "{}", safe);
    }

    #[test]
    fn a_finding_points_into_its_line(text in text()) {
        let session = Session::parse(&text).unwrap();
        let findings = session.diagnostics();
        prop_assert!(findings.is_sorted_by_key(|finding| finding.line));
        for finding in findings {
            let (start, end) = finding.columns;
            prop_assert!(1 <= start && start <= end);
            let line = session.line(finding.line as usize - 1);
            let len = line.map_or(0, |line| line.content().len() as u32);
            prop_assert!(end <= len + 1, "{finding:?} in a line of {len}");
        }
    }

    #[test]
    fn a_check_and_the_list_of_findings_agree(text in text()) {
        let session = Session::parse(&text).unwrap();
        for policy in Policy::ALL {
            let findings = session.diagnostics();
            let first = findings.into_iter().find(|finding| !finding.tolerated_by(policy));
            let refused = session.check(policy).err().map(|refusal| refusal.first);
            let place = |finding: sdp_proto::Diagnostic| (finding.line, finding.columns);
            prop_assert_eq!(refused.map(place), first.map(place));
        }
    }

    #[test]
    fn edits_agree_with_a_list_of_lines(
        text in text(),
        edits in vec((0_u8..3, any::<prop::sample::Index>(), "[a-z]=[ -~]{0,12}"), 0..12),
    ) {
        let mut session = Session::parse(&text).unwrap();
        for (kind, at, content) in edits {
            let mut model: Vec<Vec<u8>> = session.lines().map(|l| l.content().to_vec()).collect();
            let count = model.len();
            let done = match kind {
                0 => {
                    let at = at.index(count + 1);
                    model.insert(at, content.clone().into_bytes());
                    session.insert_line(at, &content)
                }
                1 if count > 0 => {
                    let at = at.index(count);
                    model[at] = content.clone().into_bytes();
                    session.replace_line(at, &content)
                }
                2 if count > 0 => {
                    let at = at.index(count);
                    model.remove(at);
                    session.remove_line(at)
                }
                _ => continue,
            };
            prop_assert_eq!(done, Ok(()));
            let lines: Vec<Vec<u8>> = session.lines().map(|l| l.content().to_vec()).collect();
            prop_assert_eq!(&lines, &model);
            let media = model.iter().zip(session.lines()).filter(|(_, l)| l.kind() == sdp_proto::Kind::Media);
            prop_assert_eq!(session.media_count(), media.count());
        }
    }

    #[test]
    fn a_candidate_is_read_as_it_was_written(candidate in candidate()) {
        let forms = [
            candidate.to_string(),
            candidate.attribute().to_string(),
            candidate.line().to_string(),
        ];
        for form in forms {
            prop_assert_eq!(form.parse::<Candidate<'static>>().unwrap(), candidate.clone());
        }
    }

    #[test]
    fn an_own_offer_is_accepted_and_read_as_it_was_written(
        candidates in vec(candidate(), 0..4),
        ufrag in "[a-zA-Z0-9+/]{4,32}",
        pwd in "[a-zA-Z0-9+/]{22,64}",
        digest in any::<[u8; 32]>(),
        id in 0_u64..1 << 63,
    ) {
        let credentials =
            IceCredentials { ufrag: IceUfrag::new(ufrag).unwrap(), pwd: IcePwd::new(pwd).unwrap() };
        let fingerprint = Fingerprint::sha256(digest);
        let mut side = DataChannel::new(id, credentials.clone(), [fingerprint.clone()]);
        side.candidates = candidates.clone();
        let offer = side.offer().unwrap();
        let answer = side.answer(&offer).unwrap();
        for session in [offer, answer] {
            let bytes = session.to_bytes().into_owned();
            let session = Session::accept(&bytes, Policy::Strict).unwrap();
            prop_assert!(session.diagnostics().is_empty());
            let media = session.data_channel().unwrap();
            let read: Vec<_> = media.candidates().collect::<Result<_, _>>().unwrap();
            prop_assert_eq!(&read, &candidates);
            prop_assert_eq!(media.ice_credentials().unwrap(), Some(credentials.clone()));
            prop_assert_eq!(media.fingerprints().next(), Some(Ok(fingerprint.clone())));
        }
    }

    #[test]
    fn no_text_gets_a_second_line_in(name in "\\PC{0,10}", value in any::<String>()) {
        let text = b"v=0\r\nm=audio 9 RTP/AVP 0\r\n";
        let mut session = Session::parse(text).unwrap();
        let added = session.add_attribute_text(Part::Media(0), &name, Some(&value));
        let bytes = session.to_bytes().into_owned();
        let lines = Session::parse(&bytes).unwrap().line_count();
        prop_assert_eq!(lines, if added.is_ok() { 3 } else { 2 });
        prop_assert_eq!(bytes.iter().filter(|b| matches!(b, b'\r' | b'\n')).count(), lines * 2);
    }
}
