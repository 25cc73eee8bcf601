//! Coming from coturn: its file is read, and what is not taken is told.
use crate::program::{Running, run};

const FILE: &str = "\
listening-ip=127.0.0.1
listening-port=0
relay-ip=127.0.0.1
min-port=50000
max-port=50999
lt-cred-mech
user=alice:wonderland
realm=example.org
denied-peer-ip=10.0.0.0-10.255.255.255
redis-userdb=\"ip=127.0.0.1\"
no-such-thing
";

#[test]
fn a_file_of_coturn_becomes_one_of_this_server() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    let (coturn, ours) = (path("turnserver.conf"), path("turn.toml"));
    std::fs::write(&coturn, FILE.replace("port=0\n", "port=3478\n")).unwrap();
    let printed = run(&["turn-server", "--coturn-config", &coturn, "--print-config"]);
    assert_eq!(printed.code(), Some(0), "{printed:?}");
    let wanted = [
        "listen = [\"127.0.0.1:3478\"]",
        "relay-ports = \"50000-50999\"",
        "realm = \"example.org\"",
        "deny-peer = [\"10.0.0.0/8\"]",
    ];
    for line in wanted {
        assert!(printed.out.iter().any(|had| had == line), "{line}: {printed:?}");
    }
    let told = ["line 6: lt-cred-mech: not needed", "line 10: redis-userdb: NOT TAKEN", "line 11"];
    assert_eq!(printed.err.len(), told.len(), "{printed:?}");
    for (line, wanted) in printed.err.iter().zip(told) {
        assert!(line.starts_with(wanted), "{line}");
    }
    // what was printed is a file that works
    let text = printed.out.join("\n").replace(":3478", ":0");
    std::fs::write(&ours, text).unwrap();
    let server = Running::start(&["turn-server", "--config", &ours]);
    assert!(server.line().starts_with("Listening on 127.0.0.1:"));
    let both = run(&["turn-server", "--config", &ours, "--coturn-config", &coturn]);
    assert_eq!(both.code(), Some(64), "which of the two?");
}

#[test]
fn a_server_starts_from_it_and_says_in_its_log_what_it_does_not_take() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("turnserver.conf");
    std::fs::write(&path, FILE.replace("listening-port=0\n", "")).unwrap();
    let coturn = path.to_str().unwrap();
    let flags = ["turn-server", "--coturn-config", coturn, "--listen", "127.0.0.1:0"];
    let server = Running::start(&flags);
    server.said("coturn-config remark=\"line 9: redis-userdb: NOT TAKEN");
    server.said("no-such-thing: UNKNOWN");
    std::fs::write(&path, "min-port=soon\n").unwrap();
    let ended = run(&["turn-server", "--coturn-config", coturn]);
    assert_eq!(ended.code(), Some(64), "{ended:?}");
    assert!(ended.last_line().contains("turnserver.conf, line 1: min-port: 'soon'"), "{ended:?}");
}
