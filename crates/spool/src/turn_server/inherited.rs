//! Sockets that somebody else has opened for a server: a service manager, which may have ports that the
//! server may not.
use std::{
    net::{SocketAddr, TcpListener, UdpSocket},
    sync::{Arc, Mutex, PoisonError},
};

/// Sockets that are bound already, each to one address. Clones are one: whoever takes a socket has it.
///
/// ```
/// use spool::{InheritedSockets, TurnService};
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let socket = std::net::UdpSocket::bind("127.0.0.1:0")?;
/// let address = socket.local_addr()?;
/// let mut sockets = InheritedSockets::default();
/// sockets.add_udp(socket)?;
/// let server = TurnService::builder().listen(address).inherited(sockets).start().await?;
/// assert_eq!(server.listeners(), [address]);
/// # server.stop().await;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default)]
pub struct InheritedSockets(Arc<Mutex<Inherited>>);

#[derive(Debug, Default)]
struct Inherited {
    udp: Vec<(SocketAddr, UdpSocket)>,
    tcp: Vec<(SocketAddr, TcpListener)>,
}

impl InheritedSockets {
    /// Adds a socket for UDP.
    pub fn add_udp(&mut self, socket: UdpSocket) -> std::io::Result<()> {
        let address = socket.local_addr()?;
        self.with(|all| all.udp.push((address, socket)));
        Ok(())
    }

    /// Adds a listener for TCP, or for TLS: which of the two is a matter of its address.
    pub fn add_tcp(&mut self, listener: TcpListener) -> std::io::Result<()> {
        let address = listener.local_addr()?;
        self.with(|all| all.tcp.push((address, listener)));
        Ok(())
    }

    /// The addresses of those for UDP.
    pub fn udp_addresses(&self) -> Vec<SocketAddr> {
        self.with(|all| all.udp.iter().map(|(address, _)| *address).collect())
    }

    /// The addresses of those for TCP and TLS.
    pub fn tcp_addresses(&self) -> Vec<SocketAddr> {
        self.with(|all| all.tcp.iter().map(|(address, _)| *address).collect())
    }

    pub(super) fn addresses(&self) -> Vec<SocketAddr> {
        [self.udp_addresses(), self.tcp_addresses()].concat()
    }

    pub(super) fn take_udp(&self, address: SocketAddr) -> Option<UdpSocket> {
        self.with(|all| take(&mut all.udp, address))
    }

    pub(super) fn take_tcp(&self, address: SocketAddr) -> Option<TcpListener> {
        self.with(|all| take(&mut all.tcp, address))
    }

    fn with<R>(&self, f: impl FnOnce(&mut Inherited) -> R) -> R {
        f(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn take<S>(all: &mut Vec<(SocketAddr, S)>, address: SocketAddr) -> Option<S> {
    let at = all.iter().position(|(bound, _)| *bound == address)?;
    Some(all.swap_remove(at).1)
}
