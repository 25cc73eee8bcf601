//! Names that a machine asks its driver to look up in the DNS.
use alloc::sync::Arc;
use core::net::IpAddr;

/// The machine's name for a lookup it asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LookupId(pub u64);

/// What is asked of the DNS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LookupKind {
    /// A and AAAA records.
    Address,
    /// SRV records (RFC 2782).
    Srv,
    /// NAPTR records (RFC 3403), as RFC 5928 uses them.
    Naptr,
    /// PTR records, as service discovery uses them (RFC 6763).
    Pointer,
}

/// A question. The driver answers with [`Input::LookedUp`](crate::Input::LookedUp).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LookupRequest {
    /// Names the question.
    pub id: LookupId,
    /// What kind of records.
    pub kind: LookupKind,
    /// The name, without the final dot.
    pub name: Arc<str>,
}

/// One record of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LookupAnswer {
    /// An A or AAAA record.
    Address(IpAddr),
    /// An SRV record.
    Srv {
        /// Lower is tried first.
        priority: u16,
        /// Share among records of one priority.
        weight: u16,
        /// The port.
        port: u16,
        /// The host.
        target: Arc<str>,
    },
    /// A NAPTR record.
    Naptr {
        /// Lower comes first; all of one order before the next.
        order: u16,
        /// Lower comes first within an order.
        preference: u16,
        /// `S`, `A`, or another flag.
        flags: Arc<str>,
        /// The service, for example `RELAY:turn.udp`.
        service: Arc<str>,
        /// The next name to ask for.
        replacement: Arc<str>,
    },
    /// A PTR record: another name.
    Pointer(Arc<str>),
}

/// Why a lookup gave nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LookupFault {
    /// There is no such name, or it has no such records.
    NotFound,
    /// Nobody answered in time.
    TimedOut,
    /// The resolver refused or failed.
    Failed,
    /// This driver has no resolver of that kind.
    Unsupported,
}
