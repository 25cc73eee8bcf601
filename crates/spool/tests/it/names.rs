//! Names through a name server of our own (RFC 5928, RFC 8489 §8.1), and what it may do wrong.
use crate::{
    machines::Seen,
    name_server::{self, A, AAAA, NAPTR, PTR, Reply, SRV},
    running::{Running, Told, bounded},
};
use sans_io::{LookupFault, LookupId, LookupKind, Transport};
use spool::{
    Agent, Names, Services, TurnService,
    driver::Sockets,
    probe::{self, LookupError},
};
use std::net::SocketAddr;

async fn services(answer: impl Fn(&str, u16) -> Reply + Send + 'static) -> Services {
    let server = name_server::start(answer).await.unwrap();
    Services::default().with_names(Names::servers([server]))
}

async fn resolve(services: &Services, uri: &str) -> Result<Vec<String>, LookupError> {
    let transports = [Transport::Udp, Transport::Tcp];
    let found = probe::resolve(&uri.parse().unwrap(), &transports, services).await?;
    Ok(found.iter().map(|server| format!("{:?} {}", server.transport, server.address)).collect())
}

fn loopback() -> Reply {
    Reply::Records(vec![name_server::address([127, 0, 0, 1].into())])
}

/// A name with everything: RFC 5928 §3.
fn zone(port: u16) -> impl Fn(&str, u16) -> Reply + Send + 'static {
    move |name, kind| match (name, kind) {
        ("_stun._udp.example.test" | "_turn._tcp.example.test", SRV) => {
            Reply::Records(vec![name_server::srv(port, "host.example.test")])
        }
        ("example.test", NAPTR) => {
            let to = "_turn._tcp.example.test";
            Reply::Records(vec![name_server::naptr("S", "RELAY:turn.tcp", to)])
        }
        ("host.example.test" | "bare.test", A) => loopback(),
        ("bare.test", AAAA) => Reply::Records(vec![name_server::address("::1".parse().unwrap())]),
        ("broken.test", _) => Reply::Error(2),
        (name, _) if name.ends_with("example.test") => Reply::Records(Vec::new()),
        _ => Reply::Error(3),
    }
}

#[tokio::test]
async fn records_of_a_service_lead_to_its_servers() {
    let services = services(zone(3479)).await;
    let of = async |uri| bounded(resolve(&services, uri)).await.unwrap();
    assert_eq!(of("stun:example.test").await, ["Udp 127.0.0.1:3479"]);
    assert_eq!(of("turn:example.test").await, ["Tcp 127.0.0.1:3479"]);
    assert_eq!(of("turn:host.example.test:9?transport=udp").await, ["Udp 127.0.0.1:9"]);
    let mut bare = of("turn:bare.test?transport=udp").await;
    bare.sort();
    assert_eq!(bare, ["Udp 127.0.0.1:3478", "Udp [::1]:3478"]);
}

#[tokio::test]
async fn names_that_lead_nowhere_are_told_apart() {
    let services = services(zone(3479)).await;
    for nowhere in ["stun:nowhere.test", "stun:nowhere.example", "turn:nowhere.test"] {
        assert_eq!(bounded(resolve(&services, nowhere)).await, Err(LookupError::NotFound));
    }
    let broken = bounded(resolve(&services, "stun:broken.test:1")).await;
    assert_eq!(broken, Err(LookupError::Failed));
}

#[tokio::test]
async fn agents_find_their_server_by_its_records() {
    let server = TurnService::builder().listen("127.0.0.1:0".parse().unwrap());
    let server = server.relay("127.0.0.1".parse().unwrap()).user("alice", "wonderland");
    let server = server.start().await.unwrap();
    let port = server.listeners()[0].port();
    let services = services(move |name, kind| match (name, kind) {
        ("_turn._udp.example.test", SRV) => {
            Reply::Records(vec![name_server::srv(port, "host.example.test")])
        }
        ("host.example.test", A) => loopback(),
        _ => Reply::Error(3),
    });
    let agent = Agent::builder()
        .address("127.0.0.1".parse().unwrap())
        .turn("turn:example.test", "alice", "wonderland")
        .services(services.await)
        .policy(spool::CandidatePolicy::Relay);
    let mut agent = bounded(agent.build()).await.unwrap();
    let offer = bounded(agent.local_description()).await.unwrap();
    assert!(offer.contains("typ relay"), "{offer}");
    server.stop().await;
}

/// The clock of these stands still unless all wait, so that no patience is tried but the driver's.
#[tokio::test(start_paused = true)]
async fn a_name_server_that_says_nothing_is_given_up() {
    let services = services(|_, _| Reply::Silence).await;
    let began = tokio::time::Instant::now();
    assert_eq!(resolve(&services, "stun:example.test").await, Err(LookupError::NoNameServer));
    assert!(began.elapsed() < std::time::Duration::from_secs(15), "{:?}", began.elapsed());
}

#[tokio::test]
async fn a_name_server_that_is_not_there_is_said_to_be_silent() {
    let gone = std::net::UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let services = Services::default().with_names(Names::servers([gone]));
    let silent = tokio::time::timeout(
        std::time::Duration::from_secs(15),
        resolve(&services, "stun:example.test:1"),
    );
    assert_eq!(silent.await.unwrap(), Err(LookupError::NoNameServer));
}

#[tokio::test]
async fn answers_that_make_no_sense_are_no_answers() {
    let question: &[u8] = &[&name_server::name("example.test")[..], &[0, 1, 0, 1]].concat();
    let head = |answers: u8| [0x81, 0x80, 0, 1, 0, answers, 0, 0, 0, 0];
    for garbage in [
        vec![],
        vec![0xFF; 600],
        [&head(9)[..], question].concat(),
        // a name that points to itself
        [&head(1)[..], question, &[0xC0, 30, 0, 1, 0, 1, 0, 0, 0, 9, 0, 4, 127, 0, 0, 1]].concat(),
        // the data is longer than the message
        [&head(1)[..], question, &[0xC0, 12, 0, 1, 0, 1, 0, 0, 0, 9, 0xFF, 0xFF, 1]].concat(),
    ] {
        let what = format!("{garbage:?}");
        let services = services(move |_, _| Reply::Raw(garbage.clone())).await;
        let patience = std::time::Duration::from_secs(10);
        let result =
            tokio::time::timeout(patience, resolve(&services, "stun:example.test:1")).await;
        assert!(result.unwrap().is_err(), "{what}");
    }
}

#[tokio::test]
async fn more_answers_than_any_service_has_are_cut() {
    let many = |_: &str, kind| match kind {
        A => Reply::Records(
            (0..60_u8).map(|n| name_server::address([192, 0, 2, n].into())).collect(),
        ),
        _ => Reply::Records(Vec::new()),
    };
    let mut sockets = Sockets::default();
    sockets.use_services(services(many).await);
    let mut run = Running::with_sockets(sockets, |probe| {
        probe.look_up(LookupKind::Address, "example.test");
    });
    let answers = Seen::LookedUp(LookupId(7), Ok(32));
    assert_eq!(run.next().await, Told::Event(answers));
}

#[tokio::test]
async fn what_is_no_name_is_not_asked_for() {
    let services = services(|_, _| loopback()).await;
    let mut sockets = Sockets::default();
    sockets.use_services(services);
    let mut run = Running::with_sockets(sockets, |probe| {
        probe.look_up(LookupKind::Srv, &"a".repeat(300));
    });
    let unknown = Seen::LookedUp(LookupId(7), Err(LookupFault::NotFound));
    assert_eq!(run.next().await, Told::Event(unknown));
}

#[tokio::test]
async fn the_file_of_hosts_is_read() {
    let services = Services::default();
    let servers = bounded(resolve(&services, "stun:localhost:9")).await.unwrap();
    let local = |text: &String| {
        text.rsplit(' ').next().unwrap().parse::<SocketAddr>().unwrap().ip().is_loopback()
    };
    assert!(!servers.is_empty() && servers.iter().all(local), "{servers:?}");
}

/// A domain's own records, of both kinds (RFC 8155 §4, §5).
#[tokio::test]
async fn turn_servers_of_a_domain_are_discovered() {
    let services = services(|name, kind| match (name, kind) {
        ("example.test", NAPTR) => {
            let to = "_turn._udp.here.example.test";
            Reply::Records(vec![name_server::naptr("S", "RELAY:turn.udp", to)])
        }
        ("_turn._tcp.example.test", PTR) => {
            Reply::Records(vec![name_server::name("office._turn._tcp.example.test")])
        }
        ("_turn._udp.here.example.test", SRV) => {
            Reply::Records(vec![name_server::srv(3479, "host.example.test")])
        }
        ("office._turn._tcp.example.test", SRV) => {
            Reply::Records(vec![name_server::srv(80, "host.example.test")])
        }
        ("host.example.test", A) => loopback(),
        _ => Reply::Records(Vec::new()),
    })
    .await;
    let transports = [Transport::Udp, Transport::Tcp];
    let discover = async |domain| bounded(probe::discover(domain, &transports, &services)).await;
    let found = discover("example.test").await.unwrap();
    let found: Vec<_> =
        found.iter().map(|server| format!("{:?} {}", server.transport, server.address)).collect();
    assert_eq!(found, ["Udp 127.0.0.1:3479", "Tcp 127.0.0.1:80"]);
    assert_eq!(discover("nobody.test").await, Err(LookupError::NotFound));
}
