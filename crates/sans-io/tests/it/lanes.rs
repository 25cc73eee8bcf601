//! Small values of the contract at their edges.
use crate::asker::address;
use core::time::Duration;
use sans_io::{HEAD_MAX, Instant, Packet, PacketMeta, Path, Timers, Transport};

#[test]
fn time_saturates_at_both_ends() {
    let day = Duration::from_secs(86_400);
    assert_eq!(Instant::FAR.saturating_add(day), Instant::FAR);
    assert_eq!(Instant::ZERO.saturating_sub(day), Instant::ZERO);
    assert_eq!(Instant::ZERO.saturating_since(Instant::FAR), Duration::ZERO);
    assert_eq!(Instant::ZERO.saturating_add(Duration::MAX), Instant::FAR);
    assert_eq!(Instant::from_secs(u64::MAX), Instant::FAR);
    assert_eq!(Instant::from_millis(1_500).to_string(), "1.500000");
}

#[test]
fn a_path_drops_the_flow_label_and_keeps_the_scope() {
    let labelled = core::net::SocketAddrV6::new("fe80::1".parse().unwrap(), 7, 99, 3);
    let plain = core::net::SocketAddrV6::new("fe80::1".parse().unwrap(), 7, 0, 3);
    let other = core::net::SocketAddrV6::new("fe80::1".parse().unwrap(), 7, 0, 4);
    let path = |a: core::net::SocketAddrV6| Path::new(Transport::Tcp, a.into(), address(2, 2));
    assert_eq!(path(labelled), path(plain));
    assert_ne!(path(plain), path(other));
    assert_eq!(path(plain).reversed().reversed(), path(plain));
    assert_eq!(path(plain).to_string(), "tcp [fe80::1%3]:7 > 192.0.2.2:2");
}

#[test]
fn a_packet_holds_the_longest_head() {
    let head = [7; HEAD_MAX];
    let meta = PacketMeta { dont_fragment: true, ..PacketMeta::default() };
    let packet = Packet::new(Path::udp(address(1, 1), address(2, 2)), b"x")
        .with_head(&head)
        .with_pad(3)
        .with_meta(meta);
    assert_eq!((packet.len(), packet.head(), packet.pad()), (HEAD_MAX + 4, &head[..], &[0; 3][..]));
    assert_eq!(packet.to_vec().len(), packet.len());
    assert!(Packet::new(packet.path, b"").is_empty());
}

#[test]
fn a_timer_moves_and_clears() {
    let mut timers = Timers::default();
    let at = Instant::from_secs;
    timers.set(1, Some(at(5)));
    timers.set(1, Some(at(9)));
    timers.set(2, Some(at(7)));
    assert_eq!((timers.next(), timers.get(1), timers.len()), (Some(at(7)), Some(at(9)), 2));
    assert_eq!(timers.pop_due(at(6)), None);
    assert_eq!(timers.pop_due(at(9)), Some((at(7), 2)));
    assert_eq!(timers.pop_due(at(9)), Some((at(9), 1)));
    assert!(timers.is_empty() && timers.next().is_none());
    timers.set(3, None);
    assert!(timers.is_empty());
}
