//! The faults of the operating system in the words of the contract.
use sans_io::{PathFault, SocketFault};
use std::{io, net::SocketAddr};

/// Why a socket could not be opened, or was lost.
pub(super) fn socket(error: &io::Error) -> SocketFault {
    match error.kind() {
        io::ErrorKind::AddrInUse => SocketFault::InUse,
        io::ErrorKind::PermissionDenied => SocketFault::Denied,
        io::ErrorKind::OutOfMemory | io::ErrorKind::QuotaExceeded => SocketFault::NoCapacity,
        io::ErrorKind::ConnectionRefused => SocketFault::Refused,
        io::ErrorKind::TimedOut => SocketFault::TimedOut,
        _ if is_descriptor_limit(error) => SocketFault::NoCapacity,
        _ => SocketFault::Unavailable,
    }
}

/// `EMFILE` and `ENFILE` have no kind of their own. Their numbers are the same on all Unixes.
fn is_descriptor_limit(error: &io::Error) -> bool {
    cfg!(unix) && matches!(error.raw_os_error(), Some(23 | 24))
}

/// What a failed send says of the path, as the ICMP message that would say the same (RFC 792,
/// RFC 4443). `None`: it says nothing of the path.
pub(super) fn path(remote: SocketAddr, error: &io::Error) -> Option<PathFault> {
    let v4 = remote.is_ipv4();
    let (v4_code, v6_code) = match error.kind() {
        io::ErrorKind::NetworkUnreachable => (0, 0),
        io::ErrorKind::HostUnreachable => (1, 3),
        io::ErrorKind::ConnectionRefused => (3, 4),
        io::ErrorKind::PermissionDenied => (13, 1),
        _ => return None,
    };
    let (kind, code) = if v4 { (3, v4_code) } else { (1, v6_code) };
    Some(PathFault::Unreachable { kind, code })
}
