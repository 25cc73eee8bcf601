//! Two agents over TCP alone (RFC 6544), on the loopback interface.
use crate::agents::{bounded, builder};
use spool::{Agent, Connection, TcpCandidates};

/// A description without the candidates over UDP, and of those over TCP with those of this type only.
fn only(description: &str, tcp_type: &str) -> String {
    let wanted = |line: &str| !line.starts_with("a=candidate:") || line.contains(tcp_type);
    let lines: Vec<&str> = description.lines().filter(|line| wanted(line)).collect();
    lines.join("\r\n") + "\r\n"
}

/// Exchanges the descriptions, of which each is told these candidates only.
async fn introduce(agents: &mut [Agent; 2], told: [&str; 2]) {
    let [alice, bob] = agents;
    let offer = only(&bounded(alice.local_description()).await.unwrap(), told[0]);
    assert!(offer.contains("a=candidate:"), "{offer}");
    bob.set_remote_description(&offer).await.unwrap();
    let answer = only(&bounded(bob.local_description()).await.unwrap(), told[1]);
    assert!(answer.contains("a=candidate:"), "{answer}");
    alice.set_remote_description(&answer).await.unwrap();
}

async fn meet(tcp: [TcpCandidates; 2], told: [&str; 2]) -> [Connection; 2] {
    let mut agents = [
        builder().tcp(tcp[0]).build().await.unwrap(),
        builder().tcp(tcp[1]).build().await.unwrap(),
    ];
    introduce(&mut agents, told).await;
    let [alice, bob] = agents;
    let (alice, bob) = bounded(async { tokio::join!(alice.connected(), bob.connected()) }).await;
    [alice.unwrap(), bob.unwrap()]
}

async fn exchange(agents: &mut [Connection; 2]) {
    let [alice, bob] = agents;
    for len in [1_usize, 1200, 9000, 65_507] {
        let datagram: Vec<u8> = (0..len).map(|index| index as u8).collect();
        alice.send(&datagram).await.unwrap();
        assert_eq!(bounded(bob.recv()).await.unwrap(), datagram);
        bob.send(&datagram).await.unwrap();
        assert_eq!(bounded(alice.recv()).await.unwrap(), datagram);
    }
}

#[tokio::test]
async fn without_udp_agents_meet_over_connections_whichever_side_listens() {
    use TcpCandidates::{Active, Passive};
    for tcp in [[Active, Passive], [Passive, Active]] {
        let mut agents = meet(tcp, ["tcptype"; 2]).await;
        for agent in &mut agents {
            bounded(agent.settled()).await.unwrap();
            assert!(agent.is_direct());
        }
        exchange(&mut agents).await;
        let [alice, mut bob] = agents;
        alice.send(b"last words").await.unwrap();
        alice.close().await;
        assert_eq!(&bounded(bob.recv()).await.unwrap()[..], b"last words");
    }
}

#[tokio::test]
async fn both_sides_may_open_the_connection_at_once() {
    let mut agents = meet([TcpCandidates::All; 2], ["tcptype so"; 2]).await;
    exchange(&mut agents).await;
}

#[tokio::test]
async fn where_udp_works_it_is_used() {
    let mut agents = [
        builder().tcp(TcpCandidates::All).build().await.unwrap(),
        builder().tcp(TcpCandidates::All).build().await.unwrap(),
    ];
    introduce(&mut agents, [""; 2]).await;
    let [alice, bob] = agents;
    let (alice, bob) = bounded(async { tokio::join!(alice.connected(), bob.connected()) }).await;
    let mut agents = [alice.unwrap(), bob.unwrap()];
    for agent in &mut agents {
        bounded(agent.settled()).await.unwrap();
    }
    // The ports of candidates over UDP are none of those that listen.
    assert_eq!(agents[0].local(), agents[1].remote());
    exchange(&mut agents).await;
}
