//! TLS (RFC 8489 §6.2.3): whom a client trusts, and who a server is.
use rustls::{
    ClientConfig, RootCertStore, ServerConfig,
    pki_types::{
        CertificateDer, PrivateKeyDer, ServerName,
        pem::{self, PemObject},
    },
};
use sans_io::{CertificateFault, SocketFault};
use std::{
    error::Error as _,
    fmt, io,
    sync::{Arc, Mutex, PoisonError},
};
use thiserror::Error;
use tokio::{net::TcpStream, sync::OnceCell};
use tokio_rustls::{TlsAcceptor, TlsConnector};

/// The authorities whose certificates are believed: those that the operating system trusts, unless
/// told otherwise. They are read when the first connection is made.
#[derive(Clone, Default)]
pub struct Trust {
    /// Instead of those of the system.
    roots: Option<Arc<RootCertStore>>,
    config: Arc<OnceCell<Arc<ClientConfig>>>,
    usage: Usage,
}

/// What is done over a connection, as the client says in its handshake (RFC 7443 §1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Usage {
    /// TURN.
    #[default]
    Turn,
    /// Finding out one's address.
    NatDiscovery,
}

impl Usage {
    const ALL: [Self; 2] = [Self::Turn, Self::NatDiscovery];

    /// Its name in ALPN (RFC 7443 §2).
    const fn label(self) -> &'static [u8] {
        match self {
            Self::Turn => b"stun.turn",
            Self::NatDiscovery => b"stun.nat-discovery",
        }
    }
}

/// Why a file does not say whom to trust.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TrustError {
    /// It is not PEM.
    #[error("it is not in PEM format: {0}")]
    Pem(#[source] pem::Error),
    /// There is no certificate in it.
    #[error("there is no certificate in it (-----BEGIN CERTIFICATE-----)")]
    Empty,
    /// A certificate in it is none of an authority.
    #[error("a certificate in it cannot be used as an authority: {0}")]
    Authority(#[source] rustls::Error),
}

impl fmt::Debug for Trust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let roots = self.roots.as_ref().map(|roots| roots.len());
        f.debug_struct("Trust").field("roots", &roots).finish_non_exhaustive()
    }
}

impl Trust {
    /// Believes the authorities in a file of PEM certificates, and no other.
    pub fn authorities(pem: &[u8]) -> Result<Self, TrustError> {
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(pem) {
            let certificate = certificate.map_err(TrustError::Pem)?;
            roots.add(certificate).map_err(TrustError::Authority)?;
        }
        if roots.is_empty() {
            return Err(TrustError::Empty);
        }
        Ok(Self { roots: Some(Arc::new(roots)), ..Self::default() })
    }

    /// Says that connections are for this.
    pub(crate) fn used_for(mut self, usage: Usage) -> Self {
        self.usage = usage;
        self
    }

    /// Makes a connection secure, with the one that has this name or address.
    pub(crate) async fn secure(
        &self,
        io: TcpStream,
        name: &str,
    ) -> Result<(TcpStream, rustls::Connection), SocketFault> {
        let name = ServerName::try_from(name.to_owned());
        let name = name.map_err(|_| SocketFault::Untrusted(CertificateFault::Name))?;
        let roots = self.roots.clone();
        let config = self.config.get_or_try_init(async || {
            let made = tokio::task::spawn_blocking(move || client_config(roots)).await;
            made.unwrap_or(Err(SocketFault::Unavailable))
        });
        let mut config = ClientConfig::clone(config.await?);
        config.alpn_protocols = vec![self.usage.label().to_vec()];
        let connector = TlsConnector::from(Arc::new(config));
        let stream = connector.connect(name, io).await.map_err(|error| fault(&error))?;
        let (io, session) = stream.into_inner();
        Ok((io, session.into()))
    }
}

impl Trust {
    /// The authorities that are believed.
    pub(crate) async fn roots(&self) -> Result<Arc<RootCertStore>, SocketFault> {
        let roots = self.roots.clone();
        let read = tokio::task::spawn_blocking(move || roots.unwrap_or_else(roots_of_system));
        read.await.map_err(|_| SocketFault::Unavailable)
    }
}

fn roots_of_system() -> Arc<RootCertStore> {
    let mut roots = RootCertStore::empty();
    // what cannot be read is not trusted
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    Arc::new(roots)
}

/// The provider is `ring`: it builds with a C compiler alone, on every system that this crate is for.
fn client_config(roots: Option<Arc<RootCertStore>>) -> Result<Arc<ClientConfig>, SocketFault> {
    let roots = roots.unwrap_or_else(roots_of_system);
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder =
        ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let builder = builder.map_err(|_| SocketFault::Unavailable)?;
    Ok(Arc::new(builder.with_root_certificates(roots).with_no_client_auth()))
}

/// What a server shows who it is with: its certificate and the key to it. Clones are one: what one of
/// them is replaced with, all show.
#[derive(Clone)]
pub struct Identity(Arc<Mutex<Arc<ServerConfig>>>);

/// Why a certificate and a key are of no use to a server.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum IdentityError {
    /// The certificate is not PEM.
    #[error("the certificate is not in PEM format: {0}")]
    Certificate(#[source] pem::Error),
    /// There is no certificate.
    #[error("the certificate file has no certificate (-----BEGIN CERTIFICATE-----)")]
    NoCertificate,
    /// The key is not PEM, or there is none.
    #[error("the key file has no private key that can be read without a pass phrase: {0}")]
    Key(#[source] pem::Error),
    /// The key is of no kind that is known here, or not that of the certificate.
    #[error("the key does not go with the certificate: {0}")]
    Mismatch(#[source] rustls::Error),
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity").finish_non_exhaustive()
    }
}

impl Identity {
    /// Reads a certificate, its own first and then those of the authorities between it and what
    /// clients trust, and its key (PKCS #8, PKCS #1 or SEC 1), all in PEM.
    pub fn from_pem(certificate: &[u8], key: &[u8]) -> Result<Self, IdentityError> {
        let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(certificate).collect();
        let chain = chain.map_err(IdentityError::Certificate)?;
        if chain.is_empty() {
            return Err(IdentityError::NoCertificate);
        }
        let key = PrivateKeyDer::from_pem_slice(key).map_err(IdentityError::Key)?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder =
            ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let builder = builder.map_err(IdentityError::Mismatch)?.with_no_client_auth();
        let config = builder.with_single_cert(chain, key);
        let mut config = config.map_err(IdentityError::Mismatch)?;
        // whoever says that it wants something else is not understood anyway; many say nothing
        config.alpn_protocols = Usage::ALL.map(|usage| usage.label().to_vec()).into();
        Ok(Self(Arc::new(Mutex::new(Arc::new(config)))))
    }

    /// Makes a connection that somebody made to us secure.
    pub(crate) async fn secure(
        &self,
        io: TcpStream,
    ) -> io::Result<(TcpStream, rustls::Connection)> {
        let (io, session) = TlsAcceptor::from(self.config()).accept(io).await?.into_inner();
        Ok((io, session.into()))
    }

    /// Shows the certificate of the other from now on, as before the old one ends. Connections that
    /// are there stay.
    pub fn replace_with(&self, other: &Self) {
        let mut config = ServerConfig::clone(&other.config());
        let mut shown = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        config.alpn_protocols.clone_from(&shown.alpn_protocols);
        *shown = Arc::new(config);
    }

    /// Agrees to speak one more protocol with clients that ask for it (RFC 7301); one that asks for
    /// others only is turned away. Stays when the certificate is replaced.
    pub(crate) fn also_speak(&self, protocol: &[u8]) {
        let mut shown = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if shown.alpn_protocols.iter().any(|spoken| spoken == protocol) {
            return;
        }
        let mut config = ServerConfig::clone(&shown);
        config.alpn_protocols.insert(0, protocol.to_vec());
        *shown = Arc::new(config);
    }

    fn config(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Why a handshake failed.
fn fault(error: &io::Error) -> SocketFault {
    match error.get_ref().and_then(|cause| cause.downcast_ref()) {
        Some(rustls::Error::InvalidCertificate(error)) => {
            SocketFault::Untrusted(certificate(error))
        }
        _ => SocketFault::Handshake,
    }
}

/// What is wrong with a certificate.
pub(crate) fn certificate(error: &rustls::CertificateError) -> CertificateFault {
    use rustls::CertificateError as E;
    match error {
        // an authority that was made anew has the name of the old one, and another key
        E::UnknownIssuer | E::BadSignature => CertificateFault::Issuer,
        E::NotValidForName | E::NotValidForNameContext { .. } => CertificateFault::Name,
        E::Expired | E::ExpiredContext { .. } => CertificateFault::Expired,
        E::NotValidYet | E::NotValidYetContext { .. } => CertificateFault::NotYetValid,
        E::Revoked => CertificateFault::Revoked,
        E::InvalidPurpose | E::InvalidPurposeContext { .. } => CertificateFault::Purpose,
        // the verifier has no word of its own for a server that shows an authority's certificate
        E::Other(other) if other.source().is_some_and(is_authority) => CertificateFault::Purpose,
        _ => CertificateFault::Malformed,
    }
}

fn is_authority(error: &(dyn std::error::Error + 'static)) -> bool {
    error.to_string().contains("CaUsedAsEndEntity")
}

#[cfg(test)]
mod tests {
    use super::{Identity, Trust, Usage};
    use rustls::ClientConfig;
    use std::sync::Arc;
    use tokio::net::{TcpListener, TcpStream};
    use tokio_rustls::TlsConnector;

    fn made() -> (Trust, Identity) {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let (certificate, key) = (made.cert.pem(), made.signing_key.serialize_pem());
        let identity = Identity::from_pem(certificate.as_bytes(), key.as_bytes()).unwrap();
        (Trust::authorities(certificate.as_bytes()).unwrap(), identity)
    }

    async fn pair() -> (TcpStream, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        (client, listener.accept().await.unwrap().0)
    }

    #[tokio::test]
    async fn client_says_what_it_wants_and_the_server_agrees() {
        let (trust, identity) = made();
        for (usage, label) in
            [(Usage::Turn, &b"stun.turn"[..]), (Usage::NatDiscovery, b"stun.nat-discovery")]
        {
            let trust = trust.clone().used_for(usage);
            let (client, server) = pair().await;
            let (ours, theirs) =
                tokio::join!(trust.secure(client, "localhost"), identity.secure(server));
            for (_, session) in [ours.unwrap(), theirs.unwrap()] {
                assert_eq!(session.alpn_protocol(), Some(label));
            }
        }
    }

    #[tokio::test]
    async fn server_takes_who_wants_stun_or_says_nothing() {
        let (trust, identity) = made();
        let config = super::client_config(trust.roots.clone()).unwrap();
        for (wanted, taken) in
            [(&[][..], true), (&[&b"stun.turn"[..]], true), (&[&b"h2"[..]], false)]
        {
            let mut config = ClientConfig::clone(&config);
            config.alpn_protocols = wanted.iter().map(|label| label.to_vec()).collect();
            let connector = TlsConnector::from(Arc::new(config));
            let (client, server) = pair().await;
            let name = "localhost".try_into().unwrap();
            let (ours, theirs) =
                tokio::join!(connector.connect(name, client), identity.secure(server));
            assert_eq!((ours.is_ok(), theirs.is_ok()), (taken, taken), "{wanted:?}");
        }
    }
}
