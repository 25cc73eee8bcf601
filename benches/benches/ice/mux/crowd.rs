//! The peers of a server's sessions, and what they send.
use core::{net::SocketAddr, time::Duration};
use sans_io::Instant;
use stun_proto::{
    Integrity, Key, MessageBuilder, MessageType, Method, TransactionId,
    attribute::{IceControlling, Priority, UseCandidate, Username},
};

/// Where the server listens.
pub(crate) const LOCAL: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1)), 3479);
/// What the server was told of each peer.
pub(crate) const PEER: (&str, &str) = ("peer", "passwordpasswordpassword");
/// When sessions begin.
pub(crate) const BEGIN: Instant = Instant::from_secs(1);

/// The address of a peer.
pub(crate) fn peer(number: u32) -> SocketAddr {
    SocketAddr::from(((0x0A00_0000 + number).to_be_bytes(), 6000))
}

pub(crate) struct Incoming {
    pub(crate) from: SocketAddr,
    /// Whose it is.
    pub(crate) session: u32,
    pub(crate) bytes: Vec<u8>,
}

/// Sessions behind one socket, all of which have settled.
pub(crate) trait Server {
    /// The username fragment and password of a session.
    fn credentials(&self, session: u32) -> (String, String);

    /// A check has arrived. Whether it was answered with a success.
    fn check(&mut self, now: Instant, packet: &Incoming) -> bool;

    /// Data has arrived. Whether it was found whose it is.
    fn data(&mut self, now: Instant, packet: &Incoming) -> bool;

    /// Asks what there is to say. Whether there is nothing.
    fn idle(&mut self) -> bool;
}

/// A server with its peers.
pub(crate) struct Crowd<S> {
    pub(crate) server: S,
    pub(crate) sessions: u32,
    pub(crate) now: Instant,
}

impl<S: Server> Crowd<S> {
    pub(crate) const fn new(server: S, sessions: u32) -> Self {
        Self { server, sessions, now: BEGIN }
    }

    pub(crate) fn pass(&mut self, time: Duration) {
        self.now = self.now.saturating_add(time);
    }

    /// A check of the peer of this session.
    pub(crate) fn check(&self, session: u32, id: u8) -> Incoming {
        let (ufrag, pwd) = self.server.credentials(session);
        Incoming { from: peer(session), session, bytes: check(&ufrag, &pwd, id) }
    }
}

/// Data of the peer of a session.
pub(crate) fn data(session: u32) -> Incoming {
    Incoming { from: peer(session), session, bytes: vec![0x80; 160] }
}

/// A check of somebody who knows no session.
pub(crate) fn stranger(number: u32) -> Incoming {
    Incoming { from: peer(number), session: number, bytes: check("nobodyis", PEER.1, 0) }
}

/// A check with which a peer nominates.
pub(crate) fn check(ufrag: &str, pwd: &str, id: u8) -> Vec<u8> {
    let username = format!("{ufrag}:{}", PEER.0);
    let mut buffer = [0; 256];
    let kind = MessageType::request(Method::BINDING);
    let written = MessageBuilder::new(&mut buffer, kind, TransactionId([id; 12]))
        .with(&Username(&username))
        .with(&Priority(1_862_270_975))
        .with(&IceControlling(u64::MAX))
        .with(&UseCandidate)
        .sign(&Key::new(pwd.as_bytes()), Integrity::Sha1)
        .fingerprint()
        .finish();
    written.expect("it fits").to_vec()
}
