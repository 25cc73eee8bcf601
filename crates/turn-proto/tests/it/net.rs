//! A wire in virtual time between clients, one server, and peers that only listen.
use crate::desk::{self, address};
use core::net::SocketAddr;
use core::time::Duration;
use sans_io::{
    Input, Instant, Machine, Output, Packet, Path, SocketId, SocketIds, SocketRequest, Verdict,
};
use std::collections::BTreeMap;
use stun_proto::Credentials;
use turn_proto::{
    TurnClient, TurnClientConfig, TurnEvent, TurnServer, TurnServerConfig, TurnServerEvent,
};

/// From anywhere to anywhere.
pub(crate) const DELAY: Duration = Duration::from_millis(20);

/// A packet on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Flight {
    pub(crate) from: SocketAddr,
    pub(crate) to: SocketAddr,
    pub(crate) bytes: Vec<u8>,
}

type Filter = Box<dyn FnMut(Instant, &Flight) -> bool>;

pub(crate) struct Net {
    pub(crate) now: Instant,
    /// `None`: it is down.
    pub(crate) server: Option<TurnServer>,
    pub(crate) clients: Vec<TurnClient>,
    flights: BTreeMap<(Instant, u64), Flight>,
    count: u64,
    relays: BTreeMap<SocketId, SocketAddr>,
    /// A NAT before a client: its address inside, and outside.
    pub(crate) nat: Option<(SocketAddr, SocketAddr)>,
    /// Other addresses of clients, which they may move to.
    pub(crate) homes: Vec<(SocketAddr, usize)>,
    /// Whether a packet is carried.
    pub(crate) filter: Filter,
    /// All packets that were sent.
    pub(crate) sent: Vec<(Instant, Flight)>,
    /// What arrived at addresses of nobody here: peers.
    pub(crate) at_peers: Vec<(Instant, Flight)>,
    pub(crate) delivered: Vec<(usize, Path, Vec<u8>)>,
    pub(crate) events: Vec<(Instant, usize, TurnEvent)>,
    pub(crate) server_events: Vec<TurnServerEvent>,
}

impl Net {
    pub(crate) fn new() -> Self {
        Self::with(desk::config())
    }

    pub(crate) fn with(config: TurnServerConfig) -> Self {
        Self {
            now: Instant::from_secs(50),
            server: Some(start(config, 1)),
            clients: Vec::new(),
            flights: BTreeMap::new(),
            count: 0,
            relays: BTreeMap::new(),
            nat: None,
            homes: Vec::new(),
            filter: Box::new(|_, _| true),
            sent: Vec::new(),
            at_peers: Vec::new(),
            delivered: Vec::new(),
            events: Vec::new(),
            server_events: Vec::new(),
        }
    }

    /// Adds a client of alice that has asked for an allocation.
    pub(crate) fn client(&mut self, from: &str) -> usize {
        let client = self.idle_client(config_of(from));
        self.clients[client].allocate(self.now).unwrap();
        client
    }

    pub(crate) fn idle_client(&mut self, config: TurnClientConfig) -> usize {
        let seed = [self.clients.len() as u8 + 1; 32];
        self.clients.push(TurnClient::new(config, seed));
        self.clients.len() - 1
    }

    /// The server forgets everything, and its sockets are closed.
    pub(crate) fn restart_server(&mut self, config: TurnServerConfig) {
        self.relays.clear();
        self.server = Some(start(config, 2));
    }

    pub(crate) fn run(&mut self, time: Duration) {
        let end = self.now.saturating_add(time);
        self.drain();
        while let Some(next) = self.next().filter(|next| *next <= end) {
            assert!(next >= self.now, "time runs on");
            self.now = next;
            while let Some(flight) = self.flights.first_entry().filter(|f| f.key().0 <= next) {
                let flight = flight.remove();
                self.arrive(&flight);
                self.drain();
            }
            for client in &mut self.clients {
                client.handle_timeout(next);
            }
            if let Some(server) = &mut self.server {
                server.handle_timeout(next);
            }
            self.drain();
        }
        self.now = end;
    }

    fn next(&mut self) -> Option<Instant> {
        let wake = |output: Output<()>| match output {
            Output::Timeout(at) => at,
            other => panic!("not at rest: {other:?}"),
        };
        let mut all = vec![self.flights.keys().next().map(|(at, _)| *at)];
        for client in &mut self.clients {
            all.push(wake(client.poll_output().map(drop)));
        }
        if let Some(server) = &mut self.server {
            all.push(wake(server.poll_output().map(drop)));
        }
        all.into_iter().flatten().min()
    }

    /// Gives bytes to the wire.
    pub(crate) fn launch(&mut self, from: SocketAddr, to: SocketAddr, bytes: Vec<u8>) {
        let outside = self.nat.filter(|(inside, _)| *inside == from).map(|(_, outside)| outside);
        let flight = Flight { from: outside.unwrap_or(from), to, bytes };
        self.sent.push((self.now, flight.clone()));
        if (self.filter)(self.now, &flight) {
            self.count += 1;
            self.flights.insert((self.now.saturating_add(DELAY), self.count), flight);
        }
    }

    /// A client sends data to a peer.
    pub(crate) fn send(&mut self, client: usize, peer: &str, data: &[u8]) {
        let now = self.now;
        let packet = self.clients[client].send(now, address(peer), data).unwrap();
        let (path, bytes) = (packet.path, packet.to_vec());
        self.launch(path.local(), path.remote(), bytes);
    }

    fn arrive(&mut self, flight: &Flight) {
        let inside = self.nat.filter(|(_, outside)| *outside == flight.to);
        let flight =
            &Flight { to: inside.map_or(flight.to, |(inside, _)| inside), ..flight.clone() };
        let path = Path::udp(flight.to, flight.from);
        let input = Input::received(path, &flight.bytes);
        let is_client = |client: &TurnClient| client.path().local() == flight.to;
        let home = self.homes.iter().find(|(address, _)| *address == flight.to);
        let client = home.map(|(_, at)| *at).or_else(|| self.clients.iter().position(is_client));
        if let Some(at) = client {
            match self.clients[at].handle_input(self.now, input) {
                Verdict::Deliver { path, bytes, .. } => {
                    self.delivered.push((at, path, bytes.to_vec()));
                }
                Verdict::Send(packet) => panic!("a client forwards {packet:?}"),
                _ => {}
            }
        } else if flight.to == address(desk::LISTENER)
            || self.relays.values().any(|relay| *relay == flight.to)
        {
            let Some(server) = &mut self.server else { return };
            if let Verdict::Send(packet) = server.handle_input(self.now, input) {
                let Packet { path, .. } = packet;
                let bytes = packet.to_vec();
                self.launch(path.local(), path.remote(), bytes);
            }
        } else {
            self.at_peers.push((self.now, flight.clone()));
        }
    }

    fn drain(&mut self) {
        for at in 0..self.clients.len() {
            loop {
                match self.clients[at].poll_output() {
                    Output::Transmit(t) => {
                        self.launch(t.path.local(), t.path.remote(), t.payload.to_vec());
                    }
                    Output::Event(event) => self.events.push((self.now, at, event)),
                    Output::Timeout(_) => break,
                    other => panic!("a client over UDP does not ask for {other:?}"),
                }
            }
        }
        while let Some(server) = &mut self.server {
            match server.poll_output() {
                Output::Transmit(t) => {
                    self.launch(t.path.local(), t.path.remote(), t.payload.to_vec());
                }
                Output::Event(event) => self.server_events.push(event),
                Output::Socket(SocketRequest::Bind { id, local }) => {
                    self.relays.insert(id, local);
                    let opened = Input::Socket { id, state: Ok(local) };
                    let _ = server.handle_input(self.now, opened);
                }
                Output::Socket(SocketRequest::Close(id)) => drop(self.relays.remove(&id)),
                Output::Timeout(_) => break,
                other => panic!("a server over UDP does not ask for {other:?}"),
            }
        }
    }

    /// The events of a client since the last call.
    pub(crate) fn take_events(&mut self, client: usize) -> Vec<TurnEvent> {
        let mut taken = Vec::new();
        self.events.retain(|(_, at, event)| {
            if *at == client {
                taken.push(event.clone());
            }
            *at != client
        });
        taken
    }

    pub(crate) fn take_delivered(&mut self) -> Vec<(usize, Path, Vec<u8>)> {
        std::mem::take(&mut self.delivered)
    }

    pub(crate) fn take_at_peers(&mut self) -> Vec<Flight> {
        std::mem::take(&mut self.at_peers).into_iter().map(|(_, flight)| flight).collect()
    }

    pub(crate) fn relayed(&self, client: usize) -> SocketAddr {
        self.clients[client].relayed().expect("an allocation")
    }

    /// An allocated client with permission for [`desk::PEER`].
    pub(crate) fn ready_client(&mut self, from: &str) -> usize {
        let client = self.client(from);
        self.run(Duration::from_secs(1));
        let peer = address(desk::PEER).ip();
        self.clients[client].create_permission(self.now, &[peer]).unwrap();
        self.run(Duration::from_secs(1));
        self.take_events(client);
        client
    }
}

pub(crate) fn config_of(from: &str) -> TurnClientConfig {
    let credentials = Credentials::new("alice", "wonderland").unwrap();
    TurnClientConfig::new(Path::udp(address(from), address(desk::LISTENER)), credentials)
}

pub(crate) fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn start(config: TurnServerConfig, seed: u8) -> TurnServer {
    TurnServer::new(config, SocketIds::root(), [seed; 32]).unwrap()
}
