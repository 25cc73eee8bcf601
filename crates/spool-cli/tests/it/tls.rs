//! The server with a certificate, with accounts for STUN, and what clients say of it.
use crate::{
    certificates::{Made, certificates},
    program::{Ended, Running, run},
};

/// A server, and the ports that it tells.
pub(crate) fn server(more: &[&str]) -> (Running, Vec<String>) {
    let flags = ["turn-server", "--listen", "127.0.0.1:0", "--relay-ip", "127.0.0.1"];
    let server = Running::start(&[&flags[..], more].concat());
    let mut ports = Vec::new();
    loop {
        let line = server.line();
        let Some(rest) = line.strip_prefix("Listening on 127.0.0.1:") else {
            return (server, ports);
        };
        ports.push(rest.split(' ').next().unwrap().to_owned());
    }
}

fn refused(ended: &Ended, words: &str) {
    assert_eq!(ended.code(), Some(2), "{ended:?}");
    assert!(ended.err.len() == 1 && ended.last_line().contains(words), "{ended:?}");
}

#[test]
fn stuns_asks_over_tls_and_says_what_is_wrong_with_a_certificate() {
    let dir = tempfile::tempdir().unwrap();
    let [ca, cert, key] = certificates(dir.path(), Made::Good);
    let tls = ["--cert", &cert, "--key", &key, "--tls-listen", "127.0.0.1:0"];
    let (_server, ports) = server(&tls);
    let [plain, secure] = &ports[..] else { panic!("{ports:?}") };
    for scheme in ["stuns", "turns"] {
        let ended = run(&["stun", &format!("{scheme}:localhost:{secure}"), "--ca", &ca]);
        assert_eq!(ended.code(), Some(0), "{ended:?}");
        assert!(ended.out[1].contains("TLS"), "{ended:?}");
    }
    let uri = format!("stuns:localhost:{secure}");
    refused(&run(&["stun", &uri]), "--ca FILE");
    let by_address = format!("turns:127.0.0.1:{secure}");
    refused(&run(&["stun", &by_address, "--ca", &ca]), "it is for another name");
    let wrong_port = format!("stuns:localhost:{plain}");
    refused(&run(&["stun", &wrong_port, "--ca", &ca]), "no TLS there");
    // the other way around: TLS where nobody speaks it
    let no_tls = format!("127.0.0.1:{secure}");
    refused(&run(&["stun", &no_tls, "--tcp"]), "not a STUN server");
}

#[test]
fn a_login_is_told_and_a_missing_one_asked_for() {
    let (_server, ports) = server(&["--secure-stun", "--user", "alice:wonderland"]);
    let address = format!("127.0.0.1:{}", ports[0]);
    let account = ["--user", "alice", "--password", "wonderland"];
    let ended = run(&[&["stun", &address, "--json"][..], &account].concat());
    let told: serde_json::Value = serde_json::from_str(&ended.out[0]).unwrap();
    let login = serde_json::json!({
        "algorithm": "SHA-256",
        "integrity": "HMAC-SHA256",
        "userhash": true,
    });
    assert_eq!(told["login"], login);
    let ended = run(&[&["stun", &address, "--tcp"][..], &account].concat());
    assert!(ended.out.iter().any(|line| line.contains("user name hashed")), "{ended:?}");
    refused(&run(&["stun", &address]), "--user NAME --password P");
    refused(
        &run(&["stun", &address, "--user", "alice", "--password", "looking-glass"]),
        "refused the credentials",
    );
}

#[test]
fn a_server_whose_certificate_is_of_no_use_does_not_start() {
    let dir = tempfile::tempdir().unwrap();
    let [ca, cert, key] = certificates(dir.path(), Made::Good);
    let start = |cert: &str, key: &str| {
        let flags = ["turn-server", "--listen", "127.0.0.1:0", "--tls-listen", "127.0.0.1:0"];
        run(&[&flags[..], &["--cert", cert, "--key", key]].concat())
    };
    let nowhere = "/nowhere/at/all.pem";
    for (cert, key, words) in [
        (&*cert, nowhere, nowhere),
        (nowhere, &*key, nowhere),
        (&*ca, &*key, "does not go with"),
        (&*key, &*key, "no certificate"),
        (&*cert, &*cert, "no private key"),
    ] {
        let ended = start(cert, key);
        assert_eq!(ended.code(), Some(64), "{ended:?}");
        assert!(ended.last_line().contains(words), "{ended:?}");
    }
    assert_eq!(run(&["turn-server", "--tls-listen", "127.0.0.1:0"]).code(), Some(64));
}
