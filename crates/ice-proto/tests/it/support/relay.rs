//! A TURN server that the test plays, for a [`Puppet`].
use super::Puppet;
use core::{net::SocketAddr, time::Duration};
use ice_proto::{IceConfig, RelayServer};
use sans_io::Transmit;
use stun_proto::{
    Class, Credentials, Integrity, Message, MessageBuilder, MessageType, Method,
    attribute::{
        Algorithm, AlternateServer, Code, ErrorCode, Lifetime, Nonce, Realm, XorMappedAddress,
        XorRelayedAddress,
    },
};

/// What it answers to a request that is signed; it asks for credentials first.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Relay {
    /// Yes; to an Allocate request with this address.
    Yes(SocketAddr),
    No(Code),
    /// Another server is to be asked.
    Elsewhere(SocketAddr),
    Silence,
}

/// A configuration with these TURN servers.
pub(crate) fn relay_config(servers: &[&str], base: IceConfig) -> IceConfig {
    let server = |address: &&str| RelayServer {
        address: address.parse().unwrap(),
        transport: ice_proto::RelayTransport::Udp,
        username: "user".into(),
        password: "secret".into(),
    };
    IceConfig { turn_servers: servers.iter().map(server).collect(), ..base }
}

impl Puppet {
    /// Lets time pass, while `server` answers what is asked of TURN servers. Gives what was asked,
    /// and keeps everything else that was sent.
    pub(crate) fn serve(
        &mut self,
        span: Duration,
        mut server: impl FnMut(&Transmit, Method) -> Relay,
    ) -> Vec<(Transmit, Method)> {
        let end = self.now.saturating_add(span);
        let (mut asked, mut other) = (Vec::new(), Vec::new());
        loop {
            for sent in self.take_sent() {
                let Some(method) = asks_a_server(&sent) else {
                    other.push(sent);
                    continue;
                };
                if let Some(bytes) = answer(&sent, method, || server(&sent, method)) {
                    self.receive(sent.path, &bytes);
                }
                asked.push((sent, method));
            }
            if !self.sent.is_empty() {
                continue;
            }
            match self.deadline.filter(|at| *at <= end) {
                Some(at) => self.pass(at.saturating_since(self.now)),
                None => break,
            }
        }
        self.now = end;
        self.sent = other;
        asked
    }
}

/// The method of a request to a server of ours; Binding requests to it have no user name.
fn asks_a_server(sent: &Transmit) -> Option<Method> {
    let message = Message::parse(&sent.payload).ok()?;
    let plain = message.method() == Method::BINDING
        && message.get::<stun_proto::attribute::Username<'_>>().is_none();
    let turns = message.method() != Method::BINDING;
    (message.class() == Class::Request && (plain || turns)).then(|| message.method())
}

fn answer(sent: &Transmit, method: Method, server: impl FnOnce() -> Relay) -> Option<Vec<u8>> {
    let request = Message::parse(&sent.payload).unwrap();
    let mut buffer = [0; 256];
    let write = |kind, buffer| MessageBuilder::new(buffer, kind, request.transaction_id());
    if method != Method::BINDING && request.integrity().is_none() {
        let challenge = write(MessageType::error(method), &mut buffer)
            .with(&ErrorCode::from(Code::UNAUTHENTICATED))
            .with(&Realm("sim"))
            .with(&Nonce(b"nonce"));
        return Some(challenge.finish().unwrap().to_vec());
    }
    let reply = server();
    let (kind, code) = match reply {
        Relay::Yes(_) => (MessageType::success(method), None),
        Relay::No(code) => (MessageType::error(method), Some(code)),
        Relay::Elsewhere(_) => (MessageType::error(method), Some(Code::TRY_ALTERNATE)),
        Relay::Silence => return None,
    };
    let mut message = write(kind, &mut buffer);
    if let Some(code) = code {
        message.push(&ErrorCode::from(code));
    }
    if let Relay::Elsewhere(server) = reply {
        message.push(&AlternateServer(server));
    }
    if let Relay::Yes(relayed) = reply {
        message.push(&XorMappedAddress(sent.path.local()));
        if method == Method::ALLOCATE {
            message.push(&XorRelayedAddress(relayed));
        }
        if matches!(method, Method::ALLOCATE | Method::REFRESH) {
            let asked = request.get::<Lifetime>().map_or(600, |asked| asked.0);
            message.push(&Lifetime(asked));
        }
    }
    if method == Method::BINDING {
        return Some(message.finish().unwrap().to_vec());
    }
    let account = Credentials::new("user", "secret").unwrap();
    let key = account.long_term_key("sim", Algorithm::Md5).unwrap();
    Some(message.sign(&key, Integrity::Sha1).finish().unwrap().to_vec())
}
