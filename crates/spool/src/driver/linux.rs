//! What Linux can do with a socket that others cannot: ICMP errors from its error queue (ip(7),
//! `IP_RECVERR`), and leave to the network what is too long for a packet (`IP_MTU_DISCOVER`).
use nix::{
    libc,
    sys::socket::{ControlMessageOwned, MsgFlags, SockaddrStorage, recvmsg, setsockopt, sockopt},
};
use rustix::net::sockopt::{
    Ipv4PathMtuDiscovery, Ipv6PathMtuDiscovery, set_ip_mtu_discover, set_ipv6_mtu_discover,
};
use sans_io::PathFault;
use std::{
    io::{self, IoSliceMut},
    net::{SocketAddr, SocketAddrV4, SocketAddrV6},
    os::fd::{AsFd, AsRawFd, RawFd},
};

/// Has datagrams fragmented that are too long for the path, as a packet wants it that does not ask
/// for the opposite ([`PacketMeta::dont_fragment`](sans_io::PacketMeta::dont_fragment), RFC 8656
/// §14). QUIC wants none fragmented, and so quinn-udp sets its sockets.
pub(super) fn allow_fragments(socket: &impl AsFd, v6: bool) -> io::Result<()> {
    if v6 {
        setsockopt(socket, sockopt::Ipv6DontFrag, &false)?;
        set_ipv6_mtu_discover(socket, Ipv6PathMtuDiscovery::DONT)?;
    } else {
        set_ip_mtu_discover(socket, Ipv4PathMtuDiscovery::DONT)?;
    }
    Ok(())
}

/// Has datagrams refused that are too long for the path, by us or by a router on the way.
pub(super) fn forbid_fragments(socket: &impl AsFd, v6: bool) -> io::Result<()> {
    if v6 {
        setsockopt(socket, sockopt::Ipv6DontFrag, &true)?;
        set_ipv6_mtu_discover(socket, Ipv6PathMtuDiscovery::DO)?;
    } else {
        set_ip_mtu_discover(socket, Ipv4PathMtuDiscovery::DO)?;
    }
    Ok(())
}

/// Takes one error: whom the datagram was for (port 0 where the kernel does not say) and what the
/// network said. `None`: one that says nothing of a path.
pub(super) fn next_error(socket: &impl AsRawFd) -> io::Result<Option<(SocketAddr, PathFault)>> {
    let fd: RawFd = socket.as_raw_fd();
    // the start of the datagram that failed comes along; it is of no use here
    let mut payload = [0; 64];
    let mut iov = [IoSliceMut::new(&mut payload)];
    let mut control = [0; 512];
    let flags = MsgFlags::MSG_ERRQUEUE | MsgFlags::MSG_DONTWAIT;
    let message = recvmsg::<SockaddrStorage>(fd, &mut iov, Some(&mut control), flags)?;
    let Some(remote) = message.address.as_ref().and_then(address) else { return Ok(None) };
    let fault = message.cmsgs()?.find_map(|control| match control {
        ControlMessageOwned::Ipv4RecvErr(error, _) | ControlMessageOwned::Ipv6RecvErr(error, _) => {
            fault(&error)
        }
        _ => None,
    });
    Ok(fault.map(|fault| (remote, fault)))
}

fn fault(error: &libc::sock_extended_err) -> Option<PathFault> {
    let too_big = error.ee_errno == libc::EMSGSIZE as u32;
    match error.ee_origin {
        libc::SO_EE_ORIGIN_LOCAL | libc::SO_EE_ORIGIN_ICMP | libc::SO_EE_ORIGIN_ICMP6
            if too_big =>
        {
            Some(PathFault::TooBig { mtu: error.ee_info })
        }
        libc::SO_EE_ORIGIN_ICMP if (error.ee_type, error.ee_code) == (11, 0) => {
            Some(PathFault::TimeExceeded)
        }
        libc::SO_EE_ORIGIN_ICMP6 if (error.ee_type, error.ee_code) == (3, 0) => {
            Some(PathFault::TimeExceeded)
        }
        libc::SO_EE_ORIGIN_ICMP | libc::SO_EE_ORIGIN_ICMP6 => {
            Some(PathFault::Unreachable { kind: error.ee_type, code: error.ee_code })
        }
        _ => None,
    }
}

pub(super) fn address(storage: &SockaddrStorage) -> Option<SocketAddr> {
    if let Some(v4) = storage.as_sockaddr_in() {
        return Some(SocketAddrV4::from(*v4).into());
    }
    storage.as_sockaddr_in6().map(|v6| SocketAddrV6::from(*v6).into())
}
