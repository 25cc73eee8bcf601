//! A port of one side on the other: TCP connections as streams, UDP datagrams as datagrams. The inviter
//! names the one address that can be reached, and nothing else can.
use crate::{
    Link, LinkError,
    error::Goodbye,
    message::{Carrier, Message, Reach},
    pipe::join,
};
use quinn::{RecvStream, SendStream};
use std::{io, net::SocketAddr, time::Duration};
use thiserror::Error;
use tokio::{
    net::{TcpListener, TcpStream, UdpSocket},
    sync::mpsc,
    task::JoinSet,
};

mod flows;

/// The first byte of each stream, for QUIC shows a stream to the other end with its first byte.
const STREAM: u8 = b't';

/// How long a connection to the target may take to be made.
const CONNECT_WITHIN: Duration = Duration::from_secs(10);

/// Events that wait for whoever shows them; what is more is not shown.
const EVENTS_MAX: usize = 64;

/// Connections that may be there at once.
const CONNECTIONS_MAX: usize = 256;

/// What an inviter lets be reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Where: tried in order.
    pub addresses: Vec<SocketAddr>,
    /// How.
    pub carrier: Carrier,
    /// What the guest is told of it.
    pub label: String,
}

/// Something worth a line.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ForwardEvent {
    /// Somebody connected; from where, on the side where that is known.
    Opened(Option<SocketAddr>),
    /// A connection is over.
    Closed,
    /// A connection could not be made or broke.
    Failed(String),
}

/// Why a forward ended.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ForwardError {
    /// The connection is gone.
    #[error(transparent)]
    Link(#[from] LinkError),
    /// It cannot be listened there.
    #[error("cannot listen on {address}: {fault}")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// Why not.
        fault: io::Error,
    },
    /// The socket of the forward fails.
    #[error("the socket fails: {0}")]
    Socket(#[from] io::Error),
}

/// Tells what happens, if somebody listens.
#[derive(Clone, Debug)]
pub struct ForwardReport(mpsc::Sender<ForwardEvent>);

impl ForwardReport {
    /// The teller, and the events.
    pub fn new() -> (Self, mpsc::Receiver<ForwardEvent>) {
        let (sender, events) = mpsc::channel(EVENTS_MAX);
        (Self(sender), events)
    }

    fn tell(&self, event: ForwardEvent) {
        // it is only a log
        let _ = self.0.try_send(event);
    }
}

impl Link {
    /// Lets the guest reach the target, until it leaves.
    pub async fn forward(
        mut self,
        target: Target,
        report: ForwardReport,
    ) -> Result<(), ForwardError> {
        let result = serve(&mut self, target, report).await;
        self.close(Goodbye::Done, "").await;
        match result {
            Err(ForwardError::Link(LinkError::Left)) => Ok(()),
            other => other,
        }
    }

    /// Hears what the inviter lets be reached.
    pub async fn reach(mut self) -> Result<Reached, LinkError> {
        match self.control.hear().await {
            Ok(Message::Reach(Reach { carrier, label })) => {
                Ok(Reached { link: self, carrier, label: crate::printable(&label).into_owned() })
            }
            other => {
                self.close(Goodbye::Failed, "").await;
                other.and(Err(LinkError::Protocol("something out of place")))
            }
        }
    }
}

async fn serve(link: &mut Link, target: Target, report: ForwardReport) -> Result<(), ForwardError> {
    let Target { addresses, carrier, label } = target;
    link.control.tell(&Message::Reach(Reach { carrier, label })).await?;
    match carrier {
        Carrier::Udp => flows::serve(&link.connection, &addresses).await,
        Carrier::Tcp => {
            let mut connections = JoinSet::new();
            loop {
                let streams = link.connection.accept_bi().await.map_err(LinkError::from)?;
                // those that are over
                while connections.try_join_next().is_some() {}
                let (addresses, report) = (addresses.clone(), report.clone());
                connections.spawn(async move { serve_one(&addresses, streams, &report).await });
            }
        }
    }
}

async fn serve_one(
    addresses: &[SocketAddr],
    (send, mut recv): (SendStream, RecvStream),
    report: &ForwardReport,
) {
    let mut kind = [0];
    if recv.read_exact(&mut kind).await.is_err() || kind != [STREAM] {
        return;
    }
    let connect = tokio::time::timeout(CONNECT_WITHIN, TcpStream::connect(addresses));
    let tcp = match connect.await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into())) {
        Ok(tcp) => tcp,
        // both halves are reset when they are dropped
        Err(error) => return report.tell(ForwardEvent::Failed(error.to_string())),
    };
    carry(tcp, (send, recv), report, None).await;
}

async fn carry(
    tcp: TcpStream,
    streams: (SendStream, RecvStream),
    report: &ForwardReport,
    from: Option<SocketAddr>,
) {
    // small messages are somebody's keystrokes
    let _ = tcp.set_nodelay(true);
    report.tell(ForwardEvent::Opened(from));
    report.tell(match join(tcp, streams).await {
        Ok(_) => ForwardEvent::Closed,
        Err(error) => ForwardEvent::Failed(error.to_string()),
    });
}

/// What a guest may reach.
#[derive(Debug)]
pub struct Reached {
    link: Link,
    carrier: Carrier,
    label: String,
}

/// A port here that leads there.
#[derive(Debug)]
pub struct Listening {
    link: Link,
    socket: Socket,
    address: SocketAddr,
}

#[derive(Debug)]
enum Socket {
    Tcp(TcpListener),
    Udp(UdpSocket),
}

impl Reached {
    /// How.
    pub fn carrier(&self) -> Carrier {
        self.carrier
    }

    /// What the inviter calls it, made safe to show.
    pub fn label(&self) -> &str {
        &self.label
    }

    /// The connection.
    pub fn link(&self) -> &Link {
        &self.link
    }

    /// Opens the port here.
    pub async fn listen(self, address: SocketAddr) -> Result<Listening, ForwardError> {
        let opened = match self.carrier {
            Carrier::Tcp => TcpListener::bind(address).await.map(Socket::Tcp),
            Carrier::Udp => UdpSocket::bind(address).await.map(Socket::Udp),
        };
        let opened = opened.and_then(|socket| {
            let address = match &socket {
                Socket::Tcp(listener) => listener.local_addr()?,
                Socket::Udp(socket) => socket.local_addr()?,
            };
            Ok((socket, address))
        });
        match opened {
            Ok((socket, address)) => Ok(Listening { link: self.link, socket, address }),
            Err(fault) => {
                self.link.close(Goodbye::Failed, "it cannot listen there").await;
                Err(ForwardError::Listen { address, fault })
            }
        }
    }
}

impl Listening {
    /// Where.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The connection.
    pub fn link(&self) -> &Link {
        &self.link
    }

    /// Serves who connects here, until the inviter leaves.
    pub async fn run(self, report: ForwardReport) -> Result<(), ForwardError> {
        let Self { link, socket, .. } = self;
        let result = match socket {
            Socket::Tcp(listener) => accept(&link, &listener, report).await,
            Socket::Udp(socket) => flows::listen(&link.connection, &socket).await,
        };
        link.close(Goodbye::Done, "").await;
        match result {
            Err(ForwardError::Link(LinkError::Left)) => Ok(()),
            other => other,
        }
    }
}

async fn accept(
    link: &Link,
    listener: &TcpListener,
    report: ForwardReport,
) -> Result<(), ForwardError> {
    let mut connections = JoinSet::new();
    loop {
        let full = connections.len() >= CONNECTIONS_MAX;
        tokio::select! {
            accepted = listener.accept(), if !full => {
                // one that is gone before it is accepted concerns nobody
                let Ok((tcp, from)) = accepted else { continue };
                let (connection, report) = (link.connection.clone(), report.clone());
                connections.spawn(async move {
                    let Ok((mut send, recv)) = connection.open_bi().await else { return };
                    if send.write_all(&[STREAM]).await.is_ok() {
                        carry(tcp, (send, recv), &report, Some(from)).await;
                    }
                });
            }
            Some(_) = connections.join_next() => {}
            lost = link.connection.closed() => return Err(LinkError::from(lost).into()),
        }
    }
}
