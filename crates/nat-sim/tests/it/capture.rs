//! What a run leaves behind: captures and diagrams.
use core::time::Duration;
use nat_sim::{Host, IpPacket, MachineId, Nat, Peer, Preset, World};
use std::{path::PathBuf, process::Command};

/// A host behind a NAT that gets an answer, and a stranger who does not get in.
fn world() -> World {
    let mut world = World::new(1);
    world.keep_log();
    let home = world.add_nat(Nat::of(Preset::PortRestrictedCone).named("home")).unwrap();
    let alice = world.add_host(Host::behind(home).named("alice")).unwrap();
    let server = world.add_host(Host::on_internet().named("server").dual_stack()).unwrap();
    let stranger = world.add_host(Host::on_internet().named("<stranger>").dual_stack()).unwrap();
    let [a, s, x] = [alice, server, stranger].map(|host| world.install_peer(host, 5000));
    let seen = world.ask(a, s).unwrap();
    let send = |world: &mut World, from: MachineId, to| {
        world.with(from, |peer: &mut Peer, now| peer.send(now, to, "knock"));
        world.run_for(Duration::from_millis(100));
    };
    send(&mut world, x, seen);
    let mut closed = world.peer_address(s);
    closed.set_port(9);
    send(&mut world, a, closed);
    let ipv6 = world.addresses(stranger)[1];
    let x6 = world.install(stranger, Peer::at((ipv6, 7).into()));
    let to = (world.addresses(server)[1], 9).into();
    send(&mut world, x6, to);
    let (v4, v6) = (world.address(server), world.addresses(server)[1]);
    assert!(world.ping(alice, v4).is_some() && world.ping(stranger, v6).is_some());
    // An error about a ping: it dies on its way.
    let mut dying = IpPacket::echo(world.address(stranger), 9, v4, 1);
    dying.ttl = 2;
    world.inject(stranger, dying);
    world.run_for(Duration::from_millis(100));
    world
}

#[test]
fn a_capture_has_an_interface_for_each_vantage_point_and_says_why_packets_were_dropped() {
    let world = world();
    let mut file = Vec::new();
    world.write_pcapng(&mut file).unwrap();
    let mut kinds = Vec::new();
    let mut rest = &file[..];
    while let [a, b, c, d, e, f, g, h, ..] = *rest {
        let len = u32::from_le_bytes([e, f, g, h]) as usize;
        assert_eq!(rest[len - 4..len], rest[4..8], "the length stands at both ends");
        kinds.push(u32::from_le_bytes([a, b, c, d]));
        rest = &rest[len..];
    }
    assert!(rest.is_empty());
    let count = |kind| kinds.iter().filter(|k| **k == kind).count();
    assert_eq!((kinds[0], count(1), count(6)), (0x0A0D_0D0A, 5, world.log().len()));
    let text = String::from_utf8_lossy(&file);
    for name in ["alice", "home outside", "home inside", "server", "dropped: filtered by the NAT"] {
        assert!(text.contains(name), "{name}");
    }
}

/// Where tshark is installed, it must find nothing malformed, no bad checksum, and our comments.
#[test]
fn tshark_reads_the_capture() {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("capture.pcapng");
    world().write_pcapng(&mut std::fs::File::create(&path).unwrap()).unwrap();
    let run = |filter: &str| {
        let checks = ["ip.check_checksum", "udp.check_checksum", "tcp.check_checksum"];
        let options = checks.iter().flat_map(|check| ["-o".to_owned(), format!("{check}:TRUE")]);
        let fields = ["-T", "fields", "-e", "frame.interface_name", "-e", "frame.comment"];
        let mut command = Command::new("tshark");
        command.arg("-r").arg(&path).args(options).args(["-Y", filter]).args(fields);
        command.output().map(|output| String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let Ok(all) = run("frame") else {
        let ci = std::env::var("CI").is_ok_and(|ci| ci == "true");
        assert!(!ci, "tshark is not installed");
        eprintln!("skipped: tshark is not installed");
        return;
    };
    assert_eq!(all.lines().count(), world().log().len());
    assert!(all.contains("home outside\tdropped: filtered by the NAT"), "{all}");
    for kind in ["icmp.type == 8", "icmp.type == 0", "icmpv6.type == 128", "icmpv6.type == 129"] {
        assert!(run(kind).unwrap().lines().count() >= 2, "{kind}");
    }
    let bad = "_ws.malformed || ip.checksum.status == 0 || udp.checksum.status == 0 \
               || icmp.checksum.status == 0 || icmpv6.checksum.status == 0";
    assert_eq!(run(bad).unwrap(), "");
}

#[test]
fn a_diagram_shows_nodes_packets_and_drops() {
    let diagram = world().sequence_diagram(1_000);
    assert!(diagram.starts_with("<svg") && diagram.ends_with("</svg>\n"));
    for part in [">home</text>", "&lt;stranger&gt;", "✕ filtered by the NAT", "marker-end"] {
        assert!(diagram.contains(part), "{part}");
    }
    let at = |name: &str| diagram.find(name).unwrap();
    let column = |name: &str| {
        let before = &diagram[..at(name)];
        let x = before.rfind("x=\"").unwrap() + 3;
        before[x..].split('"').next().unwrap().parse::<u32>().unwrap()
    };
    let columns = [">alice</text>", ">home</text>", ">server</text>"].map(column);
    assert!(columns.is_sorted(), "the NAT stands between its inside and its outside: {columns:?}");
    assert!(world().sequence_diagram(2).contains("more</text>"));
}
