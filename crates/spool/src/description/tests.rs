use super::{Local, Remote, RemoteDescriptionError};
use ice_proto::{Candidate, CandidateKind, IceCredentials};
use sdp_proto::{Policy, Session, attribute::Setup};
use std::time::Duration;

fn local() -> Local {
    Local {
        credentials: IceCredentials::new("8hhY", "asd88fgpdd777uzjYhagZg").unwrap(),
        pacing: Duration::from_millis(5),
        session_id: 4_611_731_400_430_051_336,
        fingerprint: std::array::from_fn(|index| index as u8),
        lite: false,
    }
}

fn candidates() -> Vec<Candidate> {
    let host = Candidate::host("192.168.1.7:5000".parse().unwrap());
    let reflexive = Candidate {
        foundation: "2".parse().unwrap(),
        priority: 1_694_498_815,
        address: "203.0.113.9:41200".parse().unwrap(),
        kind: CandidateKind::ServerReflexive,
        related: Some(host.address),
        ..host
    };
    let six = Candidate {
        foundation: "3".parse().unwrap(),
        address: "[2001:db8::7]:5001".parse().unwrap(),
        ..host
    };
    vec![host, reflexive, six]
}

#[test]
fn an_offer_is_strict_sdp_and_says_what_it_was_made_of() {
    let text = local().offer(&candidates()).unwrap();
    Session::accept(text.as_bytes(), Policy::Strict).unwrap();
    let read = Remote::parse(&text).unwrap();
    assert_eq!(read.credentials, local().credentials);
    assert_eq!(read.pacing, Some(Duration::from_millis(5)));
    assert!(read.complete);
    assert_eq!((read.lite, read.skipped), (false, 0));
    assert_eq!(read.candidates, candidates());
    assert!(text.contains("m=application 41200 "), "the reflexive address is the default: {text}");
}

#[test]
fn an_offer_without_candidates_is_strict_sdp() {
    let text = local().offer(&[]).unwrap();
    Session::accept(text.as_bytes(), Policy::Strict).unwrap();
    assert!(text.contains("m=application 9 ") && text.contains("c=IN IP4 0.0.0.0"));
}

#[test]
fn an_answer_mirrors_the_offer_and_rejects_what_is_no_data_channel() {
    let offer = "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=group:BUNDLE audio data\r\n\
        m=audio 9 UDP/TLS/RTP/SAVPF 111 0\r\nc=IN IP4 0.0.0.0\r\na=mid:audio\r\na=rtpmap:111 opus/48000/2\r\n\
        m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\na=mid:data\r\n\
        a=ice-ufrag:8hhY\r\na=ice-pwd:asd88fgpdd777uzjYhagZg\r\na=setup:actpass\r\na=sctp-port:5000\r\n";
    let offer = Remote::parse(offer).unwrap();
    let text = local().answer(&offer, &candidates()).unwrap();
    let answer = Session::accept(text.as_bytes(), Policy::Strict).unwrap();
    let lines: Vec<_> = answer.media().map(|media| media.line().unwrap().to_string()).collect();
    assert_eq!(lines[0], "audio 0 UDP/TLS/RTP/SAVPF 111 0");
    assert_eq!(lines[1], "application 41200 UDP/DTLS/SCTP webrtc-datachannel");
    assert!(text.contains("a=group:BUNDLE data\r\n"));
    let data = answer.media_by_mid("data").unwrap();
    assert_eq!(data.setup().unwrap(), Some(Setup::Active));
    assert!(answer.media_by_mid("audio").unwrap().is_rejected());
}

#[test]
fn what_is_missing_is_named() {
    let fault = |text: &str| Remote::parse(text).unwrap_err();
    assert!(matches!(fault("hello"), RemoteDescriptionError::Syntax(_)));
    let head = "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n";
    assert_eq!(fault(head), RemoteDescriptionError::NoDataChannel);
    let rejected = "m=application 0 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\n";
    assert_eq!(fault(&format!("{head}{rejected}")), RemoteDescriptionError::NoDataChannel);
    let bare = "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\n";
    assert_eq!(fault(&format!("{head}{bare}")), RemoteDescriptionError::NoCredentials);
}

#[test]
fn names_are_skipped_and_tcp_candidates_where_they_are_not_wanted() {
    let mut text = local().offer(&candidates()).unwrap();
    text.push_str("a=candidate:4 1 udp 1 0b1c2d3e.local 9 typ host\r\n");
    text.push_str("a=candidate:5 1 tcp 1 192.168.1.7 9 typ host tcptype active\r\n");
    text.push_str("a=candidate:6 1 tcp 1 192.168.1.7 5002 typ host\r\n");
    let read = Remote::parse(&text).unwrap();
    assert_eq!((read.candidates.len(), read.skipped), (4, 2), "one without tcptype says nothing");
    let read = read.without_tcp();
    assert_eq!((read.candidates.len(), read.skipped), (3, 3));
}

#[test]
fn candidates_that_cannot_be_read_are_skipped() {
    for line in [
        "candidate:2441 1 udp 659136 fe80::1%21 60720 typ host generation 0",
        "candidate:2441 1 udp 659136 fe80::1%eth0 60720 typ host",
        "candidate:1 1 udp 2130706431 1.2.3 5000 typ host",
        "candidate:1 1 udp 2130706431 [2001:db8::1] 5000 typ host",
        "candidate:1 1 udp 1 192.0.2.1 5000 typ srflx raddr fe80::1%eth0 rport 9",
        "candidate:not one at all",
    ] {
        let text = local().offer(&candidates()).unwrap();
        let text = format!("{text}a={line}\r\n");
        let read = Remote::parse(&text).unwrap_or_else(|error| panic!("{line}: {error}"));
        assert_eq!((read.candidates.len(), read.skipped), (3, 1), "{line}");
    }
}

/// What browsers and libraries really wrote; `None` where the recordings are not at hand.
fn recordings() -> Option<Vec<(String, String)>> {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared");
    let shared = std::env::var_os("SPOOL_SHARED").unwrap_or_else(|| beside.into());
    let folder = std::path::Path::new(&shared).join("corpus/sdp-captured");
    let Ok(entries) = std::fs::read_dir(&folder) else {
        let in_ci = std::env::var_os("CI").is_some_and(|ci| ci == "true");
        assert!(!in_ci, "no recordings in {}", folder.display());
        return None;
    };
    let read = |entry: std::io::Result<std::fs::DirEntry>| {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        (name, std::fs::read_to_string(entry.path()).unwrap())
    };
    Some(entries.map(read).collect())
}

#[test]
fn every_recorded_offer_is_answered_and_every_recorded_answer_taken() {
    let Some(recordings) = recordings() else { return println!("not tried: no recordings here") };
    assert!(recordings.len() >= 10);
    for (name, text) in recordings {
        let remote = Remote::parse(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(
            text.contains("a=candidate:"),
            !remote.candidates.is_empty() || remote.skipped > 0,
            "{name}: {} candidates, {} passed over",
            remote.candidates.len(),
            remote.skipped
        );
        if !name.contains("offer") {
            continue;
        }
        let answer = local().answer(&remote, &candidates()).unwrap();
        let answer = Session::accept(answer.as_bytes(), Policy::Strict).unwrap();
        let offer = Session::parse(text.as_bytes()).unwrap();
        assert_eq!(answer.media_count(), offer.media_count(), "{name}");
        assert!(answer.data_channel().is_some(), "{name}");
    }
}
