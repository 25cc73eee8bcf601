//! Asking name servers (RFC 1035): addresses, SRV (RFC 2782) and NAPTR records (RFC 3403).
use hickory_resolver::{
    Resolver, TokioResolver,
    config::{ConnectionConfig, NameServerConfig, ResolveHosts, ResolverConfig},
    net::{DnsError, NetError, runtime::TokioRuntimeProvider},
    proto::rr::{Name, RData, RecordType},
};
use sans_io::{LookupAnswer, LookupFault, LookupKind};
use std::{fmt, net::SocketAddr, sync::Arc, time::Duration};
use tokio::sync::OnceCell;

/// How long one name server may take, before it is asked again or another one is. What the system
/// allows (5 s by default) is for programs that nobody waits for.
const WAIT: Duration = Duration::from_secs(2);

/// How often a question is repeated.
const REPEATS: usize = 1;

/// The name servers, whose addresses are read when the first question is asked.
#[derive(Clone, Default)]
pub(super) struct Dns {
    /// Instead of those of the system.
    servers: Vec<SocketAddr>,
    resolver: Arc<OnceCell<Option<TokioResolver>>>,
}

impl fmt::Debug for Dns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dns").field("servers", &self.servers).finish_non_exhaustive()
    }
}

impl Dns {
    pub(super) fn servers(servers: Vec<SocketAddr>) -> Self {
        Self { servers, ..Self::default() }
    }

    /// Whether it asks as this computer is set up to.
    pub(super) fn is_system(&self) -> bool {
        self.servers.is_empty()
    }

    pub(super) async fn look_up(
        &self,
        kind: LookupKind,
        name: &str,
    ) -> Result<Vec<LookupAnswer>, LookupFault> {
        let servers = self.servers.clone();
        // a file of hosts may be long
        let load = async || {
            let made = tokio::task::spawn_blocking(move || resolver(&servers)).await;
            made.ok().flatten()
        };
        let Some(resolver) = self.resolver.get_or_init(load).await else {
            return Err(LookupFault::Unsupported);
        };
        match kind {
            LookupKind::Address => addresses(resolver, name).await,
            LookupKind::Srv => records(resolver, name, RecordType::SRV).await,
            LookupKind::Naptr => records(resolver, name, RecordType::NAPTR).await,
            LookupKind::Pointer => records(resolver, name, RecordType::PTR).await,
        }
    }
}

/// `None`: this computer has no name servers.
fn resolver(servers: &[SocketAddr]) -> Option<TokioResolver> {
    let mut builder = if servers.is_empty() {
        TokioResolver::builder_tokio().ok()?
    } else {
        let servers = servers.iter().map(|server| at(*server)).collect();
        let config = ResolverConfig::from_name_servers(servers);
        let mut builder = Resolver::builder_with_config(config, TokioRuntimeProvider::default());
        builder.options_mut().use_hosts_file = ResolveHosts::Never;
        builder
    };
    let options = builder.options_mut();
    options.timeout = options.timeout.min(WAIT);
    options.attempts = options.attempts.min(REPEATS);
    builder.build().ok()
}

/// A name server at a port of its own.
fn at(server: SocketAddr) -> NameServerConfig {
    let mut config = NameServerConfig::udp_and_tcp(server.ip());
    let port = |connection: &mut ConnectionConfig| connection.port = server.port();
    config.connections.iter_mut().for_each(port);
    config
}

async fn addresses(resolver: &TokioResolver, name: &str) -> Result<Vec<LookupAnswer>, LookupFault> {
    Name::from_utf8(name).map_err(|_| LookupFault::NotFound)?;
    let found = resolver.lookup_ip(name).await.map_err(|error| fault(&error))?;
    Ok(found.iter().map(LookupAnswer::Address).collect())
}

/// Records of a service. Names of services are whole: nothing is added to them.
async fn records(
    resolver: &TokioResolver,
    name: &str,
    kind: RecordType,
) -> Result<Vec<LookupAnswer>, LookupFault> {
    let mut name = Name::from_ascii(name).map_err(|_| LookupFault::NotFound)?;
    name.set_fqdn(true);
    let found = resolver.lookup(name, kind).await.map_err(|error| fault(&error))?;
    Ok(found.answers().iter().filter_map(|record| answer(&record.data)).collect())
}

fn answer(data: &RData) -> Option<LookupAnswer> {
    match data {
        RData::SRV(srv) => Some(LookupAnswer::Srv {
            priority: srv.priority,
            weight: srv.weight,
            port: srv.port,
            target: text(&srv.target),
        }),
        RData::NAPTR(naptr) => Some(LookupAnswer::Naptr {
            order: naptr.order,
            preference: naptr.preference,
            flags: String::from_utf8_lossy(&naptr.flags).into(),
            service: String::from_utf8_lossy(&naptr.services).into(),
            replacement: text(&naptr.replacement),
        }),
        RData::PTR(pointer) => Some(LookupAnswer::Pointer(text(pointer))),
        _ => None,
    }
}

/// A name without the final dot; the root is empty.
fn text(name: &Name) -> Arc<str> {
    name.to_ascii().trim_end_matches('.').into()
}

fn fault(error: &NetError) -> LookupFault {
    match error {
        NetError::Dns(DnsError::NoRecordsFound(_)) => LookupFault::NotFound,
        NetError::Timeout | NetError::NoConnections | NetError::Io(_) => LookupFault::TimedOut,
        _ => LookupFault::Failed,
    }
}
