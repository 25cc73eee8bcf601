//! A TURN client and the socket or connection that it speaks on.
use sans_io::{
    Frame, Input, Instant, Machine, Output, Path, SocketFault, SocketId, SocketRequest, Transport,
    Verdict,
};
use spool::probe::ResolvedServer;
use std::net::{IpAddr, SocketAddr};
use turn_proto::{TurnClient, TurnClientConfig, TurnEvent};

const SOCKET: SocketId = SocketId(0);

/// What became of it.
#[derive(Debug)]
pub(super) enum LinkEvent {
    /// The server is reached over this path, as far as that shows without asking it.
    Opened,
    /// There is no socket, or no connection.
    NoSocket(SocketFault),
    Turn(TurnEvent),
}

/// The machine.
#[derive(Debug)]
pub(super) struct Link {
    config: TurnClientConfig,
    seed: [u8; 32],
    client: Option<TurnClient>,
    next: Option<Output<LinkEvent>>,
}

impl Link {
    /// Will speak to this server from this address of the computer; the path of the configuration
    /// is put right when the socket is there.
    pub(super) fn new(
        server: &ResolvedServer,
        local: IpAddr,
        mut config: TurnClientConfig,
        seed: [u8; 32],
    ) -> Self {
        let ResolvedServer { transport, address: remote, server_name } = server.clone();
        let local = SocketAddr::new(local, 0);
        let open = if transport.is_stream() {
            let id = SOCKET;
            // who asks for no TLS names nobody
            let server_name = server_name.filter(|_| transport == Transport::Tls);
            SocketRequest::Connect { id, transport, local: None, remote, server_name }
        } else {
            SocketRequest::Bind { id: SOCKET, local }
        };
        config.path = Path::new(transport, local, remote);
        Self { config, seed, client: None, next: Some(Output::Socket(open)) }
    }

    /// The client, once the socket is open.
    pub(super) fn client(&mut self) -> Option<&mut TurnClient> {
        self.client.as_mut()
    }

    fn opened(&mut self, state: Result<SocketAddr, SocketFault>) {
        let event = match state {
            Ok(local) => {
                let path = self.config.path;
                self.config.path = Path::new(path.transport(), local, path.remote());
                self.client = Some(TurnClient::new(self.config.clone(), self.seed));
                LinkEvent::Opened
            }
            Err(fault) => LinkEvent::NoSocket(fault),
        };
        self.next = Some(Output::Event(event));
    }
}

impl Machine for Link {
    type Event = LinkEvent;

    fn handle_input<'a>(&mut self, now: Instant, input: Input<'a>) -> Verdict<'a> {
        if let (Input::Socket { id: SOCKET, state }, None) = (&input, &self.client) {
            self.opened(*state);
            return Verdict::Consumed;
        }
        match &mut self.client {
            Some(client) => client.handle_input(now, input),
            None if matches!(input, Input::Timeout) => Verdict::Consumed,
            None => Verdict::Unclaimed,
        }
    }

    fn poll_output(&mut self) -> Output<LinkEvent> {
        if let Some(output) = self.next.take() {
            return output;
        }
        match self.client.as_mut().map(TurnClient::poll_output) {
            None => Output::Timeout(None),
            Some(Output::Transmit(transmit)) => Output::Transmit(transmit),
            Some(Output::Socket(request)) => Output::Socket(request),
            Some(Output::Lookup(request)) => Output::Lookup(request),
            Some(Output::Event(event)) => Output::Event(LinkEvent::Turn(event)),
            Some(Output::Timeout(at)) => Output::Timeout(at),
        }
    }

    fn frame(&self, path: &Path, buffer: &[u8]) -> Frame {
        let client = self.client.as_ref();
        client.map_or(Frame::Whole(buffer.len()), |client| client.frame(path, buffer))
    }
}
