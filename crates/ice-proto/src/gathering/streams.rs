//! What gathering does with connections over TCP: opens them when something is to be sent, takes those
//! of others, and sees to it that who does not turn out to be the peer is soon gone (RFC 6544 §7).
use super::{
    ConnectionFault, Gathering, GatheringEvent,
    tcp::{
        connections::{End, Gone, Route, Strangers},
        framing,
    },
};
use crate::{Base, GatheringFailure, GatheringFault};
use bytes::{BufMut, Bytes, BytesMut};
use core::net::{IpAddr, SocketAddr};
use sans_io::{
    DropReason, Frame, Instant, Packet, Path, PathFault, SocketFault, SocketId, SocketRequest,
    Transmit, Transport, Verdict, canonical,
};
use turn_proto::SendError;

impl Gathering {
    /// Whether there are candidates over TCP.
    #[inline]
    pub(crate) const fn has_tcp(&self) -> bool {
        self.tcp.is_some()
    }

    /// Gathers over TCP at these addresses.
    pub(super) fn open_tcp(&mut self, addresses: &[IpAddr]) {
        let Some(tcp) = &mut self.tcp else { return };
        let new = tcp.hosts.add(addresses);
        let active = tcp.hosts.active(Some(&new));
        for known in active {
            self.tcp_candidate(known.tcp, known.address, known.rank);
        }
        self.open_listeners();
    }

    fn open_listeners(&mut self) {
        let Some(tcp) = &mut self.tcp else { return };
        let (hosts, out) = (&mut self.hosts, &mut self.out);
        tcp.hosts.open(
            || hosts.take_socket(),
            |id, local| out.socket(SocketRequest::Listen { id, local }),
        );
    }

    /// Tells all candidates over TCP once more, and opens what was shut.
    pub(super) fn tell_tcp_again(&mut self) {
        let Some(tcp) = &self.tcp else { return };
        let mut all = tcp.hosts.active(None);
        all.extend(tcp.hosts.listening());
        for known in all {
            self.tcp_candidate(known.tcp, known.address, known.rank);
        }
        self.open_listeners();
    }

    /// Listens at other ports from now on. The connections that there are stay.
    pub(super) fn renew_listeners(&mut self) {
        self.shut_listeners(&[]);
    }

    fn shut_listeners(&mut self, keep: &[SocketAddr]) {
        let Some(tcp) = &mut self.tcp else { return };
        for id in tcp.hosts.shut(keep) {
            self.out.socket(SocketRequest::Close(id));
        }
    }

    /// Gives up what is not used.
    pub(super) fn release_tcp(&mut self, used: &[Path]) {
        if !self.has_tcp() {
            return;
        }
        let stream = |path: &&Path| path.transport().is_stream();
        let bases: alloc::vec::Vec<SocketAddr> =
            used.iter().filter(stream).map(Path::local).collect();
        self.shut_listeners(&bases);
        self.give_up_unless(|path| used.contains(path), Strangers::Go);
    }

    /// The host has these addresses by now and no others.
    pub(super) fn limit_tcp(&mut self, addresses: &[IpAddr]) {
        let Some(tcp) = &mut self.tcp else { return };
        let (bases, sockets) = tcp.hosts.limit_to(addresses);
        for id in sockets {
            self.out.socket(SocketRequest::Close(id));
        }
        for base in bases {
            self.tcp_base_lost(base);
        }
    }

    fn tcp_base_lost(&mut self, base: SocketAddr) {
        self.event(GatheringEvent::BaseLost(Base::tcp(base)));
        self.give_up_unless(|path| path.local() != base, Strangers::Go);
    }

    /// Gives up the connections that are not to be kept.
    fn give_up_unless(&mut self, keep: impl Fn(&Path) -> bool, strangers: Strangers) {
        while let Some(tcp) = &mut self.tcp
            && let Some(gone) = tcp.connections.give_up_unless(&keep, strangers)
        {
            self.end_connection(gone.end);
        }
    }

    /// Gives up the connections that no session has a pair for any more.
    pub(crate) fn keep_connections(&mut self, keep: impl Fn(&Path) -> bool) {
        if self.tcp.as_ref().is_some_and(|tcp| !tcp.connections.is_empty()) {
            self.give_up_unless(keep, Strangers::Stay);
            self.run_tcp(self.clock.now());
            self.update_deadline();
        }
    }

    fn end_connection(&mut self, end: End) {
        match end {
            End::Nothing => {}
            End::Close(id) => self.out.socket(SocketRequest::Close(id)),
            End::HangUp(wire) => self.out.socket(SocketRequest::Hangup(wire)),
        }
    }

    fn give_up(&mut self, gone: Gone, fault: ConnectionFault) {
        self.end_connection(gone.end);
        if gone.ours {
            self.event(GatheringEvent::ConnectionLost { path: gone.path, fault });
        }
    }

    /// Whether this number is of a listener or of a connection.
    pub(super) fn owns_tcp(&self, id: SocketId) -> bool {
        let tcp = self.tcp.as_ref();
        tcp.is_some_and(|tcp| tcp.hosts.owns(id) || tcp.connections.owns(id))
    }

    /// A listener or a connection opened, or did not, or was lost.
    pub(super) fn on_tcp_socket(
        &mut self,
        now: Instant,
        id: SocketId,
        state: Result<SocketAddr, SocketFault>,
    ) {
        let Some(tcp) = &mut self.tcp else { return };
        match state {
            Ok(local) => {
                if let Some(known) = tcp.hosts.opened(id, canonical(local)) {
                    self.tcp_candidate(known.tcp, known.address, known.rank);
                } else if let Some((wire, message)) = tcp.connections.opened(now, id, local) {
                    self.transmit_framed(wire, &message);
                }
            }
            Err(fault) => {
                if let Some(listener) = tcp.hosts.failed(id, fault) {
                    if let Some(base) = listener.address {
                        self.tcp_base_lost(base);
                    }
                    let local = listener.address.unwrap_or(SocketAddr::new(listener.ip, 0));
                    let fault = GatheringFault::Socket(fault);
                    self.fail(GatheringFailure { local, server: None, fault });
                } else if let Some(gone) = tcp.connections.not_opened(id) {
                    self.give_up(
                        gone,
                        match fault {
                            SocketFault::TimedOut => ConnectionFault::TimedOut,
                            _ => ConnectionFault::NotOpened,
                        },
                    );
                }
            }
        }
    }

    /// Somebody connected (RFC 6544 §7.2).
    pub(super) fn on_accepted(
        &mut self,
        now: Instant,
        listener: SocketId,
        wire: Path,
    ) -> Verdict<'static> {
        let Some(tcp) = self.tcp.as_mut().filter(|tcp| tcp.hosts.is_listener(listener)) else {
            return Verdict::Unclaimed;
        };
        if wire.transport() != Transport::Tcp {
            return Verdict::Unclaimed;
        }
        let accepted = tcp.connections.accept(now, wire);
        for end in accepted.instead.into_iter().chain(accepted.evicted.map(|gone| gone.end)) {
            // The same connection cannot be hung up for itself.
            if end != End::HangUp(wire) {
                self.end_connection(end);
            }
        }
        if let Some(message) = accepted.message {
            self.transmit_framed(wire, &message);
        }
        Verdict::Consumed
    }

    /// A connection ended or was reset.
    pub(super) fn on_connection_lost(&mut self, wire: &Path, fault: PathFault) -> Verdict<'static> {
        let Some(path) = self.tcp.as_mut().and_then(|tcp| tcp.connections.lost(wire)) else {
            return Verdict::Unclaimed;
        };
        if fault == PathFault::Ended {
            // Ours is the other half.
            self.out.socket(SocketRequest::Hangup(*wire));
        }
        let fault = ConnectionFault::Ended;
        self.event(GatheringEvent::ConnectionLost { path, fault });
        Verdict::Consumed
    }

    /// Gives up what took too long, and opens what may be opened now.
    pub(super) fn run_tcp(&mut self, now: Instant) {
        while let Some(tcp) = &mut self.tcp
            && let Some(gone) = tcp.connections.expire(now)
        {
            self.give_up(
                gone,
                match gone.end {
                    End::Close(_) => ConnectionFault::TimedOut,
                    End::Nothing | End::HangUp(_) => ConnectionFault::NotOpened,
                },
            );
        }
        while let Some(tcp) = &mut self.tcp
            && let hosts = &mut self.hosts
            && let Some((id, path)) = tcp.connections.next_to_open(now, || hosts.take_socket())
        {
            let (transport, server_name) = (Transport::Tcp, None);
            let (local, remote) = (tcp.hosts.origin(path.local()), path.remote());
            let connect = SocketRequest::Connect { id, transport, local, remote, server_name };
            self.out.socket(connect);
        }
    }

    /// Sends a message of the session over the connection of its path, which is opened if need be.
    pub(super) fn forward_framed(&mut self, transmit: &Transmit) {
        let Some(tcp) = &mut self.tcp else { return };
        let (path, message) = (transmit.path, &transmit.payload);
        match tcp.connections.route(&path, message) {
            Route::Open(wire) => self.transmit_framed(wire, message),
            Route::New if tcp.hosts.origin(path.local()).is_some() => {
                tcp.connections.queue(path, message.clone());
            }
            // It is sent later; or the peer is to connect, and there is nobody to send it to.
            Route::Waits | Route::New => {}
        }
    }

    fn transmit_framed(&mut self, wire: Path, message: &Bytes) {
        let Ok(length) = u16::try_from(message.len()) else { return };
        let mut framed = BytesMut::with_capacity(2 + message.len());
        framed.put_u16(length);
        framed.extend_from_slice(message);
        self.transmit(Transmit::new(wire, framed.freeze()));
    }

    /// Wraps a packet for the connection of its path, which must be open.
    pub(crate) fn wrap<'d>(&self, packet: &Packet<'d>) -> Result<Packet<'d>, SendError> {
        let tcp = self.tcp.as_ref().ok_or(SendError::NotAllocated)?;
        let wire = tcp.connections.wire(&packet.path).ok_or(SendError::NotAllocated)?;
        framing::wrap(wire, packet).ok_or(SendError::TooLong(packet.len()))
    }

    /// Where the first frame of a connection's buffer ends.
    pub(crate) fn frame_of(&self, wire: &Path, buffer: &[u8]) -> Frame {
        if let Some(frame) = self.relays.frame(wire, buffer) {
            return frame;
        }
        match &self.tcp {
            Some(tcp) if wire.transport() == Transport::Tcp => tcp.connections.frame(wire, buffer),
            _ => Frame::Whole(buffer.len()),
        }
    }

    /// A frame came over a connection: what is in it, with the path as the session knows it.
    pub(super) fn unwrap<'a>(&mut self, wire: &Path, frame: &'a [u8]) -> Verdict<'a> {
        let received =
            self.tcp.as_mut().and_then(|tcp| tcp.connections.received(wire, frame.len()));
        let path = match received {
            None => return Verdict::Unclaimed,
            Some(Err(path)) => {
                self.drop_stranger(&path);
                return self.drops.refuse(DropReason::Exhausted);
            }
            Some(Ok(path)) => path,
        };
        match framing::payload(frame) {
            None => self.drops.refuse(DropReason::Malformed),
            // It says nothing, which is allowed.
            Some([]) => Verdict::Consumed,
            Some(bytes) => Verdict::Deliver { path, bytes },
        }
    }

    fn drop_stranger(&mut self, path: &Path) {
        if let Some(gone) = self.tcp.as_mut().and_then(|tcp| tcp.connections.give_up(path)) {
            self.give_up(gone, ConnectionFault::Foreign);
        }
    }

    /// Nothing gets through this connection any more: whoever has use for it is to open another one.
    pub(crate) fn abandon(&mut self, now: Instant, path: &Path) {
        if let Some(gone) = self.tcp.as_mut().and_then(|tcp| tcp.connections.give_up(path)) {
            self.give_up(Gone { ours: true, ..gone }, ConnectionFault::Ended);
        }
        self.settle(now);
    }

    /// Whether who is at the other end of a connection has yet to show that it is the peer.
    pub fn is_unproven(&self, path: &Path) -> bool {
        self.tcp.as_ref().is_some_and(|tcp| tcp.connections.is_unproven(path))
    }

    /// Who is at the other end of this connection knows the password: the connection may stay, and frames
    /// of any length may come.
    pub fn prove(&mut self, now: Instant, path: &Path) {
        let now = self.advance(now);
        if let Some(tcp) = &mut self.tcp {
            tcp.connections.prove(path);
        }
        self.settle(now);
    }

    /// What came over this connection is not of an ICE agent: it is closed, unless the peer was heard
    /// over it before.
    pub fn distrust(&mut self, now: Instant, path: &Path) {
        let now = self.advance(now);
        if self.is_unproven(path) {
            self.drop_stranger(path);
        }
        self.settle(now);
    }
}
