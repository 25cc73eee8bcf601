//! `spool stun` and `spool nat` against our server, silence, closed ports, and what is no STUN.
use crate::{
    operating::address,
    program::{Running, run, spool},
};
use std::{
    io::{Read, Write},
    net::{TcpListener, UdpSocket},
    thread,
};

/// A server on the loopback interface, and where it listens.
fn server(more: &[&str]) -> (Running, String) {
    let flags = ["turn-server", "--listen", "127.0.0.1:0", "--relay-ip", "127.0.0.1"];
    let server = Running::start(&[&flags[..], more].concat());
    let address = address(&server.line());
    (server, address)
}

#[test]
fn stun_tells_the_address_that_the_server_sees() {
    let (_server, address) = server(&[]);
    for target in [address.clone(), format!("stun:{address}"), format!("turn:{address}")] {
        let ended = run(&["stun", &target]);
        assert_eq!(ended.code(), Some(0), "{ended:?}");
        assert!(
            ended.out[0].contains("127.0.0.1:") && ended.out[0].contains("no NAT"),
            "{ended:?}"
        );
        assert!(ended.out[1].contains(&address) && ended.out[1].contains("UDP"), "{ended:?}");
        assert!(ended.out[2].contains(" ms"), "{ended:?}");
    }
}

#[test]
fn stun_prints_json() {
    let (_server, address) = server(&[]);
    let ended = run(&["stun", &address, "--json"]);
    let told: serde_json::Value = serde_json::from_str(&ended.out[0]).unwrap();
    assert_eq!(told["mapped"], told["local"], "{ended:?}");
    assert_eq!(told["server"], *address);
    assert_eq!(told["transport"], "udp");
    assert!(told["rtt_ms"].as_f64().is_some_and(|rtt| rtt > 0.0), "{ended:?}");
    assert!(ended.err.is_empty(), "{ended:?}");
}

#[test]
fn a_name_is_looked_up() {
    let (_server, address) = server(&[]);
    let port = address.rsplit_once(':').unwrap().1;
    let ended = run(&["stun", &format!("stun:localhost:{port}")]);
    assert_eq!(ended.code(), Some(0), "{ended:?}");
}

#[test]
fn what_is_no_server_exits_with_2_and_says_what_it_is() {
    let silent = UdpSocket::bind("127.0.0.1:0").unwrap();
    let closed = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let echo = UdpSocket::bind("127.0.0.1:0").unwrap();
    let (silent_at, echo_at) = (silent.local_addr().unwrap(), echo.local_addr().unwrap());
    thread::spawn(move || {
        let mut buffer = [0; 64];
        while let Ok((length, from)) = echo.recv_from(&mut buffer) {
            echo.send_to(&buffer[..length], from).unwrap();
        }
    });
    let cases = [
        (silent_at.to_string(), "no answer"),
        (closed, "nothing listens on that port"),
        (echo_at.to_string(), "not a STUN server"),
        ("no-such-host.invalid:3478".into(), "no address"),
    ];
    thread::scope(|scope| {
        for command in [&["stun"][..], &["nat", "--server"]] {
            for (address, why) in &cases {
                scope.spawn(move || {
                    // silence is believed after 5.5 seconds, which is longer than `run` waits
                    let ended = spool(&[command, &[address]].concat()).output().unwrap();
                    let said = String::from_utf8(ended.stderr).unwrap();
                    assert_eq!(ended.status.code(), Some(2), "{command:?} {address} {said}");
                    assert!(said.contains(why) && said.lines().count() == 1, "{address}: {said}");
                    assert!(ended.stdout.is_empty());
                });
            }
        }
    });
    drop(silent);
}

#[test]
fn what_is_no_server_over_tcp_is_told_too() {
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = other.local_addr().unwrap().to_string();
    thread::spawn(move || {
        let (mut stream, _) = other.accept().unwrap();
        stream.write_all(b"SSH-2.0-OpenSSH_9.9\r\n").unwrap();
        stream.read_to_end(&mut Vec::new()).unwrap();
    });
    let ended = run(&["stun", "--tcp", &address]);
    assert_eq!(ended.code(), Some(2), "{ended:?}");
    assert!(ended.last_line().contains("not a STUN server"), "{ended:?}");
    let closed = run(&["stun", "--tcp", "127.0.0.1:1"]);
    assert_eq!(closed.code(), Some(2), "{closed:?}");
    assert!(closed.last_line().contains("nothing listens"), "{closed:?}");
}

#[test]
fn calls_that_make_no_sense_exit_with_64() {
    for wrong in [
        &["stun"][..],
        &["stun", "stun://127.0.0.1"],
        &["stun", "127.0.0.1:99999"],
        &["stun", "stuns:127.0.0.1"],
        &["stun", "stuns:a.example", "--tcp"],
        &["stun", "stuns:a.example", "--ca", "/nowhere/at/all.pem"],
        &["stun", "stun:a.example", "--ca", "/dev/null"],
        &["stun", "127.0.0.1", "--user", "alice"],
        &["nat"],
        &["nat", "--server", "stun:a.example?transport=tcp"],
        &["nat", "--server", "turn:127.0.0.1?transport=tcp"],
        &["nat", "--server", "127.0.0.1", "--lifetime", "1"],
    ] {
        let ended = run(wrong);
        assert_eq!(ended.code(), Some(64), "{wrong:?}: {ended:?}");
        assert!(ended.out.is_empty(), "{ended:?}");
    }
}

#[test]
fn nat_finds_no_nat_on_the_loopback_interface() {
    let (_server, address) = server(&["--behaviour", "127.0.0.2:0"]);
    let ended = run(&["nat", "--server", &address]);
    assert_eq!(ended.code(), Some(0), "{ended:?}");
    assert!(ended.out[0].starts_with("No NAT"), "{ended:?}");
    assert!(ended.out.iter().any(|line| line.contains("lets everybody in")), "{ended:?}");
    let ended = run(&["nat", "--server", &address, "--json"]);
    let told: serde_json::Value = serde_json::from_str(&ended.out[0]).unwrap();
    assert_eq!(told["mapping"], "none", "{ended:?}");
    assert_eq!(told["filtering"], "endpoint-independent", "{ended:?}");
    assert_eq!(told["class"], "open internet", "{ended:?}");
}

#[test]
fn a_server_with_one_address_is_said_to_know_less() {
    let (_server, address) = server(&[]);
    let ended = run(&["nat", "--server", &address]);
    assert_eq!(ended.code(), Some(0), "{ended:?}");
    let told = ended.out.join("\n");
    assert!(told.contains("no OTHER-ADDRESS") && told.contains("Filtering   unknown"), "{told}");
    assert!(!told.contains("RFC 3489"), "no class without both answers: {told}");
}

#[test]
fn a_second_address_must_be_another() {
    for second in ["127.0.0.1:0", "[::1]:0"] {
        let flags = ["turn-server", "--listen", "127.0.0.1:0", "--behaviour", second];
        let ended = run(&flags);
        assert_eq!(ended.code(), Some(1), "{ended:?}");
        assert!(ended.last_line().contains("another of the same family"), "{ended:?}");
    }
}
