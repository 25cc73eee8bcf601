//! A name server on the loopback interface that says what a test wants it to.
use std::net::{IpAddr, SocketAddr};
use tokio::net::UdpSocket;

pub(crate) const A: u16 = 1;
pub(crate) const PTR: u16 = 12;
pub(crate) const AAAA: u16 = 28;
pub(crate) const SRV: u16 = 33;
pub(crate) const NAPTR: u16 = 35;

/// What becomes of a question.
#[derive(Clone, Debug)]
pub(crate) enum Reply {
    /// Records with this data, of the kind that was asked for.
    Records(Vec<Vec<u8>>),
    /// An error code: 2 SERVFAIL, 3 NXDOMAIN.
    Error(u8),
    /// These very bytes behind the id of the question.
    Raw(Vec<u8>),
    Silence,
}

/// Starts it; where it listens.
pub(crate) async fn start(
    answer: impl Fn(&str, u16) -> Reply + Send + 'static,
) -> std::io::Result<SocketAddr> {
    let socket = UdpSocket::bind("127.0.0.1:0").await?;
    let local = socket.local_addr()?;
    tokio::spawn(async move {
        let mut buffer = [0; 1500];
        while let Ok((len, from)) = socket.recv_from(&mut buffer).await {
            let Some((name, kind, end)) = question(&buffer[..len]) else { continue };
            if let Some(reply) = write(&buffer[..end], &answer(&name, kind), kind) {
                let _ = socket.send_to(&reply, from).await;
            }
        }
    });
    Ok(local)
}

/// The name and the kind of a question, and where it ends.
fn question(bytes: &[u8]) -> Option<(String, u16, usize)> {
    let (mut at, mut labels) = (12, Vec::new());
    loop {
        let len = usize::from(*bytes.get(at)?);
        at += 1;
        if len == 0 {
            break;
        }
        labels.push(String::from_utf8_lossy(bytes.get(at..at + len)?).to_lowercase());
        at += len;
    }
    let kind = bytes.get(at..at + 2)?;
    Some((labels.join("."), u16::from_be_bytes([kind[0], kind[1]]), at + 4))
}

fn write(question: &[u8], reply: &Reply, kind: u16) -> Option<Vec<u8>> {
    let (code, records) = match reply {
        Reply::Silence => return None,
        Reply::Raw(bytes) => return Some([&question[..2], bytes].concat()),
        Reply::Error(code) => (*code, &[][..]),
        Reply::Records(records) => (0, &records[..]),
    };
    let count = (records.len() as u16).to_be_bytes();
    let head = [question[0], question[1], 0x81, 0x80 | code, 0, 1, count[0], count[1], 0, 0, 0, 0];
    let mut message = [&head[..], &question[12..]].concat();
    for data in records {
        message.extend([0xC0, 12]);
        message.extend(kind.to_be_bytes());
        message.extend([0, 1, 0, 0, 0, 60]);
        message.extend((data.len() as u16).to_be_bytes());
        message.extend(data);
    }
    Some(message)
}

pub(crate) fn name(text: &str) -> Vec<u8> {
    let labels = text.split('.').filter(|label| !label.is_empty());
    let mut bytes: Vec<u8> =
        labels.flat_map(|label| [&[label.len() as u8], label.as_bytes()].concat()).collect();
    bytes.push(0);
    bytes
}

pub(crate) fn address(ip: IpAddr) -> Vec<u8> {
    match ip {
        IpAddr::V4(ip) => ip.octets().to_vec(),
        IpAddr::V6(ip) => ip.octets().to_vec(),
    }
}

pub(crate) fn srv(port: u16, target: &str) -> Vec<u8> {
    [&[0, 0, 0, 0][..], &port.to_be_bytes(), &name(target)].concat()
}

pub(crate) fn naptr(flags: &str, service: &str, replacement: &str) -> Vec<u8> {
    let text = |text: &str| [&[text.len() as u8], text.as_bytes()].concat();
    let head = [0, 10, 0, 10];
    [&head[..], &text(flags), &text(service), &text(""), &name(replacement)].concat()
}
