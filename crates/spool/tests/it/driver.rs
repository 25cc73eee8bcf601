//! The driver with small machines over real sockets.
use crate::{
    machines::Seen,
    running::{Running, Told, bounded},
};
use sans_io::{LookupId, LookupKind, Path, PathFault, SocketFault, SocketId};
use spool::driver::{PostError, Stopped};
use std::{net::SocketAddr, time::Duration};
use tokio::net::UdpSocket;

async fn receive(socket: &UdpSocket) -> (Vec<u8>, SocketAddr) {
    let mut buffer = [0; 2048];
    let (len, from) = bounded(socket.recv_from(&mut buffer)).await.unwrap();
    (buffer[..len].to_vec(), from)
}

async fn peer() -> (UdpSocket, SocketAddr) {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap();
    (socket, address)
}

#[tokio::test]
async fn a_machine_gets_the_socket_it_asks_for_and_speaks_through_it() {
    let mut run = Running::start(|probe| probe.bind(3, "127.0.0.1:0"));
    let local = run.bound().await;
    let (peer, remote) = peer().await;
    let path = Path::udp(local, remote);
    run.with(move |cx| cx.machine.transmit(path, b"out")).await;
    assert_eq!(receive(&peer).await, (b"out".to_vec(), local));
    bounded(peer.send_to(b"in", local)).await.unwrap();
    assert_eq!(run.next().await, Told::Bytes(path, b"in".to_vec()));
}

/// Why nothing can be tried with IPv6. The machine that checks every commit has it.
pub(crate) fn no_ipv6() -> Option<std::io::Error> {
    let error = std::net::UdpSocket::bind("[::1]:0").err()?;
    let in_ci = std::env::var_os("CI").is_some_and(|ci| ci == "true");
    assert!(!in_ci, "no IPv6 here: {error}");
    Some(error)
}

#[tokio::test]
async fn sockets_of_both_families_live_side_by_side() {
    if let Some(error) = no_ipv6() {
        return println!("not tried, since there is no IPv6 here: {error}");
    }
    let mut run = Running::start(|probe| {
        probe.bind(1, "127.0.0.1:0");
        probe.bind(2, "[::1]:0");
    });
    let (v4, v6) = (run.bound().await, run.bound().await);
    let peer = UdpSocket::bind("[::1]:0").await.unwrap();
    bounded(peer.send_to(b"six", v6)).await.unwrap();
    let path = Path::udp(v6, peer.local_addr().unwrap());
    assert_eq!(run.next().await, Told::Bytes(path, b"six".to_vec()));
    assert!(v4.is_ipv4());
}

#[tokio::test]
async fn a_forwarded_datagram_gets_its_head_and_padding() {
    let (peer, remote) = peer().await;
    let mut run = Running::start(|probe| {
        probe.bind(0, "127.0.0.1:0");
        probe.forward_to = Some(remote);
    });
    let local = run.bound().await;
    bounded(peer.send_to(b"body", local)).await.unwrap();
    assert_eq!(receive(&peer).await, (b"head:body\0\0".to_vec(), local));
}

#[tokio::test]
async fn empty_datagrams_travel_both_ways() {
    let mut run = Running::start(|probe| probe.bind(0, "127.0.0.1:0"));
    let local = run.bound().await;
    let (peer, remote) = peer().await;
    let path = Path::udp(local, remote);
    bounded(peer.send_to(b"", local)).await.unwrap();
    assert_eq!(run.next().await, Told::Bytes(path, Vec::new()));
    run.with(move |cx| cx.machine.transmit(path, b"")).await;
    assert_eq!(receive(&peer).await, (Vec::new(), local));
}

#[tokio::test]
async fn a_burst_arrives_whole_and_in_order_with_few_system_calls() {
    let mut run = Running::start(|probe| probe.bind(0, "127.0.0.1:0"));
    let local = run.bound().await;
    let (peer, remote) = peer().await;
    let path = Path::udp(local, remote);
    let before = run.handle.call(|cx, _| cx.stats()).await.unwrap();
    run.with(move |cx| {
        for payload in [&b"aaaa"[..], b"bbbb", b"cccc", b"dd", b"eeee"] {
            cx.machine.transmit(path, payload);
        }
    })
    .await;
    for expected in [&b"aaaa"[..], b"bbbb", b"cccc", b"dd", b"eeee"] {
        assert_eq!(receive(&peer).await.0, expected);
    }
    let after = run.handle.call(|cx, _| cx.stats()).await.unwrap();
    assert_eq!(after.sent - before.sent, 5);
    if cfg!(target_os = "linux") {
        assert_eq!(after.sends - before.sends, 2, "three and a shorter one, then one more");
    }
}

#[tokio::test]
async fn a_burst_between_two_drivers_arrives_datagram_by_datagram() {
    let mut from = Running::start(|probe| probe.bind(0, "127.0.0.1:0"));
    let mut to = Running::start(|probe| probe.bind(0, "127.0.0.1:0"));
    let path = Path::udp(from.bound().await, to.bound().await);
    let datagrams: Vec<Vec<u8>> = (0..40).map(|n| vec![n; if n == 39 { 7 } else { 100 }]).collect();
    let burst = datagrams.clone();
    from.with(move |cx| {
        for datagram in &burst {
            cx.send(&sans_io::Packet::new(path, datagram));
        }
    })
    .await;
    for datagram in datagrams {
        assert_eq!(to.next().await, Told::Bytes(path.reversed(), datagram));
    }
}

#[tokio::test]
async fn an_unspecified_address_is_refused() {
    let mut run = Running::start(|probe| {
        probe.bind(1, "0.0.0.0:0");
        probe.bind(2, "[::]:0");
    });
    for id in [1, 2] {
        let refused = Seen::Socket(SocketId(id), Err(SocketFault::Unavailable));
        assert_eq!(run.next().await, Told::Event(refused));
    }
}

#[tokio::test]
async fn a_taken_or_foreign_address_is_told_apart() {
    let (_peer, taken) = peer().await;
    let taken = taken.to_string();
    let mut run = Running::start(|probe| {
        probe.bind(1, &taken);
        probe.bind(2, "192.0.2.1:0");
    });
    let in_use = Seen::Socket(SocketId(1), Err(SocketFault::InUse));
    assert_eq!(run.next().await, Told::Event(in_use));
    let foreign = Seen::Socket(SocketId(2), Err(SocketFault::Unavailable));
    assert_eq!(run.next().await, Told::Event(foreign));
}

#[tokio::test]
async fn a_closed_socket_is_closed_at_once() {
    let mut run = Running::start(|probe| probe.bind(1, "127.0.0.1:0"));
    let local = run.bound().await;
    run.with(|cx| {
        use sans_io::{Output, SocketRequest};
        cx.machine.queue.push_back(Output::Socket(SocketRequest::Close(SocketId(1))));
    })
    .await;
    // a command later the request is carried out, and the port is free again
    run.with(move |cx| cx.machine.bind(2, &local.to_string())).await;
    assert_eq!(run.bound().await, local);
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_closed_port_is_reported_as_a_failed_path() {
    let mut run = Running::start(|probe| probe.bind(0, "127.0.0.1:0"));
    let local = run.bound().await;
    let (peer, remote) = peer().await;
    drop(peer);
    let path = Path::udp(local, remote);
    run.with(move |cx| cx.machine.transmit(path, b"anybody?")).await;
    let fault = PathFault::Unreachable { kind: 3, code: 3 };
    assert_eq!(run.next().await, Told::Event(Seen::Failed(path, fault)));
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_closed_port_costs_other_peers_nothing() {
    let mut run = Running::start(|probe| probe.bind(0, "127.0.0.1:0"));
    let local = run.bound().await;
    let (gone, closed) = peer().await;
    drop(gone);
    let (peer, open) = peer().await;
    for _ in 0..5 {
        run.with(move |cx| {
            cx.machine.transmit(Path::udp(local, closed), b"anybody?");
            cx.machine.transmit(Path::udp(local, open), b"you");
        })
        .await;
        assert_eq!(receive(&peer).await.0, b"you");
    }
    bounded(peer.send_to(b"me", local)).await.unwrap();
    loop {
        match run.next().await {
            Told::Event(Seen::Failed(path, _)) => assert_eq!(path.remote(), closed),
            Told::Bytes(path, bytes) => {
                assert_eq!((path.remote(), &bytes[..]), (open, &b"me"[..]));
                break;
            }
            Told::Event(other) => panic!("{other:?}"),
        }
    }
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_datagram_that_fits_no_packet_travels_in_fragments() {
    if let Some(error) = no_ipv6() {
        return println!("not tried, since there is no IPv6 here: {error}");
    }
    let mut run = Running::start(|probe| probe.bind(0, "[::1]:0"));
    let local = run.bound().await;
    let peer = UdpSocket::bind("[::1]:0").await.unwrap();
    let path = Path::udp(local, peer.local_addr().unwrap());
    // with 48 bytes of headers this is more than the 65,536 bytes of the loopback interface
    run.with(move |cx| cx.send(&sans_io::Packet::new(path, &vec![7; 65_500]))).await;
    let mut buffer = vec![0; 70_000];
    assert_eq!(bounded(peer.recv(&mut buffer)).await.unwrap(), 65_500);
}

#[tokio::test]
async fn a_datagram_that_no_system_takes_is_counted() {
    let mut run = Running::start(|probe| probe.bind(0, "127.0.0.1:0"));
    let path = Path::udp(run.bound().await, "127.0.0.1:9".parse().unwrap());
    run.with(move |cx| cx.send(&sans_io::Packet::new(path, &vec![0; 70_000]))).await;
    let stats = run.handle.call(|cx, _| cx.stats()).await.unwrap();
    assert_eq!((stats.refused, stats.sent), (1, 0));
}

#[tokio::test]
async fn a_datagram_from_nowhere_is_counted() {
    let run = Running::start(|_| {});
    let path = Path::udp("127.0.0.1:1".parse().unwrap(), "127.0.0.1:2".parse().unwrap());
    run.with(move |cx| cx.machine.transmit(path, b"lost")).await;
    let stats = run.handle.call(|cx, _| cx.stats()).await.unwrap();
    assert_eq!((stats.homeless, stats.sent), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn the_machine_is_woken_at_its_deadline() {
    let mut run = Running::start(|_| {});
    let start = run.handle.call(|cx, _| cx.now).await.unwrap();
    run.with(|cx| cx.machine.wake_in(cx.now, Duration::from_secs(3600))).await;
    let told = run.told.recv().await.unwrap(); // an hour passes: the clock is tokio's
    let Told::Event(Seen::Woken(at)) = told else { panic!("{told:?}") };
    let late = at.saturating_since(start).saturating_sub(Duration::from_secs(3600));
    assert!(late < Duration::from_millis(5), "{late:?}");
}

#[tokio::test]
async fn names_are_looked_up() {
    let mut run = Running::start(|probe| {
        probe.look_up(LookupKind::Address, "localhost");
    });
    let told = run.next().await;
    let Told::Event(Seen::LookedUp(LookupId(7), Ok(found))) = told else { panic!("{told:?}") };
    assert!(found > 0);
}

#[tokio::test]
async fn the_driver_ends_with_its_last_handle_and_sends_what_was_queued() {
    let mut run = Running::start(|probe| probe.bind(0, "127.0.0.1:0"));
    let local = run.bound().await;
    let (peer, remote) = peer().await;
    let other = run.handle.clone();
    drop(run.handle);
    let path = Path::udp(local, remote);
    other.post(move |cx, _| cx.machine.transmit(path, b"farewell")).unwrap();
    drop(other);
    bounded(run.task).await.unwrap();
    assert_eq!(receive(&peer).await.0, b"farewell");
}

#[tokio::test]
async fn commands_that_pile_up_all_run_in_order() {
    let mut run = Running::start(|_| {});
    let (done, mut order) = tokio::sync::mpsc::unbounded_channel();
    // the driver gets no turn meanwhile: this test has one thread, and does not wait
    for number in 0..200 {
        let done = done.clone();
        run.handle.post(move |_, _| done.send(number).unwrap()).unwrap();
    }
    run.with(|cx| cx.machine.wake_in(cx.now, Duration::ZERO)).await;
    let told = run.next().await;
    assert!(matches!(told, Told::Event(Seen::Woken(_))), "{told:?}");
    let ran: Vec<i32> = std::iter::from_fn(|| order.try_recv().ok()).collect();
    assert_eq!(ran, (0..200).collect::<Vec<_>>());
}

#[tokio::test]
async fn too_many_commands_are_refused_at_once() {
    let run = Running::start(|_| {});
    let refused = (0..).find_map(|_| run.handle.post(|_, _| ()).err());
    assert_eq!(refused, Some(PostError::Full));
}

#[tokio::test]
async fn a_stopped_driver_says_so() {
    let run = Running::start(|_| {});
    run.handle.stop().await;
    bounded(run.task).await.unwrap();
    assert_eq!(run.handle.call(|_, _| ()).await, Err(Stopped));
    assert_eq!(run.handle.post(|_, _| ()), Err(PostError::Stopped));
}
