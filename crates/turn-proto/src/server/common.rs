//! What the servers of one host have in common where there is one on each core: how much each account
//! has and relays, which relayed addresses are taken, and what is held back (RFC 8656 §7.2).
use super::{Rates, accounts::Accounts, bandwidth::Bandwidth, reservations::Reservations};
use alloc::{sync::Arc, vec::Vec};
use core::{
    fmt,
    net::{IpAddr, SocketAddr},
    sync::atomic::{AtomicU32, Ordering},
};
use sans_io::{Instant, SlabKey, Transport};
use stun_proto::attribute::Code;

/// Counts and reservations. It is looked at where an allocation begins or ends, and for a packet
/// only where there is a limit to what a user or all together may relay.
#[derive(Debug, Default)]
pub struct Ledger {
    allocations: usize,
    accounts: Accounts,
    /// How much all allocations have relayed of late.
    bandwidth: Bandwidth,
    pub(super) reservations: Reservations,
}

/// How many allocations there may be.
#[derive(Clone, Copy, Debug)]
pub(super) struct Quota {
    pub in_all: usize,
    pub of_account: usize,
}

impl Ledger {
    /// How many allocations there are.
    pub(super) const fn allocations(&self) -> usize {
        self.allocations
    }

    /// Counts one more for this account, if there may be one.
    fn admit(&mut self, now: Instant, account: &Arc<str>, quota: Quota) -> Result<SlabKey, Code> {
        if self.accounts.count_of(account) >= quota.of_account {
            return Err(Code::ALLOCATION_QUOTA_REACHED);
        }
        if self.allocations >= quota.in_all {
            return Err(Code::INSUFFICIENT_CAPACITY);
        }
        self.allocations += 1;
        Ok(self.accounts.enter(now, account))
    }

    /// Counts one less.
    fn leave(&mut self, account: SlabKey) {
        self.allocations = self.allocations.saturating_sub(1);
        self.accounts.leave(account);
    }

    /// Takes note of data that is to be relayed, if user and server may relay so much.
    fn charge(&mut self, account: SlabKey, now: Instant, len: usize, rates: Rates) -> Option<()> {
        let of_account = self.accounts.bandwidth(account)?;
        let shared = of_account.after(now, len, rates.account)?;
        self.bandwidth = self.bandwidth.after(now, len, rates.total)?;
        *of_account = shared;
        Some(())
    }

    /// Takes note of data of a stream, which is relayed in any case. When more may follow, if that
    /// is too much for user or server.
    fn overdraw(
        &mut self,
        account: SlabKey,
        now: Instant,
        len: usize,
        rates: Rates,
    ) -> Option<Instant> {
        let of_account = self.accounts.bandwidth(account)?;
        let shared = of_account.overdraw(now, len, rates.account);
        let total = self.bandwidth.overdraw(now, len, rates.total);
        shared.max(total)
    }
}

/// Lets one server after the other use a [`Ledger`]: a lock, wherever the servers run.
pub trait LedgerLock: fmt::Debug + Send + Sync {
    /// Calls `work` once, and nobody else's meanwhile.
    fn with(&self, work: &mut dyn FnMut(&mut Ledger));
}

/// What several servers share that serve clients of the same addresses, one on each core, so that
/// together they are as one to their clients. A client stays with the server that its packets
/// reach; the second allocation of a pair (RFC 8656 §7.2) may be made with another.
///
/// They must have the same configuration, with a [`NonceKey::Shared`](crate::NonceKey::Shared) if
/// nonces of one are to be good with all, and count time from the same moment. No packet that is
/// relayed writes to any of this, unless there is a limit to what a user or all together may relay.
///
/// Where an allocation is, is known to the server that has it and to no other. A request that moves it
/// (RFC 8016) and the ConnectionBind request of relayed TCP (RFC 6062) come by a path that is new, and
/// get 400 where they reach another one. Whoever allows [mobility](crate::TurnServerConfig::mobility)
/// has one server for all, and whoever [relays TCP](crate::TurnServerConfig::tcp_relay) lets one have
/// all connections of clients.
///
/// ```
/// use std::sync::{Arc, Mutex};
/// use turn_proto::{Common, Ledger, LedgerLock};
///
/// #[derive(Debug, Default)]
/// struct Locked(Mutex<Ledger>);
/// impl LedgerLock for Locked {
///     fn with(&self, work: &mut dyn FnMut(&mut Ledger)) {
///         work(&mut self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner()));
///     }
/// }
///
/// let common = Common::new(Arc::new(Locked::default()), &["192.0.2.1".parse()?]);
/// # let _ = common;
/// # Ok::<(), core::net::AddrParseError>(())
/// ```
#[derive(Clone)]
pub struct Common {
    ledger: Arc<dyn LedgerLock>,
    taken: Arc<[TakenPorts]>,
}

/// The ports that allocations have at one address, a bit each. An allocation relays either UDP or
/// TCP; what has the same port of the other is no allocation.
#[derive(Debug)]
struct TakenPorts {
    ip: IpAddr,
    udp: Vec<AtomicU32>,
    tcp: Vec<AtomicU32>,
}

impl Common {
    /// For servers that relay from these addresses, as they are bound.
    pub fn new(ledger: Arc<dyn LedgerLock>, relays: &[IpAddr]) -> Self {
        let none = || (0..=u16::MAX / 32).map(|_| AtomicU32::new(0)).collect();
        let none_at = |ip: &IpAddr| TakenPorts { ip: *ip, udp: none(), tcp: none() };
        Self { ledger, taken: relays.iter().map(none_at).collect() }
    }

    /// Does something with the ledger; the default where the lock breaks its promise.
    fn with<R: Default>(&self, work: impl FnOnce(&mut Ledger) -> R) -> R {
        let (mut work, mut result) = (Some(work), R::default());
        self.ledger.with(&mut |ledger| {
            if let Some(work) = work.take() {
                result = work(ledger);
            }
        });
        result
    }

    fn bits_of(&self, transport: Transport, address: SocketAddr) -> Option<(&AtomicU32, u32)> {
        let ports = self.taken.iter().find(|ports| ports.ip == address.ip())?;
        let bits = if transport.is_stream() { &ports.tcp } else { &ports.udp };
        let bits = bits.get(usize::from(address.port() / 32))?;
        Some((bits, 1 << (address.port() % 32)))
    }

    // Nothing else is read by what these say, so that no order is needed.

    fn claim(&self, transport: Transport, address: SocketAddr) {
        if let Some((bits, bit)) = self.bits_of(transport, address) {
            bits.fetch_or(bit, Ordering::Relaxed);
        }
    }

    fn give_up(&self, transport: Transport, address: SocketAddr) {
        if let Some((bits, bit)) = self.bits_of(transport, address) {
            bits.fetch_and(!bit, Ordering::Relaxed);
        }
    }

    fn is_taken(&self, transport: Transport, address: SocketAddr) -> bool {
        let found = self.bits_of(transport, address);
        found.is_some_and(|(bits, bit)| bits.load(Ordering::Relaxed) & bit != 0)
    }
}

/// Without its thousands of bits.
impl fmt::Debug for Common {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Common").field("ledger", &self.ledger).finish_non_exhaustive()
    }
}

/// The books of a server: its own, or those of several.
#[derive(Debug)]
pub(super) enum Books {
    Own(Ledger),
    Common(Common),
}

impl Books {
    pub(super) fn new(common: Option<Common>) -> Self {
        common.map_or_else(|| Self::Own(Ledger::default()), Self::Common)
    }

    pub(super) fn with<R: Default>(&mut self, work: impl FnOnce(&mut Ledger) -> R) -> R {
        match self {
            Self::Own(ledger) => work(ledger),
            Self::Common(common) => common.with(work),
        }
    }

    /// Chooses an address for an allocation, which is told of each whether another server has it or
    /// it is held back. What is chosen is known to all at once.
    pub(super) fn choose(
        &mut self,
        now: Instant,
        transport: Transport,
        choose: impl FnOnce(&dyn Fn(SocketAddr) -> bool) -> Option<SocketAddr>,
    ) -> Option<SocketAddr> {
        match self {
            Self::Own(ledger) => choose(&|address| ledger.reservations.holds(now, address)),
            Self::Common(common) => common.with(|ledger| {
                let is_taken = |address| {
                    common.is_taken(Transport::Udp, address)
                        || common.is_taken(Transport::Tcp, address)
                        || ledger.reservations.holds(now, address)
                };
                let address = choose(&is_taken)?;
                common.claim(transport, address);
                Some(address)
            }),
        }
    }

    /// Counts one more allocation for this account, if there may be one.
    pub(super) fn admit(
        &mut self,
        now: Instant,
        account: &Arc<str>,
        quota: Quota,
    ) -> Result<SlabKey, Code> {
        let admitted = self.with(|ledger| Some(ledger.admit(now, account, quota)));
        admitted.unwrap_or(Err(Code::INSUFFICIENT_CAPACITY))
    }

    /// Counts one less.
    pub(super) fn leave(&mut self, account: SlabKey) {
        self.with(|ledger| ledger.leave(account));
    }

    /// Takes note of data that is to be relayed, if user and server may relay so much.
    pub(super) fn charge(
        &mut self,
        account: SlabKey,
        now: Instant,
        len: usize,
        rates: Rates,
    ) -> Option<()> {
        if rates.are_own() {
            return Some(());
        }
        self.with(|ledger| ledger.charge(account, now, len, rates))
    }

    /// Takes note of data of a stream, which is relayed in any case. When more may follow, if that
    /// is too much for user or server.
    pub(super) fn overdraw(
        &mut self,
        account: SlabKey,
        now: Instant,
        len: usize,
        rates: Rates,
    ) -> Option<Instant> {
        if rates.are_own() {
            return None;
        }
        self.with(|ledger| ledger.overdraw(account, now, len, rates))
    }

    /// Has all know that an allocation has this address.
    pub(super) fn claim(&self, transport: Transport, address: SocketAddr) {
        if let Self::Common(common) = self {
            common.claim(transport, address);
        }
    }

    /// Has all know that none has it any more.
    pub(super) fn give_up(&self, transport: Transport, address: SocketAddr) {
        if let Self::Common(common) = self {
            common.give_up(transport, address);
        }
    }

    /// Whether an allocation that relays this has the address with another of the servers. What is
    /// our own is in the [`Table`](super::table::Table).
    pub(super) fn is_taken(&self, transport: Transport, address: SocketAddr) -> bool {
        match self {
            Self::Own(_) => false,
            Self::Common(common) => common.is_taken(transport, address),
        }
    }
}
