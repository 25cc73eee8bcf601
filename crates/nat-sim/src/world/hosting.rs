//! Running machines on hosts: inputs, drains, deadlines, sockets and names.
use super::{Event, Target, World};
use crate::{
    Body, Delivery, DropCause, HostId, IpPacket, MachineId, Segment,
    hosted::{Hosted, Hosting},
    node::Slot,
    sockets::Socket,
};
use bytes::{Bytes, BytesMut};
use core::ops::Range;
use sans_io::{
    Input, Instant, LookupFault, LookupRequest, Machine, Output, Packet, PacketMeta, Path,
    SocketFault, SocketId, SocketRequest, Transport, Verdict,
};
use std::net::SocketAddr;

/// How many outputs one drain may give before the machine counts as broken (law 2).
const OUTPUTS_MAX: u32 = 1_000_000;
/// How often a machine may be woken without time passing before it counts as broken (law 4).
const WAKES_NOW_MAX: u32 = 1_000;

/// What becomes of a socket that was asked for.
pub(super) type SocketReply = (SocketId, Result<SocketAddr, SocketFault>);

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
        let mut bytes = BytesMut::with_capacity(packet.len());
        bytes.extend_from_slice(packet.head());
        bytes.extend_from_slice(packet.payload);
        bytes.extend_from_slice(packet.pad());
        self.send_bytes(host, &packet.path, packet.meta, bytes.freeze());
    }

    /// Does what a machine wants done, until it rests, and notes its deadline.
    fn settle(&mut self, id: MachineId) {
        // Out already: it is this machine whose output led here, and its drain goes on.
        if let Some(hosted) = self.slot(id).hosted.take() {
            self.drain(id, hosted);
        }
    }

    /// The same with a machine that is out of its slot, which then goes back there.
    fn drain(&mut self, id: MachineId, mut hosted: Box<dyn Hosted>) {
        let mut outputs = 0;
        let deadline = loop {
            outputs += 1;
            assert!(outputs < OUTPUTS_MAX, "{}: a drain without end (law 2)", self.name(id.host));
            match hosted.poll(self.now, &mut self.trace) {
                Output::Timeout(deadline) if self.replies.is_empty() => break deadline,
                Output::Timeout(_) => self.reply(id.host, &mut *hosted),
                Output::Transmit(t) => self.send_bytes(id.host, &t.path, t.meta, t.payload),
                Output::Event(()) => {}
                Output::Socket(request) => {
                    let reply = self.request_socket(id, &request);
                    self.replies.extend(reply);
                }
                Output::Lookup(request) => self.look_up(id, request),
            }
        };
        let slot = self.slot(id);
        slot.hosted = Some(hosted);
        slot.deadline = deadline;
        if deadline.is_some() {
            self.arm(id, deadline);
        }
    }

    /// Tells a machine what became of its sockets.
    #[inline(never)]
    fn reply(&mut self, host: HostId, hosted: &mut dyn Hosted) {
        let shown = self.host_now(host);
        for (id, state) in self.replies.drain(..) {
            let _ = hosted.input(shown, Input::Socket { id, state });
        }
    }

    #[inline(never)]
    fn look_up(&mut self, id: MachineId, request: LookupRequest) {
        let at = self.now.saturating_add(self.lookup_delay);
        self.queue.push(at, Event::LookedUp(id, Box::new(request)));
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

    /// The same, where the verdict matters. `None`: the machine is running.
    pub(super) fn ask_machine<'a>(
        &mut self,
        id: MachineId,
        input: Input<'a>,
    ) -> Option<Verdict<'a>> {
        let now = self.host_now(id.host);
        let mut hosted = self.slot(id).hosted.take()?;
        let verdict = hosted.input(now, input);
        self.drain(id, hosted);
        Some(verdict)
    }

    /// Offers a datagram to the machine that owns its socket, then to the others of the host. It
    /// may be gone after that.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "packet for packet, and large arguments")]
    pub(super) fn offer(
        &mut self,
        owner: MachineId,
        path: Path,
        meta: PacketMeta,
        payload: &mut Bytes,
    ) -> Result<(), DropCause> {
        match self.offer_to(owner, path, meta, payload) {
            Err(DropCause::Unclaimed) => self.offer_to_others(owner, path, meta, payload),
            result => result,
        }
    }

    #[inline(never)]
    fn offer_to_others(
        &mut self,
        owner: MachineId,
        path: Path,
        meta: PacketMeta,
        payload: &mut Bytes,
    ) -> Result<(), DropCause> {
        for index in 0..self.host(owner.host).slots.len() as u32 {
            if index != owner.index {
                match self.offer_to(MachineId { index, ..owner }, path, meta, payload) {
                    Err(DropCause::Unclaimed) => {}
                    result => return result,
                }
            }
        }
        Err(DropCause::Unclaimed)
    }

    #[inline(always)]
    #[expect(clippy::inline_always, reason = "packet for packet, and large arguments")]
    fn offer_to(
        &mut self,
        id: MachineId,
        path: Path,
        meta: PacketMeta,
        payload: &mut Bytes,
    ) -> Result<(), DropCause> {
        let now = self.now;
        let host = self.host_mut(id.host);
        let Some(mut hosted) = host.slots[id.index as usize].hosted.take() else {
            return Err(DropCause::Unclaimed);
        };
        let shown = host.clock.shows(now);
        let verdict = hosted.input(shown, Input::Received { path, meta, bytes: payload });
        self.drain(id, hosted);
        match verdict {
            Verdict::Consumed => {}
            Verdict::Send(packet) => {
                let is_plain = packet.head().is_empty() && packet.pad().is_empty();
                match place(payload, packet.payload).filter(|_| is_plain) {
                    Some(place) => {
                        let (path, meta) = (packet.path, packet.meta);
                        self.send_bytes(id.host, &path, meta, take(payload, place));
                    }
                    None => self.transmit(id.host, &packet),
                }
            }
            Verdict::Deliver { path, bytes } => {
                let bytes = match place(payload, bytes) {
                    Some(place) => take(payload, place),
                    None => Bytes::copy_from_slice(bytes),
                };
                self.trace.bytes(self.now, &bytes);
                let delivery = Delivery { at: self.now, machine: id, path, bytes };
                self.host_mut(id.host).delivered.push(delivery);
            }
            Verdict::Dropped(_) => return Err(DropCause::Refused),
            Verdict::Unclaimed => return Err(DropCause::Unclaimed),
        }
        Ok(())
    }

    #[inline]
    fn send_bytes(&mut self, host: HostId, path: &Path, meta: PacketMeta, bytes: Bytes) {
        if path.transport() == Transport::Tcp {
            return self.write_to(host, path, &bytes);
        }
        let socket = self.host(host).sockets.get(&path.local());
        let interface = socket.filter(|_| path.transport() == Transport::Udp).map(|s| s.interface);
        let mut packet = self.boxes.take();
        packet.source = path.local();
        packet.destination = path.remote();
        packet.ttl = meta.ttl.unwrap_or(IpPacket::TTL);
        packet.meta = meta;
        packet.body = Body::Udp(bytes);
        match interface {
            Some(interface) => self.send_from(host, interface, packet),
            None => self.drop(host.0, 0, DropCause::NotOurs, &packet),
        }
    }

    #[inline(never)]
    fn write_to(&mut self, host: HostId, path: &Path, bytes: &[u8]) {
        if !self.write_stream(host, (path.local(), path.remote()), bytes) {
            let packet = IpPacket::tcp(path.local(), path.remote(), Segment::default());
            self.drop(host.0, 0, DropCause::NotOurs, &packet);
        }
    }

    #[inline(never)]
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
                    Transport::Udp | Transport::Tls => Err(SocketFault::Unavailable),
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
                self.hang_up(id.host, (path.local(), path.remote()));
                None
            }
            SocketRequest::Pause(path) => {
                self.pause_stream(id.host, (path.local(), path.remote()));
                None
            }
            SocketRequest::Resume(path) => {
                self.resume_stream(id.host, (path.local(), path.remote()));
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
        let (interface, local) = self.own_address(id.host, local)?;
        let host = self.host_mut(id.host);
        let local = host.free_port(local, |host, local| !host.sockets.contains(&local))?;
        if host.sockets.contains(&local) {
            return Err(SocketFault::InUse);
        }
        host.sockets.insert(Socket { local, owner: id.index, id: socket, interface });
        Ok(local)
    }

    /// A local address with an address of the host in place of an unspecified one, and the
    /// interface that has it.
    pub(super) fn own_address(
        &self,
        host: HostId,
        local: SocketAddr,
    ) -> Result<(u8, SocketAddr), SocketFault> {
        let node = &self.nodes[host.0 as usize];
        let ip = if local.ip().is_unspecified() {
            node.address(local.is_ipv6()).ok_or(SocketFault::Unavailable)?
        } else {
            local.ip()
        };
        let interface = node.interface_of(ip).ok_or(SocketFault::Unavailable)?;
        Ok((interface, SocketAddr::new(ip, local.port())))
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

/// Where in a buffer a part of it is; `None` when it is of another one.
#[inline]
fn place(whole: &Bytes, part: &[u8]) -> Option<Range<usize>> {
    let start = (part.as_ptr() as usize).checked_sub(whole.as_ptr() as usize)?;
    let end = start.checked_add(part.len())?;
    (end <= whole.len()).then_some(start..end)
}

/// A part of a buffer; all of it leaves nothing.
#[inline]
fn take(whole: &mut Bytes, part: Range<usize>) -> Bytes {
    if part.len() == whole.len() { core::mem::take(whole) } else { whole.slice(part) }
}
