//! `spool sdp`: descriptions linted, printed, compared and explained.
use crate::program::{run, spool};
use serde_json::Value;
use std::{fs, io::Write, process::Stdio};
use tempfile::TempDir;

const OFFER: &str = "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0 1\r\n\
    m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\na=mid:0\r\n\
    a=ice-ufrag:9uB6\r\na=ice-pwd:YH75Fviy6338Vbrhrlp8Yh\r\na=setup:actpass\r\n\
    a=candidate:1 1 udp 2130706431 192.0.2.1 50000 typ host\r\n\
    a=candidate:2 1 udp 1694498815 203.0.113.9 50000 typ srflx raddr 192.0.2.1 rport 50000\r\n\
    a=sctp-port:5000\r\n\
    m=audio 9 UDP/TLS/RTP/SAVPF 0\r\nc=IN IP4 0.0.0.0\r\na=mid:1\r\na=sendonly\r\n\
    a=rtcp-mux\r\na=extmap:1 urn:ietf:params:rtp-hdrext:sdes:mid\r\n";

/// Refused in `strict` and `compat` for its payload type; its line ends are mixed.
const FAULTY: &str = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\ns=-\r\nt=0 0\r\n\
    m=audio 9 RTP/AVP 0 256\r\nc=IN IP4 192.0.2.1\r\n";

struct Files(TempDir);

impl Files {
    fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    fn write(&self, name: &str, text: impl AsRef<[u8]>) -> String {
        let path = self.0.path().join(name);
        fs::write(&path, text).unwrap();
        path.into_os_string().into_string().unwrap()
    }
}

/// Exit status and stdout, byte for byte.
fn bytes(args: &[&str], input: &[u8]) -> (Option<i32>, Vec<u8>) {
    let mut command = spool(args);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    let ended = child.wait_with_output().unwrap();
    (ended.status.code(), ended.stdout)
}

#[test]
fn lint_accepts_what_is_good_and_says_so() {
    let files = Files::new();
    let good = files.write("good.sdp", OFFER);
    let ended = run(&["sdp", "lint", &good, &good]);
    assert_eq!(ended.code(), Some(0), "{ended:?}");
    assert_eq!(ended.out.len(), 2, "{ended:?}");
    assert!(ended.out[0].starts_with(&format!("{good}: accepted, policy strict")), "{ended:?}");
    assert!(ended.err.is_empty(), "{ended:?}");
}

#[test]
fn lint_puts_carets_under_what_is_wrong() {
    let files = Files::new();
    let faulty = files.write("faulty.sdp", FAULTY);
    let ended = run(&["sdp", "lint", &faulty]);
    assert_eq!(ended.code(), Some(1), "{ended:?}");
    let at = ended.out.iter().position(|line| line.starts_with("error[payload-type]: ")).unwrap();
    let shown = &ended.out[at + 1..at + 5];
    assert_eq!(shown[0], format!(" --> {faulty}:5:21 (RFC 8866 §5.14)"));
    assert_eq!(shown[2], " 5 | m=audio 9 RTP/AVP 0 256");
    assert!(shown[3].starts_with("   |                     ^^^ use a dynamic"), "{shown:?}");
    assert_eq!(ended.err, ["spool: 1 of 1 refused, policy strict"]);
}

#[test]
fn the_policy_decides_what_refuses() {
    let files = Files::new();
    let faulty = files.write("faulty.sdp", FAULTY);
    for (policy, code) in [("strict", 1), ("compat", 1), ("camera", 0)] {
        let ended = run(&["sdp", "lint", "--policy", policy, &faulty]);
        assert_eq!(ended.code(), Some(code), "{policy}: {ended:?}");
    }
    let good = files.write("good.sdp", OFFER);
    assert_eq!(run(&["sdp", "lint", &good, &faulty]).code(), Some(1));
}

#[test]
fn lint_says_one_thing_about_what_is_no_description() {
    let files = Files::new();
    for (text, code) in [("", "empty"), ("{\"sdp\": \"v=0\"}\n\n<html>\0\n", "not-sdp")] {
        let ended = run(&["sdp", "lint", &files.write("other", text)]);
        assert_eq!(ended.code(), Some(1), "{ended:?}");
        let errors: Vec<&String> = ended.out.iter().filter(|l| l.starts_with("error")).collect();
        assert!(matches!(errors[..], [one] if one.contains(code)), "{ended:?}");
        assert!(ended.out.last().unwrap().ends_with("1 finding, 1 error"), "{ended:?}");
    }
}

#[test]
fn lint_tells_programs_as_json() {
    let files = Files::new();
    let (good, faulty) = (files.write("good.sdp", OFFER), files.write("faulty.sdp", FAULTY));
    let (code, out) = bytes(&["sdp", "lint", "--json", &good, &faulty, "-"], b"hello");
    assert_eq!(code, Some(1));
    let all: Value = serde_json::from_slice(&out).unwrap();
    assert_eq!(all.as_array().unwrap().len(), 3);
    assert_eq!((&all[0]["accepted"], &all[1]["accepted"]), (&true.into(), &false.into()));
    let findings = all[1]["findings"].as_array().unwrap();
    let found = findings.iter().find(|found| found["code"] == "payload-type").unwrap();
    assert_eq!((&found["line"], &found["column"]), (&5.into(), &21.into()));
    assert_eq!((&found["end_column"], &found["refused"]), (&24.into(), &true.into()));
    assert_eq!(found["text"], "m=audio 9 RTP/AVP 0 256");
    assert_eq!((&all[2]["file"], &all[2]["accepted"]), (&"stdin".into(), &false.into()));
}

#[test]
fn a_file_that_cannot_be_read_is_one_line_and_the_others_are_linted() {
    let files = Files::new();
    let good = files.write("good.sdp", OFFER);
    let ended = run(&["sdp", "lint", "/nonexistent.sdp", &good]);
    assert_eq!(ended.code(), Some(1), "{ended:?}");
    assert_eq!(ended.err.len(), 1, "{ended:?}");
    assert!(ended.last_line().starts_with("spool: /nonexistent.sdp: "), "{ended:?}");
    assert!(ended.out[0].contains("accepted"), "{ended:?}");
    for task in ["print", "fmt", "anonymise", "explain"] {
        let ended = run(&["sdp", task, "/nonexistent.sdp"]);
        assert_eq!((ended.code(), ended.err.len()), (Some(1), 1), "{ended:?}");
    }
}

#[test]
fn what_is_beyond_the_limits_is_refused_by_every_policy() {
    let files = Files::new();
    let long = files.write("long.sdp", "a=x\r\n".repeat(100_000));
    let ended = run(&["sdp", "lint", "--policy", "camera", &long]);
    assert_eq!(ended.code(), Some(1), "{ended:?}");
    assert!(ended.out[0].contains("has 500000 bytes"), "{ended:?}");
    assert_eq!(run(&["sdp", "print", &long]).code(), Some(1));
}

#[test]
fn calls_that_make_no_sense_exit_with_64() {
    for args in [
        &["sdp"][..],
        &["sdp", "lint"],
        &["sdp", "lint", "--policy", "lax", "x"],
        &["sdp", "lint", "-", "-"],
        &["sdp", "diff", "a"],
        &["sdp", "diff", "-", "-"],
        &["sdp", "print"],
        &["sdp", "prettify", "x"],
        &["sdp", "answer"],
    ] {
        assert_eq!(run(args).code(), Some(64), "{args:?}");
    }
}

#[test]
fn print_changes_no_byte() {
    let texts: [&[u8]; 4] =
        [OFFER.as_bytes(), FAULTY.as_bytes(), b"\xef\xbb\xbfv=0\n\n s = \xff\xfe\r\r\nno end", b""];
    for text in texts {
        assert_eq!(bytes(&["sdp", "print", "-"], text), (Some(0), text.to_vec()));
    }
}

#[test]
fn what_is_no_sdp_at_all_is_told_in_one_line_and_not_rewritten() {
    let files = Files::new();
    let json = files.write("offer.json", "{\"type\":\"offer\"}");
    let empty = files.write("empty.sdp", "");
    let offer = files.write("offer.sdp", OFFER);
    for file in [&json, &empty] {
        for args in [
            &["sdp", "fmt", file][..],
            &["sdp", "anonymise", file],
            &["sdp", "explain", file],
            &["sdp", "diff", &offer, file],
        ] {
            let ended = run(args);
            assert_eq!((ended.code(), ended.err.len()), (Some(1), 1), "{ended:?}");
            assert!(ended.out.is_empty(), "{ended:?}");
            assert!(ended.last_line().starts_with(&format!("spool: {file}: ")), "{ended:?}");
        }
    }
}

#[test]
fn fmt_spells_canonically_and_once_is_enough() {
    let odd = b"v=0\no=-  1 1 IN IP4 192.0.2.1\ns=\n\nt=0 0\nm=audio 9 RTP/AVP 0 \na=mid:0\n\
        c=IN IP4 192.0.2.1";
    let (code, once) = bytes(&["sdp", "fmt", "-"], odd);
    assert_eq!(code, Some(0));
    assert_eq!(
        String::from_utf8_lossy(&once),
        "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nt=0 0\r\n\
         m=audio 9 RTP/AVP 0\r\nc=IN IP4 192.0.2.1\r\na=mid:0\r\n"
    );
    assert_eq!(bytes(&["sdp", "fmt", "-"], &once), (Some(0), once));
}

#[test]
fn anonymise_keeps_the_shape_and_no_address() {
    let (code, out) = bytes(&["sdp", "anonymise", "-"], OFFER.as_bytes());
    let text = String::from_utf8(out).unwrap();
    assert_eq!((code, text.lines().count()), (Some(0), OFFER.lines().count()));
    for secret in ["203.0.113.9", "9uB6", "YH75Fviy6338Vbrhrlp8Yh"] {
        assert!(!text.contains(secret), "{text}");
    }
}

#[test]
fn diff_sees_through_spelling_and_order_of_lines() {
    let files = Files::new();
    let a = files.write("a.sdp", OFFER);
    let swapped = OFFER.replace("a=mid:1\r\na=sendonly", "a=sendonly\r\na=mid:1");
    assert_ne!(swapped, OFFER);
    let b = files.write("b.sdp", swapped.replace("\r\n", "\n"));
    let ended = run(&["sdp", "diff", &a, &b]);
    assert_eq!((ended.code(), ended.out.len()), (Some(0), 0), "{ended:?}");
}

#[test]
fn diff_matches_sections_by_mid() {
    let files = Files::new();
    let a = files.write("a.sdp", OFFER);
    let at = OFFER.find("m=application").unwrap();
    let audio = OFFER.find("m=audio").unwrap();
    let (head, data, sound) = (&OFFER[..at], &OFFER[at..audio], &OFFER[audio..]);
    let quiet = sound.replace("sendonly", "inactive");
    let b = files.write("b.sdp", format!("{head}{data}{quiet}"));
    let ended = run(&["sdp", "diff", &a, &b]);
    assert_eq!(ended.code(), Some(1), "{ended:?}");
    let expected = ["@@ mid 1, section 2 @@", "-a=sendonly", "+a=inactive"];
    assert_eq!(ended.out[2..], expected, "{ended:?}");
    let c = files.write("c.sdp", format!("{head}{sound}{data}"));
    let moved = run(&["sdp", "diff", &a, &c]).out;
    let expected =
        ["@@ mid 0, moved from section 1 to 2 @@", "@@ mid 1, moved from section 2 to 1 @@"];
    assert_eq!(moved[2..], expected, "{moved:?}");
    let d = files.write("d.sdp", format!("{head}{data}"));
    let gone = run(&["sdp", "diff", &a, &d]).out;
    assert_eq!(gone[2], "@@ mid 1, section 2 @@");
    assert_eq!(gone.len(), 3 + sound.lines().count(), "{gone:?}");
    assert_eq!(run(&["sdp", "diff", &d, &a]).out.len(), gone.len());
}

#[test]
fn explain_tells_what_connecting_takes() {
    let files = Files::new();
    let told = run(&["sdp", "explain", &files.write("a.sdp", OFFER)]);
    assert_eq!(told.code(), Some(0), "{told:?}");
    for part in [
        "one transport for the mids 0, 1",
        "Section 1, mid 0: data channels over UDP/DTLS/SCTP",
        "192.0.2.1:50000 udp, host",
        "203.0.113.9:50000 udp, srflx",
        "actpass: the answer decides",
        "port 5000, inside DTLS",
        "it takes up to 65536 bytes each",
        "Section 2, mid 1: audio over UDP/TLS/RTP/SAVPF",
        "sends only",
        "PCMU/8000",
        "that of section 1, by BUNDLE",
    ] {
        assert!(told.out.iter().any(|line| line.contains(part)), "{part}: {told:?}");
    }
    let nothing = run(&["sdp", "explain", &files.write("b.sdp", "m=audio x\r\na=candidate:1\r\n")]);
    assert_eq!(nothing.code(), Some(0), "{nothing:?}");
    assert!(nothing.out.iter().any(|line| line.contains("cannot be read")), "{nothing:?}");
}

#[test]
fn diff_of_a_text_with_itself_says_nothing_whatever_it_is() {
    let files = Files::new();
    let twice = OFFER.replace("a=mid:1", "a=mid:0");
    let texts: [&[u8]; 4] =
        [twice.as_bytes(), FAULTY.as_bytes(), b"v=0\nm=\nm=\na=mid:x\n\x1b[2J\n", b"no sdp"];
    for (index, text) in texts.iter().enumerate() {
        let (a, b) = (files.write("a.sdp", text), files.write("b.sdp", text));
        for (a, b) in [(&a, &a), (&a, &b)] {
            let ended = run(&["sdp", "diff", a, b]);
            assert_eq!((ended.code(), ended.out.len()), (Some(0), 0), "{index}: {ended:?}");
        }
    }
    // Of sections with one mid the first goes with the first and the second with the second.
    let (a, b) = (
        files.write("a.sdp", &twice),
        files.write("b.sdp", twice.replace("a=sendonly", "a=inactive")),
    );
    let out = run(&["sdp", "diff", &a, &b]).out;
    assert_eq!(out[2..], ["@@ mid 0, section 2 @@", "-a=sendonly", "+a=inactive"]);
}

#[test]
fn diff_writes_no_controls() {
    let files = Files::new();
    let a = files.write("a.sdp", OFFER);
    let b = files.write("b.sdp", OFFER.replace("s=-", "s=\x1b[2J\x07\u{9b}"));
    let (code, out) = bytes(&["sdp", "diff", &a, &b], b"");
    let text = String::from_utf8(out).unwrap();
    assert_eq!(code, Some(1));
    assert!(text.contains("+s=\u{fffd}[2J\u{fffd}\u{fffd}\n"), "{text:?}");
    assert!(!text.chars().any(|c| c.is_control() && c != '\n'), "{text:?}");
}

#[test]
fn explain_tells_codecs_apart() {
    let files = Files::new();
    let sections = "m=audio 9 RTP/AVP 111 102 103 0\r\nc=IN IP4 0.0.0.0\r\n\
        a=rtpmap:111 opus/48000/2\r\na=rtpmap:102 AMR-WB/16000\r\na=fmtp:102 octet-align=1\r\n\
        a=rtpmap:103 AMR-WB/16000\r\n";
    let head = OFFER.split("m=application").next().unwrap().replace("a=group:BUNDLE 0 1\r\n", "");
    let told = run(&["sdp", "explain", &files.write("a.sdp", format!("{head}{sections}"))]);
    let codecs = told.out.iter().find(|line| line.contains("codecs")).unwrap();
    assert!(
        codecs.ends_with("opus/48000/2, AMR-WB/16000 (octet-align=1), AMR-WB/16000, PCMU/8000"),
        "{codecs}"
    );
    let weak = format!("{head}{sections}a=fingerprint:md5 {}\r\n", vec!["11"; 16].join(":"));
    let told = run(&["sdp", "explain", &files.write("b.sdp", weak)]);
    let line = told.out.iter().find(|line| line.contains("md5")).unwrap();
    assert!(line.contains("proves nothing"), "{line}");
}

const MEDIA: &str = "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n\
    a=ice-ufrag:9uB6\r\na=ice-pwd:YH75Fviy6338Vbrhrlp8Yh\r\na=setup:actpass\r\n\
    a=fingerprint:sha-256 00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:\
    88:99:AA:BB:CC:DD:EE:FF\r\n\
    m=audio 9 UDP/TLS/RTP/SAVPF 111 0\r\nc=IN IP4 0.0.0.0\r\na=mid:0\r\na=rtcp-mux\r\n\
    a=rtpmap:111 opus/48000/2\r\n\
    m=video 9 UDP/TLS/RTP/SAVPF 96\r\nc=IN IP4 0.0.0.0\r\na=mid:1\r\na=rtcp-mux\r\n\
    a=rtpmap:96 H265/90000\r\n";

#[test]
fn answer_says_what_we_would_answer_and_why() {
    let files = Files::new();
    let offer = files.write("offer.sdp", MEDIA);
    let told = run(&["sdp", "answer", &offer]);
    assert_eq!(told.code(), Some(0), "{told:?}");
    for line in [
        "Section 1, mid 0: accepted, sendrecv",
        "  kept        111 opus/48000/2: both sides have it",
        "Section 2, mid 1: rejected: no codec in common",
        "  dropped     96 H265/90000: this side does not have it",
        "m=audio 9 UDP/TLS/RTP/SAVPF 111 0",
        "m=video 0 UDP/TLS/RTP/SAVPF 96",
    ] {
        assert!(told.out.iter().any(|told| told == line), "{line}: {told:?}");
    }
    let prefs = files
        .write("prefs", "# mine\naudio PCMU/8000\naudio opus/48000/2 stereo=1\nvideo H265/90000\n");
    let told = run(&["sdp", "answer", "--prefs", &prefs, &offer]);
    for line in [
        "m=audio 9 UDP/TLS/RTP/SAVPF 0 111",
        "a=fmtp:111 stereo=1",
        "m=video 9 UDP/TLS/RTP/SAVPF 96",
    ] {
        assert!(told.out.iter().any(|told| told == line), "{line}: {told:?}");
    }
    let bad = files.write("bad", "audio opus\n");
    let ended = run(&["sdp", "answer", "--prefs", &bad, &offer]);
    assert_eq!((ended.code(), ended.err.len()), (Some(1), 1), "{ended:?}");
    assert!(ended.last_line().contains("line 1"), "{ended:?}");
    let refused = files.write("refused.sdp", MEDIA.replace("a=mid:1", "a=mid:0"));
    let ended = run(&["sdp", "answer", &refused]);
    assert_eq!((ended.code(), ended.err.len()), (Some(1), 1), "{ended:?}");
}
