use super::{Host, Scheme, Uri, UriError, UriTransport};
use alloc::{format, string::ToString};
use sans_io::Transport;

#[test]
fn the_examples_of_rfc_7064_and_7065_survive_a_round_trip() {
    for text in [
        "stun:example.org",
        "stuns:example.org",
        "stun:example.org:8000",
        "turn:example.org",
        "turns:example.org",
        "turn:example.org:8000",
        "turn:example.org?transport=udp",
        "turn:example.org?transport=tcp",
        "turns:example.org?transport=tcp",
        "turns:[2001:db8::1]:5349?transport=udp",
        "stun:192.0.2.1:3478",
        "stun:a_b-c.example.",
    ] {
        let uri: Uri = text.parse().unwrap();
        assert_eq!(uri.to_string(), text);
    }
}

#[test]
fn case_does_not_matter() {
    let uri: Uri = "TURN:Example.ORG?Transport=TCP".parse().unwrap();
    assert_eq!(uri.scheme, Scheme::Turn);
    assert_eq!(uri.host, Host::Name("example.org".into()));
    assert_eq!(uri.transport, Some(UriTransport::Tcp));
}

#[test]
fn empty_port_is_no_port() {
    let uri: Uri = "stun:example.org:".parse().unwrap();
    assert_eq!(uri.port, None);
}

#[test]
fn faults_are_told_apart() {
    for (text, fault) in [
        ("", UriError::Scheme),
        ("example.org", UriError::Scheme),
        ("http:example.org", UriError::Scheme),
        ("stun", UriError::Scheme),
        ("stun://example.org", UriError::Slashes),
        ("stun:", UriError::Host),
        ("stun::3478", UriError::Host),
        ("stun:2001:db8::1", UriError::Brackets),
        ("stun:::1:3478", UriError::Brackets),
        ("stun:[2001:db8::1", UriError::Host),
        ("stun:[192.0.2.1]", UriError::Host),
        ("stun:[2001:db8::1]3478", UriError::Host),
        ("stun:[fe80::1%25eth0]", UriError::Host),
        ("stun:192.0.2.256", UriError::Host),
        ("stun:user@example.org", UriError::Host),
        ("stun:exa mple.org", UriError::Host),
        ("stun:example..org", UriError::Host),
        ("stun:b\u{fc}cher.example", UriError::Host),
        ("stun:example.org:0", UriError::Port),
        ("stun:example.org:65536", UriError::Port),
        ("stun:example.org:+1", UriError::Port),
        ("stun:example.org:12/path", UriError::Port),
        ("stun:example.org?transport=udp", UriError::Transport),
        ("turn:example.org?transport=sctp", UriError::Transport),
        ("turn:example.org?", UriError::Transport),
        ("turn:example.org?ttl=1", UriError::Transport),
    ] {
        assert_eq!(text.parse::<Uri>(), Err(fault), "{text}");
    }
    let long = format!("stun:{}.org", "a".repeat(64));
    assert_eq!(long.parse::<Uri>(), Err(UriError::Host));
    let of_labels = |last| format!("stun:{}{}", "label.".repeat(41), "a".repeat(last));
    assert!(of_labels(7).parse::<Uri>().is_ok());
    assert_eq!(of_labels(8).parse::<Uri>(), Err(UriError::Host));
}

#[test]
fn default_ports_are_those_of_the_rfc() {
    let ports =
        [Scheme::Stun, Scheme::Turn, Scheme::Stuns, Scheme::Turns].map(Scheme::default_port);
    assert_eq!(ports, [3478, 3478, 5349, 5349]);
}

#[test]
fn transports_are_those_of_table_1_of_rfc_5928() {
    assert_eq!(UriTransport::Udp.transport(false), Some(Transport::Udp));
    assert_eq!(UriTransport::Tcp.transport(false), Some(Transport::Tcp));
    assert_eq!(UriTransport::Tcp.transport(true), Some(Transport::Tls));
    assert_eq!(UriTransport::Udp.transport(true), None);
}
