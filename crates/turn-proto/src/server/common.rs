//! What the servers of one host have in common where there is one on each core: how much each account
//! has, which relayed addresses are taken, and what is held back (RFC 8656 §7.2).
use super::reservations::Reservations;
use alloc::{collections::BTreeMap, sync::Arc, vec::Vec};
use core::{
    fmt,
    net::{IpAddr, SocketAddr},
    sync::atomic::{AtomicU32, Ordering},
};
use sans_io::Instant;
use stun_proto::attribute::Code;

/// The secret that nonces are made with.
pub(super) type NonceSecret = [u8; 32];

/// Counts and reservations. It is looked at where an allocation begins or ends, and never for a
/// packet.
#[derive(Debug, Default)]
pub struct Ledger {
    allocations: usize,
    by_account: BTreeMap<Arc<str>, usize>,
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

    /// How many count for this account.
    pub(super) fn count_of(&self, account: &str) -> usize {
        self.by_account.get(account).copied().unwrap_or(0)
    }

    /// Counts one more for this account, if there may be one.
    fn admit(&mut self, account: &Arc<str>, quota: Quota) -> Result<(), Code> {
        if self.count_of(account) >= quota.of_account {
            return Err(Code::ALLOCATION_QUOTA_REACHED);
        }
        if self.allocations >= quota.in_all {
            return Err(Code::INSUFFICIENT_CAPACITY);
        }
        self.allocations += 1;
        *self.by_account.entry(Arc::clone(account)).or_default() += 1;
        Ok(())
    }

    /// Counts one less.
    fn leave(&mut self, account: &str) {
        self.allocations = self.allocations.saturating_sub(1);
        if let Some(count) = self.by_account.get_mut(account) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                self.by_account.remove(account);
            }
        }
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
/// They must have the same configuration, and count time from the same moment. No packet that is
/// relayed writes to any of this.
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
/// let common = Common::new(Arc::new(Locked::default()), &["192.0.2.1".parse()?], [7; 32]);
/// # let _ = common;
/// # Ok::<(), core::net::AddrParseError>(())
/// ```
#[derive(Clone)]
pub struct Common {
    ledger: Arc<dyn LedgerLock>,
    taken: Arc<[TakenPorts]>,
    nonce_secret: NonceSecret,
}

/// The ports that allocations have at one address, a bit each.
#[derive(Debug)]
struct TakenPorts {
    ip: IpAddr,
    bits: Vec<AtomicU32>,
}

impl Common {
    /// For servers that relay from these addresses, as they are bound. All of them take the nonces
    /// of any, which are made with `nonce_secret`.
    pub fn new(ledger: Arc<dyn LedgerLock>, relays: &[IpAddr], nonce_secret: [u8; 32]) -> Self {
        let none = |ip: &IpAddr| {
            let bits = (0..=u16::MAX / 32).map(|_| AtomicU32::new(0)).collect();
            TakenPorts { ip: *ip, bits }
        };
        Self { ledger, taken: relays.iter().map(none).collect(), nonce_secret }
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

    fn bits_of(&self, address: SocketAddr) -> Option<(&AtomicU32, u32)> {
        let ports = self.taken.iter().find(|ports| ports.ip == address.ip())?;
        let bits = ports.bits.get(usize::from(address.port() / 32))?;
        Some((bits, 1 << (address.port() % 32)))
    }

    // Nothing else is read by what these say, so that no order is needed.

    fn claim(&self, address: SocketAddr) {
        if let Some((bits, bit)) = self.bits_of(address) {
            bits.fetch_or(bit, Ordering::Relaxed);
        }
    }

    fn give_up(&self, address: SocketAddr) {
        if let Some((bits, bit)) = self.bits_of(address) {
            bits.fetch_and(!bit, Ordering::Relaxed);
        }
    }

    fn is_taken(&self, address: SocketAddr) -> bool {
        self.bits_of(address).is_some_and(|(bits, bit)| bits.load(Ordering::Relaxed) & bit != 0)
    }
}

/// Keeps the secret to itself.
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

    /// The secret that all share.
    pub(super) const fn nonce_secret(&self) -> Option<NonceSecret> {
        match self {
            Self::Own(_) => None,
            Self::Common(common) => Some(common.nonce_secret),
        }
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
        choose: impl FnOnce(&dyn Fn(SocketAddr) -> bool) -> Option<SocketAddr>,
    ) -> Option<SocketAddr> {
        match self {
            Self::Own(ledger) => choose(&|address| ledger.reservations.holds(now, address)),
            Self::Common(common) => common.with(|ledger| {
                let is_taken =
                    |address| common.is_taken(address) || ledger.reservations.holds(now, address);
                let address = choose(&is_taken)?;
                common.claim(address);
                Some(address)
            }),
        }
    }

    /// Counts one more allocation for this account, if there may be one.
    pub(super) fn admit(&mut self, account: &Arc<str>, quota: Quota) -> Result<(), Code> {
        let refused = self.with(|ledger| ledger.admit(account, quota).err());
        refused.map_or(Ok(()), Err)
    }

    /// Counts one less.
    pub(super) fn leave(&mut self, account: &str) {
        self.with(|ledger| ledger.leave(account));
    }

    /// Has all know that an allocation has this address.
    pub(super) fn claim(&self, address: SocketAddr) {
        if let Self::Common(common) = self {
            common.claim(address);
        }
    }

    /// Has all know that none has it any more.
    pub(super) fn give_up(&self, address: SocketAddr) {
        if let Self::Common(common) = self {
            common.give_up(address);
        }
    }

    /// Whether an allocation has this address with another of the servers. What is our own is in the
    /// [`Table`](super::table::Table).
    pub(super) fn is_taken(&self, address: SocketAddr) -> bool {
        match self {
            Self::Own(_) => false,
            Self::Common(common) => common.is_taken(address),
        }
    }
}
