//! What cannot work: exit status 2, and a last line that says why.
use crate::program::{Ended, Running, run};

fn not_connected(ended: &Ended) {
    assert_eq!(ended.code(), Some(2), "{ended:?}");
    assert!(!ended.err.iter().any(|line| line.contains("panicked")), "{ended:?}");
}

#[test]
fn a_peer_that_never_checks_is_explained() {
    let mut left = Running::start(&["offer", "--loopback", "--timeout", "1"]);
    let mut right = Running::start(&["answer", "--loopback"]);
    right.say(&left.description());
    right.say(&[""]);
    let answer = right.description();
    drop(right); // killed: its sockets are gone before the other side hears of them
    left.say(&answer);
    left.say(&[""]);
    let ended = left.ended();
    not_connected(&ended);
    // Said once: each pair in a line of its own, and at last what it means and what to do.
    let pairs = ended.err.iter().filter(|line| line.contains("127.0.0.1"));
    assert!(pairs.clone().all(|line| line.starts_with("  ")), "{ended:?}");
    assert!(pairs.count() > 0, "{ended:?}");
    let last = ended.last_line();
    assert!(last.starts_with("spool: could not connect: ") && last.contains("--turn"), "{last}");
}

#[test]
fn a_peer_that_never_checks_is_explained_to_programs() {
    let mut left = Running::start(&["offer", "--loopback", "--timeout", "1", "--json"]);
    let mut right = Running::start(&["answer", "--loopback"]);
    right.say(&left.description());
    right.say(&[""]);
    let answer = right.description();
    drop(right);
    left.say(&answer);
    left.say(&[""]);
    let failed: serde_json::Value = serde_json::from_str(&left.said("\"failed\"")).unwrap();
    let pairs = failed["pairs"].as_array().unwrap();
    assert!(!pairs.is_empty(), "{failed}");
    for pair in pairs {
        assert!(pair["local"]["address"].is_string() && pair["remote"]["type"].is_string());
        assert!(pair["outcome"].is_string(), "{failed}");
    }
    not_connected(&left.ended());
}

#[test]
fn a_broken_description_is_one_clear_line() {
    for broken in ["hello, world", "v=0", "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0"] {
        let mut answer = Running::start(&["answer", "--loopback", "--json"]);
        // Two empty lines end it also where the first seems to be part of a line's end.
        answer.say(&[broken, "", ""]);
        let ended = answer.ended();
        not_connected(&ended);
        assert_eq!(ended.err.len(), 1, "{ended:?}");
        assert!(ended.last_line().contains("the peer's description"), "{ended:?}");
    }
}

#[test]
fn an_end_of_stdin_instead_of_a_description_is_explained() {
    let ended = run(&["answer", "--loopback"]);
    not_connected(&ended);
    assert!(ended.last_line().contains("--in"), "{ended:?}");
}

#[test]
fn a_file_that_cannot_be_written_is_named() {
    let ended = run(&["offer", "--loopback", "--out", "/nowhere/at/all.sdp"]);
    assert_eq!(ended.code(), Some(1), "{ended:?}");
    let text = "spool: cannot write /nowhere/at/all.sdp: there is no such folder";
    assert_eq!(ended.last_line(), text);
    assert!(!ended.err.iter().any(|line| line.contains("is written")), "{ended:?}");
}

#[cfg(target_os = "linux")]
#[test]
fn output_that_is_not_written_is_a_failure() {
    let commands: [&[&str]; 3] =
        [&["sim", "--list"], &["sim", "--conformance", "linux"], &["demo", "--no-matrix"]];
    for args in commands {
        let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
        let ended = crate::program::spool(args).stdout(full).output().unwrap();
        let told = String::from_utf8_lossy(&ended.stderr);
        assert_eq!(ended.status.code(), Some(1), "{args:?}: {told}");
        let last = told.lines().next_back().unwrap_or_default();
        assert!(last.starts_with("spool: cannot write the output: "), "{args:?}: {told}");
    }
}

#[test]
fn a_server_without_a_name_in_the_dns_is_named() {
    let ended = run(&["offer", "--loopback", "--stun", "no..such:3478"]);
    not_connected(&ended);
    assert!(ended.last_line().contains("no..such"), "{ended:?}");
}

#[cfg(unix)]
#[test]
fn devices_are_written_to_and_read_from_as_they_are() {
    let before = std::fs::symlink_metadata("/dev/stdout").unwrap().file_type();
    let ended = run(&["offer", "--loopback", "--out", "/dev/stdout", "--in", "/dev/stdin"]);
    not_connected(&ended);
    assert_eq!(ended.out.first().map(String::as_str), Some("v=0"), "{ended:?}");
    assert!(ended.last_line().contains("the peer's description"), "{ended:?}");
    assert_eq!(std::fs::symlink_metadata("/dev/stdout").unwrap().file_type(), before);
}
