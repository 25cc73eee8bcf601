//! What the way through the relay is worth: round trip, loss, throughput, and whether the relayed
//! address is reached from outside.
use super::{
    client::{Allocated, Client},
    finding::Finding,
};
use serde_json::json;
use std::{
    net::{IpAddr, SocketAddr},
    time::Duration,
};
use tokio::{net::UdpSocket, time::Instant};
use turn_proto::TurnFault;

/// Packets of the round trip, how far apart, and how long: as speech.
const PINGS: u32 = 50;
const PING_EVERY: Duration = Duration::from_millis(20);
const PING_LEN: usize = 160;

/// How long after the last one its answer may come.
const LAST_WITHIN: Duration = Duration::from_millis(1500);

/// Loss from which on speech suffers.
const LOSS_MAX: u32 = 2;

/// As video.
const PACKET_LEN: usize = 1200;
const PACKET_BITS: f64 = 9600.0;

/// How long throughput is measured, how many packets may be on the way meanwhile, and how many may go
/// in all: 60 Mbit/s.
const THROUGHPUT_FOR: Duration = Duration::from_secs(1);
const WINDOW: u32 = 64;
const PACKETS_MAX: u32 = 6250;

/// Two clients of the server, each of which may send to the other.
pub(super) async fn join(
    near: (&mut Client, Allocated),
    far: (&mut Client, Allocated),
) -> Result<(), TurnFault> {
    let (near, near_at) = near;
    let (far, far_at) = far;
    far.bind(near_at.relayed).await?;
    near.bind(far_at.relayed).await
}

/// Sends packets to the far client, which sends them back.
pub(super) async fn round_trip(
    near: &mut Client,
    far: &mut Client,
    [near_at, far_at]: [SocketAddr; 2],
) -> Finding {
    let began = Instant::now();
    let mut next = 0;
    let mut times = Vec::new();
    let last = PING_EVERY * PINGS;
    let mut wake = began;
    while wake < began + last + LAST_WITHIN && times.len() < PINGS as usize {
        if next < PINGS {
            near.send(far_at, ping(next, began)).await;
            next += 1;
            wake = began + PING_EVERY * next;
        } else {
            wake = began + last + LAST_WITHIN;
        }
        loop {
            tokio::select! {
                arrived = far.receive(wake) => match arrived {
                    Some(arrived) if arrived.from == near_at => far.send(near_at, arrived.bytes).await,
                    Some(_) => {}
                    None => break,
                },
                arrived = near.receive(wake) => match arrived {
                    Some(arrived) => times.extend(taken(&arrived.bytes, began)),
                    None => break,
                },
            }
            if times.len() == PINGS as usize {
                break;
            }
        }
    }
    judge_round_trip(times)
}

fn ping(number: u32, began: Instant) -> Vec<u8> {
    let at = began.elapsed().as_micros() as u64;
    let mut bytes = vec![0; PING_LEN];
    bytes[..4].copy_from_slice(&number.to_be_bytes());
    bytes[4..12].copy_from_slice(&at.to_be_bytes());
    bytes
}

fn taken(bytes: &[u8], began: Instant) -> Option<Duration> {
    let sent = bytes.get(4..12)?.try_into().ok()?;
    began.elapsed().checked_sub(Duration::from_micros(u64::from_be_bytes(sent)))
}

fn judge_round_trip(mut times: Vec<Duration>) -> Finding {
    times.sort();
    let lost = PINGS.saturating_sub(times.len() as u32);
    let loss = lost * 100 / PINGS;
    let ms = |time: Option<&Duration>| time.map(|time| time.as_secs_f64() * 1e3);
    let (median, most) = (ms(times.get(times.len() / 2)), ms(times.last()));
    let figures =
        json!({ "sent": PINGS, "lost": lost, "rtt_median_ms": median, "rtt_max_ms": most });
    let finding = match (median, most) {
        (Some(median), Some(most)) => {
            let text = format!("{median:.1} ms (at most {most:.1}), {loss} % of {PINGS} lost");
            if loss > LOSS_MAX {
                let advice = "look at load and network of the server, and at max-bps";
                Finding::fault("round-trip", text, advice)
            } else {
                Finding::good("round-trip", format!("through both relayed addresses {text}"))
            }
        }
        _ => Finding::fault(
            "round-trip",
            "nothing comes through from one relayed address to the other",
            "let the server's relay ports reach each other: at a firewall, and by its outer \
             address where a NAT is in front of it",
        ),
    };
    finding.with_figures(figures)
}

/// Sends as fast as answers come, for a second.
pub(super) async fn throughput(
    near: &mut Client,
    far: &mut Client,
    [near_at, far_at]: [SocketAddr; 2],
) -> Finding {
    let began = Instant::now();
    let until = began + THROUGHPUT_FOR;
    let (mut sent, mut arrived, mut acknowledged) = (0, 0_u32, 0);
    while Instant::now() < until {
        // what was lost on the way is not waited for: the window counts from the newest answer
        if sent < acknowledged + WINDOW && sent < PACKETS_MAX {
            let mut bytes = vec![0; PACKET_LEN];
            sent += 1;
            bytes[..4].copy_from_slice(&sent.to_be_bytes());
            near.send(far_at, bytes).await;
            if sent % 8 != 0 {
                continue;
            }
        }
        let wait = if sent < acknowledged + WINDOW { Instant::now() } else { until };
        tokio::select! {
            biased;
            packet = far.receive(wait) => if let Some(packet) = packet {
                arrived += 1;
                far.send(near_at, packet.bytes.into_iter().take(4).collect()).await;
            },
            answer = near.receive(wait) => if let Some(answer) = answer
                && let Some(number) = answer.bytes.first_chunk()
            {
                acknowledged = u32::from_be_bytes(*number).max(acknowledged);
            },
        }
        if arrived == PACKETS_MAX {
            break;
        }
    }
    let bits = f64::from(arrived) * PACKET_BITS;
    let rate = bits / began.elapsed().as_secs_f64() / 1e6;
    let figures = json!({ "mbit_per_s": (rate * 10.0).round() / 10.0, "packets": arrived });
    Finding::good("throughput", format!("{rate:.1} Mbit/s, with {WINDOW} packets on the way"))
        .with_figures(figures)
}

/// Sends to the relayed address as anybody outside would, and takes the client's answer.
pub(super) async fn from_outside(client: &mut Client, at: Allocated, local: IpAddr) -> Finding {
    const CHECK: &str = "outside";
    const HELLO: &[u8] = b"from outside";
    if at.mapped.ip() == at.relayed.ip() {
        let text = "not tried: this computer is the server's";
        return Finding::note(CHECK, text, "run this on another computer too");
    }
    match client.permit(&[at.mapped.ip()]).await.map(|answers| answers.into_values().next()) {
        Ok(Some(Ok(()))) => {}
        Ok(Some(Err(TurnFault::Forbidden))) => {
            let text = format!("not tried: {} is no peer to the server", at.mapped.ip());
            return Finding::note(CHECK, text, "run this on a computer with a public address too");
        }
        Ok(None) => return Finding::note(CHECK, "not tried: no answer", ""),
        Ok(Some(Err(fault))) | Err(fault) => {
            return Finding::note(CHECK, format!("not tried: {fault}"), "");
        }
    }
    let Ok(socket) = UdpSocket::bind((local, 0)).await else {
        return Finding::note(CHECK, "not tried: this computer gives no socket", "");
    };
    let began = Instant::now();
    let mut buffer = [0; 64];
    for _ in 0..3 {
        let _ = socket.send_to(HELLO, at.relayed).await;
        let until = Instant::now() + Duration::from_secs(1);
        // what the measurements before left on the way comes as well
        let arrived = loop {
            match client.receive(until).await {
                Some(arrived) if arrived.bytes == HELLO => break Some(arrived),
                Some(_) => {}
                None => break None,
            }
        };
        let Some(arrived) = arrived else { continue };
        client.send(arrived.from, b"and back".to_vec()).await;
        if let Ok(Ok((_, from))) =
            tokio::time::timeout_at(until, socket.recv_from(&mut buffer)).await
            && from == at.relayed
        {
            let took = began.elapsed().as_secs_f64() * 1e3;
            return Finding::good(
                CHECK,
                format!("{} is reached and answers ({took:.1} ms)", at.relayed),
            );
        }
    }
    Finding::fault(
        CHECK,
        format!("nothing comes through to {} and back", at.relayed),
        "open the relay ports (UDP 49152-65535 unless told) at every firewall; where a NAT is in front \
         of the server name its outer address (--external-ip)",
    )
}
