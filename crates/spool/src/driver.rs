//! The driver: one task that owns a machine, its sockets and its clock, whatever the protocol.
//!
//! It carries out the run loop that [`sans_io`] describes. What the machine says to the
//! application goes to an [`Application`]; what the application wants of the machine comes in
//! through a [`Handle`].

mod balancer;
mod batch;
mod context;
#[cfg(feature = "tls")]
mod diversion;
mod fault;
mod handle;
#[cfg(feature = "tls")]
mod handshakes;
#[cfg(any(target_os = "linux", target_os = "android"))]
mod header;
#[cfg(any(target_os = "linux", target_os = "android"))]
mod linux;
mod net;
mod offload;
mod ready;
mod route;
mod session;
mod stats;
mod stream;
mod streams;
mod tcp;
mod udp;

pub use context::Context;
#[cfg(feature = "tls")]
pub(crate) use diversion::{Diversion, Diverted};
pub use handle::{Handle, PostError, Stopped};
pub(crate) use route::{Route, WouldBlock};
pub use stats::Stats;

#[cfg(feature = "tls")]
use crate::Identity;
use crate::{
    Services,
    clock::{Origin, Slept},
};
use handle::Command;
use net::{Net, Wake};
use ready::Ready;
use sans_io::{
    Input, Instant, Machine, Output, Path, PathFault, SocketId, SocketRequest, Transmit, Transport,
    Verdict,
};
use std::{io, net::SocketAddr, ops::ControlFlow, pin::pin};
use tcp::Security;
use tokio::sync::mpsc::{self, error::TryRecvError};
use turn_proto::IpPrefix;
use udp::{Ports, RecvBuffers, Reports, Rest};

/// What the owner of a driver does with what the machine says. Both methods run inside the
/// driver's task and must not block.
pub trait Application<M: Machine>: Send + 'static {
    /// The machine reported something. Commands may be given at once through `cx`.
    fn event(&mut self, cx: &mut Context<'_, M>, event: M::Event);

    /// Bytes for the application: the path they travelled, seen past any relay, and which child or
    /// component of the machine they are for.
    fn deliver(&mut self, path: Path, bytes: &[u8]);
}

/// How many commands may wait for the driver. A caller that is faster waits in
/// [`Handle::call`], or is told so by [`Handle::post`].
const COMMANDS_MAX: usize = 256;

/// How many commands run before sockets and timers get their turn.
const COMMANDS_PER_WAKE: usize = 64;

/// After so many rounds without rest the driver lets other tasks of its thread run.
const ROUNDS_BEFORE_YIELD: u32 = 64;

/// Sockets that are open before there is a machine, for one that must know their addresses when it
/// is made.
#[derive(Debug, Default)]
pub struct Sockets {
    net: Net,
    ports: Ports,
}

impl Sockets {
    /// Opens a UDP socket and gives its address, with the port that was chosen when `local` has
    /// none. The machine must not use the number for another socket.
    pub fn bind(&mut self, id: SocketId, local: SocketAddr) -> io::Result<SocketAddr> {
        self.net.bind(id, local, self.ports)
    }

    /// Listens for TCP connections, likewise. The machine is offered each of them.
    pub fn listen(&mut self, id: SocketId, local: SocketAddr) -> io::Result<SocketAddr> {
        self.net.listen(id, local, Security::None, self.ports)
    }

    /// Listens for TLS connections. The machine is offered those whose handshake succeeds, within
    /// ten seconds and while not too many others are at it.
    #[cfg(feature = "tls")]
    pub fn listen_tls(
        &mut self,
        id: SocketId,
        local: SocketAddr,
        identity: Identity,
    ) -> io::Result<SocketAddr> {
        self.net.listen(id, local, Security::Server(identity), self.ports)
    }

    /// Takes over a UDP socket that is bound to one address, as from a service manager.
    pub fn adopt(&mut self, id: SocketId, socket: std::net::UdpSocket) -> io::Result<SocketAddr> {
        self.net.adopt(id, socket)
    }

    /// Takes over a listener for TCP that is bound to one address, likewise.
    pub fn adopt_listener(
        &mut self,
        id: SocketId,
        listener: std::net::TcpListener,
    ) -> io::Result<SocketAddr> {
        self.net.adopt_listener(id, listener, Security::None)
    }

    /// Takes over a listener for TLS, likewise.
    #[cfg(feature = "tls")]
    pub fn adopt_tls_listener(
        &mut self,
        id: SocketId,
        listener: std::net::TcpListener,
        identity: Identity,
    ) -> io::Result<SocketAddr> {
        self.net.adopt_listener(id, listener, Security::Server(identity))
    }

    /// Takes connections to listeners from these addresses for those of a balancer: each begins with a
    /// PROXY protocol header, version 2, that names the client, before TLS or anything else. One that
    /// does not, within five seconds, is closed.
    pub fn believe_balancers(&mut self, at: impl IntoIterator<Item = IpPrefix>) {
        self.net.tcp.balancers.believe(at);
    }

    /// Has connections of a protocol taken out, for another driver.
    #[cfg(feature = "tls")]
    pub(crate) fn divert(&mut self, diversion: Diversion) {
        self.net.tcp.diversion = Some(diversion);
    }

    /// Closes what this number is of.
    pub fn close(&mut self, id: SocketId) {
        self.net.lose(id);
        self.net.tcp.close(id);
    }

    /// Has the sockets that are opened from now on, also those that the machine asks for, tell TTL
    /// and DSCP of each datagram that arrives ([`PacketMeta`](sans_io::PacketMeta)), as far as the
    /// system can: Linux and Android.
    pub fn report_headers(&mut self) {
        self.net.reports = Reports::All;
    }

    /// The same without the TTL, for which it costs less: the system has less to tell, and the
    /// driver takes no memory for each read. It joins no datagrams of one sender either.
    pub fn report_class(&mut self) {
        self.net.reports = Reports::Class;
    }

    /// What the driver looks names up and judges certificates with.
    pub fn use_services(&mut self, services: Services) {
        self.net.services = services;
    }

    /// Lets others be opened at the addresses of those that are opened from now on, by
    /// [`beside`](Self::beside).
    pub(crate) fn share_ports(&mut self) {
        self.ports = Ports::FirstOfMany;
    }

    /// None yet, that will stand at addresses of these; the system divides what arrives by sender,
    /// and handshakes are limited together.
    pub(crate) fn beside(&self) -> Self {
        let mut net = Net::default();
        net.reports = self.net.reports;
        net.services = self.net.services.clone();
        net.tcp.balancers = self.net.tcp.balancers.beside();
        #[cfg(feature = "tls")]
        net.tcp.handshakes.clone_from(&self.net.tcp.handshakes);
        Self { net, ports: Ports::OneOfMany }
    }
}

/// A machine with its sockets and its clock. Nothing happens until [`run`](Self::run) is polled.
///
/// UDP goes through batched system calls with segmentation offload where the system has it. What a
/// machine says of the IP header of a packet is done: ECN everywhere, TTL nearly everywhere, DSCP
/// and "don't fragment" on Linux and Android.
/// A datagram that the operating system cannot take at once is dropped and counted
/// ([`Stats::would_block`]); ICMP errors come back as [`Input::PathFailed`].
///
/// TCP connections are split into frames by [`sans_io::next_frame`]. What a slow reader has not
/// taken waits, up to 256 KiB a connection; while something waits, a connection whose last frame
/// was sent on there is not read, nor is one that the machine pauses. TLS is done here, so that the machine sees plain bytes: with the
/// feature `tls`, and towards servers whose certificate is good for the name that the machine gives.
///
/// Names are looked up with [`Services`], each within six seconds: addresses, and with the feature
/// `dns` SRV and NAPTR records. Multicast DNS is not there.
///
/// A request to bind an unspecified address (`0.0.0.0`, `::`) is refused the same way: a machine
/// finds its own address in [`Path::local`], so it binds each address by itself.
///
/// ```
/// use sans_io::{Input, Instant, Machine, Output, Path, SocketId, Verdict};
/// use spool::driver::{Application, Context, Driver, Sockets};
///
/// /// Hands every datagram to the application.
/// #[derive(Debug)]
/// struct Sink;
/// impl Machine for Sink {
///     type Event = ();
///     fn handle_input<'a>(&mut self, _: Instant, input: Input<'a>) -> Verdict<'a> {
///         match input {
///             Input::Received { path, bytes, .. } => Verdict::Deliver { path, bytes },
///             _ => Verdict::Consumed,
///         }
///     }
///     fn poll_output(&mut self) -> Output<()> {
///         Output::Timeout(None)
///     }
/// }
///
/// struct Print(tokio::sync::mpsc::UnboundedSender<Vec<u8>>);
/// impl Application<Sink> for Print {
///     fn event(&mut self, _: &mut Context<'_, Sink>, (): ()) {}
///     fn deliver(&mut self, _: Path, bytes: &[u8]) {
///         self.0.send(bytes.to_vec()).ok();
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// let (arrived_tx, mut arrived) = tokio::sync::mpsc::unbounded_channel();
/// let mut sockets = Sockets::default();
/// let address = sockets.bind(SocketId(0), "127.0.0.1:0".parse().unwrap())?;
/// let (driver, handle) = Driver::with_sockets(Sink, Print(arrived_tx), sockets);
/// let task = tokio::spawn(driver.run());
///
/// std::net::UdpSocket::bind("127.0.0.1:0")?.send_to(b"hello", address)?;
/// assert_eq!(arrived.recv().await.unwrap(), b"hello");
///
/// drop(handle); // the last handle: the driver ends and gives the machine back
/// let (Sink, _app) = task.await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Driver<M: Machine, A> {
    machine: M,
    app: A,
    net: Net,
    origin: Origin,
    commands: mpsc::Receiver<Command<M, A>>,
}

impl<M: Machine + Send + 'static, A: Application<M>> Driver<M, A> {
    /// A driver and the first handle to it. It needs the runtime's I/O and timers to be enabled.
    pub fn new(machine: M, app: A) -> (Self, Handle<M, A>) {
        Self::with_sockets(machine, app, Sockets::default())
    }

    /// As [`new`](Self::new), for a machine that expects some sockets to be open from the start.
    pub fn with_sockets(machine: M, app: A, sockets: Sockets) -> (Self, Handle<M, A>) {
        let (sender, commands) = mpsc::channel(COMMANDS_MAX);
        let net = sockets.net;
        let driver = Self { machine, app, net, origin: Origin::start(), commands };
        (driver, Handle::new(sender))
    }

    /// Has the machine count time from a moment that others count from too.
    pub(crate) fn with_origin(mut self, origin: Origin) -> Self {
        self.origin = origin;
        self
    }

    /// The machine's time now, for commands before [`run`](Self::run).
    pub fn now(&self) -> Instant {
        self.origin.now()
    }

    /// The machine, for commands before [`run`](Self::run).
    pub fn machine(&mut self) -> &mut M {
        &mut self.machine
    }

    /// Runs until the last [`Handle`] is gone or one of them calls [`Handle::stop`], and gives
    /// back the machine and the application. The sockets are closed then.
    pub async fn run(mut self) -> (M, A) {
        let mut buffers = RecvBuffers::new();
        let mut sleep = pin!(tokio::time::sleep_until(tokio::time::Instant::now()));
        let mut armed = None;
        let mut rounds = 0;
        loop {
            let deadline = self.settle();
            // what passed while the computer slept brings a deadline nearer
            if self.origin.look_up() == Slept::More || deadline != armed {
                armed = deadline;
                if let Some(at) = deadline {
                    sleep.as_mut().reset(self.origin.wake_at(at));
                }
            }
            rounds += 1;
            if rounds % ROUNDS_BEFORE_YIELD == 0 {
                tokio::task::yield_now().await;
            }
            tokio::select! {
                command = self.commands.recv() => if self.obey_all(command).is_break() { break },
                wake = self.net.next_wake() => self.woken(wake, &mut buffers),
                () = &mut sleep, if deadline.is_some() => {
                    let now = self.origin.now();
                    self.machine.handle_timeout(now);
                }
                () = std::future::ready(()), if self.net.has_faults() => {}
            }
        }
        let _ = self.settle();
        (self.machine, self.app)
    }

    /// Runs a command and some of those that wait behind it, so that what they send leaves in
    /// batches. `None`: there will be no more.
    fn obey_all(&mut self, first: Option<Command<M, A>>) -> ControlFlow<()> {
        let mut command = first;
        for left in (0..COMMANDS_PER_WAKE).rev() {
            match command {
                Some(Command::Run(run)) => {
                    let now = self.origin.now();
                    run(&mut Context::new(&mut self.machine, now, &mut self.net), &mut self.app);
                    let _ = self.drain();
                }
                Some(Command::Stop) | None => return ControlFlow::Break(()),
            }
            if left == 0 {
                break;
            }
            command = match self.commands.try_recv() {
                Ok(next) => Some(next),
                Err(TryRecvError::Disconnected) => None,
                Err(TryRecvError::Empty) => break,
            };
        }
        ControlFlow::Continue(())
    }

    /// Tells the machine which paths failed since, drains it, and hands over what is batched up.
    /// Faults that come up on the way wait for the next round, so that a machine which answers a
    /// fault by sending again cannot hold the task.
    fn settle(&mut self) -> Option<Instant> {
        for (path, fault) in self.net.take_faults() {
            let now = self.origin.now();
            let verdict = self.machine.handle_input(now, Input::PathFailed { path, fault });
            self.net.count(&verdict);
        }
        let deadline = self.drain();
        self.net.flush();
        deadline
    }

    /// Does all that the machine wants done; what is left is its deadline.
    fn drain(&mut self) -> Option<Instant> {
        loop {
            match self.machine.poll_output() {
                Output::Transmit(transmit) => self.transmit(&transmit),
                Output::Socket(request) => self.socket(&request),
                Output::Lookup(request) => self.net.lookup(request),
                Output::Event(event) => {
                    let now = self.origin.now();
                    let mut cx = Context::new(&mut self.machine, now, &mut self.net);
                    self.app.event(&mut cx, event);
                }
                Output::Timeout(deadline) => return deadline,
            }
        }
    }

    fn socket(&mut self, request: &SocketRequest) {
        if let Some((id, state)) = self.net.request(request) {
            let now = self.origin.now();
            let verdict = self.machine.handle_input(now, Input::Socket { id, state });
            self.net.count(&verdict);
        }
    }

    fn woken(&mut self, wake: Wake, buffers: &mut RecvBuffers) {
        match wake {
            Wake::Ready => {
                for index in 0.. {
                    let Some(ready) = self.net.ready(index) else { break };
                    self.receive(ready, buffers);
                }
            }
            Wake::LookedUp(id, result) => {
                let result = result.as_deref().map_err(|fault| *fault);
                let now = self.origin.now();
                let verdict = self.machine.handle_input(now, Input::LookedUp { id, result });
                self.net.count(&verdict);
            }
            Wake::Accepted(listener, Some(io)) => self.accepted(listener, io),
            Wake::Announced(listener, accepted) => {
                self.net.tcp.balancers.done();
                if let Some(from) = accepted {
                    self.announced(listener, from);
                }
            }
            Wake::Accepted(listener, None) => self.net.await_accept(listener, true),
            #[cfg(feature = "tls")]
            Wake::Secured(listener, ticket, io) => self.secured(listener, ticket, io),
            Wake::Connected(id, io) => self.connected(id, io),
            Wake::Stream(path) => self.read_stream(path),
            Wake::Closed => {}
        }
    }

    /// Sends a message of the machine's own. On a stream it is written whole or the stream ends.
    fn transmit(&mut self, transmit: &Transmit) {
        let Transmit { path, meta, payload } = transmit;
        if path.transport() == Transport::Udp {
            self.net.send(*path, *meta, [payload, &[], &[]]);
        } else if !self.net.write(path, [payload, &[], &[]]) {
            self.net.tcp.end(path, PathFault::Reset);
        }
    }

    /// Reads what waits at one socket, up to the budget, and acts on each datagram.
    fn receive(&mut self, ready: Ready, buffers: &mut RecvBuffers) {
        let id = ready.id;
        // closed by what was read from another one in this round
        let Some(socket) = self.net.socket(id) else { return };
        let local = socket.local_addr();
        self.net.collect_ready_faults(ready.what, &socket);
        for _ in 0..udp::BATCHES_PER_WAKE {
            let rest = match self.net.receive(&socket, buffers) {
                Ok(rest) => rest,
                Err(fault) => {
                    self.net.lose(id);
                    let input = Input::Socket { id, state: Err(fault) };
                    let verdict = self.machine.handle_input(self.origin.now(), input);
                    self.net.count(&verdict);
                    return;
                }
            };
            let now = self.origin.now();
            for (remote, meta, bytes) in buffers.datagrams() {
                let path = Path::udp(local, remote);
                let verdict = self.machine.handle_input(now, Input::Received { path, meta, bytes });
                self.net.count(&verdict);
                self.net.stats.received += 1;
                self.obey(verdict);
                let _ = self.drain();
            }
            if rest == Rest::Nothing || self.net.socket(id).is_none() {
                break;
            }
        }
        self.net.flush();
        self.net.await_ready(id, socket);
    }

    fn obey(&mut self, verdict: Verdict<'_>) {
        match verdict {
            Verdict::Deliver { path, bytes } => self.app.deliver(path, bytes),
            Verdict::Send(packet) => {
                let parts = [packet.head(), packet.payload, packet.pad()];
                self.net.send(packet.path, packet.meta, parts);
            }
            Verdict::Consumed | Verdict::Unclaimed | Verdict::Dropped(_) => {}
        }
    }
}
