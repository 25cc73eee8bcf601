//! Scenarios as text: what is printed reads back the same, and what is wrong is named.
use core::time::Duration;
use nat_sim::{
    Bursts, Chance, Dependence, Fault, Hairpin, HostPlan, Jump, Link, NatPlan, Peer, Place,
    PortChoice, Preset, Scenario, Tweak, World,
};
use proptest::prelude::*;

fn chance() -> impl Strategy<Value = Chance> {
    (0..=1_000_000_u32).prop_map(Chance::ppm)
}

fn time() -> impl Strategy<Value = Duration> {
    prop_oneof![
        (0..100_u64).prop_map(Duration::from_secs),
        (0..100_000_u64).prop_map(Duration::from_micros),
        (0..100_u64).prop_map(Duration::from_nanos),
    ]
}

prop_compose! {
    fn link()(
        (delay, jitter, by) in (time(), time(), time()),
        (loss, duplication, often, corruption) in (chance(), chance(), chance(), chance()),
        bursts in proptest::option::of((chance(), chance(), chance())),
        rate in proptest::option::of((1..1_000_000_000_u64, 0..1_000_000_u64)),
        mtu in proptest::option::of((68..9_000_u32, any::<bool>())),
        reorders in any::<bool>(),
        hops in 0..=63_u8,
    ) -> Link {
        let mut link = Link::after(delay).with_jitter(jitter).with_loss(loss).with_hops(hops);
        link = link.with_duplication(duplication).with_corruption(corruption);
        if reorders {
            link = link.with_reordering(often, by);
        }
        if let Some((enter, leave, loss)) = bursts {
            link = link.with_bursts(Bursts { enter, leave, loss });
        }
        if let Some((bits, bytes)) = rate {
            link = link.with_rate(bits, bytes);
        }
        match mtu {
            Some((bytes, true)) => link.with_black_hole(bytes),
            Some((bytes, false)) => link.with_mtu(bytes),
            None => link,
        }
    }
}

fn place(nats: usize) -> impl Strategy<Value = Place> {
    let behind = proptest::option::of(0..nats.max(1));
    (behind, any::<bool>(), proptest::option::of(link())).prop_map(
        move |(nat, dual_stack, link)| {
            let behind = nat.filter(|_| nats > 0).map(|nat| format!("nat{nat}"));
            Place { behind, addresses: Vec::new(), dual_stack, link }
        },
    )
}

fn tweak() -> impl Strategy<Value = Tweak> {
    let dependence = || (0..3_usize).prop_map(|n| Dependence::ALL[n]);
    prop_oneof![
        dependence().prop_map(Tweak::Mapping),
        dependence().prop_map(Tweak::Filtering),
        (1..1000_u16).prop_map(|size| Tweak::Ports(PortChoice::Block(size))),
        Just(Tweak::Ports(PortChoice::Contiguous)),
        time().prop_map(Tweak::Lifetime),
        Just(Tweak::Hairpin(Hairpin::ExternalSource)),
    ]
}

fn nat(index: usize) -> impl Strategy<Value = NatPlan> {
    let parts = (0..Preset::ALL.len(), proptest::collection::vec(tweak(), 0..3), place(index));
    parts.prop_map(move |(preset, tweaks, place)| {
        let preset = Preset::ALL[preset];
        let linux = preset.name().starts_with("linux");
        let mut tweaks = if linux { Vec::new() } else { tweaks };
        tweaks.sort_by_key(|tweak| format!("{tweak}"));
        tweaks.dedup_by(|a, b| a.is_about_the_same(b));
        NatPlan { name: format!("nat{index}"), preset, tweaks, inside: None, place }
    })
}

fn fault(nats: usize, hosts: usize) -> impl Strategy<Value = Fault> {
    let nat = (0..nats).prop_map(|n| format!("nat{n}"));
    let host = || (0..hosts).prop_map(|n| format!("host{n}"));
    prop_oneof![
        nat.clone().prop_map(Fault::Reboot),
        nat.prop_map(Fault::Rebind),
        (host(), host()).prop_map(|(a, b)| Fault::Cut(a, b)),
        (host(), host()).prop_map(|(a, b)| Fault::Mend(a, b)),
        host().prop_map(Fault::Down),
        host().prop_map(Fault::Up),
        (host(), place(nats)).prop_map(|(host, place)| Fault::Roam(host, place)),
        (host(), link()).prop_map(|(host, link)| Fault::Relink(host, link)),
        (host(), time()).prop_map(|(host, by)| Fault::Clock(host, Jump::Ahead(by))),
        (host(), time()).prop_map(|(host, by)| Fault::Clock(host, Jump::Back(by))),
    ]
}

prop_compose! {
    fn scenario()(
        seed in any::<u64>(),
        duration in time(),
        nats in (nat(0), nat(1), nat(2)),
        places in proptest::collection::vec(place(3), 1..5),
        timeline in proptest::collection::vec((time(), fault(3, 1)), 0..6),
    ) -> Scenario {
        let host = |(index, place)| HostPlan {
            name: format!("host{index}"),
            place,
            runs: (index == 0).then(|| "agent".to_owned()),
        };
        let hosts: Vec<_> = places.into_iter().enumerate().map(host).collect();
        let connections = vec![("host0".to_owned(), "host0".to_owned())];
        let nats = vec![nats.0, nats.1, nats.2];
        Scenario { seed, duration, nats, hosts, connections, timeline }
    }
}

proptest! {
    #[test]
    fn a_printed_scenario_reads_back_the_same_and_runs_the_same(scenario in scenario()) {
        let read: Scenario = scenario.to_string().parse().unwrap();
        prop_assert_eq!(&read, &scenario);
        let run = |scenario: &Scenario| {
            let mut running = scenario.build().unwrap();
            let hosts: Vec<_> = running.hosts.values().copied().collect();
            let world = &mut running.world;
            let peers: Vec<_> = hosts.iter().map(|host| world.install_peer(*host, 5000)).collect();
            for peer in &peers {
                let to = world.peer_address(peers[0]);
                world.with(*peer, |peer: &mut Peer, now| peer.send(now, to, "?"));
            }
            world.run_for(Duration::from_secs(120));
            world.trace_hash()
        };
        prop_assert_eq!(run(&read), run(&scenario));
    }

    #[test]
    fn no_text_panics(text in "[a-z0-9 %/=.:#\n]{0,200}") {
        let _ = text.parse::<Scenario>();
    }

    #[test]
    fn words_that_mean_something_do_not_panic_either(
        words in proptest::collection::vec(0..WORDS.len(), 0..40)
    ) {
        let text: Vec<&str> = words.into_iter().map(|word| WORDS[word]).collect();
        let _ = text.join(" ").replace(" ; ", "\n").parse::<Scenario>();
    }
}

const WORDS: [&str; 37] = [
    ";",
    "seed",
    "duration",
    "nat",
    "host",
    "connect",
    "at",
    "home",
    "alice",
    "linux",
    "symmetric",
    "behind",
    "on",
    "internet",
    "address",
    "dual-stack",
    "delay",
    "loss",
    "rate",
    "hops",
    "mtu",
    "inside",
    "10ms",
    "1%",
    "100.0001%",
    "7",
    "99999999999999999999",
    "10.0.0.1",
    "10.0.0.0/24",
    "reboot",
    "roam",
    "cut",
    "link",
    "mapping=address",
    "input=accept",
    "ports=block/0",
    "lifetime=0s",
];

#[test]
fn errors_name_the_line_and_the_fault() {
    let cases = [
        (
            "sed 7",
            "line 1: \"sed\" means nothing here; expected seed, duration, nat, host, connect or at",
        ),
        ("seed", "line 1: the line ends where a number should stand"),
        ("seed 7 8", "line 1: \"8\" means nothing here; expected the end of the line"),
        (
            "\n# nothing\nnat home kinux",
            "line 3: \"kinux\" means nothing here: no NAT preset has this name; there are rfc4787, \
             full-cone, restricted-cone, port-restricted-cone, symmetric, carrier-block, \
             mobile-carrier, enterprise, firewall, linux, linux-random, linux-open, nat64, \
             udp-blocked, tcp-443",
        ),
        ("nat a linux behind b\nnat b linux", "line 1: there is no node named b"),
        ("nat a linux\n\nhost h behind h", "line 3: there is no node named h"),
        ("host h on internet\nat 5s reboot h", "line 2: h is not a NAT"),
        ("nat a linux\nconnect a a", "line 2: a is not a host"),
        (
            "host h on internet\nat 1s clock h up 1s",
            "line 2: \"up\" means nothing here; expected ahead or back",
        ),
        ("nat a linux mapping=address", "line 1: linux has no such behaviour to change"),
        (
            "nat a symmetric mapping=port",
            "line 1: \"mapping=port\" means nothing here; expected endpoint, address or address-and-port",
        ),
        ("host h on internet\nhost h on internet", "line 2: there are two nodes named h"),
        (
            "host h on internet loss 101%",
            "line 1: \"101%\" means nothing here; expected a chance from 0% to 100%, with up to four decimals",
        ),
        (
            "host h on internet delay 5",
            "line 1: \"5\" means nothing here; expected a time in s, ms, us or ns, such as 20ms",
        ),
        (
            "nat a linux inside 10.0.0.0/24\nhost h behind a address 10.0.1.9",
            "line 2: 10.0.1.9 is not in 10.0.0.0/24",
        ),
        (
            "nat a linux inside 10.0.0.0/31",
            "line 1: \"10.0.0.0/31\" means nothing here; expected a prefix such as 192.168.1.0/24",
        ),
        (
            "nat a linux inside 10.0.0.0/30\nhost h behind a\nhost i behind a",
            "line 3: 10.0.0.0/30 has no address left",
        ),
    ];
    for (text, error) in cases {
        assert_eq!(text.parse::<Scenario>().unwrap_err().to_string(), error, "{text}");
    }
}

#[test]
fn what_contradicts_itself_is_named_with_its_line() {
    let said = |word| format!("line 2: {word:?} was said before; only one can hold");
    let cases = [
        ("host x on internet runs agent runs stun", "runs"),
        ("host x on internet behind x", "behind"),
        ("nat x linux on internet on internet", "on"),
        ("nat x linux inside 10.0.0.0/24 inside 10.0.1.0/24", "inside"),
        ("nat x linux delay 1ms loss 1% delay 2ms", "delay"),
        ("nat x linux mtu 1280 black-hole 1400", "black-hole"),
        ("nat x full-cone lifetime=1s hairpin=none lifetime=2s", "lifetime=2s"),
        ("seed 2", "seed"),
    ];
    for (text, word) in cases {
        let error = format!("seed 1\n{text}").parse::<Scenario>().unwrap_err();
        assert_eq!(error.to_string(), said(word), "{text}");
    }
    let error = "duration 1s\nduration 2s".parse::<Scenario>().unwrap_err();
    assert_eq!(error.to_string(), said("duration"));
    let twice = NatPlan {
        name: "x".to_owned(),
        preset: Preset::FullCone,
        tweaks: vec![Tweak::Hairpin(Hairpin::None); 2],
        inside: None,
        place: Place::default(),
    };
    let error = Scenario { nats: vec![twice], ..Scenario::default() }.build().unwrap_err();
    assert_eq!(error.to_string(), "\"hairpin=none\" was said before; only one can hold");
}

#[test]
fn the_usual_link_is_that_of_the_place_wherever_it_stands_on_the_line() {
    let link = |text: &str| {
        let text = format!("nat home linux\nhost x {text}");
        text.parse::<Scenario>().unwrap().hosts[0].place.link.unwrap()
    };
    let loss = Chance::percent(1);
    assert_eq!(link("behind home loss 1%"), Link::default().with_loss(loss));
    assert_eq!(link("loss 1% behind home"), Link::default().with_loss(loss));
    assert_eq!(link("loss 1%"), Link::after(nat_sim::ACCESS_DELAY).with_loss(loss));
    let slow = Link::after(Duration::from_millis(3)).with_loss(loss);
    assert_eq!(link("delay 3ms loss 1% behind home"), slow);
}

#[test]
fn a_timeline_that_cannot_happen_is_an_error() {
    let network = "host alice on internet\nhost bob on internet address 203.0.113.77\n\
        nat tiny linux inside 10.0.0.0/30\nhost carol behind tiny\n";
    let cases = [
        ("at 5s roam alice on internet address 203.0.113.77", "203.0.113.77 is taken by bob"),
        ("at 5s roam alice behind tiny", "10.0.0.0/30 has no address left"),
        ("at 5s roam alice behind tiny address 10.0.0.2", "10.0.0.2 is taken by carol"),
    ];
    for (event, fault) in cases {
        let error = format!("{network}{event}").parse::<Scenario>().unwrap_err();
        assert_eq!(error.to_string(), format!("line 5: {fault}"));
    }
    // In the order of time, not of lines: the address is free by then.
    let free = "at 5s roam alice on internet address 203.0.113.77\nat 4s roam bob on internet";
    let scenario: Scenario = format!("{network}{free}").parse().unwrap();
    let mut running = scenario.build().unwrap();
    running.world.run_for(Duration::from_secs(6));
    let alice = running.world.address(running.hosts["alice"]);
    assert_eq!(alice.to_string(), "203.0.113.77");
}

#[test]
fn the_timeline_happens_when_it_says() {
    let scenario: Scenario = "
        nat home linux
        host alice behind home
        host server on internet
        at 5s reboot home
        at 10s down server
        at 15s up server
        at 20s roam alice on internet
    "
    .parse()
    .unwrap();
    let mut running = scenario.build().unwrap();
    let (alice, server) = (running.hosts["alice"], running.hosts["server"]);
    let world = &mut running.world;
    let (a, s) = (world.install_peer(alice, 5000), world.install_peer(server, 3478));
    let seen = world.ask(a, s).unwrap();
    let secs = Duration::from_secs;
    let knock = |world: &mut World| {
        world.take_events::<Peer>(a);
        world.with(s, |peer: &mut Peer, now| peer.send(now, seen, "x"));
        world.run_for(secs(1));
        world.take_events::<Peer>(a).len()
    };
    world.run_until(World::START.saturating_add(secs(4)));
    assert_eq!(knock(world), 1);
    world.run_until(World::START.saturating_add(secs(6)));
    assert_eq!(knock(world), 0, "the NAT has rebooted");
    world.run_until(World::START.saturating_add(secs(11)));
    assert_eq!(world.ask(a, s), None, "the server is down");
    world.run_until(World::START.saturating_add(secs(16)));
    assert!(world.ask(a, s).is_some());
    world.run_until(World::START.saturating_add(secs(21)));
    assert_eq!(world.machine::<Peer>(a).local(), None, "its socket is gone");
}

/// Whatever a fuzzer has for bytes: it can be built, printed, and read back.
#[cfg(feature = "arbitrary")]
#[test]
fn a_fuzzer_gets_scenarios_that_can_be_built() {
    use arbitrary::{Arbitrary, Unstructured};
    let mut stream = nat_sim::Stream::new(1, "fuzzer", "bytes");
    let mut largest = 0;
    for length in 0..600 {
        let bytes: Vec<u8> = (0..length).map(|_| stream.next_u64() as u8).collect();
        let scenario = Scenario::arbitrary(&mut Unstructured::new(&bytes)).unwrap();
        assert_eq!(scenario.to_string().parse().as_ref(), Ok(&scenario));
        assert!(scenario.hosts.len() <= 4 && scenario.nats.len() <= 3, "{scenario}");
        assert!(scenario.timeline.iter().all(|(at, _)| at.as_secs() <= 120), "{scenario}");
        largest = largest.max(scenario.timeline.len());
    }
    assert_eq!(largest, 6);
}

#[test]
fn numbers_and_addresses_that_nothing_can_have_are_named_with_their_line() {
    let cases = [
        ("host x on internet address 0.0.0.0", "line 2: 0.0.0.0 is no address of a host"),
        (
            "host x on internet address 255.255.255.255",
            "line 2: 255.255.255.255 is no address of a host",
        ),
        ("host x on internet address ff02::1", "line 2: ff02::1 is no address of a host"),
        ("nat x linux address 127.0.0.1", "line 2: 127.0.0.1 is no address of a host"),
        (
            "nat x linux address 2001:db8::77",
            "line 2: x translates IPv4 and was given no IPv4 address",
        ),
        (
            "nat x linux address 203.0.113.9 address 203.0.113.9",
            "line 2: 203.0.113.9 is taken by x",
        ),
        (
            "host x on internet mtu 67",
            "line 2: \"67\" means nothing here; expected a number of bytes from 68 to 65535",
        ),
        (
            "host x on internet black-hole 65536",
            "line 2: \"65536\" means nothing here; expected a number of bytes from 68 to 65535",
        ),
        (
            "host x on internet hops 64",
            "line 2: \"64\" means nothing here; expected a number of routers from 0 to 63",
        ),
        (
            "host x on internet rate 0/100",
            "line 2: \"0\" means nothing here; expected at least one bit a second",
        ),
        (
            "nat x full-cone ports=block/0",
            "line 2: \"0\" means nothing here; expected a number of ports from 1 to 65535",
        ),
        (
            "nat x full-cone ports=block/99999",
            "line 2: \"99999\" means nothing here; expected a number of ports from 1 to 65535",
        ),
        (
            "nat x nat64 prefix=2001:db8::/60",
            "line 2: \"prefix=2001:db8::/60\" means nothing here; expected an IPv6 prefix of 32, 40, 48, 56, 64 or 96 bits, such as 64:ff9b::/96",
        ),
        (
            "nat gate nat64\nhost x behind gate address 10.0.1.2",
            "line 3: 10.0.1.2 is not for a network behind a NAT64, which has IPv6 only",
        ),
    ];
    for (text, want) in cases {
        let error = format!("seed 1\n{text}").parse::<Scenario>().unwrap_err();
        assert_eq!(error.to_string(), want);
    }
    let text = "nat gate nat64 prefix=2001:db8:64::/96\nhost x behind gate\n";
    let scenario: Scenario = text.parse().unwrap();
    assert_eq!(scenario.to_string().parse(), Ok(scenario));
}

#[test]
fn who_names_no_preset_is_told_their_names() {
    let error = "kinux".parse::<Preset>().unwrap_err().to_string();
    assert!(error.starts_with("no NAT preset has this name; there are rfc4787, "), "{error}");
    assert!(Preset::ALL.iter().all(|preset| error.contains(preset.name())), "{error}");
}
