//! A server among others: behind a balancer, with realms, under a service manager, and held to limits.
use crate::{
    operating::{FLAGS, address},
    program::{PATIENCE, Running, run, run_patiently, spool},
    turn_client::Client,
};
use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream, UdpSocket},
    process::Stdio,
};
use stun_proto::{
    Attempt, Class, Credentials, LongTermClient, Message, MessageBuilder, MessageType, Method,
    ResponseCheck, TransactionId,
    attribute::{RequestedTransport, XorMappedAddress},
};
use turn_proto::TurnEvent;

fn server(more: &[&str]) -> (Running, SocketAddr) {
    let server = Running::start(&[&FLAGS[..], more].concat());
    let address = address(&server.line()).parse().unwrap();
    while !server.line().contains("Ctrl-C ends it") {}
    (server, address)
}

fn logs_in(server: &str, user: &str, password: &str) -> bool {
    matches!(Client::new(server, user, password).allocate(), TurnEvent::Allocated { .. })
}

fn binding() -> Vec<u8> {
    let mut buffer = [0; 20];
    let kind = MessageType::request(Method::BINDING);
    MessageBuilder::new(&mut buffer, kind, TransactionId([3; 12])).finish().unwrap().to_vec()
}

/// What a server says of the client, if it says anything before it ends the connection.
fn told(stream: &mut TcpStream) -> Option<SocketAddr> {
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut answer = [0; 32];
    stream.read_exact(&mut answer).ok()?;
    let XorMappedAddress(mapped) = Message::parse(&answer).unwrap().get().unwrap();
    Some(mapped)
}

#[test]
fn a_balancer_that_is_named_says_who_the_client_is() {
    let (_server, address) = server(&["--proxy-from", "127.0.0.8/32"]);
    let connect = |from: [u8; 4]| {
        let socket =
            socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
        socket.bind(&SocketAddr::from((from, 0)).into()).unwrap();
        socket.connect(&address.into()).unwrap();
        TcpStream::from(socket)
    };
    let header = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xcb\0\x71\x09\x7f\0\0\x01\x0f\xa0\x0d\x96";
    let mut named = connect([127, 0, 0, 8]);
    // byte by byte: it comes as it comes
    for byte in header {
        named.write_all(&[*byte]).unwrap();
    }
    named.write_all(&binding()).unwrap();
    assert_eq!(told(&mut named), Some("203.0.113.9:4000".parse().unwrap()));
    let mut silent = connect([127, 0, 0, 8]);
    silent.write_all(&binding()).unwrap();
    assert_eq!(told(&mut silent), None, "a balancer that says nothing is none");
    let mut other = connect([127, 0, 0, 9]);
    other.write_all(&binding()).unwrap();
    assert_eq!(told(&mut other), Some(other.local_addr().unwrap()));
    let mut liar = connect([127, 0, 0, 9]);
    liar.write_all(&[&header[..], &binding()].concat()).unwrap();
    assert_ne!(
        told(&mut liar),
        Some("203.0.113.9:4000".parse().unwrap()),
        "nobody else is believed"
    );
}

#[test]
fn servers_with_one_secret_take_up_a_log_in_of_each_other() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("nonces");
    let secret = path.to_str().unwrap();
    std::fs::write(&path, "too short\n").unwrap();
    let ended = run(&[&FLAGS[..], &["--nonce-secret-file", secret]].concat());
    assert_eq!(ended.code(), Some(1), "{ended:?}");
    assert!(ended.last_line().contains("16 characters"), "{ended:?}");
    std::fs::write(&path, "# all of them\nlong enough, and of nobody else\n").unwrap();
    let flags = ["--nonce-secret-file", secret];
    let ((_one, one), (_two, two)) = (server(&flags), server(&flags));
    let (_other, other) = server(&[]);
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut login = LongTermClient::new(Credentials::new("alice", "wonderland").unwrap());
    let mut ask = |server: SocketAddr, attempt: Attempt| {
        let mut buffer = [0; 1000];
        let kind = MessageType::request(Method::ALLOCATE);
        let mut request = MessageBuilder::new(&mut buffer, kind, TransactionId([4; 12]));
        request.push(&RequestedTransport::UDP);
        let (request, attempt) = login.sign(request, attempt);
        socket.send_to(request.finish().unwrap(), server).unwrap();
        let mut answer = [0; 1000];
        let len = socket.recv(&mut answer).unwrap();
        let answer = Message::parse(&answer[..len]).unwrap();
        match login.check(attempt, &answer) {
            ResponseCheck::Retry(attempt) => Err(attempt),
            _ => Ok(answer.class()),
        }
    };
    let signed = ask(one, Attempt::default()).unwrap_err();
    assert_eq!(ask(two, signed).unwrap(), Class::Success, "with the nonce of the first");
    let signed = ask(one, Attempt::default());
    assert!(signed.is_ok(), "its own as well: {signed:?}");
    assert!(ask(other, Attempt::default()).is_err(), "another server wants a nonce of its own");
}

#[test]
fn each_realm_has_users_of_its_own_and_they_are_read_again() {
    let free = || UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let (first, second) = (free(), free());
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    let (config, users) = (path("turn.toml"), path("users"));
    let text = format!(
        "listen = [\"{first}\", \"{second}\"]\nrelay-ip = [\"127.0.0.1\"]\n\
         user = [\"alice:wonderland\"]\n[[realms]]\nrealm = \"other\"\nlisten = [\"{second}\"]\n\
         users = \"{users}\"\n"
    );
    std::fs::write(&config, &text).unwrap();
    std::fs::write(&users, "alice:looking-glass\n").unwrap();
    let server = Running::start(&["turn-server", "--config", &config]);
    while !server.line().contains("Ctrl-C ends it") {}
    assert!(logs_in(&first, "alice", "wonderland") && logs_in(&second, "alice", "looking-glass"));
    assert!(!logs_in(&first, "alice", "looking-glass") && !logs_in(&second, "alice", "wonderland"));
    std::fs::write(&users, "carol:coral\n").unwrap();
    let id = server.id().to_string();
    assert!(std::process::Command::new("kill").args(["-HUP", &id]).status().unwrap().success());
    server.said("reloaded");
    assert!(logs_in(&second, "carol", "coral") && !logs_in(&second, "alice", "looking-glass"));
    assert!(logs_in(&first, "alice", "wonderland"), "the other realm is as it was");
    drop(server);
    for (good, bad, words) in [
        ("realm = \"other\"\nlisten", "realm = \"other\"\nlisten-at", "expected one of"),
        ("realm = \"other\"", "realm = \"turn\"", "two realms"),
        (
            &*format!("other\"\nlisten = [\"{second}"),
            "other\"\nlisten = [\"127.0.0.1:9",
            "nobody listens",
        ),
    ] {
        assert!(text.contains(good), "{good}");
        std::fs::write(&config, text.replace(good, bad)).unwrap();
        let ended = run(&["turn-server", "--config", &config]);
        assert!(ended.last_line().contains(words), "{bad}: {ended:?}");
        assert!(ended.out.is_empty(), "nothing started: {ended:?}");
    }
}

/// The manager has the sockets, and passes them on as descriptors 3 and 4.
#[test]
#[cfg(unix)]
fn sockets_of_a_service_manager_are_served() {
    let (udp, tcp) = loop {
        let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
        if let Ok(tcp) = TcpListener::bind(udp.local_addr().unwrap()) {
            break (udp, tcp);
        }
    };
    let address = udp.local_addr().unwrap();
    let handed = |more: &[&str]| {
        let mut command = std::process::Command::new("sh");
        let pass = "exec 3<&0 4<&2 0</dev/null 2>&1; LISTEN_FDS=2 LISTEN_PID=$$ exec \"$0\" \"$@\"";
        command.args(["-c", pass]).arg(spool(&[]).get_program());
        command.args([FLAGS[0]]).args(&FLAGS[3..]).args(more);
        let fd = |fd: std::os::fd::OwnedFd| Stdio::from(fd);
        command.stdin(fd(udp.try_clone().unwrap().into()));
        command.stderr(fd(tcp.try_clone().unwrap().into()));
        command.stdout(Stdio::piped());
        Running::watch(command.spawn().unwrap())
    };
    let server = handed(&[]);
    assert_eq!(server.line(), format!("Listening on {address} (UDP, TCP)"));
    while !server.line().contains("Ctrl-C ends it") {}
    assert!(logs_in(&address.to_string(), "alice", "wonderland"));
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(&binding()).unwrap();
    assert_eq!(told(&mut stream), Some(stream.local_addr().unwrap()));
    drop(server);
    // a socket that nobody is to listen at is a mistake of one of the two
    let server = handed(&["--listen", "127.0.0.1:0"]);
    let line = server.line();
    assert!(line.contains(&format!("a socket at {address} was handed over")), "{line}");
}

#[test]
#[cfg(target_os = "linux")]
fn privileges_are_given_up_by_every_thread() {
    if !std::fs::metadata("/proc/self")
        .is_ok_and(|me| std::os::unix::fs::MetadataExt::uid(&me) == 0)
    {
        assert!(std::env::var("CI").is_err(), "giving privileges up takes some: run it as root");
        eprintln!("NOT RUN: giving privileges up takes some: run it as root");
        return;
    }
    let (server, address) = server(&["--run-as", "nobody"]);
    assert!(logs_in(&address.to_string(), "alice", "wonderland"));
    let tasks = std::fs::read_dir(format!("/proc/{}/task", server.id())).unwrap();
    let mut seen = 0;
    for task in tasks {
        let status = std::fs::read_to_string(task.unwrap().path().join("status")).unwrap();
        let line = |name: &str| status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        for ids in [line("Uid:"), line("Gid:")] {
            assert!(ids.split_whitespace().all(|id| id != "0"), "{ids}");
        }
        assert_eq!(line("CapEff:").trim(), "0000000000000000");
        seen += 1;
    }
    assert!(seen > 1, "there are threads beside the first");
    for (user, words) in
        [("no-such-user", "no such user"), ("nobody:no-such-group", "no such group")]
    {
        let ended = run(&[&FLAGS[..], &["--run-as", user]].concat());
        assert_eq!(ended.code(), Some(64), "{ended:?}");
        assert!(ended.out.is_empty() && ended.last_line().contains(words), "{ended:?}");
    }
}

#[test]
fn limits_on_bandwidth_hold() {
    for flag in ["--max-bps", "--user-bandwidth", "--total-bandwidth"] {
        let (_server, address) = server(&[flag, "100000"]);
        let uri = format!("turn:{address}?transport=udp");
        let account = ["--user", "alice", "--password", "wonderland"];
        let ended = run_patiently(&[&["turn-check", &uri, "--json"][..], &account].concat());
        let told: serde_json::Value = serde_json::from_str(&ended.out[0]).unwrap();
        let findings = told["servers"][0]["findings"].as_array().unwrap();
        let of = |check: &str| findings.iter().find(|finding| finding["check"] == check).unwrap();
        let rate = of("throughput")["figures"]["mbit_per_s"].as_f64().unwrap();
        // a second's worth at once, and a second's worth meanwhile
        assert!(rate < 2.0, "{flag}: {rate}");
    }
}
