//! What Linux can do with a socket that others cannot: ICMP errors from its error queue (ip(7),
//! `IP_RECVERR`), and leave to the network what is too long for a packet (`IP_MTU_DISCOVER`).
use super::{
    header,
    udp::{Ports, Reports},
};
use nix::{
    errno::Errno,
    libc,
    sys::socket::{
        AddressFamily, ControlMessageOwned, MsgFlags, SockFlag, SockType, SockaddrStorage, bind,
        recvmsg, setsockopt, socket, sockopt,
    },
};
use rustix::net::sockopt::{
    Ipv4PathMtuDiscovery, Ipv6PathMtuDiscovery, set_ip_mtu_discover, set_ipv6_mtu_discover,
};
use sans_io::PathFault;
use std::{
    io::{self, IoSliceMut},
    net::{SocketAddr, SocketAddrV4, SocketAddrV6, UdpSocket},
    os::fd::{AsFd, AsRawFd, RawFd},
};

/// Opens a socket with as few system calls as it takes, and gives its address. There may be one for
/// each allocation of a server.
pub(super) fn open(
    local: SocketAddr,
    reports: Reports,
    ports: Ports,
    kernel_buffer: usize,
) -> io::Result<(UdpSocket, SocketAddr)> {
    let v6 = local.is_ipv6();
    let family = if v6 { AddressFamily::Inet6 } else { AddressFamily::Inet };
    let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
    let io = socket(family, SockType::Datagram, flags, None)?;
    if v6 {
        setsockopt(&io, sockopt::Ipv6V6Only, &true)?;
    }
    prepare(&io, v6, reports, kernel_buffer);
    if ports == Ports::OneOfMany {
        setsockopt(&io, sockopt::ReusePort, &true)?;
    }
    bind(io.as_raw_fd(), &SockaddrStorage::from(local))?;
    if ports == Ports::FirstOfMany {
        // not before: another program that has the port is one too many
        setsockopt(&io, sockopt::ReusePort, &true)?;
    }
    let io = UdpSocket::from(io);
    let local = if local.port() == 0 { io.local_addr()? } else { local };
    Ok((io, local))
}

/// Has a socket do all that a driver wants of it, as far as the system can.
pub(super) fn prepare(io: &impl AsFd, v6: bool, reports: Reports, kernel_buffer: usize) {
    // more room is better, and the system's default works as well
    let _ = setsockopt(io, sockopt::RcvBuf, &kernel_buffer);
    let _ = setsockopt(io, sockopt::SndBuf, &kernel_buffer);
    // sandboxes that imitate Linux lack some of these; without them ICMP errors go unheard, what is
    // too long for a packet is refused, datagrams come one by one and nothing is told of them
    let _ = report_faults(io, v6);
    let _ = if v6 {
        set_ipv6_mtu_discover(io, Ipv6PathMtuDiscovery::DONT)
    } else {
        set_ip_mtu_discover(io, Ipv4PathMtuDiscovery::DONT)
    };
    let _ = header::report(io, v6, reports);
    if reports != Reports::Class {
        let _ = setsockopt(io, sockopt::UdpGroSegment, &true);
    }
}

/// Has ICMP errors kept in a queue.
fn report_faults(io: &impl AsFd, v6: bool) -> Result<(), Errno> {
    if v6 {
        setsockopt(io, sockopt::Ipv6RecvErr, &true)
    } else {
        setsockopt(io, sockopt::Ipv4RecvErr, &true)
    }
}

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
