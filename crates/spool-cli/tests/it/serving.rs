//! The server and the demo.
use crate::{
    operating::{FLAGS, address},
    program::{Running, run},
};

/// A server on the loopback interface with the account `alice`, and where it listens.
fn server() -> (Running, String) {
    let server = Running::start(&FLAGS);
    let address = address(&server.line());
    (server, address)
}

#[test]
fn lines_cross_through_the_relay_when_nothing_else_is_allowed() {
    let (server, address) = server();
    let flags = ["--loopback", "--linger", "0.2", "--policy", "relay", "--turn", &address];
    let account = ["--user", "alice", "--password", "wonderland"];
    let mut left = Running::start(&[&["offer"][..], &flags, &account].concat());
    let mut right = Running::start(&[&["answer"][..], &flags, &account].concat());
    let offer = left.description();
    assert!(offer.iter().any(|line| line.contains("typ relay")), "{offer:?}");
    assert!(!offer.iter().any(|line| line.contains("typ host")), "{offer:?}");
    right.say(&offer);
    right.say(&[""]);
    left.say(&right.description());
    left.say(&[""]);
    left.said("Connected through a relay");
    left.say(&["through the relay"]);
    assert_eq!(right.line(), "through the relay");
    right.say(&["and back"]);
    assert_eq!(left.line(), "and back");
    for mut side in [left, right] {
        side.end_input();
        assert_eq!(side.ended().code(), Some(0));
    }
    // the clients gave their relays back before they left
    server.said(" allocated user=alice transport=udp ");
    server.said(" ended user=alice ");
    server.interrupt();
    assert_eq!(server.ended().code(), Some(0));
}

#[test]
fn a_wrong_password_is_said_to_be_one() {
    let (_server, address) = server();
    let flags = ["offer", "--loopback", "--policy", "relay", "--turn", &address];
    let ended = run(&[&flags[..], &["--user", "alice", "--password", "looking-glass"]].concat());
    assert_eq!(ended.code(), Some(2), "{ended:?}");
    assert!(ended.last_line().contains("password"), "{ended:?}");
}

#[test]
fn a_server_without_accounts_makes_one_up_and_says_what_to_type() {
    let mut server = Running::start(&["turn-server", "--listen", "127.0.0.1:0"]);
    server.end_input();
    let mut said = Vec::new();
    while !said.last().is_some_and(|line: &String| line.contains("spool answer")) {
        said.push(server.line());
    }
    let offer = said.iter().find(|line| line.contains("spool offer")).unwrap();
    let words: Vec<_> = offer.split_whitespace().collect();
    let ["spool", "offer", "--turn", address, "--user", user, "--password", password] = words[..]
    else {
        panic!("{offer}")
    };
    // the very words work
    let flags = ["offer", "--loopback", "--turn", address, "--user", user, "--password", password];
    let client = Running::start(&flags);
    assert!(client.description().iter().any(|line| line.contains("typ relay")));
    server.interrupt();
    assert_eq!(server.ended().code(), Some(0));
}

#[test]
fn a_server_that_cannot_start_says_why() {
    let taken = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    let ended = run(&["turn-server", "--listen", &taken]);
    assert_eq!(ended.code(), Some(1), "{ended:?}");
    assert!(ended.last_line().contains(&taken), "{ended:?}");
    for wrong in [["--user", "alice"], ["--allow-peer", "everybody"], ["--listen", "somewhere"]] {
        assert_eq!(run(&[&["turn-server"][..], &wrong].concat()).code(), Some(64), "{wrong:?}");
    }
}

#[test]
fn the_demo_connects_and_shows_the_table() {
    let ended = run(&["demo"]);
    assert_eq!(ended.code(), Some(0), "{ended:?}");
    let shown = ended.out.join("\n");
    assert_eq!(shown.matches("all arrived").count(), 2, "{shown}");
    assert!(shown.contains("direct 1.") && shown.contains("relay 2."), "{shown}");
    assert!(ended.out.iter().all(|line| line.chars().count() <= 80), "it fits a terminal: {shown}");
    assert!(!shown.contains('\u{1b}'), "no colours where nobody sees them: {shown}");
}
