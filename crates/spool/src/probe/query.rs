//! One question to one server: a socket or a connection, and a Binding request on it.
use super::{RELIABLE_TIMEOUT, RETRANSMIT};
use sans_io::{
    Frame, Input, Instant, Machine, Output, Path, SocketFault, SocketId, SocketRequest, Verdict,
};
use std::{net::SocketAddr, sync::Arc};
use stun_proto::{
    Auth, Binding, BindingRequest, ClientConfig, ClientEvent, Credentials, RequestError,
    RequestFault, StunClient,
};

const SOCKET: SocketId = SocketId(0);

/// What became of it.
#[derive(Debug)]
pub(super) enum QueryEvent {
    Bound(Binding),
    Failed(RequestFault),
    NoSocket(SocketFault),
    NotAsked(RequestError),
}

/// The machine.
#[derive(Debug)]
pub(super) struct Query {
    path: Path,
    client: StunClient,
    next: Option<Output<QueryEvent>>,
}

impl Query {
    /// Asks over this path, the server of this name where it has to prove it; the port of its local address is up to the system.
    pub(super) fn new(
        path: Path,
        server_name: Option<Arc<str>>,
        credentials: Option<Credentials>,
        seed: [u8; 32],
    ) -> Self {
        let (transport, local, remote) = (path.transport(), path.local(), path.remote());
        let open = if transport.is_stream() {
            // the system knows best where a connection leaves from
            let (id, local) = (SOCKET, None);
            SocketRequest::Connect { id, transport, local, remote, server_name }
        } else {
            SocketRequest::Bind { id: SOCKET, local }
        };
        let config = ClientConfig {
            retransmit: RETRANSMIT,
            reliable_timeout: RELIABLE_TIMEOUT,
            auth: credentials.map_or(Auth::None, Auth::LongTerm),
            ..ClientConfig::default()
        };
        let client = StunClient::new(config, seed);
        Self { path, client, next: Some(Output::Socket(open)) }
    }

    fn opened(&mut self, now: Instant, state: Result<SocketAddr, SocketFault>) {
        let event = match state {
            Ok(local) => {
                self.path = Path::new(self.path.transport(), local, self.path.remote());
                let asked = self.client.request(now, BindingRequest::new(self.path));
                asked.err().map(QueryEvent::NotAsked)
            }
            Err(fault) => Some(QueryEvent::NoSocket(fault)),
        };
        self.next = event.map(Output::Event);
    }
}

impl Machine for Query {
    type Event = QueryEvent;

    fn handle_input<'a>(&mut self, now: Instant, input: Input<'a>) -> Verdict<'a> {
        if let Input::Socket { id: SOCKET, state } = input {
            self.opened(now, state);
            return Verdict::Consumed;
        }
        self.client.handle_input(now, input)
    }

    fn poll_output(&mut self) -> Output<QueryEvent> {
        if let Some(output) = self.next.take() {
            return output;
        }
        match self.client.poll_output() {
            Output::Transmit(transmit) => Output::Transmit(transmit),
            Output::Socket(request) => Output::Socket(request),
            Output::Lookup(request) => Output::Lookup(request),
            Output::Timeout(at) => Output::Timeout(at),
            Output::Event(ClientEvent::Bound(binding)) => Output::Event(QueryEvent::Bound(binding)),
            Output::Event(ClientEvent::Failed { fault, .. }) => {
                Output::Event(QueryEvent::Failed(fault))
            }
        }
    }

    fn frame(&self, path: &Path, buffer: &[u8]) -> Frame {
        self.client.frame(path, buffer)
    }
}
