//! Asking servers about the network: where they are (RFC 5928), how they see us (RFC 8489), and
//! what NAT is between (RFC 5780).
//!
//! Each function opens sockets of its own, asks, and closes them.

#[cfg(feature = "tls")]
mod certificate;
mod query;
mod resolve;
mod watch;

#[cfg(feature = "tls")]
pub use certificate::{ShownCertificate, certificate};
pub use resolve::{LookupError, discover, resolve};

pub use stun_proto::attribute::Algorithm;
pub use stun_proto::{
    AuthFault, Binding, BindingLifetime, Credentials, Filtering, Host, Integrity, LifetimeConfig,
    Login, Mapping, NatReport, PrepareError, RequestError, RequestFault, ResolveError,
    ResolvedServer, Scheme, Uri, UriError, UriTransport,
};

use crate::{
    Services,
    driver::{Application, Context, Driver, Sockets},
    interfaces,
};
use query::{Query, QueryEvent};
use sans_io::{CertificateFault, Machine, Path, PathFault, SocketFault, SocketIds, Transport};
use std::{
    io,
    net::{IpAddr, SocketAddr},
    time::Duration,
};
use stun_proto::{NatProbe, NatProbeConfig, NatProbeEvent, RetransmitConfig};
use thiserror::Error;
use tokio::sync::oneshot;
use watch::{Seen, Watched};

/// Four requests within 5.5 seconds: somebody waits for the answer, and the 39.5 seconds of
/// RFC 8489 §6.2.1 are for calls that would fail otherwise.
const RETRANSMIT: RetransmitConfig = RetransmitConfig {
    rto: Duration::from_millis(500),
    max_sends: 4,
    last_wait: 4,
    max_wait: Duration::MAX,
};

/// How long an answer over TCP or TLS may take.
const RELIABLE_TIMEOUT: Duration = Duration::from_millis(5500);

/// Why a server told nothing.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ProbeError {
    /// This computer has no address to send from.
    #[error("no network of this computer leads there: {0}")]
    NoRoute(#[source] io::Error),
    /// No socket could be opened, or no connection made.
    #[error("{}", no_socket_words(*(.0)))]
    Socket(SocketFault),
    /// The operating system gave no random bytes.
    #[error("the operating system gave no random bytes")]
    Random,
    /// The question cannot be written: the user name is too long.
    #[error(transparent)]
    Question(#[from] RequestError),
    /// Silence.
    #[error("no answer: no server there, or something on the way lets nothing through")]
    NoAnswer,
    /// The computer there says that the port is closed.
    #[error("nothing listens on that port: the computer there says so")]
    PortClosed,
    /// No answer, but a router complained (RFC 792, RFC 4443).
    #[error("no answer, and a router says {}", icmp(*(.0)))]
    Unreachable(PathFault),
    /// Something answers that does not speak STUN.
    #[error("what answers there is not a STUN server")]
    NotStun,
    /// Something is there that speaks no TLS.
    #[error("no TLS there: that port is for something else, or for a version of TLS before 1.2")]
    NotTls,
    /// Who answers did not prove to be the server that was asked for.
    #[error("the server's certificate is not trusted: {}", distrust(*(.0)))]
    Certificate(CertificateFault),
    /// An answer that is of no use.
    #[error(transparent)]
    Answer(RequestFault),
}

fn no_socket_words(fault: SocketFault) -> &'static str {
    match fault {
        SocketFault::Denied => "the system does not permit it",
        SocketFault::NoCapacity => "the system has no socket left",
        _ => "no socket, or no way to connect",
    }
}

/// What is wrong with a certificate.
fn distrust(fault: CertificateFault) -> &'static str {
    match fault {
        CertificateFault::Issuer => "no authority that is trusted here has signed it",
        CertificateFault::Name => "it is for another name",
        CertificateFault::Expired => "it has expired",
        CertificateFault::NotYetValid => "it is not valid yet, or the clock here is wrong",
        CertificateFault::Revoked => "it was revoked",
        CertificateFault::Purpose => "it is not one for servers",
        CertificateFault::Malformed => {
            "it cannot be read, or is signed in a way that is not known here"
        }
    }
}

/// An ICMP error in words.
fn icmp(fault: PathFault) -> &'static str {
    match fault {
        PathFault::Unreachable { kind: 3, code: 9 | 10 | 13 }
        | PathFault::Unreachable { kind: 1, code: 1 | 5 | 6 } => "that it is forbidden",
        PathFault::Unreachable { kind: 1 | 3, code: 0 } => "that there is no way to that network",
        _ => "that the computer cannot be reached",
    }
}

/// Asks one server for our address, with a long-term credential if there is one.
///
/// It waits 5.5 seconds for an answer over UDP, and as long over TCP and TLS once connected.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use sans_io::Transport;
/// use spool::{Services, TurnService, probe};
/// let server = TurnService::builder().listen("127.0.0.1:0".parse()?).start().await?;
/// let target = probe::ResolvedServer {
///     transport: Transport::Udp,
///     address: server.listeners()[0],
///     server_name: None,
/// };
/// let binding = probe::query(&target, None, &Services::default()).await?;
/// assert_eq!(binding.mapped, binding.path.local()); // no NAT on the way
/// # server.stop().await;
/// # Ok(())
/// # }
/// ```
pub async fn query(
    server: &ResolvedServer,
    credentials: Option<Credentials>,
    services: &Services,
) -> Result<Binding, ProbeError> {
    let ResolvedServer { transport, address, server_name } = server;
    let local = local_towards(*address)?;
    let seed = sans_io_std::seed().map_err(|_| ProbeError::Random)?;
    let path = Path::new(*transport, SocketAddr::new(local, 0), *address);
    let query = Query::new(path, server_name.clone(), credentials, seed);
    let mut sockets = Sockets::default();
    sockets.use_services(services.clone().for_nat_discovery());
    let (event, watched) = first_event(Watched::new(query, address.ip()), sockets).await;
    match event {
        Some(QueryEvent::Bound(binding)) => Ok(binding),
        Some(QueryEvent::Failed(fault)) => Err(explain(fault, *transport, watched.seen())),
        Some(QueryEvent::NoSocket(fault)) => Err(no_socket(fault)),
        Some(QueryEvent::NotAsked(error)) => Err(error.into()),
        None => Err(ProbeError::NoAnswer),
    }
}

/// Finds out what NAT is between this computer and a server that has two addresses, and if wanted
/// how long an idle binding lasts there.
///
/// Of a server without a second address [`NatReport::mapping`] and [`NatReport::filtering`] are
/// unknown, unless there is no NAT. Takes some seconds, since a NAT that filters shows by silence;
/// the lifetime takes minutes.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use spool::{TurnService, probe};
/// let server = TurnService::builder()
///     .listen("127.0.0.1:0".parse()?)
///     .behaviour("127.0.0.2:0".parse()?)
///     .start()
///     .await?;
/// let report = probe::examine_nat(server.listeners()[0], None).await?;
/// assert_eq!(report.mapping, probe::Mapping::None);
/// assert_eq!(report.filtering, probe::Filtering::EndpointIndependent);
/// # server.stop().await;
/// # Ok(())
/// # }
/// ```
pub async fn examine_nat(
    server: SocketAddr,
    lifetime: Option<LifetimeConfig>,
) -> Result<NatReport, ProbeError> {
    let local = local_towards(server)?;
    let seed = sans_io_std::seed().map_err(|_| ProbeError::Random)?;
    let config = NatProbeConfig { lifetime, ..NatProbeConfig::new(local, server) };
    let probe = NatProbe::new(config, &mut SocketIds::root(), seed);
    let (event, watched) = first_event(Watched::new(probe, server.ip()), Sockets::default()).await;
    match event {
        Some(NatProbeEvent::Done(report)) => Ok(report),
        Some(NatProbeEvent::Failed(fault)) => Err(explain(fault, Transport::Udp, watched.seen())),
        Some(NatProbeEvent::NoSocket(fault)) => Err(no_socket(fault)),
        None => Err(ProbeError::NoAnswer),
    }
}

/// What a fault means, with what else was seen.
fn explain(fault: RequestFault, transport: Transport, seen: Seen) -> ProbeError {
    match fault {
        RequestFault::TimedOut if seen.foreign => ProbeError::NotStun,
        // a connection was there, and ended without an answer
        RequestFault::Unreachable if transport.is_stream() => ProbeError::NotStun,
        RequestFault::Unreachable => ProbeError::PortClosed,
        RequestFault::TimedOut => seen.fault.map_or(ProbeError::NoAnswer, ProbeError::Unreachable),
        other => ProbeError::Answer(other),
    }
}

fn no_socket(fault: SocketFault) -> ProbeError {
    match fault {
        SocketFault::Refused => ProbeError::PortClosed,
        SocketFault::TimedOut => ProbeError::NoAnswer,
        SocketFault::Handshake => ProbeError::NotTls,
        SocketFault::Untrusted(fault) => ProbeError::Certificate(fault),
        other => ProbeError::Socket(other),
    }
}

fn local_towards(server: SocketAddr) -> Result<IpAddr, ProbeError> {
    interfaces::towards(server).map_err(ProbeError::NoRoute)
}

/// Runs a machine until it has said the first thing.
async fn first_event<M>(machine: M, sockets: Sockets) -> (Option<M::Event>, M)
where
    M: Machine + Send + 'static,
    M::Event: Send,
{
    let (sender, receiver) = oneshot::channel();
    let (driver, handle) = Driver::with_sockets(machine, First(Some(sender)), sockets);
    let wait = async move {
        let event = receiver.await.ok();
        handle.stop().await;
        event
    };
    // sixteen kilobytes of state that every caller's future would have in it
    let (event, (machine, _)) = tokio::join!(wait, Box::pin(driver.run()));
    (event, machine)
}

/// Passes the first event on.
struct First<E>(Option<oneshot::Sender<E>>);

impl<M: Machine> Application<M> for First<M::Event>
where
    M::Event: Send + 'static,
{
    fn event(&mut self, _: &mut Context<'_, M>, event: M::Event) {
        if let Some(sender) = self.0.take() {
            // whoever asked has gone
            let _ = sender.send(event);
        }
    }

    fn deliver(&mut self, _: Path, _: &[u8]) {
        // none of these machines carries data
    }
}
