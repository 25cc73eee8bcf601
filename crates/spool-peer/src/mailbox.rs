//! The client of a rendezvous: a mailbox over TLS, and how two who know the same words leave each other
//! their invitations in it.
use crate::{
    Invitation, Side,
    pake::{Keys, Pake},
};
use rendezvous_proto::{ALPN, Closing, MailboxName, RefusedClaim, ToClient, ToServer};
use rustls::{
    ClientConfig, RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, ServerName, pem::PemObject},
};
use std::{fmt, io, str::FromStr, sync::Arc, time::Duration};
use thiserror::Error;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::{TlsConnector, client::TlsStream};

/// Where a rendezvous listens unless told: the port of TURN over TLS, which it shares.
const PORT: u16 = 5349;

/// How long a server may take to take the connection: a clear answer comes within two seconds.
const CONNECT_WITHIN: Duration = Duration::from_millis(1900);

/// How long it may take for each answer of its own.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);

/// How long the other end may take for each step once it is there.
const STEP_WITHIN: Duration = Duration::from_secs(30);

/// A rendezvous, and whose certificates are believed.
#[derive(Clone)]
pub struct RendezvousServer {
    host: String,
    port: u16,
    authorities: Option<Arc<RootCertStore>>,
}

/// Why a mailbox is of no use.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum MailboxError {
    /// What was given is no server.
    #[error("write the rendezvous as HOST or HOST:PORT")]
    Address,
    /// A file has no certificate that can be believed.
    #[error("there is no certificate of an authority in it: {0}")]
    Authorities(String),
    /// It cannot be reached.
    #[error("the rendezvous {server} cannot be reached: {fault}")]
    Unreachable {
        /// Which.
        server: String,
        /// Why not.
        fault: io::Error,
    },
    /// It is not what it should be.
    #[error("the rendezvous {server} does not prove who it is, or is none: {fault}")]
    Tls {
        /// Which.
        server: String,
        /// Why not.
        fault: io::Error,
    },
    /// It does not answer, or went away.
    #[error("the rendezvous went away: {0}")]
    Gone(io::Error),
    /// It refuses.
    #[error("{}", refused(*.0))]
    Refused(RefusedClaim),
    /// The words of the two ends differ. The code is used up.
    #[error(
        "the words are wrong, or somebody guessed: this code is used up, and nothing was sent; begin \
         again with a new one"
    )]
    WrongSecret,
    /// The other end has left before it was proved.
    #[error("the other side went away before the two had met; this code is used up")]
    Left,
    /// Nobody came.
    #[error("nobody came within ten minutes; this code is used up")]
    Expired,
    /// It does not follow the protocol.
    #[error("the other side, or the rendezvous, does not speak as expected")]
    Protocol,
    /// Nothing could be sealed or found out about ourselves.
    #[error("{0}")]
    Ours(String),
}

fn refused(refused: RefusedClaim) -> &'static str {
    match refused {
        RefusedClaim::Unknown => {
            "this code is not in use: is it typed right, and is the other side still there?"
        }
        RefusedClaim::Taken => "this code is used up: somebody else came with it",
        RefusedClaim::Full => "the rendezvous is full; try again later",
        RefusedClaim::TooOften => "too many attempts from this network; wait a minute",
    }
}

impl fmt::Debug for RendezvousServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RendezvousServer").field(&self.to_string()).finish()
    }
}

impl fmt::Display for RendezvousServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, port, .. } = self;
        if host.contains(':') { write!(f, "[{host}]:{port}") } else { write!(f, "{host}:{port}") }
    }
}

impl FromStr for RendezvousServer {
    type Err = MailboxError;

    fn from_str(text: &str) -> Result<Self, MailboxError> {
        let server: spool::Server = text.parse().map_err(|_| MailboxError::Address)?;
        let port = server.port().unwrap_or(PORT);
        Ok(Self { host: server.host().to_owned(), port, authorities: None })
    }
}

impl RendezvousServer {
    /// Believes the authorities in a file of PEM certificates, and not those of the system.
    pub fn with_authorities(mut self, pem: &[u8]) -> Result<Self, MailboxError> {
        let mut roots = RootCertStore::empty();
        let broken = |error: &dyn fmt::Display| MailboxError::Authorities(error.to_string());
        for certificate in CertificateDer::pem_slice_iter(pem) {
            let certificate = certificate.map_err(|error| broken(&error))?;
            roots.add(certificate).map_err(|error| broken(&error))?;
        }
        if roots.is_empty() {
            return Err(broken(&"it is empty"));
        }
        self.authorities = Some(Arc::new(roots));
        Ok(self)
    }

    /// Opens a mailbox. Its number is for the code.
    pub async fn open(&self) -> Result<(Mailbox, u32), MailboxError> {
        let mut mailbox = Box::pin(self.connect()).await?;
        mailbox.say(ToServer::Open).await?;
        match mailbox.hear(ANSWER_WITHIN).await? {
            Heard::Opened(number) => Ok((mailbox, number)),
            _ => Err(MailboxError::Protocol),
        }
    }

    /// Claims the mailbox that somebody has opened.
    pub async fn claim(&self, number: u32) -> Result<Mailbox, MailboxError> {
        let mut mailbox = Box::pin(self.connect()).await?;
        mailbox.say(ToServer::Claim(number)).await?;
        match mailbox.hear(ANSWER_WITHIN).await? {
            Heard::Claimed => Ok(Mailbox { joined: true, ..mailbox }),
            _ => Err(MailboxError::Protocol),
        }
    }

    /// Meets somebody who knows the same name, whoever comes first.
    pub async fn meet(&self, name: MailboxName) -> Result<Mailbox, MailboxError> {
        let mut mailbox = Box::pin(self.connect()).await?;
        mailbox.say(ToServer::Meet(name)).await?;
        match mailbox.hear(ANSWER_WITHIN).await? {
            Heard::Claimed => Ok(Mailbox { joined: true, ..mailbox }),
            Heard::Opened(_) => Ok(mailbox),
            _ => Err(MailboxError::Protocol),
        }
    }

    async fn connect(&self) -> Result<Mailbox, MailboxError> {
        let server = self.to_string();
        let unreachable = |fault| MailboxError::Unreachable { server: server.clone(), fault };
        let tcp = timeout(CONNECT_WITHIN, TcpStream::connect((&*self.host, self.port))).await;
        let tcp =
            tcp.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into())).map_err(unreachable)?;
        let untrusted = |fault| MailboxError::Tls { server: server.clone(), fault };
        let config = self.tls().await.map_err(untrusted)?;
        let name = ServerName::try_from(self.host.clone());
        let name = name.map_err(|_| MailboxError::Address)?;
        let tls = timeout(ANSWER_WITHIN, TlsConnector::from(config).connect(name, tcp)).await;
        let tls = tls.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into())).map_err(untrusted)?;
        if tls.get_ref().1.alpn_protocol() != Some(ALPN) {
            return Err(untrusted(io::Error::other("it serves TLS, and no rendezvous")));
        }
        Ok(Mailbox { stream: tls, joined: false })
    }

    async fn tls(&self) -> io::Result<Arc<ClientConfig>> {
        let roots = match &self.authorities {
            Some(roots) => Arc::clone(roots),
            None => tokio::task::spawn_blocking(|| {
                let mut roots = RootCertStore::empty();
                // what cannot be read is not trusted
                roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
                Arc::new(roots)
            })
            .await
            .map_err(io::Error::other)?,
        };
        let provider = Arc::new(ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider);
        let builder = builder.with_safe_default_protocol_versions().map_err(io::Error::other)?;
        let mut config = builder.with_root_certificates(roots).with_no_client_auth();
        config.alpn_protocols = vec![ALPN.to_vec()];
        Ok(Arc::new(config))
    }
}

/// Where two meet again who share a secret: the name of a mailbox, and what proves them there.
pub fn meeting_place(secret: &[u8; 32]) -> (MailboxName, [u8; 32]) {
    let mut name = MailboxName::default();
    let derived = blake3::derive_key("spool 1 name of the mailbox to meet again at", secret);
    name.copy_from_slice(&derived[..16]);
    (name, blake3::derive_key("spool 1 words to meet again with", secret))
}

/// A mailbox that we are at.
#[derive(Debug)]
pub struct Mailbox {
    stream: TlsStream<TcpStream>,
    /// Both ends are there.
    joined: bool,
}

/// What the server said, apart from refusals and ends.
enum Heard {
    Opened(u32),
    Claimed,
    Joined,
    Message(Vec<u8>),
}

impl Mailbox {
    /// Waits until both ends are there. Who stops waiting has to let go of the mailbox.
    pub async fn joined(&mut self) -> Result<(), MailboxError> {
        while !self.joined {
            match self.next().await? {
                Heard::Joined => self.joined = true,
                Heard::Opened(_) | Heard::Claimed | Heard::Message(_) => {
                    return Err(MailboxError::Protocol);
                }
            }
        }
        Ok(())
    }

    async fn say(&mut self, message: ToServer<'_>) -> Result<(), MailboxError> {
        self.stream.write_all(&message.encode()).await.map_err(MailboxError::Gone)?;
        self.stream.flush().await.map_err(MailboxError::Gone)
    }

    async fn hear(&mut self, within: Duration) -> Result<Heard, MailboxError> {
        let heard = timeout(within, self.next()).await;
        heard.unwrap_or_else(|_| Err(MailboxError::Gone(io::ErrorKind::TimedOut.into())))
    }

    async fn next(&mut self) -> Result<Heard, MailboxError> {
        let mut bytes = vec![0; 3];
        self.stream.read_exact(&mut bytes).await.map_err(MailboxError::Gone)?;
        let len = usize::from(u16::from_be_bytes([bytes[1], bytes[2]]));
        bytes.resize(3 + len, 0);
        self.stream.read_exact(&mut bytes[3..]).await.map_err(MailboxError::Gone)?;
        match ToClient::decode(&bytes).map_err(|_| MailboxError::Protocol)? {
            ToClient::Opened(number) => Ok(Heard::Opened(number)),
            ToClient::Claimed => Ok(Heard::Claimed),
            ToClient::Joined => Ok(Heard::Joined),
            ToClient::Message(message) => Ok(Heard::Message(message.to_vec())),
            ToClient::Refused(refused) => Err(MailboxError::Refused(refused)),
            ToClient::Closed(Closing::WrongSecret) => Err(MailboxError::WrongSecret),
            ToClient::Closed(Closing::Expired) => Err(MailboxError::Expired),
            ToClient::Closed(Closing::Left | Closing::Full) => Err(MailboxError::Left),
        }
    }

    /// The next message of the other end.
    async fn message(&mut self, within: Duration) -> Result<Vec<u8>, MailboxError> {
        match self.hear(within).await? {
            Heard::Message(message) => Ok(message),
            Heard::Joined | Heard::Opened(_) | Heard::Claimed => Err(MailboxError::Protocol),
        }
    }

    /// Proves to the other end that we know the secret, and it to us; both get the other's invitation,
    /// which `ours` makes when it is wanted.
    pub(crate) async fn exchange(
        mut self,
        side: Side,
        secret: &[u8],
        context: &[u8],
        ours: impl Future<Output = Result<Invitation, MailboxError>>,
    ) -> Result<Invitation, MailboxError> {
        self.joined().await?;
        let (pake, start) = Pake::start(side, secret, context);
        let exchanged = match side {
            Side::Inviter => self.as_inviter(pake, start, ours).await,
            Side::Guest => self.as_guest(pake, start, ours).await,
        };
        let closing = match &exchanged {
            Err(MailboxError::WrongSecret) => Closing::WrongSecret,
            _ => Closing::Left,
        };
        // it may be gone, which says it as well
        let _ = self.say(ToServer::Close(closing)).await;
        let _ = self.stream.shutdown().await;
        exchanged
    }

    async fn as_inviter(
        &mut self,
        pake: Pake,
        start: Vec<u8>,
        ours: impl Future<Output = Result<Invitation, MailboxError>>,
    ) -> Result<Invitation, MailboxError> {
        self.say(ToServer::Put(&start)).await?;
        let answer = self.message(STEP_WITHIN).await?;
        let at = answer.len().saturating_sub(32);
        let (theirs, proof) = answer.split_at(at);
        let keys = pake.finish(theirs).map_err(|_| MailboxError::Protocol)?;
        if !keys.is_confirmed(proof) {
            return Err(MailboxError::WrongSecret);
        }
        let sealed = seal(&keys, &ours.await?)?;
        let proved = [&keys.confirmation()[..], &sealed].concat();
        self.say(ToServer::Put(&proved)).await?;
        let sealed = self.message(STEP_WITHIN).await?;
        open(&keys, &sealed)
    }

    async fn as_guest(
        &mut self,
        pake: Pake,
        start: Vec<u8>,
        ours: impl Future<Output = Result<Invitation, MailboxError>>,
    ) -> Result<Invitation, MailboxError> {
        let theirs = self.message(STEP_WITHIN).await?;
        let keys = pake.finish(&theirs).map_err(|_| MailboxError::Protocol)?;
        let proved = [&start[..], &keys.confirmation()].concat();
        self.say(ToServer::Put(&proved)).await?;
        let answer = self.message(STEP_WITHIN).await?;
        let (proof, sealed) = answer.split_at_checked(32).ok_or(MailboxError::Protocol)?;
        if !keys.is_confirmed(proof) {
            return Err(MailboxError::WrongSecret);
        }
        let invitation = open(&keys, sealed)?;
        let sealed = seal(&keys, &ours.await?)?;
        self.say(ToServer::Put(&sealed)).await?;
        Ok(invitation)
    }
}

fn seal(keys: &Keys, invitation: &Invitation) -> Result<Vec<u8>, MailboxError> {
    keys.seal(&invitation.pack()).ok_or(MailboxError::Protocol)
}

fn open(keys: &Keys, sealed: &[u8]) -> Result<Invitation, MailboxError> {
    let packed = keys.open(sealed).ok_or(MailboxError::WrongSecret)?;
    Invitation::unpack(&packed).map_err(|_| MailboxError::Protocol)
}
