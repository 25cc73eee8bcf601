//! What stands in the IP header of one packet: set for each that is sent, and read from each that
//! arrives (ip(7) and ipv6(7): ancillary data). quinn-udp does both for ECN alone.
use super::{
    linux::{self, address},
    udp::{Read, Reports},
};
use nix::{
    errno::Errno,
    sys::socket::{
        ControlMessage, ControlMessageOwned, MsgFlags, MultiHeaders, RecvMsg, SockaddrStorage,
        recvmmsg, sendmsg, setsockopt, sockopt,
    },
};
use sans_io::PacketMeta;
use std::{
    cell::RefCell,
    io::{self, IoSlice, IoSliceMut},
    net::SocketAddr,
    os::fd::{AsFd, AsRawFd},
};

/// Has the kernel report what is wanted of what arrives.
pub(super) fn report(socket: &impl AsFd, v6: bool, reports: Reports) -> io::Result<()> {
    if v6 {
        setsockopt(socket, sockopt::Ipv6RecvTClass, &true)?;
    } else {
        setsockopt(socket, sockopt::IpRecvTos, &true)?;
    }
    match reports {
        Reports::Ecn | Reports::Class => {}
        Reports::All if v6 => setsockopt(socket, sockopt::Ipv6RecvHopLimit, &true)?,
        Reports::All => setsockopt(socket, sockopt::Ipv4RecvTtl, &true)?,
    }
    Ok(())
}

/// Sends datagrams of `segment` bytes each, the last one maybe shorter, with this header.
pub(super) fn send(
    socket: &(impl AsFd + AsRawFd),
    destination: SocketAddr,
    meta: PacketMeta,
    segment: Option<usize>,
    contents: &[u8],
) -> io::Result<()> {
    if !meta.dont_fragment {
        return send_as_is(socket, destination, meta, segment, contents);
    }
    // The socket has this for all that it sends. Nothing else is sent meanwhile: a socket belongs
    // to one driver, which is here.
    let v6 = destination.is_ipv6();
    linux::forbid_fragments(socket, v6)?;
    let sent = send_as_is(socket, destination, meta, segment, contents);
    linux::allow_fragments(socket, v6).and(sent)
}

fn send_as_is(
    socket: &impl AsRawFd,
    destination: SocketAddr,
    meta: PacketMeta,
    segment: Option<usize>,
    contents: &[u8],
) -> io::Result<()> {
    let class = meta.dscp << 2 | meta.ecn & 3;
    let (ttl, wide_class) = (i32::from(meta.ttl.unwrap_or_default()), i32::from(class));
    let segment = segment.and_then(|segment| u16::try_from(segment).ok());
    let mut control = Vec::with_capacity(3);
    if destination.is_ipv6() {
        control.push(ControlMessage::Ipv6TClass(&wide_class));
        control.extend(meta.ttl.map(|_| ControlMessage::Ipv6HopLimit(&ttl)));
    } else {
        control.push(ControlMessage::Ipv4Tos(&class));
        control.extend(meta.ttl.map(|_| ControlMessage::Ipv4Ttl(&ttl)));
    }
    control.extend(segment.as_ref().map(ControlMessage::UdpGsoSegments));
    let destination = SockaddrStorage::from(destination);
    let contents = [IoSlice::new(contents)];
    loop {
        let flags = MsgFlags::MSG_DONTWAIT;
        match sendmsg(socket.as_raw_fd(), &contents, &control, flags, Some(&destination)) {
            Err(Errno::EINTR) => {}
            Err(error) => return Err(error.into()),
            Ok(_) => return Ok(()),
        }
    }
}

/// Room for what the kernel tells of one datagram: more than all that it is asked for, since with too
/// little it tells nothing.
const CONTROL: usize = 96;

/// What the kernel writes senders and headers into.
type Headers = MultiHeaders<SockaddrStorage>;

thread_local! {
    /// Those of IPv4 and IPv6, for sockets that tell the same of each datagram. They hold pointers
    /// into themselves, so that no driver which may move to another thread could hold them.
    static KEPT: RefCell<[Option<Headers>; 2]> = const { RefCell::new([None, None]) };
}

/// Reads what waits into one buffer each: a datagram, or several that the kernel joined, with what
/// its header said. Gives how many buffers were filled.
pub(super) fn receive<const N: usize>(
    socket: &impl AsRawFd,
    buffers: [IoSliceMut<'_>; N],
    reads: &mut [Read; N],
) -> io::Result<usize> {
    // made anew each time, for the kernel writes lengths into them that are not set again
    read_into(socket, &mut headers(N), buffers, reads).map(|(count, _)| count)
}

/// The same for sockets that tell the traffic class of each datagram, and nothing else ever: the
/// lengths that the kernel leaves behind are those that it needs the next time.
pub(super) fn receive_alike<const N: usize>(
    socket: &impl AsRawFd,
    v6: bool,
    buffers: [IoSliceMut<'_>; N],
    reads: &mut [Read; N],
) -> io::Result<usize> {
    KEPT.with_borrow_mut(|kept| {
        let place = &mut kept[usize::from(v6)];
        let read = read_into(socket, place.get_or_insert_with(|| headers(N)), buffers, reads);
        if !matches!(read, Ok((_, Told::All)) | Err(_)) {
            *place = None; // something else came in between
        }
        read.map(|(count, _)| count)
    })
}

fn headers(count: usize) -> Headers {
    Headers::preallocate(count, Some(Vec::with_capacity(CONTROL)))
}

/// Whether there was room for all that the kernel had to tell.
enum Told {
    All,
    Part,
}

fn read_into<const N: usize>(
    socket: &impl AsRawFd,
    headers: &mut Headers,
    buffers: [IoSliceMut<'_>; N],
    reads: &mut [Read; N],
) -> io::Result<(usize, Told)> {
    let mut buffers = buffers.map(|buffer| [buffer]);
    let flags = MsgFlags::MSG_DONTWAIT;
    let messages = recvmmsg(socket.as_raw_fd(), headers, &mut buffers, flags, None)?;
    let (mut count, mut told) = (0, Told::All);
    for (read, message) in reads.iter_mut().zip(messages) {
        if message.flags.contains(MsgFlags::MSG_CTRUNC) {
            told = Told::Part;
        }
        *read = read_of(&message)?;
        count += 1;
    }
    Ok((count, told))
}

fn read_of(message: &RecvMsg<'_, '_, SockaddrStorage>) -> io::Result<Read> {
    let from = message.address.as_ref().and_then(address).ok_or(io::ErrorKind::InvalidData)?;
    let mut read =
        Read { from, meta: PacketMeta::default(), len: message.bytes, stride: message.bytes };
    // too little room: nothing is told
    for control in message.cmsgs().into_iter().flatten() {
        match control {
            ControlMessageOwned::Ipv4Ttl(ttl) | ControlMessageOwned::Ipv6HopLimit(ttl) => {
                read.meta.ttl = u8::try_from(ttl).ok();
            }
            ControlMessageOwned::Ipv4Tos(class) => set_class(&mut read.meta, class),
            ControlMessageOwned::Ipv6TClass(class) => {
                set_class(&mut read.meta, u8::try_from(class).unwrap_or_default());
            }
            ControlMessageOwned::UdpGroSegments(stride) => {
                read.stride = usize::try_from(stride).unwrap_or(read.len);
            }
            _ => {}
        }
    }
    Ok(read)
}

/// RFC 2474 and RFC 3168: six bits and two.
fn set_class(meta: &mut PacketMeta, class: u8) {
    (meta.dscp, meta.ecn) = (class >> 2, class & 3);
}
