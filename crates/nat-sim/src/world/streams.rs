//! TCP on hosts: listeners, connections, and the bytes that machines get from them frame by frame.
use super::{Event, World};
use crate::{
    Body, DropCause, HostId, IcmpFault, IpPacket, MachineId, Segment,
    node::StreamEnd,
    tcp::{Connection, Effects, News},
};
use bytes::{Bytes, BytesMut};
use sans_io::{
    Input, NextFrame, PacketMeta, Path, PathFault, SocketFault, SocketId, Transport, Verdict,
};
use std::net::{IpAddr, SocketAddr};

/// A connection by its two addresses, ours first.
pub(super) type Ends = (SocketAddr, SocketAddr);

fn path(ends: Ends) -> Path {
    Path::new(Transport::Tcp, ends.0, ends.1)
}

impl World {
    pub(super) fn listen(
        &mut self,
        id: MachineId,
        socket: SocketId,
        local: SocketAddr,
    ) -> Result<SocketAddr, SocketFault> {
        let (_, local) = self.own_address(id.host, local)?;
        let host = self.host_mut(id.host);
        let local = host.free_port(local, |host, local| !host.listeners.contains_key(&local))?;
        if host.listeners.contains_key(&local) {
            return Err(SocketFault::InUse);
        }
        host.listeners.insert(local, (id.index, socket));
        Ok(local)
    }

    /// Begins a connection. The machine learns later what became of it, or at once why not.
    pub(super) fn connect(
        &mut self,
        id: MachineId,
        socket: SocketId,
        local: Option<SocketAddr>,
        remote: SocketAddr,
    ) -> Result<(), SocketFault> {
        let unspecified = || {
            let ipv6 = remote.is_ipv6();
            let ip = self.nodes[id.host.0 as usize].address(ipv6);
            ip.map(|ip| SocketAddr::new(ip, 0)).ok_or(SocketFault::Unavailable)
        };
        let local = local.map_or_else(unspecified, Ok)?;
        let (_, local) = self.own_address(id.host, local)?;
        let host = self.host_mut(id.host);
        let is_free = |host: &crate::node::HostState, local| {
            !host.streams.contains_key(&(local, remote)) && !host.listeners.contains_key(&local)
        };
        let local = host.free_port(local, is_free)?;
        if host.streams.contains_key(&(local, remote)) {
            return Err(SocketFault::InUse);
        }
        let mut effects = Effects::default();
        let connection = Connection::connect(self.now, &mut effects);
        let end = StreamEnd {
            connection,
            owner: id.index,
            id: Some(socket),
            listener: None,
            buffer: BytesMut::new(),
            hung_up: false,
            paused: false,
            ended: false,
            news: 0,
            wake: None,
        };
        let ends = (local, remote);
        self.host_mut(id.host).streams.insert(ends, end);
        self.follow_stream(id.host, ends, effects);
        Ok(())
    }

    /// A segment came to a host.
    pub(super) fn reach_stream(&mut self, host: HostId, interface: u8, packet: &IpPacket) {
        let Body::Tcp(segment) = &packet.body else { return };
        let (now, ends) = (self.now, (packet.destination, packet.source));
        let mut effects = Effects::default();
        let state = self.host_mut(host);
        if let Some(end) = state.streams.get_mut(&ends) {
            end.connection.handle_segment(now, segment.clone(), &mut effects);
            return self.follow_stream(host, ends, effects);
        }
        let listener = state.listeners.get(&ends.0).copied();
        if let Some((owner, id)) = listener.filter(|_| segment.syn) {
            let end = StreamEnd {
                connection: Connection::accept(now, &mut effects),
                owner,
                id: None,
                listener: Some(id),
                buffer: BytesMut::new(),
                hung_up: false,
                paused: false,
                ended: false,
                news: 0,
                wake: None,
            };
            state.streams.insert(ends, end);
            return self.follow_stream(host, ends, effects);
        }
        self.drop(host.0, interface, DropCause::NoSocket, packet);
        if let Some(refusal) = segment.refusal() {
            self.send_segment(host, ends, refusal);
        }
    }

    /// An ICMP error about a segment.
    pub(super) fn refuse_stream(&mut self, host: HostId, ends: Ends, fault: IcmpFault) {
        let fault = match fault {
            IcmpFault::PortUnreachable => SocketFault::Refused,
            IcmpFault::Prohibited => SocketFault::Denied,
            IcmpFault::HostUnreachable => SocketFault::TimedOut,
            IcmpFault::TimeExceeded | IcmpFault::TooBig { .. } => return,
        };
        let mut effects = Effects::default();
        if let Some(end) = self.host_mut(host).streams.get_mut(&ends) {
            end.connection.handle_refusal(fault, &mut effects);
            self.follow_stream(host, ends, effects);
        }
    }

    pub(super) fn wake_stream(&mut self, host: HostId, ends: Ends) {
        let now = self.now;
        let mut effects = Effects::default();
        if let Some(end) = self.host_mut(host).streams.get_mut(&ends)
            && end.wake == Some(now)
        {
            end.wake = None;
            end.connection.handle_timeout(now, &mut effects);
            self.follow_stream(host, ends, effects);
        }
    }

    /// Writes bytes to a connection of a host. Where it takes no more, it is lost.
    pub(super) fn write_stream(&mut self, host: HostId, ends: Ends, bytes: &[u8]) -> bool {
        let now = self.now;
        let mut effects = Effects::default();
        let Some(end) = self.host_mut(host).streams.get_mut(&ends) else { return false };
        if !end.connection.write(now, bytes, &mut effects) {
            end.connection.abort(&mut effects);
            effects.news.push(News::Reset);
        }
        self.follow_stream(host, ends, effects);
        true
    }

    /// The connections that a host has, those too that are being opened from either side.
    pub fn connections(&self, host: HostId) -> impl Iterator<Item = Path> {
        self.host(host).streams.iter().filter(|(_, end)| !end.hung_up).map(|(ends, _)| path(*ends))
    }

    /// Something between a host and the others resets all its connections, those too that are being
    /// opened. Both ends learn of it.
    pub fn reset_connections(&mut self, host: HostId) {
        let all: Vec<Ends> = self.host(host).streams.keys().copied().collect();
        for ends in all {
            let mut effects = Effects::default();
            if let Some(end) = self.host_mut(host).streams.get_mut(&ends) {
                end.connection.reset(&mut effects);
                self.follow_stream(host, ends, effects);
            }
        }
    }

    pub(super) fn hang_up(&mut self, host: HostId, ends: Ends) {
        let now = self.now;
        let mut effects = Effects::default();
        if let Some(end) = self.host_mut(host).streams.get_mut(&ends) {
            end.hung_up = true;
            end.connection.close(now, &mut effects);
            self.follow_stream(host, ends, effects);
        }
    }

    /// Closes what a machine's number names: a listener or a connection.
    pub(super) fn close_stream(&mut self, id: MachineId, socket: SocketId) {
        let host = self.host_mut(id.host);
        let mut listeners = host.listeners.iter();
        let listener = listeners.find(|(_, owner)| **owner == (id.index, socket));
        if let Some(local) = listener.map(|(local, _)| *local) {
            host.listeners.remove(&local);
        }
        let mut streams = host.streams.iter();
        let stream = streams.find(|(_, end)| end.owner == id.index && end.id == Some(socket));
        if let Some(ends) = stream.map(|(ends, _)| *ends) {
            self.hang_up(id.host, ends);
        }
    }

    fn send_segment(&mut self, host: HostId, ends: Ends, segment: Segment) {
        let packet = IpPacket::tcp(ends.0, ends.1, segment);
        self.send(host, Box::new(packet));
    }

    /// Does what came of something that happened to a connection. Machines learn of it by way of
    /// the queue, since one of them may be running.
    fn follow_stream(&mut self, host: HostId, ends: Ends, effects: Effects) {
        for segment in effects.segments {
            self.send_segment(host, ends, segment);
        }
        if let Some(end) = self.host_mut(host).streams.get_mut(&ends) {
            end.news += effects.news.len();
        }
        for news in effects.news {
            self.queue.push(self.now, Event::Stream(host, Box::new((ends, news))));
        }
        let now = self.now;
        let Some(end) = self.host_mut(host).streams.get_mut(&ends) else { return };
        if let Some(at) = end.connection.deadline().map(|at| at.max(now))
            && end.wake.is_none_or(|wake| at < wake)
        {
            end.wake = Some(at);
            self.queue.push(at, Event::StreamTimer(host, Box::new(ends)));
        }
        self.forget_if_over(host, ends);
    }

    /// A machine learns what happened to a connection.
    pub(super) fn tell_stream(&mut self, host: HostId, ends: Ends, news: News) {
        let Some(end) = self.host_mut(host).streams.get_mut(&ends) else { return };
        end.news = end.news.saturating_sub(1);
        if end.hung_up {
            return self.forget_if_over(host, ends);
        }
        let machine = MachineId { host, index: end.owner };
        let (id, listener) = (end.id, end.listener);
        match news {
            News::Bytes(bytes) => {
                end.buffer.extend_from_slice(&bytes);
                self.pump(host, ends);
                self.tell_end(host, ends);
            }
            News::Opened => match (id, listener) {
                (Some(id), _) => self.tell(machine, Input::Socket { id, state: Ok(ends.0) }),
                (None, Some(listener)) => {
                    let input = Input::Accepted { listener, path: path(ends) };
                    if self.ask_machine(machine, input) != Some(Verdict::Consumed) {
                        self.hang_up(host, ends);
                    }
                }
                (None, None) => {}
            },
            News::Failed(fault) => {
                self.host_mut(host).streams.remove(&ends);
                if let Some(id) = id {
                    self.tell(machine, Input::Socket { id, state: Err(fault) });
                }
            }
            News::Ended => {
                end.ended = true;
                self.tell_end(host, ends);
            }
            News::Reset => {
                self.host_mut(host).streams.remove(&ends);
                let fault = PathFault::Reset;
                self.tell(machine, Input::PathFailed { path: path(ends), fault });
            }
        }
        self.forget_if_over(host, ends);
    }

    /// A machine learns that the other side ended a connection, unless it wants to hear nothing for now.
    fn tell_end(&mut self, host: HostId, ends: Ends) {
        let end = self.host_mut(host).streams.get_mut(&ends);
        let Some(end) = end.filter(|end| end.ended && !end.paused && !end.hung_up) else { return };
        end.ended = false;
        let machine = MachineId { host, index: end.owner };
        let fault = PathFault::Ended;
        self.tell(machine, Input::PathFailed { path: path(ends), fault });
    }

    pub(super) fn pause_stream(&mut self, host: HostId, ends: Ends) {
        if let Some(end) = self.host_mut(host).streams.get_mut(&ends) {
            end.paused = true;
        }
    }

    /// Has the machine, which may be running, offered what waits.
    pub(super) fn resume_stream(&mut self, host: HostId, ends: Ends) {
        if let Some(end) = self.host_mut(host).streams.get_mut(&ends) {
            end.paused = false;
            let news = vec![News::Bytes(Bytes::new())];
            self.follow_stream(host, ends, Effects { news, ..Effects::default() });
        }
    }

    /// The host no longer has these addresses: what was open there is lost.
    pub(super) fn lose_streams(&mut self, host: HostId, gone: &[IpAddr]) {
        let state = self.host_mut(host);
        let lost: Vec<Ends> =
            state.streams.keys().filter(|ends| gone.contains(&ends.0.ip())).copied().collect();
        let closed: Vec<_> = state
            .listeners
            .iter()
            .filter(|(local, _)| gone.contains(&local.ip()))
            .map(|(local, listener)| (*local, *listener))
            .collect();
        for ends in lost {
            let news = vec![News::Reset];
            self.follow_stream(host, ends, Effects { news, ..Effects::default() });
        }
        for (local, (owner, id)) in closed {
            self.host_mut(host).listeners.remove(&local);
            let state = Err(SocketFault::Lost);
            self.tell(MachineId { host, index: owner }, Input::Socket { id, state });
        }
    }

    fn forget_if_over(&mut self, host: HostId, ends: Ends) {
        let streams = &mut self.host_mut(host).streams;
        if streams.get(&ends).is_some_and(|end| end.connection.is_over() && end.news == 0) {
            streams.remove(&ends);
        }
    }

    /// Gives the frames of a buffer to the machine, until one is not whole.
    fn pump(&mut self, host: HostId, ends: Ends) {
        loop {
            let state = self.host_mut(host);
            let end = state.streams.get_mut(&ends).filter(|end| !end.hung_up && !end.paused);
            let Some(end) = end else { return };
            let owner = MachineId { host, index: end.owner };
            let hosted = state.slots[owner.index as usize].hosted.as_ref();
            let Some(hosted) = hosted.filter(|_| !end.buffer.is_empty()) else { return };
            let len = match hosted.next_frame(&path(ends), &end.buffer) {
                NextFrame::Frame { frame, .. } => frame.len(),
                NextFrame::Need(_) => return,
                NextFrame::Broken => {
                    self.hang_up(host, ends);
                    let fault = PathFault::Reset;
                    return self.tell(owner, Input::PathFailed { path: path(ends), fault });
                }
            };
            let mut frame = end.buffer.split_to(len).freeze();
            self.nodes[host.0 as usize].stats.received += 1;
            self.stats.received += 1;
            // What a machine refuses on a stream is its own affair: the segment did arrive.
            let _ = self.offer(owner, path(ends), PacketMeta::default(), &mut frame);
        }
    }
}
