//! `spool turn-check` at servers that are well, and at servers that are not.
use crate::{
    certificates::{Made, certificates},
    program::{Ended, Running, run_patiently as run},
};
use serde_json::Value;
use std::net::UdpSocket;

/// It relays from another address than its clients have.
const FLAGS: [&str; 5] = ["turn-server", "--listen", "127.0.0.1:0", "--relay-ip", "127.0.0.2"];
const ALICE: [&str; 2] = ["--user", "alice:wonderland"];
const LOOPBACK: [&str; 2] = ["--allow-peer", "127.0.0.0/8"];
const AS_ALICE: [&str; 4] = ["--user", "alice", "--password", "wonderland"];

/// A server, and the addresses that it listens on.
fn server(more: &[&[&str]]) -> (Running, Vec<String>) {
    let server = Running::start(&[&FLAGS[..], &more.concat()].concat());
    let mut addresses = Vec::new();
    loop {
        let line = server.line();
        let Some(rest) = line.strip_prefix("Listening on ") else { return (server, addresses) };
        addresses.push(rest.split(' ').next().unwrap().to_owned());
    }
}

fn check(uri: &str, more: &[&[&str]]) -> (Ended, Value) {
    let ended = run(&[&["turn-check", uri, "--json"][..], &more.concat()].concat());
    let told = ended.out.first().map(|line| serde_json::from_str(line).unwrap());
    (ended, told.unwrap_or_default())
}

/// The grade of a check at the server of this number.
fn grade<'v>(told: &'v Value, server: usize, check: &str) -> &'v str {
    finding(told, server, check)["grade"].as_str().unwrap_or("none")
}

fn finding<'v>(told: &'v Value, server: usize, check: &str) -> &'v Value {
    let findings = told["servers"][server]["findings"].as_array().unwrap();
    findings.iter().find(|finding| finding["check"] == check).unwrap_or(&Value::Null)
}

#[test]
fn a_server_that_is_well_has_no_fault() {
    let (_server, addresses) = server(&[&ALICE, &LOOPBACK]);
    let (ended, told) = check(&format!("turn:{}", addresses[0]), &[&AS_ALICE]);
    assert_eq!(ended.code(), Some(0), "{told:#}");
    for (number, transport) in ["udp", "tcp"].into_iter().enumerate() {
        assert_eq!(told["servers"][number]["transport"], transport);
        for good in ["reachable", "login", "wrong-login", "inside", "private", "own", "permission"]
        {
            assert_eq!(grade(&told, number, good), "ok", "{good}: {told:#}");
        }
        assert_eq!(finding(&told, number, "round-trip")["figures"]["lost"], 0, "{told:#}");
        let rate = &finding(&told, number, "throughput")["figures"]["mbit_per_s"];
        assert!(rate.as_f64().unwrap() > 1.0, "{told:#}");
        assert_eq!(grade(&told, number, "outside"), "ok", "{told:#}");
        assert_eq!(grade(&told, number, "relay-ipv4"), "note", "it is a private one: {told:#}");
        assert_eq!(grade(&told, number, "relay-ipv6"), "note", "there is none: {told:#}");
    }
    for good in ["no-login", "amplifies"] {
        assert_eq!(grade(&told, 0, good), "ok", "{told:#}");
    }
    // nothing is left behind: the next one finds room
    let (ended, _) = check(&format!("turn:{}?transport=udp", addresses[0]), &[&AS_ALICE]);
    assert_eq!(ended.code(), Some(0));
}

#[test]
fn people_get_a_line_for_each_and_advice_for_each_fault() {
    let (_server, addresses) = server(&[&ALICE, &["--allow-peer", "10.0.0.0/8"]]);
    let uri = format!("turn:{}?transport=udp", addresses[0]);
    let args = ["turn-check", &uri, "--no-throughput"];
    let ended = run(&[&args[..], &AS_ALICE].concat());
    assert_eq!(ended.code(), Some(1), "{ended:?}");
    assert!(ended.out[0].ends_with(&format!("at {} over UDP", addresses[0])), "{ended:?}");
    let fault = ended.out.iter().position(|line| line.contains("relays to 10.0.0.1")).unwrap();
    assert!(ended.out[fault].contains("fault  private"), "{ended:?}");
    assert!(ended.out[fault + 1].contains("-> deny"), "{ended:?}");
    assert!(ended.last_line().contains("1 to be mended"), "{ended:?}");
    assert!(!ended.out.iter().any(|line| line.contains("throughput")), "{ended:?}");
    let meant = run(&[&args[..], &AS_ALICE, &["--private-peers"]].concat());
    assert_eq!(meant.code(), Some(0), "{meant:?}");
}

#[test]
fn a_log_in_that_fails_is_told_and_a_missing_one_asked_for() {
    let (_server, addresses) = server(&[&ALICE]);
    let uri = format!("turn:{}?transport=udp", addresses[0]);
    let wrong = ["--user", "alice", "--password", "looking-glass"];
    let (ended, told) = check(&uri, &[&wrong]);
    assert_eq!(ended.code(), Some(1));
    assert_eq!(grade(&told, 0, "login"), "fault", "{told:#}");
    assert!(finding(&told, 0, "login")["advice"].as_str().unwrap().contains("password"));
    let (ended, told) = check(&uri, &[]);
    assert_eq!((ended.code(), grade(&told, 0, "login")), (Some(0), "note"), "{told:#}");
}

#[test]
fn a_secret_makes_an_account() {
    let dir = tempfile::tempdir().unwrap();
    let secrets = dir.path().join("secrets");
    std::fs::write(&secrets, "# of the web server\nnorth\n").unwrap();
    let file = ["--auth-secret-file", secrets.to_str().unwrap()];
    let (_server, addresses) = server(&[&file, &LOOPBACK]);
    let uri = format!("turn:{}?transport=udp", addresses[0]);
    let (ended, told) = check(&uri, &[&file, &["--no-throughput"]]);
    assert_eq!((ended.code(), grade(&told, 0, "login")), (Some(0), "ok"), "{told:#}");
}

#[test]
fn limits_that_are_too_tight_are_found() {
    let (_server, addresses) = server(&[&ALICE, &["--user-quota", "1"]]);
    let uri = format!("turn:{}?transport=udp", addresses[0]);
    let (ended, told) = check(&uri, &[&AS_ALICE]);
    assert_eq!(ended.code(), Some(1));
    assert!(finding(&told, 0, "permission")["advice"].as_str().unwrap().contains("user-quota"));
}

#[test]
fn nobody_there_is_another_status() {
    let taken = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let (ended, told) = check(&format!("turn:{taken}"), &[]);
    assert_eq!(ended.code(), Some(2), "{told:#}");
    assert_eq!(told["reached"], false);
    assert!(finding(&told, 0, "reachable")["text"].as_str().unwrap().contains("nothing listens"));
    for wrong in ["stun:127.0.0.1", "http://127.0.0.1", "turn:"] {
        assert_eq!(run(&["turn-check", wrong]).code(), Some(64), "{wrong}");
    }
}

#[test]
fn certificates_are_looked_at() {
    let dir = tempfile::tempdir().unwrap();
    let cases = [(Made::Good, "ok", ""), (Made::Expired, "fault", "expired")];
    for (made, verdict, words) in cases {
        let [ca, cert, key] = certificates(dir.path(), made);
        let tls = ["--cert", &cert, "--key", &key, "--tls-listen", "127.0.0.1:0"];
        let (_server, addresses) = server(&[&ALICE, &LOOPBACK, &tls]);
        let port = addresses[1].rsplit(':').next().unwrap();
        let uri = format!("turns:localhost:{port}");
        let (_, told) = check(&uri, &[&AS_ALICE, &["--ca", &ca, "--no-throughput"]]);
        let number = told["servers"]
            .as_array()
            .unwrap()
            .iter()
            .position(|server| server["address"] == addresses[1].as_str());
        let number = number.unwrap();
        assert_eq!(grade(&told, number, "certificate"), verdict, "{told:#}");
        let seen = finding(&told, number, "certificate");
        assert!(seen["text"].as_str().unwrap().contains(words), "{told:#}");
        assert_eq!(seen["figures"]["names"][0], "localhost");
        if made == Made::Good {
            assert_eq!(grade(&told, number, "outside"), "ok", "{told:#}");
            let (_, told) = check(&uri, &[&AS_ALICE]);
            let advice =
                finding(&told, number, "certificate")["advice"].as_str().unwrap().to_owned();
            assert!(advice.contains("full chain"), "{told:#}");
        }
    }
}

/// A server that nobody should run: it gives everybody what it wants, and more of it.
#[test]
fn an_open_server_that_amplifies_is_found() {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    std::thread::spawn(move || {
        let mut buffer = [0; 1500];
        while let Ok((len, from)) = socket.recv_from(&mut buffer) {
            // a success response to the same transaction, with a long comment
            let mut answer = buffer[..len].to_vec();
            if len < 20 {
                continue;
            }
            answer.truncate(20);
            answer[0] |= 1;
            answer[2..4].copy_from_slice(&504_u16.to_be_bytes());
            answer.extend([0x80, 0x22, 0x01, 0xf4]);
            answer.resize(20 + 504, b'x');
            if socket.send_to(&answer, from).is_err() {
                return;
            }
        }
    });
    let (ended, told) = check(&format!("turn:{address}?transport=udp"), &[]);
    assert_ne!(ended.code(), Some(0));
    for bad in ["no-login", "amplifies"] {
        assert_eq!(grade(&told, 0, bad), "fault", "{bad}: {told:#}");
    }
}
