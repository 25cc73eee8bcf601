use super::{ResolveError, ResolveEvent, ResolvedServer, Resolver};
use alloc::{format, string::String, vec, vec::Vec};
use sans_io::{
    Input, Instant, LookupAnswer, LookupFault, LookupKind, Machine, Output, Transport, Verdict,
};

const ALL: [Transport; 3] = [Transport::Tls, Transport::Tcp, Transport::Udp];

type Zone<'a> = &'a dyn Fn(LookupKind, &str) -> Vec<LookupAnswer>;

fn resolver(uri: &str, supported: &[Transport]) -> Result<Resolver, ResolveError> {
    Resolver::new(&uri.parse().unwrap(), supported, 100, [1; 32])
}

/// Resolves with a zone; what was asked is kept, in order.
fn resolve(
    uri: &str,
    supported: &[Transport],
    zone: Zone<'_>,
) -> (Vec<ResolvedServer>, Vec<String>) {
    run(resolver(uri, supported).unwrap(), zone)
}

fn run(mut resolver: Resolver, zone: Zone<'_>) -> (Vec<ResolvedServer>, Vec<String>) {
    let mut asked = Vec::new();
    let mut open = Vec::new();
    loop {
        match resolver.poll_output() {
            Output::Lookup(lookup) => {
                asked.push(format!("{:?} {}", lookup.kind, lookup.name));
                open.push(lookup);
            }
            Output::Event(ResolveEvent::Resolved(servers)) => return (servers, asked),
            Output::Event(ResolveEvent::NotFound) => return (vec![], asked),
            Output::Timeout(None) => {
                // The last question is answered first: order must not depend on it.
                let lookup = open.pop().unwrap();
                let answers = zone(lookup.kind, &lookup.name);
                let result =
                    if answers.is_empty() { Err(LookupFault::NotFound) } else { Ok(&answers[..]) };
                let input = Input::LookedUp { id: lookup.id, result };
                assert_eq!(resolver.handle_input(Instant::ZERO, input), Verdict::Consumed);
            }
            other => panic!("{other:?}"),
        }
    }
}

fn texts(servers: &[ResolvedServer]) -> Vec<String> {
    servers.iter().map(|server| format!("{:?} {}", server.transport, server.address)).collect()
}

fn address(text: &str) -> LookupAnswer {
    LookupAnswer::Address(text.parse().unwrap())
}

fn srv(priority: u16, weight: u16, port: u16, target: &str) -> LookupAnswer {
    LookupAnswer::Srv { priority, weight, port, target: target.into() }
}

fn naptr(order: u16, flags: &str, service: &str, replacement: &str) -> LookupAnswer {
    LookupAnswer::Naptr {
        order,
        preference: 10,
        flags: flags.into(),
        service: service.into(),
        replacement: replacement.into(),
    }
}

/// RFC 5928 figures 1 and 2.
fn figure_1(kind: LookupKind, name: &str) -> Vec<LookupAnswer> {
    match (kind, name) {
        (LookupKind::Naptr, "example.com") => {
            vec![naptr(100, "", "RELAY:turn.udp:turn.tcp:turn.tls", "example.net")]
        }
        (LookupKind::Naptr, "example.net") => vec![
            naptr(200, "", "RELAY:turn.tcp:turn.tls", "stream.example.net"),
            naptr(100, "", "RELAY:turn.udp", "datagram.example.net"),
        ],
        (LookupKind::Naptr, "datagram.example.net") => {
            vec![naptr(100, "S", "RELAY:turn.udp", "_turn._udp.example.net")]
        }
        (LookupKind::Naptr, "stream.example.net") => vec![
            naptr(100, "S", "RELAY:turn.tcp", "_turn._tcp.example.net"),
            naptr(200, "A", "RELAY:turn.tls", "a.example.net"),
        ],
        (LookupKind::Srv, "_turn._udp.example.net") => vec![srv(0, 0, 3478, "a.example.net")],
        (LookupKind::Srv, "_turn._tcp.example.net") => vec![srv(0, 0, 5000, "a.example.net")],
        (LookupKind::Address, "a.example.net") => vec![address("192.0.2.1")],
        _ => vec![],
    }
}

#[test]
fn naptr_records_of_rfc_5928_lead_to_table_2() {
    for host in ["example.net", "example.com"] {
        let (servers, _) = resolve(&format!("turn:{host}"), &ALL, &figure_1);
        let table_2 = ["Udp 192.0.2.1:3478", "Tls 192.0.2.1:5349", "Tcp 192.0.2.1:5000"];
        // Of example.com RFC 5928 §4.2 says the same order, but by its step 4 the application's is
        // used where one record names all transports.
        let order = if host == "example.net" { [0, 1, 2] } else { [1, 2, 0] };
        assert_eq!(texts(&servers), order.map(|i| table_2[i]));
        let (servers, _) = resolve(&format!("turns:{host}"), &ALL, &figure_1);
        assert_eq!(texts(&servers), ["Tls 192.0.2.1:5349"]);
        assert_eq!(servers[0].server_name.as_deref(), Some(host));
    }
}

#[test]
fn without_naptr_each_transport_asks_for_srv_then_address() {
    let zone = |kind, name: &str| match (kind, name) {
        (LookupKind::Srv, "_turn._tcp.example.org") => vec![srv(0, 0, 80, "tcp.example.org")],
        (LookupKind::Address, "tcp.example.org") => vec![address("192.0.2.2")],
        (LookupKind::Address, "example.org") => vec![address("192.0.2.1"), address("2001:db8::1")],
        _ => vec![],
    };
    let (servers, _) = resolve("turn:example.org", &[Transport::Udp, Transport::Tcp], &zone);
    assert_eq!(
        texts(&servers),
        ["Udp 192.0.2.1:3478", "Udp [2001:db8::1]:3478", "Tcp 192.0.2.2:80"]
    );
}

#[test]
fn stun_name_is_looked_up_by_srv_then_address() {
    let zone = |kind, name: &str| match (kind, name) {
        (LookupKind::Address, "example.org") => vec![address("192.0.2.1"), address("2001:db8::1")],
        _ => vec![],
    };
    let (servers, asked) = resolve("stun:example.org", &[Transport::Udp], &zone);
    assert_eq!(asked, ["Srv _stun._udp.example.org", "Address example.org"]);
    assert_eq!(texts(&servers), ["Udp 192.0.2.1:3478", "Udp [2001:db8::1]:3478"]);
    let (servers, asked) = resolve("stuns:example.org", &ALL, &zone);
    assert_eq!(asked, ["Srv _stuns._tcp.example.org", "Address example.org"]);
    assert_eq!(texts(&servers), ["Tls 192.0.2.1:5349", "Tls [2001:db8::1]:5349"]);
}

#[test]
fn given_port_skips_srv_and_given_address_skips_the_dns() {
    let zone = |_, _: &str| vec![address("192.0.2.1")];
    let (servers, asked) = resolve("turn:example.org:9?transport=tcp", &ALL, &zone);
    assert_eq!(asked, ["Address example.org"]);
    assert_eq!(texts(&servers), ["Tcp 192.0.2.1:9"]);
    let (servers, asked) = resolve("turn:[2001:db8::1]", &ALL, &zone);
    assert!(asked.is_empty());
    assert_eq!(texts(&servers), ["Tls", "Tcp", "Udp"].map(|t| format!("{t} [2001:db8::1]:3478")));
}

#[test]
fn given_transport_asks_for_srv_only() {
    let zone = |kind, name: &str| match (kind, name) {
        (LookupKind::Srv, "_turns._tcp.example.org") => vec![srv(0, 0, 443, "a.example.org")],
        (LookupKind::Address, "a.example.org") => vec![address("192.0.2.1")],
        _ => vec![],
    };
    let (servers, asked) = resolve("turns:example.org?transport=tcp", &ALL, &zone);
    assert_eq!(asked, ["Srv _turns._tcp.example.org", "Address a.example.org"]);
    assert_eq!(texts(&servers), ["Tls 192.0.2.1:443"]);
}

#[test]
fn servers_come_in_the_order_of_priority() {
    let zone = |kind, name: &str| match (kind, name) {
        (LookupKind::Srv, _) => {
            vec![
                srv(20, 0, 3, "c"),
                srv(10, 0, 1, "a"),
                srv(30, 9, 4, "d"),
                srv(20, 65_535, 2, "b"),
            ]
        }
        (LookupKind::Address, _) => vec![address("192.0.2.1")],
        _ => vec![],
    };
    let (servers, _) = resolve("stun:example.org", &[Transport::Udp], &zone);
    let ports: Vec<u16> = servers.iter().map(|server| server.address.port()).collect();
    assert_eq!((ports[0], ports[3]), (1, 4));
}

#[test]
fn weights_share_the_first_place() {
    let answers = [srv(0, 1, 1, "a"), srv(0, 3, 2, "b"), srv(0, 0, 3, "c")];
    let mut entropy = crate::Entropy::new([5; 32]);
    let mut first = [0_u32; 4];
    for _ in 0..4000 {
        first[usize::from(super::srv::in_order(&answers, 32, &mut entropy)[0].1)] += 1;
    }
    // Of five lots 0 and none else falls to c, 1 to a, 2 to 4 to b.
    assert!((700..900).contains(&first[1]), "{first:?}");
    assert!((2250..2550).contains(&first[2]), "{first:?}");
    assert!((700..900).contains(&first[3]), "{first:?}");
}

#[test]
fn no_more_targets_are_drawn_than_are_tried() {
    let answers: Vec<_> = (0..1000).map(|port| srv(0, 1, port, "a")).collect();
    let mut entropy = crate::Entropy::new([5; 32]);
    assert_eq!(super::srv::in_order(&answers, 32, &mut entropy).len(), 32);
}

#[test]
fn service_that_is_denied_is_not_looked_up_otherwise() {
    let zone = |kind, _: &str| match kind {
        LookupKind::Srv => vec![srv(0, 0, 0, ".")],
        _ => vec![address("192.0.2.1")],
    };
    let (servers, asked) = resolve("stun:example.org", &[Transport::Udp], &zone);
    assert!(servers.is_empty());
    assert_eq!(asked.len(), 1);
}

#[test]
fn secure_address_is_refused() {
    assert_eq!(resolver("stuns:192.0.2.1", &ALL).unwrap_err(), ResolveError::Address);
}

#[test]
fn transports_that_do_not_fit_are_refused() {
    for (uri, supported) in [
        ("turn:example.org?transport=udp", &[Transport::Tcp, Transport::Tls][..]),
        ("turn:example.org?transport=tcp", &[Transport::Udp, Transport::Tls]),
        ("turns:example.org?transport=udp", &ALL),
        ("turns:example.org?transport=tcp", &[Transport::Udp, Transport::Tcp]),
        ("turns:example.org", &[Transport::Udp, Transport::Tcp]),
        ("turn:example.org", &[]),
    ] {
        assert_eq!(resolver(uri, supported).unwrap_err(), ResolveError::Transport, "{uri}");
    }
}

#[test]
fn records_in_a_circle_come_to_an_end() {
    let zone = |kind, name: &str| match kind {
        LookupKind::Naptr => (0..10).map(|n| naptr(n, "", "RELAY:turn.udp", name)).collect(),
        _ => vec![],
    };
    let (servers, asked) = resolve("turn:example.org", &[Transport::Udp], &zone);
    assert!(servers.is_empty());
    assert!(asked.len() <= 64);
}

#[test]
fn many_records_are_cut() {
    let zone = |kind, _: &str| match kind {
        LookupKind::Srv => (0..500).map(|n| srv(n, 0, n, "a")).collect(),
        _ => (0..500).map(|n| address(&format!("192.0.2.{}", n % 256))).collect(),
    };
    let (servers, asked) = resolve("stun:example.org", &[Transport::Udp], &zone);
    assert_eq!(servers.len(), 32);
    assert!(asked.len() <= 64);
}

#[test]
fn answer_to_another_question_is_left_alone() {
    let mut resolver = resolver("stun:example.org", &ALL).unwrap();
    let input = Input::LookedUp { id: sans_io::LookupId(0), result: Err(LookupFault::NotFound) };
    assert_eq!(resolver.handle_input(Instant::ZERO, input), Verdict::Unclaimed);
}

/// RFC 8155 §4 and §5: a domain with both kinds of records, and a site at its name that is none of a
/// TURN server's.
#[test]
fn servers_of_a_domain_are_discovered_by_both_kinds_of_records() {
    let zone = |kind: LookupKind, name: &str| match (kind, name) {
        (LookupKind::Naptr, "example.net") => {
            vec![naptr(10, "s", "RELAY:turn.udp", "_turn._udp.here.example.net")]
        }
        (LookupKind::Srv, "_turn._udp.here.example.net") => {
            vec![srv(0, 0, 3479, "near.example.net")]
        }
        (LookupKind::Pointer, "_turns._tcp.example.net") => {
            vec![
                LookupAnswer::Pointer("Office._turns._tcp.example.net".into()),
                LookupAnswer::Pointer("Cellar._turns._tcp.example.net".into()),
            ]
        }
        (LookupKind::Srv, "Office._turns._tcp.example.net") => {
            vec![srv(0, 0, 443, "office.example.net")]
        }
        (LookupKind::Address, "near.example.net") => vec![address("192.0.2.1")],
        (LookupKind::Address, "office.example.net") => vec![address("192.0.2.2")],
        (LookupKind::Address, "example.net") => vec![address("192.0.2.80")],
        _ => vec![],
    };
    let (servers, asked) = run(Resolver::discover("example.net.", &ALL, 7, [1; 32]), &zone);
    assert_eq!(texts(&servers), ["Udp 192.0.2.1:3479", "Tls 192.0.2.2:443"]);
    assert_eq!(servers[1].server_name.as_deref(), Some("example.net"));
    assert_eq!(
        asked[..4],
        [
            "Naptr example.net",
            "Pointer _turns._tcp.example.net",
            "Pointer _turn._tcp.example.net",
            "Pointer _turn._udp.example.net",
        ]
    );
}

#[test]
fn domain_without_such_records_has_no_server_to_discover() {
    let zone = |kind: LookupKind, name: &str| match (kind, name) {
        (LookupKind::Address, "example.net") => vec![address("192.0.2.80")],
        (LookupKind::Srv, "_turn._udp.example.net") => vec![srv(0, 0, 3478, "example.net")],
        _ => vec![],
    };
    let (servers, asked) = run(Resolver::discover("example.net", &ALL, 7, [1; 32]), &zone);
    assert_eq!((servers.len(), asked.len()), (0, 4));
}

/// Whoever writes the records cannot make a client ask without end.
#[test]
fn discovery_asks_so_much_and_no_more() {
    let zone = |kind: LookupKind, _: &str| match kind {
        LookupKind::Pointer => {
            (0..1000).map(|n| LookupAnswer::Pointer(format!("{n}.example.net").into())).collect()
        }
        LookupKind::Srv => (0..1000).map(|n| srv(0, 0, n, "host.example.net")).collect(),
        LookupKind::Address => (0..1000).map(|_| address("192.0.2.1")).collect(),
        LookupKind::Naptr => vec![],
    };
    let (servers, asked) = run(Resolver::discover("example.net", &ALL, 7, [1; 32]), &zone);
    assert!(asked.len() <= 64 && servers.len() <= 32, "{} {}", asked.len(), servers.len());
}
