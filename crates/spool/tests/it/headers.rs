//! What a machine says of the IP header of a packet, and what it is told of one.
use crate::{
    driver::no_ipv6,
    machines::Seen,
    running::{Running, Told},
};
use sans_io::{Packet, PacketMeta, Path};
use spool::driver::Sockets;
use std::net::SocketAddr;

/// A driver that reports headers if it `reports`, and where it is reached.
pub(crate) async fn listener(ip: &str, reports: bool) -> (Running, SocketAddr) {
    let mut sockets = Sockets::default();
    if reports {
        sockets.report_headers();
    }
    let mut run = Running::with_sockets(sockets, |probe| {
        probe.curious = true;
        probe.bind(0, &format!("{ip}:0"));
    });
    let local = run.bound().await;
    (run, local)
}

/// Sends each with its header, and gives what was told of it.
async fn told(ip: &str, reports: bool, sent: &[PacketMeta]) -> Vec<PacketMeta> {
    let (mut to, remote) = listener(ip, reports).await;
    let (from, local) = listener(ip, false).await;
    let (path, sent) = (Path::udp(local, remote), sent.to_vec());
    let count = sent.len();
    from.with(move |cx| {
        for meta in sent {
            cx.send(&Packet::new(path, b"four").with_meta(meta));
        }
    })
    .await;
    let mut told = Vec::new();
    while told.len() < count {
        let Told::Event(Seen::Header(meta, bytes)) = to.next().await else { continue };
        assert_eq!(bytes, b"four");
        told.push(meta);
    }
    told
}

/// An address of each family that there is here.
fn addresses() -> &'static [&'static str] {
    if no_ipv6().is_none() { &["127.0.0.1", "[::1]"] } else { &["127.0.0.1"] }
}

#[tokio::test]
async fn a_packet_arrives_with_the_ttl_that_it_was_sent_with() {
    for ip in addresses() {
        let ttl = |ttl| PacketMeta { ttl, ..PacketMeta::default() };
        let sent = [ttl(Some(3)), ttl(None), ttl(Some(255)), ttl(Some(1))];
        let got = told(ip, true, &sent).await;
        assert_eq!([got[0].ttl, got[2].ttl, got[3].ttl], [Some(3), Some(255), Some(1)], "{ip}");
        assert_eq!(got[1].ttl, Some(64), "{ip}: the system's own");
    }
}

#[tokio::test]
async fn dscp_ecn_and_ttl_go_together_also_in_a_batch() {
    for ip in addresses() {
        let meta = PacketMeta { ecn: 2, dscp: 46, ttl: Some(9), dont_fragment: false };
        assert_eq!(told(ip, true, &[meta; 20]).await, [meta; 20], "{ip}");
    }
}

#[tokio::test]
async fn what_may_not_be_fragmented_arrives_and_what_follows_is_as_ever() {
    for ip in addresses() {
        let whole = PacketMeta { dont_fragment: true, ..PacketMeta::default() };
        assert_eq!(told(ip, false, &[whole, PacketMeta::default()]).await.len(), 2, "{ip}");
    }
}

/// Each bit of a header costs time with every packet.
#[tokio::test]
async fn who_does_not_ask_is_told_of_ecn_alone() {
    for ip in addresses() {
        let meta = PacketMeta { ecn: 1, dscp: 46, ttl: Some(9), dont_fragment: false };
        let ecn = PacketMeta { ecn: 1, ..PacketMeta::default() };
        assert_eq!(told(ip, false, &[meta]).await, [ecn], "{ip}");
    }
}
