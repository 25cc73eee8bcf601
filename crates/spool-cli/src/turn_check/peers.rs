//! Whom a server relays to that it should not: the networks and programs behind it (RFC 8656 §21.4).
use super::{
    client::{Allocated, Client},
    finding::Finding,
};
use serde_json::json;
use std::{
    net::{IpAddr, SocketAddr},
    time::Duration,
};
use stun_proto::{Message, MessageBuilder, MessageType, Method, TransactionId};
use tokio::time::Instant;
use turn_proto::TurnFault;

/// Addresses that are of the server's own surroundings, whoever asks.
const INSIDE: [&str; 12] = [
    "127.0.0.1",
    "0.0.0.0",
    "169.254.169.254",
    "224.0.0.1",
    "255.255.255.255",
    "::1",
    "::",
    "fe80::1",
    "ff02::1",
    // the loopback address of IPv4 within IPv6
    "64:ff9b::7f00:1",
    "2002:7f00:1::1",
    "::7f00:1",
];

/// Addresses that somebody may have a reason to relay to: media servers in a network of their own.
const PRIVATE: [&str; 5] = ["10.0.0.1", "172.16.0.1", "192.168.0.1", "100.64.0.1", "fd00::1"];

/// How long a service of the server's own may take to answer through the relay.
const OWN_ANSWERS_WITHIN: Duration = Duration::from_secs(1);

/// Asks for permissions that are not to be had. With `private_peers` those to private networks are.
pub(super) async fn look(
    client: &mut Client,
    allocated: Allocated,
    server: SocketAddr,
    private_peers: bool,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    let relay = allocated.relayed.ip();
    for (check, all) in [("inside", &INSIDE[..]), ("private", &PRIVATE[..])] {
        let parsed = all.iter().filter_map(|text| text.parse::<IpAddr>().ok());
        // its own address leads to its relays, and is looked at below
        let wanted: Vec<IpAddr> = parsed
            .filter(|ip| ip.is_ipv4() == relay.is_ipv4() && *ip != relay && *ip != server.ip())
            .collect();
        match client.permit(&wanted).await {
            Ok(answers) => {
                let open: Vec<IpAddr> =
                    answers.iter().filter(|(_, given)| given.is_ok()).map(|(ip, _)| *ip).collect();
                findings.push(judge(check, &wanted, &open, private_peers));
            }
            Err(fault) => findings.push(Finding::note(check, unknown(fault), "")),
        }
    }
    findings.extend(look_at_own(client, server, relay).await);
    findings
}

fn judge(check: &'static str, all: &[IpAddr], open: &[IpAddr], private_peers: bool) -> Finding {
    let figures = json!({ "asked": texts(all), "open": texts(open) });
    let finding = if open.is_empty() {
        Finding::good(check, format!("refused: {}", texts(all).join(", ")))
    } else {
        let text = format!("relays to {}", texts(open).join(", "));
        match check {
            "private" if private_peers => Finding::good(check, text),
            "private" => Finding::fault(
                check,
                text,
                "deny what no client has to reach there (coturn: denied-peer-ip), or say \
                 --private-peers if it is meant",
            ),
            _ => Finding::fault(
                check,
                text,
                "deny it: clients reach services of the host and of its cloud through it (coturn: \
                 denied-peer-ip for 0.0.0.0/8, 127/8, 169.254/16, ::1, fe80::/10 and IPv4 in IPv6)",
            ),
        }
    };
    finding.with_figures(figures)
}

/// Whether the server can be made to talk to itself: its own STUN service is asked through the relay.
async fn look_at_own(client: &mut Client, server: SocketAddr, relay: IpAddr) -> Option<Finding> {
    if server.is_ipv4() != relay.is_ipv4() {
        return None;
    }
    let refused = "its own services are not reached through it";
    if let Err(fault) = client.bind(server).await {
        return Some(match fault {
            TurnFault::TimedOut | TurnFault::Disconnected => {
                Finding::note("own", unknown(fault), "")
            }
            _ => Finding::good("own", refused),
        });
    }
    let mut buffer = [0; 64];
    let binding = MessageType::request(Method::BINDING);
    let request = MessageBuilder::new(&mut buffer, binding, TransactionId([7; 12])).finish();
    client.send(server, request.map(<[u8]>::to_vec).unwrap_or_default()).await;
    let until = Instant::now() + OWN_ANSWERS_WITHIN;
    while let Some(arrived) = client.receive(until).await {
        if arrived.from == server && Message::parse(&arrived.bytes).is_ok() {
            return Some(Finding::fault(
                "own",
                format!("its own service at {server} answers through the relay"),
                "deny the server's own addresses as peers, but for the ports of relays",
            ));
        }
    }
    Some(Finding::good("own", refused))
}

fn texts(ips: &[IpAddr]) -> Vec<String> {
    ips.iter().map(ToString::to_string).collect()
}

fn unknown(fault: TurnFault) -> String {
    format!("not found out: {fault}")
}
