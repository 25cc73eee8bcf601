//! What somebody who has not logged in gets out of a server over UDP: relaying, which must not be, and
//! answers much larger than what was asked, which others are flooded with (RFC 8656 §21.1.1).
use super::finding::Finding;
use serde_json::json;
use spool::interfaces;
use std::{net::SocketAddr, time::Duration};
use stun_proto::{
    Class, Message, MessageBuilder, MessageType, Method, TransactionId,
    attribute::{Lifetime, RequestedTransport},
};
use tokio::{
    net::UdpSocket,
    time::{Instant, timeout_at},
};

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(1);

/// How long more answers to one question are waited for.
const MORE_WITHIN: Duration = Duration::from_millis(200);

/// How often it is asked.
const TRIES: u32 = 3;

/// What an answer may be of its question, in bytes. Who must name realm and nonce gets three times of
/// the shortest request that it makes sense to answer; more is of use to attackers alone.
const FACTOR_MAX: usize = 4;

/// What came for one question.
struct Answer {
    /// All that came, in bytes.
    bytes: usize,
    first: Vec<u8>,
}

/// Asks for an allocation without a user, and for a binding.
pub(super) async fn look(server: SocketAddr) -> Vec<Finding> {
    let mut findings = Vec::new();
    let Some(socket) = open(server).await else { return findings };
    let allocate = request(Method::ALLOCATE, |message| message.push(&RequestedTransport::UDP));
    let binding = request(Method::BINDING, |_| {});
    if let Some(answer) = ask(&socket, &allocate).await {
        findings.push(judge_login(&socket, &answer).await);
        findings.extend(judge_size("allocate", &allocate, &answer));
    }
    if let Some(answer) = ask(&socket, &binding).await {
        findings.extend(judge_size("binding", &binding, &answer));
    }
    if findings.iter().all(|finding| finding.check != "amplifies") {
        findings.push(Finding::good(
            "amplifies",
            format!("answers to strangers are at most {FACTOR_MAX} times what they sent"),
        ));
    }
    findings
}

async fn open(server: SocketAddr) -> Option<UdpSocket> {
    let local = interfaces::towards(server).ok()?;
    let socket = UdpSocket::bind((local, 0)).await.ok()?;
    socket.connect(server).await.ok()?;
    Some(socket)
}

fn request(method: Method, write: impl FnOnce(&mut MessageBuilder<'_>)) -> Vec<u8> {
    let mut id = [0; 12];
    // a guess of the answer harms nobody here
    let _ = getrandom::fill(&mut id);
    let mut buffer = [0; 64];
    let mut message =
        MessageBuilder::new(&mut buffer, MessageType::request(method), TransactionId(id));
    write(&mut message);
    message.finish().map(<[u8]>::to_vec).unwrap_or_default()
}

async fn ask(socket: &UdpSocket, request: &[u8]) -> Option<Answer> {
    let mut buffer = [0; 2048];
    for _ in 0..TRIES {
        socket.send(request).await.ok()?;
        let until = Instant::now() + PATIENCE;
        let Ok(Ok(len)) = timeout_at(until, socket.recv(&mut buffer)).await else { continue };
        let first = buffer[..len].to_vec();
        let mut bytes = len;
        let until = Instant::now() + MORE_WITHIN;
        while let Ok(Ok(len)) = timeout_at(until, socket.recv(&mut buffer)).await {
            bytes += len;
        }
        return Some(Answer { bytes, first });
    }
    None
}

async fn judge_login(socket: &UdpSocket, answer: &Answer) -> Finding {
    let class = Message::parse(&answer.first).map(|message| message.class());
    if class != Ok(Class::Success) {
        return Finding::good("no-login", "without a user nothing is relayed");
    }
    // leave nothing behind
    let delete = request(Method::REFRESH, |message| message.push(&Lifetime(0)));
    let _ = ask(socket, &delete).await;
    Finding::fault(
        "no-login",
        "anybody gets an allocation, without a user",
        "demand users: an open relay is found and used within days (coturn: lt-cred-mech, no no-auth)",
    )
}

fn judge_size(what: &str, request: &[u8], answer: &Answer) -> Option<Finding> {
    let (asked, answered) = (request.len(), answer.bytes);
    if answered <= FACTOR_MAX * asked {
        return None;
    }
    let text = format!("{answered} bytes for {asked} to who asks for {what}");
    let advice = "whoever fakes a source address has others flooded so: shorten realm and software \
                  name, limit strangers";
    let figures = json!({ "request": asked, "answer": answered });
    Some(Finding::fault("amplifies", text, advice).with_figures(figures))
}
