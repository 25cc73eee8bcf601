//! What goes wrong for people, one by one: the table in the README of the program is what it says.
use crate::{
    certificates::{Made, certificates},
    codes::Rendezvous,
    pair::{Place, noise},
    program::{Ended, Running, run, run_patiently},
    tls::server,
};
use std::{fs, net::UdpSocket, os::unix::fs::MetadataExt, process::Command};

/// A row of the table, and how to come by what it tells.
struct Row {
    wrong: &'static str,
    cause: fn() -> Ended,
}

const ROWS: [Row; 16] = [
    Row { wrong: "this computer is in no network", cause: no_network },
    Row { wrong: "a name leads nowhere", cause: || run(&["stun", "stun:no-such-host.invalid"]) },
    Row { wrong: "nobody is at that port", cause: || run(&["stun", "127.0.0.1:9"]) },
    Row { wrong: "UDP does not get through", cause: silence },
    Row { wrong: "what was given is no URI", cause: || run(&["stun", "http:example.org"]) },
    Row { wrong: "the password for a TURN server", cause: wrong_password },
    Row { wrong: "the certificate of a server has expired", cause: || certificate(Made::Expired) },
    Row { wrong: "the clock is wrong", cause: || certificate(Made::NotYetValid) },
    Row { wrong: "what was pasted is no description", cause: || pasted("hello, world\n\n\n") },
    Row { wrong: "what was pasted ends too soon", cause: || pasted("v=0") },
    Row { wrong: "a code with a word that is none", cause: || coded(|code| format!("{code}x")) },
    Row { wrong: "a code that nobody waits under", cause: || coded(other_number) },
    Row { wrong: "a code with other words", cause: || coded(other_word) },
    Row { wrong: "no rendezvous is there", cause: no_rendezvous },
    Row { wrong: "the disk is full", cause: full_disk },
    Row { wrong: "the other side has ended it", cause: left_alone },
];

#[test]
fn each_failure_says_what_the_readme_says() {
    let readme = include_str!("../../README.md");
    let (_, section) = readme.split_once("## When it does not work").unwrap();
    let (section, _) = section.split_once("\n## ").unwrap();
    let table = section.lines().filter(|line| line.starts_with("| ")).skip(1);
    let table: Vec<Vec<&str>> =
        table.map(|line| line.trim_matches('|').split('|').map(str::trim).collect()).collect();
    assert_eq!(table.len(), ROWS.len());
    for (told, row) in table.iter().zip(ROWS) {
        let [wrong, says, status] = told[..] else { panic!("{told:?}") };
        assert_eq!(wrong, row.wrong);
        let ended = (row.cause)();
        assert_eq!(ended.code(), Some(status.parse().unwrap()), "{wrong}: {ended:?}");
        let line = if status == "64" { ended.err.first() } else { ended.err.last() };
        assert!(line.is_some_and(|line| line.contains(says)), "{wrong}: {ended:?}");
    }
}

/// In a namespace of its own.
fn no_network() -> Ended {
    let mut command = Command::new("unshare");
    if fs::metadata("/proc/self").unwrap().uid() != 0 {
        command.arg("--map-root-user");
    }
    command.args(["--net", env!("CARGO_BIN_EXE_spool"), "offer"]);
    Running::start_command(command).ended()
}

fn silence() -> Ended {
    let silent = UdpSocket::bind("127.0.0.1:0").unwrap();
    run_patiently(&["stun", &silent.local_addr().unwrap().to_string()])
}

fn wrong_password() -> Ended {
    let (_server, ports) = server(&["--user", "alice:wonderland"]);
    let address = format!("127.0.0.1:{}", ports[0]);
    let flags = ["offer", "--loopback", "--policy", "relay", "--turn", &address];
    run(&[&flags[..], &["--user", "alice", "--password", "looking-glass"]].concat())
}

fn certificate(made: Made) -> Ended {
    let dir = tempfile::tempdir().unwrap();
    let [ca, cert, key] = certificates(dir.path(), made);
    let (_server, ports) = server(&["--cert", &cert, "--key", &key, "--tls-listen", "127.0.0.1:0"]);
    run(&["stun", &format!("stuns:localhost:{}", ports[1]), "--ca", &ca])
}

/// Somebody pastes this, and that is all.
fn pasted(text: &str) -> Ended {
    let mut answer = Running::start(&["answer", "--loopback"]);
    answer.say_bytes(text.as_bytes());
    answer.end_input();
    answer.ended()
}

/// Somebody types not quite the code that a sender shows.
fn coded(typed: fn(&str) -> String) -> Ended {
    let rendezvous = Rendezvous::new();
    rendezvous.place.write("from/a.bin", b"a");
    let (_sender, code) = rendezvous.sender(&[]);
    rendezvous.receiver(&typed(&code), &[]).ended()
}

fn other_number(code: &str) -> String {
    let (_, words) = code.split_once('-').unwrap();
    format!("987-{words}")
}

fn other_word(code: &str) -> String {
    let mut parts: Vec<&str> = code.split('-').collect();
    parts[1] = if parts[1] == "acorn" { "admiral" } else { "acorn" };
    parts.join("-")
}

fn no_rendezvous() -> Ended {
    run(&["receive", "7-ocean-violin-ember", "--rendezvous", "127.0.0.1:9", "--loopback"])
}

fn full_disk() -> Ended {
    run(&["offer", "--loopback", "--out", "/dev/full"])
}

/// One of two goes with Ctrl-C in the middle.
fn left_alone() -> Ended {
    let place = Place::new();
    place.write("from/a.img", noise(200 << 20));
    let [sender, receiver] = place.meet(
        &["send", &place.text("from/a.img")],
        &["receive", "--yes", "--into", &place.text("to")],
    );
    receiver.said("path");
    receiver.interrupt();
    sender.ended()
}
