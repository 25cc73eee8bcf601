//! Who we are for one meeting: a fresh certificate, known by its SHA-256, and the TLS that believes
//! exactly one certificate of the other side.
use rustls::{
    ClientConfig, DigitallySignedStruct, DistinguishedName, Error, ServerConfig, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName, UnixTime},
    server::danger::{ClientCertVerified, ClientCertVerifier},
    version::TLS13,
};
use sha2::{Digest, Sha256};
use std::{fmt, sync::Arc};
use thiserror::Error;

/// What is spoken inside (RFC 7301).
pub(crate) const ALPN: &[u8] = b"spool/1";

/// The name in every certificate. It says nothing: the fingerprint is what counts.
pub(crate) const NAME: &str = "spool";

/// The SHA-256 of a certificate.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Fingerprint(pub(crate) [u8; 32]);

impl Fingerprint {
    fn of(certificate: &CertificateDer<'_>) -> Self {
        Self(Sha256::digest(certificate).into())
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// A certificate and its key, made for one meeting and kept nowhere.
#[derive(Debug)]
pub struct Identity {
    certificate: CertificateDer<'static>,
    key: PrivatePkcs8KeyDer<'static>,
}

/// Why there is no certificate, or no TLS with it.
#[derive(Debug, Error)]
#[error("no certificate or key could be made: {0}")]
pub struct IdentityError(String);

impl IdentityError {
    pub(crate) fn random(error: &impl fmt::Display) -> Self {
        Self(format!("the operating system gave no random bytes: {error}"))
    }
}

impl Identity {
    /// Makes one.
    pub fn fresh() -> Result<Self, IdentityError> {
        let made = rcgen::generate_simple_self_signed([NAME.to_owned()])
            .map_err(|error| IdentityError(error.to_string()))?;
        let key = PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
        Ok(Self { certificate: made.cert.der().clone(), key })
    }

    /// What the other side is told to know us by.
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(&self.certificate)
    }

    /// TLS of the side that accepts.
    pub(crate) fn server(&self, peer: Fingerprint) -> Result<ServerConfig, IdentityError> {
        let pinned = Arc::new(Pinned::new(peer));
        let builder = ServerConfig::builder_with_provider(Arc::clone(&pinned.provider));
        let builder = builder.with_protocol_versions(&[&TLS13]).map_err(failed)?;
        let builder = builder.with_client_cert_verifier(pinned);
        let mut config = builder.with_single_cert(self.chain(), self.key()).map_err(failed)?;
        config.alpn_protocols = vec![ALPN.to_vec()];
        // a second connection has a certificate of its own; nothing is resumed
        config.send_tls13_tickets = 0;
        Ok(config)
    }

    /// TLS of the side that connects.
    pub(crate) fn client(&self, peer: Fingerprint) -> Result<ClientConfig, IdentityError> {
        let pinned = Arc::new(Pinned::new(peer));
        let builder = ClientConfig::builder_with_provider(Arc::clone(&pinned.provider));
        let builder = builder.with_protocol_versions(&[&TLS13]).map_err(failed)?;
        let builder = builder.dangerous().with_custom_certificate_verifier(pinned);
        let mut config = builder.with_client_auth_cert(self.chain(), self.key()).map_err(failed)?;
        config.alpn_protocols = vec![ALPN.to_vec()];
        Ok(config)
    }

    fn chain(&self) -> Vec<CertificateDer<'static>> {
        vec![self.certificate.clone()]
    }

    fn key(&self) -> PrivateKeyDer<'static> {
        PrivateKeyDer::Pkcs8(self.key.clone_key())
    }
}

#[expect(clippy::needless_pass_by_value, reason = "for `map_err`")]
fn failed(error: Error) -> IdentityError {
    IdentityError(error.to_string())
}

/// Believes one certificate, whatever it says and whoever signed it. That the other side has the key
/// to it is checked as ever.
#[derive(Debug)]
struct Pinned {
    peer: Fingerprint,
    provider: Arc<CryptoProvider>,
}

impl Pinned {
    fn new(peer: Fingerprint) -> Self {
        Self { peer, provider: Arc::new(ring::default_provider()) }
    }

    fn check(&self, certificate: &CertificateDer<'_>) -> Result<(), Error> {
        // both are public, so how long the comparison takes tells nothing
        if Fingerprint::of(certificate) == self.peer {
            return Ok(());
        }
        Err(Error::InvalidCertificate(rustls::CertificateError::ApplicationVerificationFailure))
    }

    fn check_tls12(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signed, algorithms)
    }

    fn check_tls13(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signed, algorithms)
    }
}

impl ServerCertVerifier for Pinned {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        self.check(certificate).map(|()| ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.check_tls12(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.check_tls13(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

impl ClientCertVerifier for Pinned {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        certificate: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        self.check(certificate).map(|()| ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.check_tls12(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.check_tls13(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::Identity;

    #[test]
    fn each_meeting_has_a_certificate_of_its_own() {
        let (one, other) = (Identity::fresh().unwrap(), Identity::fresh().unwrap());
        assert_ne!(one.fingerprint(), other.fingerprint());
        assert_eq!(format!("{:?}", one.fingerprint()).len(), 64);
    }
}
