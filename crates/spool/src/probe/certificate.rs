//! Which certificate a server shows, be it trusted or not.
use super::ProbeError;
use crate::{Services, services::certificate_fault};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, SignatureScheme,
    client::{
        WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    pki_types::{CertificateDer, ServerName, UnixTime},
};
use sans_io::{CertificateFault, SocketFault};
use std::{
    io,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// How long connecting may take, and the handshake.
const WITHIN: Duration = Duration::from_secs(10);

/// What a server shows who it is with.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ShownCertificate {
    /// Its own certificate and those of the authorities above it, in DER, as it sent them.
    pub chain: Vec<Vec<u8>>,
    /// Why a client would not believe it.
    pub fault: Option<CertificateFault>,
}

/// Looks at the certificate of a server over TLS, which is judged as of this name or address. No byte
/// is sent on the connection, whether it is trusted or not.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use spool::{Identity, Services, TurnService, probe};
/// let key = rcgen::generate_simple_self_signed(["turn.example".to_owned()])?;
/// let identity =
///     Identity::from_pem(key.cert.pem().as_bytes(), key.signing_key.serialize_pem().as_bytes())?;
/// let server = TurnService::builder()
///     .listen("127.0.0.1:0".parse()?)
///     .listen_tls("127.0.0.1:0".parse()?, identity)
///     .start()
///     .await?;
/// let address = server.tls_listeners()[0];
/// let shown = probe::certificate(address, "turn.example", &Services::default()).await?;
/// assert_eq!(shown.fault, Some(sans_io::CertificateFault::Issuer));
/// assert_eq!(shown.chain, [key.cert.der().to_vec()]);
/// # server.stop().await;
/// # Ok(())
/// # }
/// ```
pub async fn certificate(
    address: SocketAddr,
    name: &str,
    services: &Services,
) -> Result<ShownCertificate, ProbeError> {
    let server_name = ServerName::try_from(name.to_owned())
        .map_err(|_| ProbeError::Certificate(CertificateFault::Name))?;
    let roots = services.trust.roots().await.map_err(ProbeError::Socket)?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let unavailable = || ProbeError::Socket(SocketFault::Unavailable);
    let inner = WebPkiServerVerifier::builder_with_provider(roots, Arc::clone(&provider)).build();
    // without a single authority nobody is trusted
    let witness = Arc::new(Witness { inner: inner.ok(), fault: Mutex::new(None) });
    let verifier: Arc<dyn ServerCertVerifier> = Arc::clone(&witness) as _;
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|_| unavailable())?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth();
    let connect = tokio::time::timeout(WITHIN, TcpStream::connect(address));
    let tcp = connect.await.map_err(|_| ProbeError::NoAnswer)?.map_err(refused)?;
    let handshake = TlsConnector::from(Arc::new(config)).connect(server_name, tcp);
    let Ok(Ok(stream)) = tokio::time::timeout(WITHIN, handshake).await else {
        return Err(ProbeError::NotTls);
    };
    let chain = stream.get_ref().1.peer_certificates().unwrap_or_default();
    let chain = chain.iter().map(|one| one.to_vec()).collect();
    let fault = *witness.fault.lock().unwrap_or_else(PoisonError::into_inner);
    Ok(ShownCertificate { chain, fault })
}

fn refused(error: io::Error) -> ProbeError {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => ProbeError::PortClosed,
        io::ErrorKind::TimedOut => ProbeError::NoAnswer,
        _ => ProbeError::NoRoute(error),
    }
}

/// Lets any certificate pass, and keeps what is wrong with it. The connection must carry nothing.
#[derive(Debug)]
struct Witness {
    inner: Option<Arc<WebPkiServerVerifier>>,
    fault: Mutex<Option<CertificateFault>>,
}

impl ServerCertVerifier for Witness {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let verdict = match &self.inner {
            Some(inner) => inner.verify_server_cert(end_entity, intermediates, name, ocsp, now),
            None => Err(CertificateError::UnknownIssuer.into()),
        };
        if let Err(error) = verdict {
            let fault = match error {
                Error::InvalidCertificate(error) => certificate_fault(&error),
                _ => CertificateFault::Malformed,
            };
            *self.fault.lock().unwrap_or_else(PoisonError::into_inner) = Some(fault);
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = rustls::crypto::ring::default_provider().signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signature, &algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = rustls::crypto::ring::default_provider().signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signature, &algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        let algorithms = rustls::crypto::ring::default_provider().signature_verification_algorithms;
        algorithms.supported_schemes()
    }
}
