//! Files from one program to another, through meetings, kills and refusals.
use crate::{
    operating::{FLAGS, address},
    pair::{Place, noise},
    program::Running,
};
use std::{fs, time::SystemTime};

fn done(side: Running) {
    let ended = side.ended();
    assert_eq!(ended.code(), Some(0), "{ended:?}");
}

#[test]
fn a_folder_arrives_as_it_was() {
    let place = Place::new();
    place.write("from/photos/2024/big.raw", noise(3_500_000));
    place.write("from/photos/2024/empty", b"");
    place.write("from/photos/.hidden", b"h");
    place.write("from/photos/caf\u{e9}.txt", b"accents");
    place.write("from/notes.txt", b"note");
    fs::create_dir(place.path("from/photos/nothing in it")).unwrap();
    let then = SystemTime::UNIX_EPOCH + std::time::Duration::new(1_000_000_000, 5000);
    fs::File::open(place.path("from/notes.txt")).unwrap().set_modified(then).unwrap();
    let [sender, receiver] = place.meet(
        &["send", &place.text("from/photos"), &place.text("from/notes.txt")],
        &["receive", "--yes", "--into", &place.text("to")],
    );
    let words = receiver.said("words of this connection");
    assert_eq!(sender.said("words of this connection"), words);
    receiver.said("(hidden)");
    done(sender);
    done(receiver);
    assert_eq!(place.tree("to"), place.tree("from"));
    assert_eq!(fs::metadata(place.path("to/notes.txt")).unwrap().modified().unwrap(), then);
}

#[test]
#[cfg(unix)]
fn a_program_stays_one_and_a_link_stays_at_home() {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::new();
    place.write("from/tools/run.sh", b"#!/bin/sh\n");
    fs::set_permissions(place.path("from/tools/run.sh"), PermissionsExt::from_mode(0o4755))
        .unwrap();
    std::os::unix::fs::symlink("/etc/passwd", place.path("from/tools/link")).unwrap();
    let [sender, receiver] = place.meet(
        &["send", &place.text("from/tools")],
        &["receive", "--yes", "--into", &place.text("to")],
    );
    sender.said("tools/link: it is a link");
    receiver.said("run.sh  10 B  (a program)");
    for side in [sender, receiver] {
        let ended = side.ended();
        assert_eq!(ended.code(), Some(6), "partly: {ended:?}");
    }
    let mode = fs::metadata(place.path("to/tools/run.sh")).unwrap().permissions().mode();
    assert_eq!(mode & 0o7100, 0o100, "a program, and none that runs as somebody else");
    assert!(!place.path("to/tools/link").exists());
}

/// Kills one of them when some of the file is there, and goes on.
fn interrupted(kill: usize) {
    const SIZE: usize = 120 << 20;
    let place = Place::new();
    let contents = noise(SIZE);
    place.write("from/big/0 small", b"first");
    place.write("from/big/big.img", &contents);
    let from = place.text("from/big");
    let to = place.text("to");
    let receive = ["receive", "--yes", "--json", "--into", &to];
    let sides = place.meet(&["send", &from], &receive);
    // one piece at least is there; most are not
    let stage = || {
        let mut stages = fs::read_dir(place.path("to")).unwrap().flatten();
        stages.find_map(|entry| fs::metadata(entry.path().join("files/big/big.img")).ok())
    };
    let patience = std::time::Instant::now();
    while stage().is_none_or(|file| file.len() < 4 << 20) {
        assert!(patience.elapsed().as_secs() < 20, "nothing lands");
        std::thread::yield_now();
    }
    let killed = sides[kill].id();
    let kill = std::process::Command::new("kill").args(["-9", &killed.to_string()]).status();
    assert!(kill.unwrap().success());
    drop(sides);
    assert!(!place.path("to/big").exists(), "no half of it is shown");
    let resume = ["receive", "--resume", "--json", "--into", &to];
    let [sender, receiver] = place.meet(&["send", &from], &resume);
    let resumed: serde_json::Value = serde_json::from_str(&receiver.said("\"resumed\"")).unwrap();
    let bytes = resumed["bytes"].as_u64().unwrap();
    assert!((3 << 20..SIZE as u64).contains(&bytes), "{bytes}");
    sender.said("from before");
    done(sender);
    done(receiver);
    assert!(fs::read(place.path("to/big/big.img")).unwrap() == contents);
    assert_eq!(place.tree("to").len(), 3, "nothing else is left");
    assert_eq!(fs::read_dir(place.path("state/spool")).unwrap().count(), 0, "nothing to resume");
}

#[test]
#[cfg(unix)]
fn what_the_receiver_had_when_it_was_killed_is_not_sent_again() {
    interrupted(1);
}

#[test]
#[cfg(unix)]
fn what_was_sent_when_the_sender_was_killed_is_not_sent_again() {
    interrupted(0);
}

#[test]
fn nothing_that_is_there_is_replaced_unasked() {
    let place = Place::new();
    place.write("from/a.txt", b"new");
    place.write("to/a.txt", b"old");
    let (from, to) = (place.text("from/a.txt"), place.text("to"));
    let receive = |more: &[&str]| {
        let receive = [&["receive", "--yes", "--into", &to], more].concat();
        place.meet(&["send", &from], &receive).map(Running::ended)
    };
    let [sender, receiver] = receive(&[]);
    assert_eq!((sender.code(), receiver.code()), (Some(3), Some(1)), "{sender:?} {receiver:?}");
    assert!(sender.last_line().contains("there already"), "{sender:?}");
    assert!(receiver.last_line().contains("--rename"), "{receiver:?}");
    assert_eq!(place.tree("to"), [("a.txt".to_owned(), Some(b"old".to_vec()))]);
    for ended in receive(&["--rename"]) {
        assert_eq!(ended.code(), Some(0), "{ended:?}");
    }
    assert_eq!(fs::read(place.path("to/a (2).txt")).unwrap(), b"new");
    assert_eq!(fs::read(place.path("to/a.txt")).unwrap(), b"old");
    for ended in receive(&["--overwrite"]) {
        assert_eq!(ended.code(), Some(0), "{ended:?}");
    }
    assert_eq!(fs::read(place.path("to/a.txt")).unwrap(), b"new");
    fs::remove_file(place.path("to/a.txt")).unwrap();
    place.write("to/a.txt/inside", b"kept");
    let [sender, receiver] = receive(&["--overwrite"]);
    assert_eq!((sender.code(), receiver.code()), (Some(3), Some(1)), "{sender:?} {receiver:?}");
    assert_eq!(fs::read(place.path("to/a.txt/inside")).unwrap(), b"kept");
}

#[test]
fn where_nobody_can_be_asked_nothing_is_received() {
    let place = Place::new();
    place.write("from/a.txt", b"a");
    let [sender, mut receiver] =
        place.meet(&["send", &place.text("from/a.txt")], &["receive", "--into", &place.text("to")]);
    receiver.end_input();
    let (receiver, sender) = (receiver.ended(), sender.ended());
    assert_eq!((sender.code(), receiver.code()), (Some(3), Some(3)), "{sender:?} {receiver:?}");
    assert!(place.tree("to").is_empty());
}

/// A relay carries it all, and learns nothing but how much it is.
#[test]
fn with_relay_only_all_of_it_goes_through_the_relay() {
    let place = Place::new();
    place.write("from/a.bin", noise(3_000_000));
    let relay = Running::start(&FLAGS);
    let address = address(&relay.line());
    let through =
        ["--relay-only", "--turn", &address, "--user", "alice", "--password", "wonderland"];
    let (from, to) = (place.text("from/a.bin"), place.text("to"));
    let [sender, receiver] = place.meet(
        &[&["send", &from], &through[..]].concat(),
        &[&["receive", "--yes", "--into", &to], &through[..]].concat(),
    );
    sender.said("Connected through a relay");
    receiver.said("Connected through a relay");
    done(sender);
    done(receiver);
    assert_eq!(place.tree("to"), place.tree("from"));
}

/// Who is to be asked who is there, and cannot be, sends nothing.
#[test]
fn with_confirm_nothing_is_sent_before_somebody_has_said_yes() {
    let place = Place::new();
    place.write("from/a.bin", b"a");
    let [mut sender, receiver] = place.meet(
        &["send", "--confirm", &place.text("from/a.bin")],
        &["receive", "--yes", "--into", &place.text("to")],
    );
    sender.end_input();
    let (sender, receiver) = (sender.ended(), receiver.ended());
    assert_eq!(sender.code(), Some(3), "{sender:?}");
    assert!(matches!(receiver.code(), Some(3 | 7)), "{receiver:?}");
    assert!(!receiver.err.iter().any(|line| line.contains("On offer")), "{receiver:?}");
    assert!(place.tree("to").is_empty());
}

/// Somebody in between has put a certificate of its own in the place of the other's.
#[test]
fn who_changed_the_line_gets_nothing() {
    let place = Place::new();
    place.write("from/a.txt", b"secret");
    let mut sender = place.start(&["send", "--paste", &place.text("from/a.txt")]);
    let line = sender.line();
    let receiver = place.start(&["receive", "--yes", "--into", &place.text("to"), &line]);
    let other = place.start(&["receive", "--yes", "--into", &place.text("to"), &line]);
    // the addresses of the one, the certificate of the other: both are of one length at the start
    let (theirs, others) = (receiver.line(), other.line());
    let at = "spool1:".len() + 2 + 40;
    sender.say(&[format!("{}{}", &others[..at], &theirs[at..])]);
    let (sender, receiver) = (sender.ended(), receiver.ended());
    assert_eq!((sender.code(), receiver.code()), (Some(4), Some(4)), "{sender:?} {receiver:?}");
    assert!(sender.last_line().contains("somebody may be in between"), "{sender:?}");
    assert!(place.tree("to").is_empty());
}

#[test]
fn the_wrong_command_and_the_wrong_line_are_told() {
    let place = Place::new();
    place.write("from/a.txt", b"a");
    let from = place.text("from/a.txt");
    let [sender, connect] = place.meet(&["send", &from], &["connect"]);
    let (sender, connect) = (sender.ended(), connect.ended());
    assert_eq!(connect.code(), Some(64), "{connect:?}");
    assert!(connect.last_line().contains("spool receive"), "{connect:?}");
    assert!(matches!(sender.code(), Some(7 | 64)), "{sender:?}");
    for line in ["spool1:AAAA", "hello", "spool1:"] {
        let ended = place.start(&["receive", line]).ended();
        assert_eq!(ended.code(), Some(64), "{ended:?}");
    }
}

/// A transfer that somebody ends is told as such on both sides, and can be resumed.
#[test]
#[cfg(unix)]
fn who_ends_it_is_told_apart_from_who_is_left() {
    let place = Place::new();
    place.write("from/a.img", noise(200 << 20));
    let [sender, receiver] = place.meet(
        &["send", &place.text("from/a.img")],
        &["receive", "--yes", "--into", &place.text("to")],
    );
    receiver.said("path");
    receiver.interrupt();
    let (receiver, sender) = (receiver.ended(), sender.ended());
    assert_eq!((receiver.code(), sender.code()), (Some(130), Some(7)), "{receiver:?} {sender:?}");
    assert!(sender.last_line().contains("--resume"), "{sender:?}");
}
