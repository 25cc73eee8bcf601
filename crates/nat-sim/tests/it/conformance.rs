//! The presets fail what they say they fail.
use core::time::Duration;
use nat_sim::{
    Behaviour, Dependence, Hairpin, IcmpErrors, Lifetime, Nat, Outcome, Pooling, PortChoice,
    Preset, TcpTimes, UnsolicitedSyn, conformance,
};
use std::collections::BTreeSet;

#[test]
fn the_presets_fail_exactly_what_they_say() {
    let mut wrong = Vec::new();
    for preset in Preset::ALL {
        let report = conformance(&Nat::of(preset)).unwrap();
        let failed: BTreeSet<_> = report.failed().map(|finding| finding.requirement).collect();
        let expected: BTreeSet<_> = preset.shortfalls().iter().copied().collect();
        if failed != expected {
            let differ: Vec<_> = failed.symmetric_difference(&expected).collect();
            wrong.push(format!("{preset}: {differ:?}\n{report}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_nat_after_the_book_fails_nothing_and_is_tried_on_most() {
    let report = conformance(&Nat::of(Preset::Rfc4787)).unwrap();
    let met = report.findings.iter().filter(|f| f.outcome == Outcome::Met).count();
    assert_eq!(report.failed().count(), 0, "{report}");
    assert!(met >= 30, "{met} met\n{report}");
}

/// What a NAT fails that follows the book but for one thing.
fn fails(deviation: Behaviour) -> Vec<&'static str> {
    let report = conformance(&Nat::new(deviation)).unwrap();
    report.failed().map(|finding| finding.requirement).collect()
}

#[test]
fn each_deviation_fails_its_own_requirements() {
    let book = Behaviour::recommended;
    let secs = Duration::from_secs;
    let lifetime = |lifetime| Behaviour { lifetime, ..book() };
    let once = Lifetime { outbound_refreshes: false, ..Lifetime::idle(secs(300)) };
    let short_lived = Lifetime { absolute: Some(secs(400)), ..Lifetime::idle(secs(300)) };
    let tcp = |established, opening, closing| {
        let [established, opening, closing] = [established, opening, closing].map(secs);
        Behaviour { tcp: TcpTimes { established, opening, closing }, ..book() }
    };
    let queries = |query_lifetime| Behaviour { query_lifetime, ..book() };
    let syn = |unsolicited_syn| Behaviour { unsolicited_syn, ..book() };
    let by_address = Behaviour { mapping: Dependence::Address, ..book() };
    let strict = Behaviour { filtering: Dependence::AddressAndPort, ..book() };
    let cases: [(Behaviour, &[&str]); 22] = [
        (by_address, &["RFC 4787 REQ-1", "RFC 5382 REQ-1", "RFC 5508 REQ-1a"]),
        (Behaviour { pooling: Pooling::Arbitrary, ..book() }, &["RFC 4787 REQ-2"]),
        (Behaviour { classes: false, ..book() }, &["RFC 4787 REQ-3a"]),
        (Behaviour { parity: false, ..book() }, &["RFC 4787 REQ-4"]),
        (lifetime(Lifetime::idle(secs(60))), &["RFC 4787 REQ-5", "RFC 4787 REQ-5c"]),
        (lifetime(once), &["RFC 4787 REQ-6"]),
        (lifetime(short_lived), &["RFC 4787 REQ-6"]),
        (strict, &["RFC 4787 REQ-8", "RFC 5382 REQ-3"]),
        (
            Behaviour { hairpin: Hairpin::InternalSource, ..book() },
            // The error quotes the inside address, which the sender never sent to.
            &["RFC 4787 REQ-9a", "RFC 5382 REQ-8a", "RFC 5508 REQ-7"],
        ),
        (
            Behaviour { icmp_errors: IcmpErrors::EndMapping, ..book() },
            &["RFC 4787 REQ-12", "RFC 5382 REQ-10", "RFC 5508 REQ-6"],
        ),
        (
            Behaviour { icmp_errors: IcmpErrors::Drop, ..book() },
            &[
                "RFC 4787 REQ-12a",
                "RFC 4787 REQ-12b",
                "RFC 5382 REQ-9",
                "RFC 5508 REQ-4a",
                "RFC 5508 REQ-4b",
                "RFC 5508 REQ-10a.1",
            ],
        ),
        (Behaviour { reports_exhaustion: false, ..book() }, &["RFC 5508 REQ-8"]),
        (Behaviour { ports: PortChoice::Contiguous, ..book() }, &["RFC 7857 §9"]),
        (tcp(7_000, 240, 240), &["RFC 5382 REQ-5"]),
        (tcp(7_440, 200, 240), &["RFC 5382 REQ-5 open"]),
        (tcp(7_440, 240, 200), &["RFC 5382 REQ-5 close", "RFC 7857 §2.2 wait"]),
        (queries(None), &["RFC 5508 REQ-1", "RFC 5508 REQ-10a.3"]),
        (queries(Some(secs(59))), &["RFC 5508 REQ-2"]),
        (Behaviour { rewrites_payload: true, ..book() }, &["RFC 4787 REQ-10"]),
        (
            Behaviour { simultaneous_open: false, ..book() },
            // Hairpinned hosts open from both sides too.
            &["RFC 5382 REQ-2a", "RFC 5382 REQ-8", "RFC 5382 REQ-8a"],
        ),
        (syn(UnsolicitedSyn::Drop), &["RFC 5382 REQ-4 error"]),
        (syn(UnsolicitedSyn::Error), &["RFC 5382 REQ-4", "RFC 5382 REQ-4 error"]),
    ];
    for (deviation, want) in cases {
        let name = format!("{deviation:?}");
        assert_eq!(fails(deviation), want, "{name}");
    }
}
