//! Two programs meet over the loopback interface, and lines cross both ways.
use crate::program::Running;

const LINES: usize = 10;

fn lines(side: &str) -> Vec<String> {
    (0..LINES).map(|n| format!("{side} {n}")).collect()
}

/// Both sides say ten lines, hear the other's ten, and leave with exit status 0.
fn converse(mut offer: Running, mut answer: Running) {
    offer.say(&lines("from the offer"));
    answer.say(&lines("from the answer"));
    // loopback loses nothing, and both are connected before they read these lines
    assert_eq!((0..LINES).map(|_| answer.line()).collect::<Vec<_>>(), lines("from the offer"));
    assert_eq!((0..LINES).map(|_| offer.line()).collect::<Vec<_>>(), lines("from the answer"));
    for mut side in [offer, answer] {
        side.end_input();
        let ended = side.ended();
        assert_eq!(ended.code(), Some(0), "{ended:?}");
        assert!(ended.out.is_empty(), "{ended:?}");
    }
}

#[test]
fn descriptions_travel_as_files() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (offer, answer) = (path("offer.sdp"), path("answer.sdp"));
    let common = ["--loopback", "--linger", "0.2"];
    // the answering side comes first: its file is not there yet, and it waits
    let right =
        Running::start(&[&["answer", "--in", &offer, "--out", &answer][..], &common].concat());
    let left =
        Running::start(&[&["offer", "--out", &offer, "--in", &answer][..], &common].concat());
    left.said("Connected directly");
    right.said("Connected directly");
    converse(left, right);
    let mut left_behind: Vec<_> =
        std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    left_behind.sort();
    assert_eq!(left_behind, ["answer.sdp", "offer.sdp"], "nothing temporary stays");
}

#[test]
fn descriptions_travel_through_pipes() {
    let common = ["--loopback", "--linger", "0.2"];
    let mut left = Running::start(&[&["offer"][..], &common].concat());
    let mut right = Running::start(&[&["answer"][..], &common].concat());
    right.say(&left.description());
    right.say(&[""]);
    left.say(&right.description());
    left.say(&[""]);
    converse(left, right);
}

#[test]
fn programs_get_events_as_json_lines() {
    let common = ["--loopback", "--linger", "0.2", "--json"];
    let mut left = Running::start(&[&["offer"][..], &common].concat());
    let mut right = Running::start(&[&["answer"][..], &common].concat());
    right.say(&left.description());
    right.say(&[""]);
    left.say(&right.description());
    left.say(&[""]);
    for side in [&left, &right] {
        let gathered: serde_json::Value = serde_json::from_str(&side.said("\"gathered\"")).unwrap();
        assert!(gathered["candidates"].as_u64().unwrap() > 0, "{gathered}");
        let connected: serde_json::Value =
            serde_json::from_str(&side.said("\"connected\"")).unwrap();
        assert_eq!(connected["event"], "connected");
        assert_eq!(connected["direct"], true);
        assert_eq!(connected["encrypted"], false);
        for end in ["local", "remote"] {
            assert!(connected[end]["type"].is_string(), "{connected}");
            let address = connected[end]["address"].as_str().unwrap();
            assert!(address.parse::<std::net::SocketAddr>().is_ok(), "{connected}");
        }
        assert!(connected["rtt_ms"].as_f64().is_some_and(|ms| ms < 1000.0), "{connected}");
    }
    converse(left, right);
}

#[test]
fn a_reader_that_goes_away_is_no_panic() {
    let common = ["--loopback", "--linger", "0.2"];
    let mut left = Running::start(&[&["offer"][..], &common].concat());
    let mut right = Running::start(&[&["answer"][..], &common].concat());
    right.say(&left.description());
    right.say(&[""]);
    left.say(&right.description());
    left.say(&[""]);
    right.said("Connected");
    right.close_output();
    left.say(&lines("unheard"));
    left.end_input();
    assert_eq!(left.ended().code(), Some(0));
    right.end_input();
    let ended = right.ended();
    assert_eq!(ended.code(), Some(0), "{ended:?}");
    assert!(!ended.err.iter().any(|line| line.contains("panicked")), "{ended:?}");
}

/// What a terminal makes of a file with CRLF that is pasted into it.
#[test]
fn descriptions_are_taken_with_any_ends_of_lines() {
    let mut left = Running::start(&["offer", "--loopback"]);
    let mut right = Running::start(&["answer", "--loopback"]);
    for line in left.description() {
        right.say(&[line.as_str(), ""]);
    }
    right.say(&["", "hello"]);
    left.say(&[right.description().join("\r"), String::new()]);
    assert_eq!(left.line(), "hello");
}

#[test]
fn a_line_that_no_datagram_holds_is_told_and_the_next_one_is_sent() {
    let mut left = Running::start(&["offer", "--loopback", "--json"]);
    let mut right = Running::start(&["answer", "--loopback"]);
    right.say(&[left.description(), vec![String::new()]].concat());
    left.say(&[right.description(), vec![String::new()]].concat());
    left.said("\"connected\"");
    left.say(&["x".repeat(65_508), "short".to_owned()]);
    let unsent = left.said("\"unsent\"");
    assert!(unsent.contains("65508") && unsent.contains("65507"), "{unsent}");
    assert_eq!(right.line(), "short");
    left.end_input();
    let closed: serde_json::Value = serde_json::from_str(&left.said("\"closed\"")).unwrap();
    assert_eq!((&closed["reason"], &closed["lost"]), (&"done".into(), &0.into()));
}

/// A browser begins with a handshake.
#[test]
fn a_peer_that_speaks_dtls_is_recognised() {
    let mut left = Running::start(&["offer", "--loopback"]);
    let mut right = Running::start(&["answer", "--loopback"]);
    right.say(&[left.description(), vec![String::new()]].concat());
    left.say(&[right.description(), vec![String::new()]].concat());
    left.said("Connected");
    let hello = [&[22, 0xFE, 0xFD, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1][..], b"\n"].concat();
    left.say_bytes(&hello);
    left.say_bytes(&hello);
    left.say(&["text"]);
    assert!(right.said("DTLS").starts_with("The peer speaks DTLS"));
    assert_eq!(right.line(), "text", "a handshake is not printed");
    right.end_input();
    let ended = right.ended();
    assert!(!ended.err.iter().any(|line| line.contains("DTLS")), "told once: {ended:?}");
}
