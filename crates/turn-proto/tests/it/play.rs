//! A client on a table: the test plays its server, which may answer as it likes.
use crate::{
    desk::{PEER, address},
    net::config_of,
};
use core::net::SocketAddr;
use core::time::Duration;
use sans_io::{Input, Instant, Machine, Output, SocketRequest, Transmit, Verdict};
use stun_proto::{
    Credentials, Integrity, Key, Message, MessageBuilder, MessageType, Method,
    attribute::{
        Algorithm, Code, Data, ErrorCode, Lifetime, Nonce, Realm, XorMappedAddress, XorPeerAddress,
        XorRelayedAddress,
    },
};
use turn_proto::{TurnClient, TurnClientConfig, TurnEvent};

pub(crate) const RELAYED: &str = "9.9.9.2:50000";

/// A client, and a server that the test plays. It offers no algorithms, as servers of RFC 5389.
pub(crate) struct Play {
    pub(crate) client: TurnClient,
    pub(crate) now: Instant,
    sent: Vec<Transmit>,
    pub(crate) events: Vec<TurnEvent>,
    pub(crate) sockets: Vec<SocketRequest>,
    key: Key,
    nonces: u8,
}

impl Play {
    pub(crate) fn new() -> Self {
        Self::with(config_of("7.7.7.7:1000"))
    }

    pub(crate) fn with(config: TurnClientConfig) -> Self {
        let alice = Credentials::new("alice", "wonderland").unwrap();
        Self {
            client: TurnClient::new(config, [4; 32]),
            now: Instant::from_secs(9),
            sent: Vec::new(),
            events: Vec::new(),
            sockets: Vec::new(),
            key: alice.long_term_key("turn", Algorithm::Md5).unwrap(),
            nonces: 0,
        }
    }

    pub(crate) fn pass(&mut self, time: Duration) {
        let end = self.now.saturating_add(time);
        while let Some(wake) = self.drain().filter(|wake| *wake <= end) {
            assert!(wake > self.now, "law 4");
            self.now = wake;
            self.client.handle_timeout(self.now);
        }
        self.now = end;
    }

    pub(crate) fn drain(&mut self) -> Option<Instant> {
        loop {
            match self.client.poll_output() {
                Output::Transmit(transmit) => self.sent.push(transmit),
                Output::Event(event) => self.events.push(event),
                Output::Socket(request) => self.sockets.push(request),
                Output::Lookup(lookup) => panic!("{lookup:?}"),
                Output::Timeout(wake) => return wake,
            }
        }
    }

    pub(crate) fn take_events(&mut self) -> Vec<TurnEvent> {
        self.drain();
        std::mem::take(&mut self.events)
    }

    /// The requests that were sent since the last call.
    pub(crate) fn take_sent(&mut self) -> Vec<Vec<u8>> {
        self.drain();
        std::mem::take(&mut self.sent).into_iter().map(|sent| sent.payload.to_vec()).collect()
    }

    pub(crate) fn take_request(&mut self) -> Vec<u8> {
        let mut sent = self.take_sent();
        assert_eq!(sent.len(), 1, "one request");
        sent.remove(0)
    }

    pub(crate) fn give(&mut self, bytes: &[u8]) -> Verdict<'static> {
        let path = self.client.path();
        let verdict = match self.client.handle_input(self.now, Input::received(path, bytes)) {
            Verdict::Consumed => Verdict::Consumed,
            Verdict::Unclaimed => Verdict::Unclaimed,
            Verdict::Dropped(reason) => Verdict::Dropped(reason),
            other => panic!("{other:?}"),
        };
        self.drain();
        verdict
    }

    /// Answers a request, signed.
    pub(crate) fn answer(&mut self, request: &[u8], body: impl FnOnce(&mut MessageBuilder<'_>)) {
        let answer = self.write(request, true, body);
        assert_eq!(self.give(&answer), Verdict::Consumed);
    }

    pub(crate) fn refuse(&mut self, request: &[u8], code: Code) {
        let answer = self.write(request, false, |answer| answer.push(&ErrorCode::from(code)));
        assert_eq!(self.give(&answer), Verdict::Consumed);
    }

    pub(crate) fn write(
        &self,
        request: &[u8],
        success: bool,
        body: impl FnOnce(&mut MessageBuilder<'_>),
    ) -> Vec<u8> {
        let request = Message::parse(request).unwrap();
        let mut buffer = [0; 1024];
        let method = request.method();
        let kind = if success { MessageType::success(method) } else { MessageType::error(method) };
        let mut answer = MessageBuilder::new(&mut buffer, kind, request.transaction_id());
        body(&mut answer);
        answer.sign(&self.key, Integrity::Sha1).finish().unwrap().to_vec()
    }

    /// Asks for credentials, or for a new nonce.
    pub(crate) fn challenge(&mut self, request: &[u8], code: Code) {
        let request = Message::parse(request).unwrap();
        let mut buffer = [0; 256];
        let kind = MessageType::error(request.method());
        self.nonces += 1;
        let nonce = [b'n', self.nonces];
        let bytes = MessageBuilder::new(&mut buffer, kind, request.transaction_id())
            .with(&ErrorCode::from(code))
            .with(&Realm("turn"))
            .with(&Nonce(&nonce))
            .finish()
            .unwrap()
            .to_vec();
        assert_eq!(self.give(&bytes), Verdict::Consumed);
    }

    /// Asks for an allocation, up to the request that is signed.
    pub(crate) fn log_in(&mut self) -> Vec<u8> {
        self.client.allocate(self.now).unwrap();
        let request = self.take_request();
        self.challenge(&request, Code::UNAUTHENTICATED);
        self.take_request()
    }

    pub(crate) fn allocate_for(&mut self, lifetime: u32) {
        let request = self.log_in();
        self.answer(&request, |answer| allocated(answer, RELAYED, lifetime));
        assert!(matches!(self.take_events()[..], [TurnEvent::Allocated { .. }]));
    }

    /// Asks for a permission for [`PEER`], and gets it.
    pub(crate) fn permit(&mut self) {
        self.client.create_permission(self.now, &[address(PEER).ip()]).unwrap();
        let request = self.take_request();
        self.answer(&request, |_| {});
        assert!(matches!(self.take_events()[..], [TurnEvent::PermissionInstalled { .. }]));
    }
}

pub(crate) fn allocated(answer: &mut MessageBuilder<'_>, relayed: &str, lifetime: u32) {
    answer.push(&XorRelayedAddress(address(relayed)));
    answer.push(&XorMappedAddress(address("7.7.7.7:1000")));
    answer.push(&Lifetime(lifetime));
}

pub(crate) fn data_indication(peer: SocketAddr, data: &[u8]) -> Vec<u8> {
    let mut buffer = vec![0; 2048];
    let kind = MessageType::indication(Method::DATA);
    let id = stun_proto::TransactionId([8; 12]);
    let bytes = MessageBuilder::new(&mut buffer, kind, id)
        .with(&XorPeerAddress(peer))
        .with(&Data(data))
        .finish();
    bytes.unwrap().to_vec()
}
