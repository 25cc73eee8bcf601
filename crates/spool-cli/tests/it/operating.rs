//! What an operator relies on: signals, a log that holds nothing up, memory, secrets that stay so.
use crate::{
    program::{PATIENCE, Running, run, spool},
    turn_client::Client,
};
use std::{
    io::{BufRead, BufReader, Write},
    net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    time::Instant,
};
use turn_proto::TurnEvent;

pub(crate) const FLAGS: [&str; 9] = [
    "turn-server",
    "--listen",
    "127.0.0.1:0",
    "--relay-ip",
    "127.0.0.1",
    "--user",
    "alice:wonderland",
    "--allow-peer",
    "127.0.0.0/8",
];

pub(crate) fn address(line: &str) -> String {
    let address = line.strip_prefix("Listening on ").and_then(|rest| rest.split(' ').next());
    address.unwrap_or_else(|| panic!("{line}")).to_owned()
}

fn signal(id: u32, name: &str) {
    let status = Command::new("kill").args([name, &id.to_string()]).status().unwrap();
    assert!(status.success());
}

fn log_in(server: &str) {
    let mut client = Client::new(server, "alice", "wonderland");
    assert!(matches!(client.allocate(), TurnEvent::Allocated { .. }));
    assert_eq!(client.close(), TurnEvent::Closed);
}

/// A child with pipes that nobody need read; killed when the test is over.
struct Unheard(Child);

impl Unheard {
    fn ends(&mut self) -> Option<i32> {
        let began = Instant::now();
        while began.elapsed() < PATIENCE {
            if let Some(status) = self.0.try_wait().unwrap() {
                return status.code();
            }
            std::thread::yield_now();
        }
        panic!("it does not end");
    }
}

impl Drop for Unheard {
    fn drop(&mut self) {
        // it may have ended by itself
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Whoever collects the log may hang. That holds up neither clients nor whoever ends the server.
#[test]
fn a_log_that_nobody_reads_holds_nothing_up() {
    let mut command = spool(&FLAGS);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut server = Unheard(command.spawn().unwrap());
    let mut out = BufReader::new(server.0.stdout.take().unwrap());
    let mut line = String::new();
    out.read_line(&mut line).unwrap();
    let address = address(&line);
    // two lines each, 64 KiB in all: more than a pipe holds. One client, for strangers are limited
    let mut client = Client::new(&address, "alice", "wonderland");
    for _ in 0..600 {
        assert!(matches!(client.allocate(), TurnEvent::Allocated { .. }));
        assert_eq!(client.close(), TurnEvent::Closed);
    }
    signal(server.0.id(), "-TERM");
    assert_eq!(server.ends(), Some(0));
}

#[test]
fn a_hangup_reloads_and_ends_nothing() {
    let server = Running::start(&FLAGS);
    let address = address(&server.line());
    let mut client = Client::new(&address, "alice", "wonderland");
    assert!(matches!(client.allocate(), TurnEvent::Allocated { .. }));
    signal(server.id(), "-HUP");
    server.said("reloaded");
    for asked in ["-USR1", "-USR2"] {
        signal(server.id(), asked);
        server.said("status allocations=1");
    }
    assert_eq!(client.close(), TurnEvent::Closed, "it still knows the client");
    signal(server.id(), "-INT");
    assert_eq!(server.ended().code(), Some(0));
}

#[test]
fn passwords_are_printed_nowhere() {
    let server = Running::start(&FLAGS);
    let address = address(&server.line());
    log_in(&address);
    server.said("alice");
    signal(server.id(), "-INT");
    let ended = server.ended();
    let said = [ended.out, ended.err].concat().join("\n");
    assert!(!said.contains("wonderland"), "{said}");
}

#[test]
fn an_account_stands_there_once() {
    let twice = ["--user", "alice:one", "--user", "alice:other"];
    let ended = run(&[&FLAGS[..5], &twice].concat());
    assert_eq!(ended.code(), Some(64), "{ended:?}");
    assert!(ended.last_line().contains("alice"), "{ended:?}");
    assert!(!ended.last_line().contains("other"), "{ended:?}");
}

/// Kilobytes of memory in use.
fn resident_kb(id: u32) -> usize {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

fn connections(server: SocketAddr) -> Vec<TcpStream> {
    let from = |n: u8| {
        let local: SocketAddr = (IpAddr::V4(Ipv4Addr::new(127, 0, 0, n)), 0).into();
        let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None);
        let socket = socket.unwrap();
        socket.bind(&local.into()).unwrap();
        socket.connect(&server.into()).unwrap();
        TcpStream::from(socket)
    };
    (2..6).flat_map(|n| (0..100).map(move |_| n)).map(from).collect()
}

/// Whoever has not logged in costs as little over TCP as may be: 8 KB in silence, 16 KB with a
/// request that does not end.
#[test]
#[cfg(target_os = "linux")]
fn a_stranger_over_tcp_costs_a_few_kilobytes() {
    let server = Running::start(&FLAGS);
    let address: SocketAddr = address(&server.line()).parse().unwrap();
    // a whole exchange on one more connection: what came before has been heard by then
    let heard = || {
        let ended = run(&["stun", &address.to_string(), "--tcp"]);
        assert_eq!(ended.code(), Some(0), "{ended:?}");
    };
    heard();
    let before = resident_kb(server.id());
    let mut silent = connections(address);
    heard();
    let with_silent = resident_kb(server.id());
    assert!(with_silent < before + 400 * 8, "{before} KB, then {with_silent} KB");
    for stream in &mut silent {
        stream.write_all(&[0, 3, 0x0F, 0xEC]).unwrap();
        stream.write_all(&[7; 4000]).unwrap();
    }
    heard();
    let with_unfinished = resident_kb(server.id());
    assert!(with_unfinished < before + 400 * 16, "{before} KB, then {with_unfinished} KB");
    drop(silent);
    heard();
}

/// A port that is taken is said to be so.
#[test]
fn a_taken_port_is_named() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let ended = run(&["turn-server", "--listen", &address]);
    assert_eq!(ended.code(), Some(1), "{ended:?}");
    assert!(ended.last_line().contains("another program uses it"), "{ended:?}");
}

const FILE: &str = r#"
listen = ["127.0.0.1:0"]
relay-ip = ["127.0.0.1"]
external-ip = ["127.0.0.9/127.0.0.1"]
relay-ports = "50000-50999"
user-quota = 2
allow-peer = ["127.0.0.0/8"]
users = "USERS"
auth-secret-file = "SECRETS"
"#;

/// A directory with a configuration, the accounts, and the secrets.
fn configuration(users: &str, secrets: &str) -> (tempfile::TempDir, String) {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    std::fs::write(path("users"), users).unwrap();
    std::fs::write(path("secrets"), secrets).unwrap();
    let text = FILE.replace("USERS", &path("users")).replace("SECRETS", &path("secrets"));
    std::fs::write(path("turn.toml"), text).unwrap();
    let config = path("turn.toml");
    (dir, config)
}

fn logs_in(server: &str, user: &str, password: &str) -> bool {
    matches!(Client::new(server, user, password).allocate(), TurnEvent::Allocated { .. })
}

#[test]
fn a_file_says_what_flags_say_and_is_read_again() {
    let mut keys = Running::start(&["turn-server", "--print-keys", "bob"]);
    keys.say(&["builder"]);
    let line = keys.line();
    assert!(!line.contains("builder") && line.starts_with("bob:keys:"), "{line}");
    let (dir, config) =
        configuration(&format!("# all\nalice:wonderland\n{line}\n"), "north\nsouth\n");
    let server = Running::start(&["turn-server", "--config", &config]);
    let address = address(&server.line());
    let mut client = Client::new(&address, "alice", "wonderland");
    let TurnEvent::Allocated { relayed, .. } = client.allocate() else { panic!("no allocation") };
    assert_eq!(relayed.ip().to_string(), "127.0.0.9");
    assert!((50_000..51_000).contains(&relayed.port()));
    assert!(logs_in(&address, "bob", "builder") && !logs_in(&address, "bob", "glass"));
    for (n, secret) in ["north", "south"].into_iter().enumerate() {
        let name = format!("9999999999:{n}");
        let password = stun_proto::turn_rest::password(secret.as_bytes(), &name);
        assert!(logs_in(&address, &name, &password), "{secret}");
    }
    // a quota of two, one of which is taken
    assert!(logs_in(&address, "alice", "wonderland") && !logs_in(&address, "alice", "wonderland"));
    // what makes no sense changes nothing, and is said with its line
    std::fs::write(dir.path().join("users"), "alice:wonderland\ncarol\n").unwrap();
    signal(server.id(), "-HUP");
    let said = server.said("not-reloaded");
    assert!(said.contains("line 2"), "{said}");
    assert!(logs_in(&address, "bob", "builder"));
    std::fs::write(dir.path().join("users"), "alice:wonderland\ncarol:coral\n").unwrap();
    std::fs::write(dir.path().join("secrets"), "south\n").unwrap();
    signal(server.id(), "-HUP");
    server.said(" reloaded");
    assert!(logs_in(&address, "carol", "coral") && !logs_in(&address, "bob", "builder"));
    let password = stun_proto::turn_rest::password(b"north", "9999999999:9");
    assert!(!logs_in(&address, "9999999999:9", &password), "its secret is gone");
    assert_eq!(client.close(), TurnEvent::Closed, "who was there stays");
}

#[test]
fn a_mistake_in_the_file_is_told_with_line_value_and_what_is_allowed() {
    let (_dir, config) = configuration("alice:wonderland\n", "north\n");
    let text = std::fs::read_to_string(&config).unwrap();
    let mistakes = [
        ("\"50000-50999\"", "\"50000\"", ["line 5", "FIRST-LAST"]),
        ("\"50000-50999\"", "\"80-90\"", ["'80-90'", "1024 to 65535"]),
        ("[\"127.0.0.0/8\"]", "[\"127.0.0.1/8\"]", ["line 7", "bits set behind"]),
        ("user-quota = 2", "user-quota = 0", ["line 6", "nonzero"]),
        ("user-quota", "user-quotas", ["line 6", "expected one of"]),
        ("[\"127.0.0.1:0\"]", "[\"nowhere\"]", ["line 2", "socket address"]),
        ("relay-ip = [\"127.0.0.1\"]", "relay-ip = 127", ["line 3", "sequence"]),
        ("/127.0.0.1\"", "/127.0.0.2\"", ["127.0.0.9", "which address"]),
    ];
    for (good, bad, words) in mistakes {
        assert!(text.contains(good));
        std::fs::write(&config, text.replace(good, bad)).unwrap();
        let ended = run(&["turn-server", "--config", &config]);
        assert!(matches!(ended.code(), Some(64 | 1)), "{ended:?}");
        assert!(ended.out.is_empty() && ended.err.len() == 1, "nothing started: {ended:?}");
        for word in words {
            assert!(ended.last_line().contains(word), "{bad}: {word}: {ended:?}");
        }
    }
}

/// Asks over HTTP.
fn get(address: &str, what: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    write!(stream, "GET {what} HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    std::io::read_to_string(stream).unwrap()
}

fn free_port() -> String {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
}

#[test]
fn a_server_that_is_to_end_serves_who_is_there_and_says_so() {
    let metrics = free_port();
    let server = Running::start(&[&FLAGS[..], &["--drain", "600", "--metrics", &metrics]].concat());
    let address = address(&server.line());
    while !server.line().contains("Ctrl-C ends it") {}
    let mut client = Client::new(&address, "alice", "wonderland");
    assert!(matches!(client.allocate(), TurnEvent::Allocated { .. }));
    let text = get(&metrics, "/metrics");
    assert!(text.starts_with("HTTP/1.1 200 OK\r\n"), "{text}");
    assert!(text.contains("\nspool_turn_allocations 1\n"), "{text}");
    assert!(get(&metrics, "/healthz").contains(" 200 OK"));
    assert!(get(&metrics, "/else").contains(" 404 "));
    signal(server.id(), "-TERM");
    server.said("draining");
    assert!(get(&metrics, "/healthz").contains(" 503 "), "a balancer sends nobody here");
    assert!(!logs_in(&address, "alice", "wonderland"), "no new ones");
    assert_eq!(client.close(), TurnEvent::Closed);
    assert_eq!(server.ended().code(), Some(0), "the last one has left");
}

#[test]
fn a_second_signal_ends_at_once() {
    let server = Running::start(&[&FLAGS[..], &["--drain", "600"]].concat());
    let address = address(&server.line());
    let mut client = Client::new(&address, "alice", "wonderland");
    assert!(matches!(client.allocate(), TurnEvent::Allocated { .. }));
    signal(server.id(), "-TERM");
    server.said("draining");
    signal(server.id(), "-TERM");
    assert_eq!(server.ended().code(), Some(0));
}

/// A service manager learns that clients may come.
#[test]
#[cfg(target_os = "linux")]
fn a_service_manager_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("notify");
    let socket = std::os::unix::net::UnixDatagram::bind(&path).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut command = spool(&FLAGS);
    command.env("NOTIFY_SOCKET", &path).stdout(Stdio::null()).stderr(Stdio::null());
    let mut server = Unheard(command.spawn().unwrap());
    let told = || {
        let mut buffer = [0; 100];
        let len = socket.recv(&mut buffer).unwrap();
        String::from_utf8_lossy(&buffer[..len]).trim().to_owned()
    };
    assert_eq!(told(), "READY=1");
    signal(server.0.id(), "-TERM");
    assert_eq!(told(), "STOPPING=1");
    assert_eq!(server.ends(), Some(0));
}
