//! The ICE credentials of this side: one pair for each transport where the application gives it, one
//! for all others (RFC 8839 §5.4, §4.4).

use super::agreement::AgreedSection;
use super::transceiver::Transceiver;
use crate::IceCredentials;

/// What this side writes for the transport that a section uses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct OwnIce {
    pub(super) credentials: IceCredentials<'static>,
    /// What was wanted when the transport got them. Another section may have carried it then.
    pub(super) asked: IceCredentials<'static>,
    /// Whether a restart that the application wants has to wait.
    pub(super) waits: bool,
}

impl OwnIce {
    /// What the application wants for the transport of a section.
    pub(super) fn wanted<'c>(
        wish: Option<&'c Transceiver>,
        common: &'c IceCredentials<'static>,
    ) -> &'c IceCredentials<'static> {
        wish.and_then(|wish| wish.credentials.as_ref()).unwrap_or(common)
    }

    /// Credentials as they are wanted.
    pub(super) fn new(wanted: &IceCredentials<'static>) -> Self {
        Self { credentials: wanted.clone(), asked: wanted.clone(), waits: false }
    }

    /// What goes on with a transport that was agreed, or a restart where the application wants
    /// other credentials than it did.
    pub(super) fn offered(
        wanted: &IceCredentials<'static>,
        before: Option<&AgreedSection>,
    ) -> Self {
        match before.and_then(Self::of) {
            Some(before) if before.asked == *wanted => before,
            Some(_) | None => Self::new(wanted),
        }
    }

    /// The same in an answer, which may not restart what the offer does not restart: then that
    /// waits for an offer (RFC 8829 §5.10).
    pub(super) fn answered(
        wanted: &IceCredentials<'static>,
        before: Option<&AgreedSection>,
        restarts: bool,
    ) -> Self {
        match before.and_then(Self::of).filter(|_| !restarts) {
            Some(before) => Self { waits: before.asked != *wanted, ..before },
            None => Self::new(wanted),
        }
    }

    /// Those of a section in use, if it has some.
    pub(super) fn of(section: &AgreedSection) -> Option<Self> {
        let (credentials, asked) =
            section.local_credentials.clone().zip(section.asked_credentials.clone())?;
        Some(Self { credentials, asked, waits: false })
    }

    /// Those of another section that shares the transport.
    pub(super) fn shared(&self, wanted: &IceCredentials<'static>) -> Self {
        Self { asked: wanted.clone(), ..self.clone() }
    }
}
