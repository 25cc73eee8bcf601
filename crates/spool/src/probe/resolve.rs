//! From a URI to servers, and why there are none.
use super::{ResolveError, ResolvedServer, Uri, first_event};
use crate::{Services, driver::Sockets};
use sans_io::{Input, Instant, LookupFault, Machine, Output, Transport, Verdict};
use std::time::Duration;
use stun_proto::{ResolveEvent, Resolver};
use thiserror::Error;

/// How long all the lookups of one URI may take together: one leads to the next.
const PATIENCE: Duration = Duration::from_secs(15);

/// Why a URI led to no server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum LookupError {
    /// The URI wants what cannot be had.
    #[error(transparent)]
    Uri(#[from] ResolveError),
    /// The name servers say that there is no such name, or that it leads to no address.
    #[error("no such name, or it leads to no address")]
    NotFound,
    /// Silence.
    #[error("the name server does not answer")]
    NoNameServer,
    /// The name servers cannot tell, or answer what makes no sense.
    #[error("the name server failed to answer")]
    Failed,
    /// The operating system gave no random bytes.
    #[error("the operating system gave no random bytes")]
    Random,
}

/// Finds the servers that a URI names, best first, over one of `transports` (RFC 5928 §3, RFC 8489
/// §8.1): by NAPTR and SRV records where the URI leaves that open, or by addresses. Takes 15 seconds
/// at most.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use sans_io::Transport;
/// use spool::{Services, probe};
/// let uri = "stun:192.0.2.1".parse()?;
/// let servers = probe::resolve(&uri, &[Transport::Udp], &Services::default()).await?;
/// assert_eq!(servers[0].address, "192.0.2.1:3478".parse()?);
/// # Ok(())
/// # }
/// ```
pub async fn resolve(
    uri: &Uri,
    transports: &[Transport],
    services: &Services,
) -> Result<Vec<ResolvedServer>, LookupError> {
    run(
        Resolver::new(uri, transports, 0, sans_io_std::seed().map_err(|_| LookupError::Random)?)?,
        services,
    )
    .await
}

/// Finds the TURN servers that are there for whoever is in a domain, over one of `transports`, with
/// nobody told of any (RFC 8155 §4, §5): by the domain's S-NAPTR records and by DNS service discovery.
/// Which domain that is DHCP or the user's own address tells. Takes 15 seconds at most. Beside these
/// there is [`TURN_ANYCAST`](stun_proto::TURN_ANYCAST).
pub async fn discover(
    domain: &str,
    transports: &[Transport],
    services: &Services,
) -> Result<Vec<ResolvedServer>, LookupError> {
    let seed = sans_io_std::seed().map_err(|_| LookupError::Random)?;
    run(Resolver::discover(domain, transports, 0, seed), services).await
}

async fn run(resolver: Resolver, services: &Services) -> Result<Vec<ResolvedServer>, LookupError> {
    let mut sockets = Sockets::default();
    sockets.use_services(services.clone());
    let asking = first_event(Asking { resolver, fault: None }, sockets);
    let Ok((event, Asking { fault, .. })) = tokio::time::timeout(PATIENCE, asking).await else {
        return Err(LookupError::NoNameServer);
    };
    match (event, fault) {
        (Some(ResolveEvent::Resolved(servers)), _) => Ok(servers),
        (_, Some(LookupFault::TimedOut)) => Err(LookupError::NoNameServer),
        (_, Some(LookupFault::Failed)) => Err(LookupError::Failed),
        _ => Err(LookupError::NotFound),
    }
}

/// A resolver, and the first fault on its way that is not simply that there is no such record.
#[derive(Debug)]
struct Asking {
    resolver: Resolver,
    fault: Option<LookupFault>,
}

impl Machine for Asking {
    type Event = ResolveEvent;

    fn handle_input<'a>(&mut self, now: Instant, input: Input<'a>) -> Verdict<'a> {
        if let Input::LookedUp { result: Err(fault), .. } = input
            && matches!(fault, LookupFault::TimedOut | LookupFault::Failed)
        {
            self.fault.get_or_insert(fault);
        }
        self.resolver.handle_input(now, input)
    }

    fn poll_output(&mut self) -> Output<ResolveEvent> {
        self.resolver.poll_output()
    }
}
