//! Small values of the contract at their edges.
use crate::asker::address;
use bytes::Bytes;
use core::time::Duration;
use sans_io::{
    HEAD_MAX, Instant, Outbox, OutboxFull, Output, Packet, PacketMeta, Path, Slab, SlabKey,
    SmallMap, SocketRequest, Timers, Transmit, Transport, laws::Rng,
};
use std::collections::BTreeMap;

#[test]
fn what_would_be_due_where_time_ends_never_is() {
    let mut timers = Timers::default();
    timers.set(1, Some(Instant::FAR));
    assert!(timers.is_empty());
    timers.set(1, Some(Instant::ZERO));
    timers.set(1, Some(Instant::FAR));
    assert_eq!(timers.pop_due(Instant::FAR), None);
}

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

/// Few are kept in another way than many, and nobody may notice which it is.
#[test]
fn timers_and_maps_do_what_trees_do_however_many_there_are() {
    let mut rng = Rng::new(11);
    let (mut timers, mut map) = (Timers::default(), SmallMap::default());
    let (mut by_key, mut most) = (BTreeMap::new(), 0);
    for step in 0..20_000 {
        // Now a handful, now some dozens.
        let keys = if step % 2_000 < 1_000 { 60 } else { 6 };
        let key = rng.below(keys);
        let at = (!rng.one_in(3)).then(|| Instant::from_secs(rng.below(50)));
        timers.set(key, at);
        let old = match at {
            Some(at) => (map.insert(key, at), by_key.insert(key, at)),
            None => (map.remove(&key), by_key.remove(&key)),
        };
        assert_eq!(old.0, old.1);
        if rng.one_in(5) {
            let now = Instant::from_secs(rng.below(30));
            let first = by_key.iter().map(|(key, at)| (*at, *key)).min();
            let due = first.filter(|(at, _)| *at <= now);
            assert_eq!(timers.pop_due(now), due);
            if let Some((_, key)) = due {
                by_key.remove(&key);
                map.remove(&key);
            }
        }
        assert_eq!(timers.next(), by_key.values().min().copied());
        assert_eq!((timers.len(), map.len()), (by_key.len(), by_key.len()));
        assert_eq!((timers.get(key), map.get(&key)), (by_key.get(&key).copied(), by_key.get(&key)));
        assert!(map.iter().eq(by_key.iter()));
        most = most.max(by_key.len());
    }
    assert!(most > 30, "{most} at most");
}

#[test]
fn a_slab_uses_its_places_again_and_its_keys_never() {
    let mut slab = Slab::default();
    let keys: Vec<SlabKey> = (0..10).map(|n| slab.insert(n)).collect();
    for key in &keys[..5] {
        assert!(slab.remove(*key).is_some() && slab.remove(*key).is_none());
    }
    let again: Vec<SlabKey> = (10..15).map(|n| slab.insert(n)).collect();
    assert_eq!(
        slab.iter().map(|(_, n)| *n).collect::<Vec<_>>(),
        [14, 13, 12, 11, 10, 5, 6, 7, 8, 9]
    );
    assert!(keys[..5].iter().all(|key| slab.get(*key).is_none() && !again.contains(key)));
    assert!(again.iter().zip(10..).all(|(key, n)| slab.get(*key) == Some(&n)));
    slab.iter_mut().for_each(|(_, n)| *n += 1);
    assert_eq!(slab.get(keys[9]), Some(&10));
    for key in keys[5..].iter().chain(&again) {
        slab.remove(*key);
    }
    slab.shrink();
    let fresh = slab.insert(1);
    assert_eq!((slab.len(), slab.contains(fresh), slab.contains(keys[0])), (1, true, false));
}

#[test]
fn what_is_not_used_takes_no_memory_and_a_little_takes_little() {
    let made = allocation_counter::measure(|| {
        let kept: (Outbox<u8>, Timers<u64>, Slab<u64>, SmallMap<u64, u64>) =
            (Outbox::new(9), Timers::new(), Slab::new(), SmallMap::new());
        drop(kept);
    });
    assert_eq!(made.count_total, 0);
    let (mut timers, mut map) = (Timers::new(), SmallMap::new());
    let used = allocation_counter::measure(|| {
        timers.set(1_u64, Some(Instant::ZERO));
        map.insert(1_u64, [0_u8; 200]);
    });
    assert_eq!(used.bytes_current, 16 + 208);
}

#[test]
fn an_outbox_refuses_messages_and_advice_beyond_its_bounds_and_nothing_else() {
    let mut out = Outbox::new(3);
    let path = Path::udp(address(1, 1), address(2, 2));
    let send = |out: &mut Outbox<u8>| out.transmit(Transmit::new(path, Bytes::new()));
    assert_eq!((0..5).filter(|_| send(&mut out).is_ok()).count(), 3);
    assert_eq!((0..40).filter(|n| out.advise(*n).is_ok()).count(), 32);
    (0..40).for_each(|n| out.event(n));
    out.socket(SocketRequest::Hangup(path));
    assert_eq!((out.transmits(), out.events(), out.len()), (3, 72, 76));
    assert!(matches!(out.pop(), Some(Output::Transmit(_))));
    assert_eq!((send(&mut out), send(&mut out)), (Ok(()), Err(OutboxFull)));
    while matches!(out.pop(), Some(Output::Transmit(_))) {}
    assert_eq!((out.transmits(), out.advise(1), out.advise(2)), (1, Ok(()), Err(OutboxFull)));
    while out.pop().is_some() {}
    assert_eq!((out.transmits(), out.events(), out.len()), (0, 0, 0));
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
