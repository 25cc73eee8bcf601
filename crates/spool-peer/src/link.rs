//! An encrypted connection between two ends that have proved who they are: QUIC over whatever path ICE
//! finds, with the certificates that the invitations name.
use crate::{
    Identity, Purpose, Refusal,
    control::Control,
    error::{Goodbye, LinkError},
    identity::{Fingerprint, IdentityError, NAME},
    message::{Hello, Message},
    words,
};
use quinn::{
    ClientConfig, Endpoint, EndpointConfig, MtuDiscoveryConfig, ServerConfig, TokioRuntime,
    TransportConfig, VarInt,
    crypto::rustls::{QuicClientConfig, QuicServerConfig},
};
use sha2::{Digest, Sha256};
use spool::{Connection, Paths, QuicSocket};
use std::{sync::Arc, time::Duration};
use tokio::task::JoinSet;

/// The one version of the protocol there is.
const VERSION: u16 = 1;

/// How long nothing may be heard: longer than ICE takes to give a path up, and than another path needs.
const IDLE: Duration = Duration::from_secs(45);

/// How often something is said all the same.
const KEEP_ALIVE: Duration = Duration::from_secs(5);

/// How long both ends may take to prove themselves.
const HANDSHAKE: Duration = Duration::from_secs(20);

/// How long the other end may take to have done as well.
const DONE: Duration = Duration::from_secs(10);

/// How long what is said last may take to arrive.
const FAREWELL: Duration = Duration::from_secs(1);

/// What may be under way at once: 640 Mbit/s over 100 ms there and back.
const WINDOW: u32 = 8 << 20;

/// The longest datagrams that are tried: Ethernet's jumbo frames, and a good size for a loopback
/// interface.
const MTU_MAX: u16 = 8952;

/// Handshakes at once before the guest is known.
const KNOCKING_MAX: usize = 8;

const UNUSABLE: LinkError = LinkError::Protocol("no cipher suite for QUIC");

/// Streams of a forward at once.
const STREAMS_MAX: u32 = 256;

/// Who of the two we are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Made the code.
    Inviter,
    /// Got it.
    Guest,
}

/// What the two ends have said first.
#[derive(Debug)]
pub(crate) struct Greeting {
    /// What the other end proves that it was there, if it resumes something.
    pub(crate) resume: Option<[u8; 32]>,
}

/// Both ends of this are who the invitations name.
#[derive(Debug)]
pub struct Link {
    pub(crate) connection: quinn::Connection,
    pub(crate) control: Control,
    pub(crate) greeting: Greeting,
    endpoint: Endpoint,
    socket: Arc<QuicSocket>,
    side: Side,
    words: [u8; 4],
}

/// What one end brings to a meeting.
#[derive(Debug)]
pub struct Terms {
    /// Who we are.
    pub side: Side,
    /// What for.
    pub purpose: Purpose,
    /// Our certificate.
    pub identity: Identity,
    /// The other end's.
    pub peer: Fingerprint,
    /// The secret of an interrupted transfer that we would go on with.
    pub resume: Option<[u8; 32]>,
}

impl Link {
    /// Makes a connection secure. Nothing of the application is sent before both ends are proved.
    pub async fn open(connection: Connection, terms: Terms) -> Result<Self, LinkError> {
        let socket = Arc::new(connection.into_quic());
        let endpoint = match endpoint(&socket, &terms) {
            Ok(endpoint) => endpoint,
            Err(error) => {
                socket.close().await;
                return Err(error);
            }
        };
        let greeted = Self::greet(endpoint.clone(), Arc::clone(&socket), terms);
        match tokio::time::timeout(HANDSHAKE, greeted).await {
            Ok(Ok(link)) => Ok(link),
            failed => {
                leave(&endpoint, &socket).await;
                failed.unwrap_or(Err(LinkError::Silent))
            }
        }
    }

    async fn greet(
        endpoint: Endpoint,
        socket: Arc<QuicSocket>,
        terms: Terms,
    ) -> Result<Self, LinkError> {
        let connection = connect(&endpoint, &terms).await?;
        let ours = Nonce::fresh()?;
        let key: [u8; 32] = exporter(&connection, b"resume", &[])?;
        let tag = |secret: [u8; 32], side| tag(secret, key, side);
        let hello = Message::Hello(Hello {
            version: VERSION,
            purpose: terms.purpose,
            commitment: ours.commitment(),
            resume: terms.resume.map(|secret| tag(secret, terms.side)),
        });
        // the guest speaks first, for that is what shows a QUIC stream to the other end
        let (mut control, theirs) = match terms.side {
            Side::Guest => {
                let (send, recv) = connection.open_bi().await?;
                let mut control = Control::new(send, recv);
                control.tell(&hello).await?;
                let theirs = hear_hello(&mut control).await?;
                control.tell(&Message::Nonce(ours.0)).await?;
                (control, theirs)
            }
            Side::Inviter => {
                let (send, recv) = connection.accept_bi().await?;
                let mut control = Control::new(send, recv);
                let theirs = hear_hello(&mut control).await?;
                control.tell(&hello).await?;
                (control, theirs)
            }
        };
        if theirs.purpose != terms.purpose {
            if terms.side == Side::Inviter {
                // the guest finds out by itself, if it still hears us
                let _ = tokio::time::timeout(FAREWELL, connection.closed()).await;
            }
            return Err(LinkError::Purpose(theirs.purpose));
        }
        let Message::Nonce(nonce) = control.hear().await? else {
            return Err(LinkError::Protocol("no nonce"));
        };
        let theirs_nonce = Nonce(nonce);
        let (inviter, guest) = match terms.side {
            Side::Inviter => {
                control.tell(&Message::Nonce(ours.0)).await?;
                (ours, theirs_nonce)
            }
            Side::Guest if theirs_nonce.commitment() != theirs.commitment => {
                return Err(LinkError::Impostor);
            }
            Side::Guest => (theirs_nonce, ours),
        };
        let (us, them) = (terms.identity.fingerprint(), terms.peer);
        let words = match terms.side {
            Side::Inviter => comparison([us, them], [inviter, guest]),
            Side::Guest => comparison([them, us], [inviter, guest]),
        };
        let greeting = Greeting { resume: theirs.resume };
        Ok(Self { connection, control, greeting, endpoint, socket, side: terms.side, words })
    }

    /// Who of the two we are.
    pub fn side(&self) -> Side {
        self.side
    }

    /// Four words that are the same on both sides unless somebody is in between: who changed both
    /// invitations on their way can have any one of four thousand million of them, once, for each end
    /// has bound itself to its part before it hears the other's.
    pub fn words(&self) -> String {
        self.words.map(words::word).join(" ")
    }

    /// The path in use now and from now on.
    pub fn paths(&self) -> Paths {
        self.socket.paths()
    }

    /// How long a packet takes there and back.
    pub fn rtt(&self) -> Duration {
        self.connection.rtt()
    }

    /// A secret of this connection that both ends have and nobody else, by which they may know each
    /// other again.
    pub fn secret(&self) -> Result<[u8; 32], LinkError> {
        exporter(&self.connection, b"transfer", &[])
    }

    /// Whether the other end proves that it has this secret, of an earlier connection.
    pub fn proves(&self, secret: [u8; 32]) -> bool {
        let other = match self.side {
            Side::Inviter => Side::Guest,
            Side::Guest => Side::Inviter,
        };
        let key = exporter(&self.connection, b"resume", &[]);
        let expected = key.map(|key| blake3::Hash::from(tag(secret, key, other)));
        // this comparison takes the same time whatever differs
        expected.is_ok_and(|expected| {
            self.greeting.resume.is_some_and(|told| expected == blake3::Hash::from(told))
        })
    }

    /// Leaves, and says so. Where all is done, not before the other end says the same: what QUIC has
    /// acknowledged may still wait to be read there.
    pub(crate) async fn close(mut self, goodbye: Goodbye, why: &str) {
        if goodbye == Goodbye::Done && self.control.tell(&Message::Done(0)).await.is_ok() {
            let done = async {
                while !matches!(self.control.hear().await, Ok(Message::Done(_)) | Err(_)) {}
            };
            let _ = tokio::time::timeout(DONE, done).await;
            // the end of a connection is told once and may be lost, what was said is repeated
            let _ = tokio::time::timeout(FAREWELL, self.control.finish()).await;
        }
        self.connection.close(goodbye.into(), why.as_bytes());
        leave(&self.endpoint, &self.socket).await;
    }

    /// Ends the connection from elsewhere, whatever it is used for at that moment.
    pub fn hangup(&self) -> Hangup {
        let (connection, endpoint) = (self.connection.clone(), self.endpoint.clone());
        Hangup { connection, endpoint, socket: Arc::clone(&self.socket) }
    }

    /// Leaves since somebody here does not want it.
    pub async fn decline(mut self) {
        self.refuse(Refusal::Declined).await;
        self.close(Goodbye::Refused, "").await;
    }

    /// Says why we do not want it, and waits until the other end has left for that.
    pub(crate) async fn refuse(&mut self, why: Refusal) {
        // the connection may be gone, which says it as well
        if self.control.tell(&Message::Refuse(why)).await.is_ok() {
            let _ = tokio::time::timeout(FAREWELL, self.connection.closed()).await;
        }
    }
}

/// Ends a [`Link`] from elsewhere.
#[derive(Debug)]
pub struct Hangup {
    connection: quinn::Connection,
    endpoint: Endpoint,
    socket: Arc<QuicSocket>,
}

impl Hangup {
    /// Leaves since somebody ended the program.
    pub async fn interrupt(self) {
        self.connection.close(Goodbye::Interrupted.into(), b"");
        leave(&self.endpoint, &self.socket).await;
    }
}

async fn hear_hello(control: &mut Control) -> Result<Hello, LinkError> {
    match control.hear().await? {
        Message::Hello(hello) if hello.version == VERSION => Ok(hello),
        Message::Hello(hello) => Err(LinkError::Version(hello.version)),
        _ => Err(LinkError::Protocol("no greeting")),
    }
}

/// Lets what was said last arrive, and ends.
async fn leave(endpoint: &Endpoint, socket: &QuicSocket) {
    // it may need a second try, and nobody waits for a computer that is gone
    let _ = tokio::time::timeout(FAREWELL, endpoint.wait_idle()).await;
    socket.close().await;
}

/// Our end of QUIC.
fn endpoint(socket: &Arc<QuicSocket>, terms: &Terms) -> Result<Endpoint, LinkError> {
    let mut plain = EndpointConfig::default();
    // STUN shares the path, and is told apart by that bit (RFC 9443)
    plain.grease_quic_bit(false);
    plain.max_udp_payload_size(MTU_MAX).map_err(|_| LinkError::Protocol("MTU"))?;
    let server = match terms.side {
        Side::Guest => None,
        Side::Inviter => {
            let tls = Arc::new(terms.identity.server(terms.peer)?);
            let crypto = QuicServerConfig::try_from(tls).map_err(|_| UNUSABLE)?;
            let mut config = ServerConfig::with_crypto(Arc::new(crypto));
            config.transport_config(Arc::new(transport()));
            Some(config)
        }
    };
    let shared: Arc<QuicSocket> = Arc::clone(socket);
    let runtime = Arc::new(TokioRuntime);
    Endpoint::new_with_abstract_socket(plain, server, shared, runtime)
        .map_err(|error| LinkError::Other(error.to_string()))
}

async fn connect(endpoint: &Endpoint, terms: &Terms) -> Result<quinn::Connection, LinkError> {
    match terms.side {
        Side::Inviter => accept(endpoint).await,
        Side::Guest => {
            let tls = Arc::new(terms.identity.client(terms.peer)?);
            let crypto = QuicClientConfig::try_from(tls).map_err(|_| UNUSABLE)?;
            let mut config = ClientConfig::new(Arc::new(crypto));
            config.transport_config(Arc::new(transport()));
            let connecting = endpoint.connect_with(config, QuicSocket::PEER, NAME);
            Ok(connecting.map_err(|error| LinkError::Other(error.to_string()))?.await?)
        }
    }
}

/// Waits for the one who proves to be the guest. Others who know the invitation may knock as well; while
/// they do, nobody has to wait for them.
async fn accept(endpoint: &Endpoint) -> Result<quinn::Connection, LinkError> {
    let mut handshakes = JoinSet::new();
    loop {
        tokio::select! {
            incoming = endpoint.accept(), if handshakes.len() < KNOCKING_MAX => {
                handshakes.spawn(incoming.ok_or(LinkError::Silent)?.into_future());
            }
            Some(greeted) = handshakes.join_next() => match greeted {
                Ok(Ok(connection)) => return Ok(connection),
                // what somebody else sent to this address is none of ours
                Ok(Err(quinn::ConnectionError::TransportError(error)))
                    if error.code == quinn::TransportErrorCode::PROTOCOL_VIOLATION => {}
                Ok(Err(error)) => return Err(error.into()),
                Err(_ended) => {}
            },
        }
    }
}

fn transport() -> TransportConfig {
    let mut transport = TransportConfig::default();
    transport.max_idle_timeout(IDLE.try_into().ok());
    transport.keep_alive_interval(Some(KEEP_ALIVE));
    transport.stream_receive_window(WINDOW.into());
    transport.receive_window(VarInt::from_u32(2 * WINDOW));
    transport.send_window(WINDOW.into());
    transport.max_concurrent_bidi_streams(STREAMS_MAX.into());
    transport.max_concurrent_uni_streams(2_u32.into());
    let mut mtu = MtuDiscoveryConfig::default();
    mtu.upper_bound(MTU_MAX);
    transport.mtu_discovery_config(Some(mtu));
    transport
}

fn exporter(
    connection: &quinn::Connection,
    label: &[u8],
    context: &[u8],
) -> Result<[u8; 32], LinkError> {
    let mut secret = [0; 32];
    let label = [b"EXPORTER-spool-", label].concat();
    let made = connection.export_keying_material(&mut secret, &label, context);
    made.map(|()| secret).map_err(|_| LinkError::Protocol("no secret"))
}

/// Proves that one side has a secret, on this connection and as this side.
fn tag(secret: [u8; 32], connection: [u8; 32], side: Side) -> [u8; 32] {
    let side = match side {
        Side::Inviter => b'i',
        Side::Guest => b'g',
    };
    *blake3::keyed_hash(&secret, &[&connection[..], &[side]].concat()).as_bytes()
}

/// One side's part of the words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Nonce([u8; 16]);

impl Nonce {
    fn fresh() -> Result<Self, IdentityError> {
        let mut nonce = [0; 16];
        getrandom::fill(&mut nonce).map_err(|error| IdentityError::random(&error))?;
        Ok(Self(nonce))
    }

    fn commitment(self) -> [u8; 32] {
        Sha256::digest(self.0).into()
    }
}

/// The inviter's part first, of both.
fn comparison(fingerprints: [Fingerprint; 2], nonces: [Nonce; 2]) -> [u8; 4] {
    let mut hash = Sha256::new_with_prefix(b"spool words");
    for fingerprint in fingerprints {
        hash.update(fingerprint.0);
    }
    for nonce in nonces {
        hash.update(nonce.0);
    }
    let digest: [u8; 32] = hash.finalize().into();
    [digest[0], digest[1], digest[2], digest[3]]
}
