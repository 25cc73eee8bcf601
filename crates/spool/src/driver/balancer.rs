//! Connections that come through a balancer, which says who the client is before it passes anything on
//! (the PROXY protocol of HAProxy, version 2).
use ppp::v2::{Addresses, Command, Header};
use std::{
    net::{IpAddr, SocketAddr},
    time::Duration,
};
use tokio::{io::AsyncReadExt, net::TcpStream};
use turn_proto::IpPrefix;

/// How long a header may take. A balancer sends it with its first packet.
const WITHIN: Duration = Duration::from_secs(5);

/// Headers that are read at the same time.
const READING_MAX: usize = 256;

/// Twelve bytes that no other protocol begins with, version and command, family, length.
const FIXED: usize = 16;

/// The longest that is read behind that: addresses, and notes that clouds add.
const REST_MAX: usize = 2048;

/// A connection, and who it is with.
#[derive(Debug)]
pub(super) struct Accepted {
    pub(super) tcp: TcpStream,
    pub(super) remote: SocketAddr,
}

/// The balancers that are believed.
#[derive(Debug, Default)]
pub(super) struct Balancers {
    at: Vec<IpPrefix>,
    /// Headers that are being read.
    reading: usize,
}

impl Balancers {
    pub(super) fn believe(&mut self, at: impl IntoIterator<Item = IpPrefix>) {
        self.at.extend(at);
    }

    /// The same ones, for another driver.
    pub(super) fn beside(&self) -> Self {
        Self { at: self.at.clone(), reading: 0 }
    }

    /// Whether one is at the other end.
    pub(super) fn are(&self, tcp: &TcpStream) -> bool {
        let from = tcp.peer_addr().map(|from| from.ip().to_canonical());
        from.is_ok_and(|from| self.at.iter().any(|prefix| prefix.contains(from)))
    }

    /// Reads what it says, unless too many are at it. [`done`](Self::done) is due when that is over.
    pub(super) fn read(
        &mut self,
        tcp: TcpStream,
    ) -> Option<impl Future<Output = Option<Accepted>> + Send + 'static> {
        if self.reading >= READING_MAX {
            return None;
        }
        self.reading += 1;
        let read = tokio::time::timeout(WITHIN, read(tcp));
        Some(async move { read.await.ok().flatten() })
    }

    pub(super) fn done(&mut self) {
        self.reading = self.reading.saturating_sub(1);
    }
}

/// Reads no byte beyond the header.
async fn read(mut tcp: TcpStream) -> Option<Accepted> {
    let mut bytes = vec![0; FIXED];
    tcp.read_exact(&mut bytes).await.ok()?;
    let rest = usize::from(u16::from_be_bytes([bytes[14], bytes[15]]));
    // who sends something else is not waited for
    if rest > REST_MAX || !bytes.starts_with(ppp::v2::PROTOCOL_PREFIX) {
        return None;
    }
    bytes.resize(FIXED + rest, 0);
    tcp.read_exact(&mut bytes[FIXED..]).await.ok()?;
    let remote = match client(&bytes)? {
        Client::At(remote) => remote,
        Client::Balancer => tcp.peer_addr().ok()?,
    };
    Some(Accepted { tcp, remote })
}

/// Who a connection is with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Client {
    At(SocketAddr),
    /// The balancer itself, which looks whether the server is well.
    Balancer,
}

/// What a header says. `None`: it makes no sense.
fn client(header: &[u8]) -> Option<Client> {
    let header = Header::try_from(header).ok()?;
    let (ip, port): (IpAddr, u16) = match (header.command, header.addresses) {
        (Command::Local, _) => return Some(Client::Balancer),
        (_, Addresses::IPv4(v4)) => (v4.source_address.into(), v4.source_port),
        (_, Addresses::IPv6(v6)) => (v6.source_address.into(), v6.source_port),
        // of no network that this server is part of
        (_, Addresses::Unspecified | Addresses::Unix(_)) => return None,
    };
    let at = SocketAddr::new(ip, port);
    let usable = port != 0 && !ip.is_unspecified() && !ip.is_multicast();
    usable.then_some(Client::At(at))
}

#[cfg(test)]
mod tests {
    use super::{Client, client};

    /// Signature, command, family and transport, length, and what follows.
    fn header(command: u8, family: u8, rest: &[u8]) -> Vec<u8> {
        let len = (rest.len() as u16).to_be_bytes();
        let fixed = [&b"\r\n\r\n\0\r\nQUIT\n"[..], &[command, family], &len].concat();
        [&fixed[..], rest].concat()
    }

    const V4: [u8; 12] = [192, 0, 2, 7, 198, 51, 100, 1, 0x9c, 0x40, 0x0d, 0x96];

    #[test]
    fn the_client_is_whom_the_balancer_names() {
        let told = client(&header(0x21, 0x11, &V4));
        assert_eq!(told, Some(Client::At("192.0.2.7:40000".parse().unwrap())));
        let mut v6 = [0; 36];
        (v6[0], v6[1], v6[15], v6[33]) = (0x20, 0x01, 9, 5);
        let told = client(&header(0x21, 0x21, &v6));
        assert_eq!(told, Some(Client::At("[2001::9]:5".parse().unwrap())));
        // with a note behind the addresses
        let noted = [&V4[..], &[0xea, 0, 3, 1, 2, 3]].concat();
        assert!(matches!(client(&header(0x21, 0x11, &noted)), Some(Client::At(_))));
        assert_eq!(client(&header(0x20, 0, &[])), Some(Client::Balancer));
    }

    #[test]
    fn what_makes_no_sense_names_nobody() {
        let nowhere = [[0; 4], V4[4..8].try_into().unwrap(), V4[8..].try_into().unwrap()].concat();
        for bad in [
            header(0x11, 0x11, &V4),
            header(0x22, 0x11, &V4),
            header(0x21, 0x11, &V4[..11]),
            header(0x21, 0x00, &[]),
            header(0x21, 0x31, &[0; 216]),
            header(0x21, 0x11, &nowhere),
            b"PROXY TCP4 192.0.2.7 198.51.100.1 40000 3478\r\n".to_vec(),
            Vec::new(),
        ] {
            assert_eq!(client(&bad), None, "{bad:?}");
        }
    }

    #[test]
    fn no_bytes_make_it_panic() {
        let good = header(0x21, 0x11, &V4);
        for at in 0..good.len() {
            for with in [0, 1, 0x20, 0x7f, 0x80, 0xff] {
                let mut bad = good.clone();
                bad[at] = with;
                let _ = client(&bad);
                let _ = client(&bad[..at]);
            }
        }
    }
}
