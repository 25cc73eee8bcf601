//! Two programs that meet by a code, through a rendezvous on the TLS port of a TURN server.
use crate::{
    certificates::{Made, certificates},
    pair::{Place, noise},
    program::{Ended, Running},
    tls::server,
};
use std::{fs, net::TcpListener, time::Instant};

/// A rendezvous, and the flags that lead to it.
pub(crate) struct Rendezvous {
    pub(crate) place: Place,
    flags: [String; 4],
    _server: Running,
    plain: String,
}

impl Rendezvous {
    pub(crate) fn new() -> Self {
        let place = Place::new();
        let [ca, cert, key] = certificates(place.0.path(), Made::Good);
        let tls = ["--cert", &cert, "--key", &key, "--tls-listen", "127.0.0.1:0", "--rendezvous"];
        let (server, ports) = server(&tls);
        let [plain, secure] = &ports[..] else { panic!("{ports:?}") };
        let at = format!("localhost:{secure}");
        let flags = ["--rendezvous".into(), at, "--ca".into(), ca];
        let plain = plain.clone();
        Self { place, flags, _server: server, plain }
    }

    fn start(&self, args: &[&str]) -> Running {
        let flags: Vec<&str> = self.flags.iter().map(String::as_str).collect();
        self.place.start(&[args, &flags].concat())
    }

    /// Somebody who has a file to send, and the code that is shown.
    pub(crate) fn sender(&self, more: &[&str]) -> (Running, String) {
        let from = self.place.text("from/a.bin");
        let sender = self.start(&[&["send", &from], more].concat());
        let code = sender.line();
        (sender, code)
    }

    pub(crate) fn receiver(&self, code: &str, more: &[&str]) -> Running {
        let to = self.place.text("to");
        self.start(&[&["receive", "--yes", "--into", &to, code], more].concat())
    }
}

fn codes(sides: [Running; 2]) -> ([Option<i32>; 2], [Ended; 2]) {
    let ended = sides.map(Running::ended);
    ([ended[0].code(), ended[1].code()], ended)
}

#[test]
fn a_file_goes_to_who_has_the_code_and_the_code_is_used_up() {
    let rendezvous = Rendezvous::new();
    let contents = noise(2_500_000);
    rendezvous.place.write("from/a.bin", &contents);
    let (sender, code) = rendezvous.sender(&[]);
    assert_eq!(code.split('-').count(), 4, "a number and three words: {code}");
    // as it is said and typed
    let receiver = rendezvous.receiver(&code.to_uppercase().replace('-', " "), &[]);
    let (status, ended) = codes([sender, receiver]);
    assert_eq!(status, [Some(0), Some(0)], "{ended:?}");
    assert!(fs::read(rendezvous.place.path("to/a.bin")).unwrap() == contents);
    let late = rendezvous.receiver(&code, &["--rename"]).ended();
    assert_eq!(late.code(), Some(4), "{late:?}");
    assert!(late.last_line().contains("not in use"), "{late:?}");
}

#[test]
fn one_wrong_guess_uses_the_code_up_and_both_are_told() {
    let rendezvous = Rendezvous::new();
    rendezvous.place.write("from/a.bin", b"secret");
    let (sender, code) = rendezvous.sender(&["--words", "4"]);
    let (number, words) = code.split_once('-').unwrap();
    assert_eq!(words.split('-').count(), 4);
    let wrong = if words.starts_with("acorn") { "admiral" } else { "acorn" };
    let rest = words.split_once('-').unwrap().1;
    let guesser = rendezvous.receiver(&format!("{number}-{wrong}-{rest}"), &[]);
    let (status, ended) = codes([sender, guesser]);
    assert_eq!(status, [Some(4), Some(4)], "{ended:?}");
    for side in &ended {
        assert!(side.last_line().contains("this code is used up"), "{ended:?}");
    }
    let right = rendezvous.receiver(&code, &[]).ended();
    assert_eq!(right.code(), Some(4), "also for who has the right one: {right:?}");
    assert!(rendezvous.place.tree("to").is_empty());
}

#[test]
fn a_slip_of_the_hand_costs_no_attempt() {
    let rendezvous = Rendezvous::new();
    rendezvous.place.write("from/a.bin", b"a");
    let (sender, code) = rendezvous.sender(&[]);
    let slip = format!("{code}x");
    let ended = rendezvous.receiver(&slip, &[]).ended();
    assert_eq!(ended.code(), Some(64), "{ended:?}");
    assert!(ended.last_line().contains("is not a word of any code"), "{ended:?}");
    let (status, ended) = codes([sender, rendezvous.receiver(&code, &[])]);
    assert_eq!(status, [Some(0), Some(0)], "{ended:?}");
}

#[test]
fn who_leaves_is_told_apart_from_who_guesses() {
    let rendezvous = Rendezvous::new();
    rendezvous.place.write("from/a.bin", b"a");
    let (sender, code) = rendezvous.sender(&[]);
    drop(sender);
    let ended = rendezvous.receiver(&code, &[]).ended();
    assert_eq!(ended.code(), Some(4), "{ended:?}");
    assert!(ended.last_line().contains("still there"), "{ended:?}");
}

/// Killed in the middle, both meet again without a code.
#[test]
#[cfg(unix)]
fn what_was_interrupted_goes_on_without_words() {
    let rendezvous = Rendezvous::new();
    let contents = noise(120 << 20);
    rendezvous.place.write("from/a.bin", &contents);
    let (sender, code) = rendezvous.sender(&[]);
    let receiver = rendezvous.receiver(&code, &[]);
    let landing = || {
        let mut stages = fs::read_dir(rendezvous.place.path("to")).unwrap().flatten();
        stages.find_map(|entry| fs::metadata(entry.path().join("files/a.bin")).ok())
    };
    let began = Instant::now();
    while landing().is_none_or(|file| file.len() < 4 << 20) {
        assert!(began.elapsed().as_secs() < 20, "nothing lands");
        std::thread::yield_now();
    }
    drop((receiver, sender));
    let to = rendezvous.place.text("to");
    let receiver = rendezvous.start(&["receive", "--resume", "--into", &to]);
    receiver.said("Waiting for the same");
    let (sender, _code) = rendezvous.sender(&[]);
    sender.said("from before");
    let (status, ended) = codes([sender, receiver]);
    assert_eq!(status, [Some(0), Some(0)], "{ended:?}");
    assert!(fs::read(rendezvous.place.path("to/a.bin")).unwrap() == contents);
}

#[test]
fn where_no_rendezvous_is_that_is_said_at_once() {
    let rendezvous = Rendezvous::new();
    rendezvous.place.write("from/a.bin", b"a");
    let from = rendezvous.place.text("from/a.bin");
    let ask = |at: &str, more: &[&str]| {
        let began = Instant::now();
        let args = [&["send", &from, "--rendezvous", at], more].concat();
        let ended = rendezvous.place.start(&args).ended();
        assert!(began.elapsed().as_secs() < 4);
        ended
    };
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let plain = format!("localhost:{}", rendezvous.plain);
    let secure = &rendezvous.flags[1];
    for (at, words) in [
        (free.as_str(), "cannot be reached"),
        (plain.as_str(), "does not prove who it is"),
        (secure.as_str(), "does not prove who it is"),
    ] {
        let ended = ask(at, &[]);
        assert_eq!(ended.code(), Some(5), "{ended:?}");
        assert!(ended.last_line().contains(words), "{ended:?}");
    }
    let ended = rendezvous.place.start(&["send", &from]).ended();
    assert_eq!(ended.code(), Some(64), "{ended:?}");
    assert!(ended.last_line().contains("turn-server --rendezvous"), "{ended:?}");
}

/// One port for all: who asks for nothing in particular gets STUN.
#[test]
fn the_port_still_serves_stun() {
    let rendezvous = Rendezvous::new();
    let [_, at, _, ca] = &rendezvous.flags;
    let ended = crate::program::run(&["stun", &format!("stuns:{at}"), "--ca", ca]);
    assert_eq!(ended.code(), Some(0), "{ended:?}");
}
