//! What a driver does with connections: accepts, offers frames, holds back, tells of the end.
#[cfg(feature = "tls")]
use super::handshakes::Ticket;
use super::{
    Application, Driver,
    balancer::Accepted,
    stream::{Io, Read},
};
use sans_io::{
    Input, Machine, NextFrame, PacketMeta, Path, PathFault, SocketFault, SocketId, Verdict,
    next_frame,
};
use tokio::net::TcpStream;

/// Reads of one ready connection before others get their turn.
const READS_PER_WAKE: usize = 4;

impl<M: Machine + Send + 'static, A: Application<M>> Driver<M, A> {
    /// Takes a new connection in, which may have to become secure first.
    pub(super) fn accepted(&mut self, listener: SocketId, tcp: TcpStream) {
        self.net.await_accept(listener, false);
        if self.net.tcp.is_balancer(&tcp) {
            return self.net.await_header(listener, tcp);
        }
        // a connection that is gone again has no address
        if let Ok(remote) = tcp.peer_addr() {
            self.announced(listener, Accepted { tcp, remote });
        }
    }

    /// It is known who connected.
    pub(super) fn announced(&mut self, listener: SocketId, from: Accepted) {
        if self.net.tcp.is_secure(listener) {
            return self.net.await_handshake(self.origin.now(), listener, from);
        }
        let Accepted { tcp, remote } = from;
        self.offer_connection(listener, Io { remote: Some(remote), ..Io::plain(tcp) });
    }

    /// A handshake is over. One that failed concerns nobody.
    #[cfg(feature = "tls")]
    pub(super) fn secured(&mut self, listener: SocketId, ticket: Ticket, io: Option<Io>) {
        self.net.tcp.secured(ticket);
        if let Some(io) = io.and_then(|io| self.net.tcp.divert(io)) {
            self.offer_connection(listener, io);
        }
    }

    /// Offers a new connection to the machine, and closes it unless it is taken.
    fn offer_connection(&mut self, listener: SocketId, io: Io) {
        let Ok(path) = io.path() else { return };
        if self.net.tcp.is_taken(&path) {
            return;
        }
        let input = Input::Accepted { listener, path };
        let verdict = self.machine.handle_input(self.origin.now(), input);
        self.net.count(&verdict);
        if verdict != Verdict::Consumed {
            return;
        }
        self.net.tcp.adopt(path, io, None);
        // the machine may have another one hung up for it, so only then there may be too many
        let _ = self.drain();
        if self.net.tcp.is_beyond_full() {
            self.net.tcp.end(&path, PathFault::Reset);
        }
    }

    /// Tells the machine what became of a connection that it asked for.
    pub(super) fn connected(&mut self, id: SocketId, io: Result<Io, SocketFault>) {
        let Some(path) = self.net.tcp.connected(id, io) else { return };
        let state = path.map(|path| path.local());
        let verdict = self.machine.handle_input(self.origin.now(), Input::Socket { id, state });
        self.net.count(&verdict);
    }

    /// Writes what waits, offers the frames that are there, and reads on.
    pub(super) fn read_stream(&mut self, path: Path) {
        self.net.tcp.flush(&path);
        let mut buffers = self.net.tcp.take_buffers();
        self.net.tcp.take_input(&path, &mut buffers.bytes);
        self.offer_frames(path, &mut buffers.bytes);
        for _ in 0..READS_PER_WAKE {
            if !self.net.tcp.is_wanted(&path) {
                break;
            }
            match self.net.tcp.read(&path, &mut buffers) {
                Read::Some => self.offer_frames(path, &mut buffers.bytes),
                Read::Blocked => break,
                Read::Ended => self.net.tcp.end(&path, PathFault::Ended),
                Read::Broken => self.net.tcp.end(&path, PathFault::Reset),
            }
        }
        self.net.tcp.put_input(&path, &buffers.bytes);
        self.net.tcp.put_buffers(buffers);
        self.net.tcp.await_ready(&path);
    }

    /// Offers whole frames until none is left or the connection is wanted no more, and takes those
    /// that were offered off the input.
    fn offer_frames(&mut self, path: Path, input: &mut Vec<u8>) {
        let mut rest = &input[..];
        while self.net.tcp.is_wanted(&path) {
            match next_frame(&self.machine, &path, rest) {
                NextFrame::Frame { frame, rest: behind } => {
                    rest = behind;
                    self.offer_frame(path, frame);
                }
                NextFrame::Need(_) => break,
                NextFrame::Broken => {
                    self.net.tcp.end(&path, PathFault::Reset);
                    break;
                }
            }
        }
        let used = input.len() - rest.len();
        input.drain(..used);
    }

    /// Offers one frame. On a stream the drain comes before the verdict is acted on, so that no
    /// byte overtakes another.
    fn offer_frame(&mut self, path: Path, bytes: &[u8]) {
        let now = self.origin.now();
        let input = Input::Received { path, meta: PacketMeta::default(), bytes };
        let verdict = self.machine.handle_input(now, input);
        self.net.count(&verdict);
        self.net.stats.received += 1;
        let _ = self.drain();
        self.obey(verdict);
        if let Verdict::Send(packet) = verdict
            && packet.path.transport().is_stream()
        {
            self.net.tcp.hold(&path, &packet.path);
        }
    }
}
