//! What a driver needs of the world besides sockets: who knows names, and whom TLS trusts.

#[cfg(feature = "dns")]
mod dns;
mod names;
#[cfg(feature = "tls")]
mod tls;

pub use names::Names;
#[cfg(feature = "tls")]
pub use tls::{Identity, IdentityError, Trust, TrustError};
#[cfg(feature = "tls")]
pub(crate) use tls::{Usage, certificate as certificate_fault};

/// Name servers and trust, as the operating system has them unless told otherwise. Clones share
/// what was loaded.
///
/// ```
/// use spool::{Names, Services};
/// let services = Services::default().with_names(Names::servers(["192.0.2.53:53".parse()?]));
/// # let _ = services;
/// # Ok::<(), std::net::AddrParseError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Services {
    pub(crate) names: Names,
    #[cfg(feature = "tls")]
    pub(crate) trust: Trust,
}

impl Services {
    /// Says of connections over TLS that they are to find out an address.
    pub(crate) fn for_nat_discovery(self) -> Self {
        #[cfg(feature = "tls")]
        let this = Self { trust: self.trust.used_for(Usage::NatDiscovery), ..self };
        #[cfg(not(feature = "tls"))]
        let this = self;
        this
    }

    /// Looks names up there.
    #[must_use]
    pub fn with_names(mut self, names: Names) -> Self {
        self.names = names;
        self
    }

    /// Believes the certificates of these authorities.
    #[cfg(feature = "tls")]
    #[must_use]
    pub fn with_trust(mut self, trust: Trust) -> Self {
        self.trust = trust;
        self
    }
}
