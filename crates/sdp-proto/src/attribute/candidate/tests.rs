use alloc::string::ToString;

use super::*;

fn parse(text: &str) -> Candidate<'static> {
    text.parse().unwrap()
}

fn code(text: &str) -> Code {
    text.parse::<Candidate<'static>>().unwrap_err().error.code
}

#[test]
fn all_three_forms_are_read_and_written() {
    let value = "2 1 udp 1694498815 192.0.2.3 45664 typ srflx raddr 203.0.113.141 rport 8998";
    let candidate = parse(value);
    assert_eq!(candidate, parse(&alloc::format!("candidate:{value}")));
    assert_eq!(candidate, parse(&alloc::format!("a=candidate:{value}\r\n")));
    assert_eq!(candidate.to_string(), value);
    assert_eq!(candidate.attribute().to_string(), alloc::format!("candidate:{value}"));
    assert_eq!(candidate.line().to_string(), alloc::format!("a=candidate:{value}"));
    assert_eq!(candidate.raddr, Some(Address::Ip([203, 0, 113, 141].into())));
    assert_eq!(candidate.rport, Some(8998));
}

#[test]
fn every_extension_pair_is_kept_in_order() {
    let value = "1 1 udp 5 a.local 9 typ host generation 0 x-y z generation 7 network-cost 999";
    let candidate = parse(value);
    let pairs: alloc::vec::Vec<_> = candidate.extensions.iter().collect();
    assert_eq!(
        pairs,
        [("generation", "0"), ("x-y", "z"), ("generation", "7"), ("network-cost", "999")]
    );
    assert_eq!(candidate.to_string(), value);
    assert!(candidate.address.is_mdns());
    assert_eq!(candidate.generation(), Some(0));
}

#[test]
fn a_known_pair_after_an_unknown_one_is_found_and_the_others_stay() {
    let candidate = parse("1 1 tcp 5 ::1 9 typ host generation 3 tcptype so ufrag abcd");
    assert_eq!(candidate.tcptype, Some(TcpType::SimultaneousOpen));
    let pairs: alloc::vec::Vec<_> = candidate.extensions.iter().collect();
    assert_eq!(pairs, [("generation", "3"), ("ufrag", "abcd")]);
    assert_eq!(parse(&candidate.to_string()), candidate);
}

#[test]
fn transport_and_type_are_read_whatever_their_case_and_unknown_ones_kept() {
    assert_eq!(
        parse("1 1 UDP 5 192.0.2.1 9 typ HOST").to_string(),
        "1 1 udp 5 192.0.2.1 9 typ host"
    );
    let strange = parse("1 1 quic 5 192.0.2.1 9 typ wormhole");
    assert_eq!(strange.typ.as_str(), "wormhole");
    assert_eq!(strange.transport.as_str(), "quic");
}

#[test]
fn each_fault_has_its_code_and_place() {
    assert_eq!(code("1 1 udp 5 192.0.2.1"), Code::CandidateSyntax);
    assert_eq!(code(""), Code::CandidateSyntax);
    assert_eq!(code("1! 1 udp 5 192.0.2.1 9 typ host"), Code::CandidateFoundation);
    assert_eq!(code("1 0 udp 5 192.0.2.1 9 typ host"), Code::CandidateComponent);
    assert_eq!(code("1 257 udp 5 192.0.2.1 9 typ host"), Code::CandidateComponent);
    assert_eq!(code("1 1 (udp 5 192.0.2.1 9 typ host"), Code::CandidateTransport);
    assert_eq!(code("1 1 udp 0 192.0.2.1 9 typ host"), Code::CandidatePriority);
    assert_eq!(code("1 1 udp 4294967296 192.0.2.1 9 typ host"), Code::CandidatePriority);
    assert_eq!(code("1 1 udp +5 192.0.2.1 9 typ host"), Code::CandidatePriority);
    assert_eq!(code("1 1 udp 5 192.0.2.256 9 typ host"), Code::CandidateAddress);
    assert_eq!(code("1 1 udp 5 fe80::zz 9 typ host"), Code::CandidateAddress);
    assert_eq!(code("1 1 udp 5 192.0.2.1 65536 typ host"), Code::CandidatePort);
    assert_eq!(code("1 1 udp 5 192.0.2.1 9 host"), Code::CandidateType);
    assert_eq!(code("1 1 udp 5 192.0.2.1 9 typ"), Code::CandidateType);
    assert_eq!(code("1 1 tcp 5 192.0.2.1 9 typ host tcptype maybe"), Code::CandidateTcpType);
    assert_eq!(code("1 1 udp 5 192.0.2.1 9 typ host odd"), Code::CandidateExtension);
    assert_eq!(code("1 1 udp 5 192.0.2.1 9 typ srflx rport 1 rport 2"), Code::CandidateExtension);
    let error = "1 1 udp 5 192.0.2.256 9 typ host".parse::<Candidate<'_>>().unwrap_err().error;
    assert_eq!((error.start, error.end), (10, 21));
}

#[test]
fn a_foundation_has_at_most_32_characters() {
    let make = |len| alloc::format!("{} 1 udp 5 192.0.2.1 9 typ host", "f".repeat(len));
    assert_eq!(parse(&make(32)).foundation.len(), 32);
    assert_eq!(code(&make(33)), Code::CandidateFoundation);
}

#[test]
fn a_candidate_is_known_by_address_port_transport_and_component() {
    let read = |text: &str| text.parse::<Candidate<'static>>().unwrap();
    let first = read("1 1 udp 100 192.0.2.1 5000 typ host");
    assert!(read("2 1 UDP 7 192.0.2.1 5000 typ srflx generation 1").is_again(&first));
    for other in [
        "1 2 udp 100 192.0.2.1 5000 typ host",
        "1 1 tcp 100 192.0.2.1 5000 typ host tcptype active",
        "1 1 udp 100 192.0.2.2 5000 typ host",
        "1 1 udp 100 192.0.2.1 5001 typ host",
    ] {
        assert!(!read(other).is_again(&first), "{other}");
    }
}
