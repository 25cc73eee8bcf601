//! Datagrams of a forward. Each carries the number of its flow (32 bits, big-endian), which stands for
//! one address on the guest's side; the inviter has a socket of its own for each.
use super::ForwardError;
use crate::LinkError;
use bytes::{BufMut, Bytes, BytesMut};
use quinn::{Connection, SendDatagramError};
use std::{
    collections::{HashMap, VecDeque},
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
};
use tokio::{net::UdpSocket, task::AbortHandle};

/// Flows that are kept; the one that was made first makes room for another.
const FLOWS_MAX: usize = 256;

/// Bytes before each datagram.
const HEAD: usize = 4;

/// No datagram is longer.
const DATAGRAM_MAX: usize = 65_535;

/// Numbers for addresses, and addresses for numbers.
#[derive(Debug, Default)]
struct Flows {
    numbers: HashMap<SocketAddr, u32>,
    addresses: HashMap<u32, SocketAddr>,
    order: VecDeque<u32>,
    next: u32,
}

impl Flows {
    fn number(&mut self, from: SocketAddr) -> u32 {
        if let Some(number) = self.numbers.get(&from) {
            return *number;
        }
        if self.order.len() >= FLOWS_MAX
            && let Some(oldest) = self.order.pop_front()
            && let Some(address) = self.addresses.remove(&oldest)
        {
            self.numbers.remove(&address);
        }
        let number = self.next;
        self.next = self.next.wrapping_add(1);
        self.numbers.insert(from, number);
        self.addresses.insert(number, from);
        self.order.push_back(number);
        number
    }

    fn address(&self, number: u32) -> Option<SocketAddr> {
        self.addresses.get(&number).copied()
    }
}

/// The guest's side.
pub(super) async fn listen(
    connection: &Connection,
    socket: &UdpSocket,
) -> Result<(), ForwardError> {
    let mut flows = Flows::default();
    let mut buffer = vec![0; DATAGRAM_MAX];
    loop {
        tokio::select! {
            received = socket.recv_from(&mut buffer) => {
                // an error is that of an earlier send: nobody is there
                let Ok((len, from)) = received else { continue };
                send(connection, flows.number(from), &buffer[..len])?;
            }
            datagram = connection.read_datagram() => {
                let datagram = datagram.map_err(LinkError::from)?;
                let Some((number, payload)) = split(&datagram) else { continue };
                if let Some(address) = flows.address(number) {
                    // what the system does not take is lost, as datagrams may be
                    let _ = socket.send_to(payload, address).await;
                }
            }
        }
    }
}

/// The inviter's side: sockets by flow.
#[derive(Debug, Default)]
struct Sockets {
    open: HashMap<u32, (Arc<UdpSocket>, AbortHandle)>,
    order: VecDeque<u32>,
}

impl Drop for Sockets {
    fn drop(&mut self) {
        self.open.values().for_each(|(_, task)| task.abort());
    }
}

pub(super) async fn serve(
    connection: &Connection,
    addresses: &[SocketAddr],
) -> Result<(), ForwardError> {
    let mut sockets = Sockets::default();
    loop {
        let datagram = connection.read_datagram().await.map_err(LinkError::from)?;
        let Some((number, payload)) = split(&datagram) else { continue };
        if let Some(socket) = sockets.of(number, connection, addresses).await {
            let _ = socket.send(payload).await;
        }
    }
}

impl Sockets {
    async fn of(
        &mut self,
        number: u32,
        connection: &Connection,
        addresses: &[SocketAddr],
    ) -> Option<Arc<UdpSocket>> {
        if let Some((socket, _)) = self.open.get(&number) {
            return Some(Arc::clone(socket));
        }
        if self.order.len() >= FLOWS_MAX
            && let Some(oldest) = self.order.pop_front()
            && let Some((_, task)) = self.open.remove(&oldest)
        {
            task.abort();
        }
        let target = addresses.first()?;
        let any: IpAddr = match target {
            SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
            SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
        };
        let socket = UdpSocket::bind((any, 0)).await.ok()?;
        // only the target is heard
        socket.connect(target).await.ok()?;
        let socket = Arc::new(socket);
        let task = tokio::spawn(answer(Arc::clone(&socket), number, connection.clone()));
        self.open.insert(number, (Arc::clone(&socket), task.abort_handle()));
        self.order.push_back(number);
        Some(socket)
    }
}

/// Sends back what the target answers.
async fn answer(socket: Arc<UdpSocket>, number: u32, connection: Connection) {
    let mut buffer = vec![0; DATAGRAM_MAX];
    loop {
        // an error is that of an earlier send: nobody listens there yet
        let Ok(len) = socket.recv(&mut buffer).await else { continue };
        if send(&connection, number, &buffer[..len]).is_err() {
            return;
        }
    }
}

/// Sends a datagram of a flow. One that is too long for the path is lost.
fn send(connection: &Connection, number: u32, payload: &[u8]) -> Result<(), LinkError> {
    let mut datagram = BytesMut::with_capacity(HEAD + payload.len());
    datagram.put_u32(number);
    datagram.put_slice(payload);
    match connection.send_datagram(datagram.freeze()) {
        Ok(()) | Err(SendDatagramError::TooLarge) => Ok(()),
        Err(SendDatagramError::ConnectionLost(lost)) => Err(lost.into()),
        Err(SendDatagramError::UnsupportedByPeer | SendDatagramError::Disabled) => {
            Err(LinkError::Protocol("it takes no datagrams"))
        }
    }
}

fn split(datagram: &Bytes) -> Option<(u32, &[u8])> {
    let (number, payload) = datagram.split_first_chunk::<HEAD>()?;
    Some((u32::from_be_bytes(*number), payload))
}

#[cfg(test)]
mod tests {
    use super::{FLOWS_MAX, Flows};
    use std::net::SocketAddr;

    fn from(port: usize) -> SocketAddr {
        ([127, 0, 0, 1], port as u16).into()
    }

    #[test]
    fn each_address_has_its_flow_and_the_oldest_makes_room() {
        let mut flows = Flows::default();
        assert_eq!(
            (flows.number(from(1)), flows.number(from(2)), flows.number(from(1))),
            (0, 1, 0)
        );
        assert_eq!((flows.address(1), flows.address(2)), (Some(from(2)), None));
        for port in 3..FLOWS_MAX + 2 {
            flows.number(from(port));
        }
        assert_eq!(flows.address(0), None, "it was the first");
        assert_eq!(flows.numbers.len(), FLOWS_MAX);
        assert_eq!(flows.number(from(1)), FLOWS_MAX as u32 + 1, "it is a new one now");
    }
}
