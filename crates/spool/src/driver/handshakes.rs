//! Handshakes of those who connect over TLS: how many at once, how many a second, and where they are
//! computed, which is beside the driver: an RSA signature takes as long as relaying hundreds of
//! packets.
use super::{session::Session, stream::Io};
use crate::services::Identity;
use futures_util::future::{AbortHandle, AbortRegistration, Abortable};
use sans_io::Instant;
use std::{
    collections::VecDeque,
    net::{IpAddr, Ipv6Addr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
    time::Duration,
};
use stun_proto::{LimiterConfig, SourceLimiter};
use tokio::{
    net::TcpStream,
    sync::{mpsc, oneshot},
};

/// How long somebody who connects may take for the handshake.
const WITHIN: Duration = Duration::from_secs(10);

/// Handshakes under way: where one more begins the oldest makes room, for who means it takes no
/// longer than a few round trips.
const MAX: usize = 256;

/// Those of one source: nobody keeps all the others out.
const PER_SOURCE_MAX: usize = 32;

/// How many one source may begin at once and in a second: a company behind one NAT, or a page that
/// opens some connections, and a small part of what one core computes. A bucket is shared by those
/// few who meet in it.
const RATE: LimiterConfig =
    LimiterConfig { buckets: 4096, burst: 64, per_second: 16, prefix_v4: 32, prefix_v6: 64 };

/// The handshakes of one driver, or of several. Clones are one.
#[derive(Clone, Debug, Default)]
pub(super) struct SharedHandshakes(Arc<Mutex<Handshakes>>);

impl SharedHandshakes {
    pub(super) fn lock(&self) -> MutexGuard<'_, Handshakes> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Those under way, by source, and the thread that computes them.
#[derive(Debug, Default)]
pub(super) struct Handshakes {
    /// The oldest first.
    under_way: VecDeque<UnderWay>,
    count: u64,
    rate: Option<SourceLimiter>,
    worker: Option<mpsc::Sender<Job>>,
}

/// Names one handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ticket(u64);

#[derive(Debug)]
struct UnderWay {
    ticket: Ticket,
    source: IpAddr,
    /// Ends it.
    end: AbortHandle,
}

/// A connection to be made secure, and who waits for it.
struct Job {
    identity: Identity,
    tcp: std::net::TcpStream,
    done: oneshot::Sender<Option<(std::net::TcpStream, Session)>>,
}

impl Handshakes {
    /// Begins one from there, if one more may: what it is called, and its end. `None` at that: it
    /// failed, took too long, or had to make room.
    pub(super) fn run(
        &mut self,
        now: Instant,
        from: IpAddr,
        identity: Identity,
        tcp: TcpStream,
    ) -> Option<(Ticket, impl Future<Output = Option<Io>> + Send + 'static)> {
        let (ticket, ended) = self.admit(now, from)?;
        let (done, secured) = oneshot::channel();
        let begun = self.begin(identity, tcp, done);
        let secured = async move {
            begun?;
            // called off by letting `secured` go
            let (tcp, session) = tokio::time::timeout(WITHIN, secured).await.ok()?.ok()??;
            let tcp = TcpStream::from_std(tcp).ok()?;
            Some(Io { tcp, session: Some(session), remote: None })
        };
        let secured = Abortable::new(secured, ended);
        Some((ticket, async move { secured.await.ok().flatten() }))
    }

    fn admit(&mut self, now: Instant, from: IpAddr) -> Option<(Ticket, AbortRegistration)> {
        let source = source(from);
        let of_source = self.under_way.iter().filter(|other| other.source == source).count();
        if of_source >= PER_SOURCE_MAX || !self.rate.get_or_insert_with(rate).take(now, from, 1) {
            return None;
        }
        if self.under_way.len() >= MAX
            && let Some(oldest) = self.under_way.pop_front()
        {
            oldest.end.abort();
        }
        self.count += 1;
        let ticket = Ticket(self.count);
        let (end, ended) = AbortHandle::new_pair();
        self.under_way.push_back(UnderWay { ticket, source, end });
        Some((ticket, ended))
    }

    /// One has come to an end.
    pub(super) fn over(&mut self, ticket: Ticket) {
        self.under_way.retain(|other| other.ticket != ticket);
    }

    fn begin(
        &mut self,
        identity: Identity,
        tcp: TcpStream,
        done: oneshot::Sender<Option<(std::net::TcpStream, Session)>>,
    ) -> Option<()> {
        let job = Job { identity, tcp: tcp.into_std().ok()?, done };
        if self.worker.is_none() {
            self.worker = Some(start_worker()?);
        }
        self.worker.as_ref()?.try_send(job).ok()
    }
}

/// A limiter whose buckets nobody can aim at. Without random bytes TLS does not work either.
fn rate() -> SourceLimiter {
    let mut key = [0; 16];
    let _ = getrandom::fill(&mut key);
    SourceLimiter::new(RATE, key)
}

/// A thread that ends when nobody can give it work any more.
fn start_worker() -> Option<mpsc::Sender<Job>> {
    let (sender, mut jobs) = mpsc::channel::<Job>(MAX);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().ok()?;
    let work = async move {
        while let Some(Job { identity, tcp, mut done }) = jobs.recv().await {
            tokio::spawn(async move {
                let secured = tokio::select! {
                    secured = secure(identity, tcp) => secured,
                    () = done.closed() => None,
                };
                // nobody waits any more: it took too long
                let _ = done.send(secured);
            });
        }
    };
    let thread = thread::Builder::new().name("spool-tls".to_owned());
    let started = thread.spawn(move || {
        yield_to_others();
        runtime.block_on(work);
    });
    started.ok().map(|_| sender)
}

async fn secure(
    identity: Identity,
    tcp: std::net::TcpStream,
) -> Option<(std::net::TcpStream, Session)> {
    let (tcp, tls) = identity.secure(TcpStream::from_std(tcp).ok()?).await.ok()?;
    Some((tcp.into_std().ok()?, Session::new(tls)))
}

/// Where there is one core for all, packets come before handshakes.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn yield_to_others() {
    // without it they are only later
    let _ = rustix::process::setpriority_process(Some(rustix::thread::gettid()), 5);
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn yield_to_others() {}

/// What counts as one source: an IPv4 address, or the /64 that a subscriber has at least.
fn source(from: IpAddr) -> IpAddr {
    match from.to_canonical() {
        IpAddr::V6(ip) => Ipv6Addr::from(u128::from(ip) & (u128::MAX << 64)).into(),
        v4 @ IpAddr::V4(_) => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::{Handshakes, MAX, PER_SOURCE_MAX, RATE};
    use sans_io::Instant;
    use std::net::{IpAddr, Ipv6Addr};

    /// The address of this number in a /64 of this number.
    fn v6(network: u16, host: u16) -> IpAddr {
        Ipv6Addr::new(0x2a00, 1, 2, network, 0, 0, 0, host).into()
    }

    fn admitted(handshakes: &mut Handshakes, hosts: impl Iterator<Item = IpAddr>) -> usize {
        hosts.filter(|host| handshakes.admit(Instant::from_secs(9), *host).is_some()).count()
    }

    #[test]
    fn a_network_of_ipv6_holds_no_more_slots_than_one_address() {
        let mut handshakes = Handshakes::default();
        let of_one = (0..300).map(|host| v6(1, host));
        assert_eq!(admitted(&mut handshakes, of_one), PER_SOURCE_MAX);
        assert_eq!(admitted(&mut handshakes, (0..40).map(|_| v6(2, 9))), PER_SOURCE_MAX);
        let first = handshakes.under_way[0].ticket;
        handshakes.over(first);
        assert_eq!(admitted(&mut handshakes, (5..9).map(|host| v6(1, host))), 1);
    }

    #[test]
    fn a_source_begins_so_many_a_second_however_fast_they_end() {
        let mut handshakes = Handshakes::default();
        let mut begin = |ms: u64| {
            let admitted = handshakes.admit(Instant::from_millis(ms), v6(1, ms as u16));
            admitted.map_or(0, |(ticket, _)| {
                handshakes.over(ticket);
                1
            })
        };
        let count: usize = (1_000..11_000).map(&mut begin).sum();
        let rate = RATE.burst + 10 * RATE.per_second;
        assert!((rate as usize - 1..=rate as usize).contains(&count), "{count}");
    }

    /// Eight addresses held them all, and nobody else came in for ten seconds.
    #[test]
    fn the_oldest_makes_room_where_all_are_taken() {
        let mut handshakes = Handshakes::default();
        let hosts = (0..MAX as u16).map(|network| v6(network, 1));
        assert_eq!(admitted(&mut handshakes, hosts), MAX);
        let oldest = handshakes.under_way[0].end.clone();
        assert_eq!(admitted(&mut handshakes, std::iter::once(v6(999, 1))), 1);
        assert!(oldest.is_aborted());
        assert_eq!(handshakes.under_way.len(), MAX);
        assert!(handshakes.under_way.iter().all(|other| !other.end.is_aborted()));
    }
}
