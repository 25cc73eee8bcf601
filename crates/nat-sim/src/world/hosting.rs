//! Running machines on hosts: inputs, drains, deadlines, sockets and names.
use super::{Event, Target, World};
use crate::{
    Delivery, DropCause, HostId, IpPacket, MachineId, Segment,
    hosted::{Hosted, Hosting},
    node::Slot,
    sockets::Socket,
};
use bytes::{Bytes, BytesMut};
use sans_io::{
    Input, Instant, LookupFault, LookupRequest, Machine, Output, Packet, PacketMeta, Path,
    SocketFault, SocketId, SocketRequest, Transport, Verdict,
};
use std::net::SocketAddr;

/// How many outputs one drain may give before the machine counts as broken (law 2).
const OUTPUTS_MAX: u32 = 1_000_000;
/// How often a machine may be woken without time passing before it counts as broken (law 4).
const WAKES_NOW_MAX: u32 = 1_000;

type SocketReply = (SocketId, Result<SocketAddr, SocketFault>);

impl World {
    /// Puts a machine on a host. It is drained at once, so what it wants at the start happens.
    pub fn install<M: Machine + 'static>(&mut self, host: HostId, machine: M) -> MachineId {
        let hosted = Some(Box::new(Hosting { machine, events: Vec::new() }) as Box<dyn Hosted>);
        let slots = &mut self.host_mut(host).slots;
        let index = slots.len() as u32;
        if slots.is_empty() {
            slots.reserve_exact(1);
        }
        slots.push(Slot { hosted, deadline: None, wake: None, wakes_now: 0 });
        let id = MachineId { host, index };
        self.settle(id);
        id
    }

    /// Runs a command of a machine, and then does what the machine wants done.
    ///
    /// # Panics
    /// When the target has no machine of this type.
    pub fn with<M: Machine + 'static, R>(
        &mut self,
        target: impl Into<Target>,
        command: impl FnOnce(&mut M, Instant) -> R,
    ) -> R {
        let id = self.find::<M>(target.into());
        let now = self.host_now(id.host);
        let result = command(&mut self.hosting_mut::<M>(id).machine, now);
        self.settle(id);
        result
    }

    /// Opens a UDP socket for a machine as a driver does that needs not be asked. Port 0 and an
    /// unspecified address let the host choose.
    pub fn open(
        &mut self,
        machine: MachineId,
        local: SocketAddr,
    ) -> Result<SocketAddr, SocketFault> {
        self.bind(machine, None, local)
    }

    /// Sends a packet that a command of a machine on this host gave back.
    pub fn transmit(&mut self, host: HostId, packet: &Packet<'_>) {
        self.send_packet(host, packet, None);
    }

    /// Does what a machine wants done, until it rests, and notes its deadline.
    fn settle(&mut self, id: MachineId) {
        // Out already: it is this machine whose output led here, and its drain goes on.
        let Some(mut hosted) = self.slot(id).hosted.take() else { return };
        let mut replies: Vec<SocketReply> = Vec::new();
        let mut outputs = 0;
        let shown = self.host_now(id.host);
        let deadline = loop {
            outputs += 1;
            assert!(outputs < OUTPUTS_MAX, "{}: a drain without end (law 2)", self.name(id.host));
            match hosted.poll(self.now, &mut self.trace) {
                Output::Transmit(t) => {
                    self.send_bytes(id.host, t.path, t.meta, t.payload);
                }
                Output::Socket(request) => replies.extend(self.request_socket(id, &request)),
                Output::Lookup(request) => {
                    let at = self.now.saturating_add(self.lookup_delay);
                    self.queue.push(at, Event::LookedUp(id, request));
                }
                Output::Event(()) => {}
                Output::Timeout(deadline) if replies.is_empty() => break deadline,
                Output::Timeout(_) => {
                    for (id, state) in replies.drain(..) {
                        let _ = hosted.input(shown, Input::Socket { id, state });
                    }
                }
            }
        };
        self.slot(id).hosted = Some(hosted);
        self.arm(id, deadline);
    }

    /// Notes a deadline. Only an earlier wake-up than the one queued is queued; a late deadline is
    /// looked at again when that one comes.
    pub(super) fn arm(&mut self, id: MachineId, deadline: Option<Instant>) {
        let (now, clock) = (self.now, self.host(id.host).clock);
        let slot = self.slot(id);
        slot.deadline = deadline;
        let Some(at) = deadline.map(|at| clock.when(at).max(now)) else { return };
        if slot.wake.is_none_or(|wake| at < wake) {
            slot.wake = Some(at);
            self.queue.push(at, Event::Wake(id));
        }
    }

    pub(super) fn wake(&mut self, id: MachineId) {
        let (now, shown) = (self.now, self.host_now(id.host));
        let slot = self.slot(id);
        if slot.wake != Some(now) {
            return; // An earlier one took its place.
        }
        slot.wake = None;
        let deadline = slot.deadline;
        if deadline.is_none_or(|deadline| deadline > shown) {
            return self.arm(id, deadline);
        }
        self.tell(id, Input::Timeout);
        let slot = self.slot(id);
        let again = slot.wake == Some(now);
        slot.wakes_now = if again { slot.wakes_now + 1 } else { 0 };
        let broken = slot.wakes_now > WAKES_NOW_MAX;
        assert!(!broken, "{}: a deadline that never passes (law 4)", self.name(id.host));
    }

    /// Gives an input that is not bytes to a machine.
    pub(super) fn tell(&mut self, id: MachineId, input: Input<'_>) {
        self.ask_machine(id, input);
    }

    /// The same, where the verdict matters.
    pub(super) fn ask_machine<'a>(
        &mut self,
        id: MachineId,
        input: Input<'a>,
    ) -> Option<Verdict<'a>> {
        let now = self.host_now(id.host);
        let verdict = self.slot(id).hosted.as_mut().map(|hosted| hosted.input(now, input));
        self.settle(id);
        verdict
    }

    /// Offers a datagram to the machine that owns its socket, then to the others of the host.
    pub(super) fn offer(
        &mut self,
        owner: MachineId,
        path: Path,
        meta: PacketMeta,
        payload: &Bytes,
    ) -> Result<(), DropCause> {
        let (host, now) = (owner.host, self.now);
        let shown = self.host_now(host);
        let count = self.host(host).slots.len() as u32;
        let others = (0..count).filter(|index| *index != owner.index);
        for index in core::iter::once(owner.index).chain(others) {
            let id = MachineId { host, index };
            let Some(hosted) = &mut self.slot(id).hosted else { continue };
            let verdict = hosted.input(shown, Input::Received { path, meta, bytes: payload });
            self.settle(id);
            match verdict {
                Verdict::Unclaimed => continue,
                Verdict::Consumed => {}
                Verdict::Dropped(_) | Verdict::Elsewhere(_) => return Err(DropCause::Refused),
                Verdict::Deliver { path, owner, bytes } => {
                    let bytes = share(payload, bytes);
                    self.trace.bytes(now, &bytes);
                    let delivery = Delivery { at: now, machine: id, path, owner, bytes };
                    self.host_mut(host).delivered.push(delivery);
                }
                Verdict::Forward(packet) => self.send_packet(host, &packet, Some(payload)),
            }
            return Ok(());
        }
        Err(DropCause::Unclaimed)
    }

    /// Sends a packet in parts; `whole` is the buffer that its payload may lie in.
    fn send_packet(&mut self, host: HostId, packet: &Packet<'_>, whole: Option<&Bytes>) {
        let plain = packet.head().is_empty() && packet.pad().is_empty();
        let bytes = match whole {
            Some(whole) if plain => share(whole, packet.payload),
            Some(_) | None => {
                let mut bytes = BytesMut::with_capacity(packet.len());
                bytes.extend_from_slice(packet.head());
                bytes.extend_from_slice(packet.payload);
                bytes.extend_from_slice(packet.pad());
                bytes.freeze()
            }
        };
        self.send_bytes(host, packet.path, packet.meta, bytes);
    }

    fn send_bytes(&mut self, host: HostId, path: Path, meta: PacketMeta, bytes: Bytes) {
        if path.transport == Transport::Tcp {
            if !self.write_stream(host, (path.local, path.remote), &bytes) {
                let packet = IpPacket::tcp(path.local, path.remote, Segment::default());
                self.drop(host.0, 0, DropCause::NotOurs, &packet);
            }
            return;
        }
        let mut packet = IpPacket::udp(path.local, path.remote, bytes);
        packet.ttl = meta.ttl.unwrap_or(IpPacket::TTL);
        packet.meta = meta;
        let open =
            path.transport == Transport::Udp && self.host(host).sockets.contains(&path.local);
        if open {
            let packet = self.boxes.fill(packet);
            self.send(host, packet);
        } else {
            self.drop(host.0, 0, DropCause::NotOurs, &packet);
        }
    }

    fn request_socket(&mut self, id: MachineId, request: &SocketRequest) -> Option<SocketReply> {
        match *request {
            SocketRequest::Bind { id: socket, local } => {
                Some((socket, self.bind(id, Some(socket), local)))
            }
            SocketRequest::Listen { id: socket, local } => {
                Some((socket, self.listen(id, socket, local)))
            }
            SocketRequest::Connect { id: socket, transport, local, remote, .. } => {
                let result = match transport {
                    Transport::Tcp => self.connect(id, socket, local, remote),
                    // The simulator has no TLS.
                    Transport::Udp | Transport::Tls | Transport::Dtls => {
                        Err(SocketFault::Unavailable)
                    }
                };
                result.err().map(|fault| (socket, Err(fault)))
            }
            SocketRequest::Close(socket) => {
                let host = self.host_mut(id.host);
                if host.sockets.close(id.index, socket).is_none() {
                    self.close_stream(id, socket);
                }
                None
            }
            SocketRequest::Hangup(path) => {
                self.hang_up(id.host, (path.local, path.remote));
                None
            }
            SocketRequest::Pause(path) => {
                self.pause_stream(id.host, (path.local, path.remote), true);
                None
            }
            SocketRequest::Resume(path) => {
                self.pause_stream(id.host, (path.local, path.remote), false);
                None
            }
        }
    }

    fn bind(
        &mut self,
        id: MachineId,
        socket: Option<SocketId>,
        local: SocketAddr,
    ) -> Result<SocketAddr, SocketFault> {
        let local = self.own_address(id.host, local)?;
        let host = self.host_mut(id.host);
        let local = host.free_port(local, |host, local| !host.sockets.contains(&local))?;
        if host.sockets.contains(&local) {
            return Err(SocketFault::InUse);
        }
        host.sockets.insert(Socket { local, owner: id.index, id: socket });
        Ok(local)
    }

    /// A local address with an address of the host in place of an unspecified one.
    pub(super) fn own_address(
        &self,
        host: HostId,
        local: SocketAddr,
    ) -> Result<SocketAddr, SocketFault> {
        let node = &self.nodes[host.0 as usize];
        let ip = if local.ip().is_unspecified() {
            node.address(local.is_ipv6()).ok_or(SocketFault::Unavailable)?
        } else {
            local.ip()
        };
        match node.interface_of(ip) {
            Some(_) => Ok(SocketAddr::new(ip, local.port())),
            None => Err(SocketFault::Unavailable),
        }
    }

    pub(super) fn answer_lookup(&mut self, id: MachineId, request: &LookupRequest) {
        let key = (request.name.to_ascii_lowercase(), request.kind);
        let answers = self.names.get(&key).cloned();
        let result = answers.as_deref().ok_or(LookupFault::NotFound);
        self.tell(id, Input::LookedUp { id: request.id, result });
    }

    /// What the clock of a host shows.
    fn host_now(&self, host: HostId) -> Instant {
        self.host(host).clock.shows(self.now)
    }

    fn slot(&mut self, id: MachineId) -> &mut Slot {
        &mut self.host_mut(id.host).slots[id.index as usize]
    }

    fn name(&self, host: HostId) -> &str {
        &self.nodes[host.0 as usize].name
    }
}

/// A part of a buffer without a copy, where it is one.
fn share(whole: &Bytes, part: &[u8]) -> Bytes {
    let (start, part_start) = (whole.as_ptr() as usize, part.as_ptr() as usize);
    match part_start.checked_sub(start) {
        Some(offset) if offset + part.len() <= whole.len() => {
            whole.slice(offset..offset + part.len())
        }
        Some(_) | None => Bytes::copy_from_slice(part),
    }
}
