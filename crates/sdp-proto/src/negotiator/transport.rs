//! The transport that a description offers or answers with: ICE credentials, certificates, DTLS
//! role, restarts (RFC 8839 §4.4, RFC 8842 §5, RFC 8829 §5.10, §5.11).

use alloc::vec::Vec;

use super::agreement::{AgreedTransport, DtlsRole};
use super::config::Config;
use super::explain::Reason;
use super::facts::Said;
use super::mismatch::Mismatch;
use crate::Policy;
use crate::attribute::{Fingerprint, Setup, TlsId};

/// What an offered section has as a transport of its own. `before` is the one that it had.
pub(super) fn of_offer(
    config: &Config,
    said: &Said,
    before: Option<&AgreedTransport>,
) -> Result<AgreedTransport, Reason> {
    let credentials = said.credentials().ok_or(Reason::NoCredentials)?;
    let fingerprints = fingerprints(said);
    if fingerprints.is_empty() {
        return Err(Reason::NoFingerprint);
    }
    let tls_id = said.tls_id.clone();
    let same = |before: &&AgreedTransport| same_association(before, &fingerprints, tls_id.as_ref());
    let role = role_of_offer(config, said.setup, before.filter(same).map(|before| before.role))?;
    Ok(AgreedTransport { credentials, fingerprints, tls_id, role })
}

/// The own role in the association that an offer is about. `before` is the one in an association
/// that goes on, which keeps its roles (RFC 8842 §5.5).
pub(super) fn role_of_offer(
    config: &Config,
    setup: Option<Setup>,
    before: Option<DtlsRole>,
) -> Result<DtlsRole, Reason> {
    // Who does not say is active (RFC 4145 §4).
    Ok(match setup.unwrap_or(Setup::Active) {
        Setup::Active => DtlsRole::Server,
        Setup::Passive => DtlsRole::Client,
        Setup::HoldConn => return Err(Reason::HoldConn),
        Setup::ActPass => match before {
            Some(role) => role,
            None if config.setup == Setup::Passive => DtlsRole::Server,
            None => DtlsRole::Client,
        },
    })
}

/// The own role by what an answer says. `actpass` leaves the choice to a side that has none left,
/// and is no answer (RFC 4145 §4.1). Beside an association that goes on it asks for no new one, so
/// that this one serves with its roles (RFC 8842 §5.4), which are `in_force` where that is borne.
pub(super) fn role_of_answer(
    setup: Option<Setup>,
    in_force: Option<DtlsRole>,
    section: usize,
) -> Result<DtlsRole, Mismatch> {
    // Who does not say is passive (RFC 4145 §4).
    match (setup.unwrap_or(Setup::Passive), in_force) {
        (Setup::Active, _) => Ok(DtlsRole::Server),
        (Setup::Passive, _) => Ok(DtlsRole::Client),
        (Setup::ActPass, Some(role)) => Ok(role),
        (Setup::ActPass, None) | (Setup::HoldConn, _) => Err(Mismatch::Setup { section }),
    }
}

/// What an answered section has as a transport of its own. `before` is the one that it used, and
/// whether another section carried it; `restarted` is whether the offer had new ICE credentials.
///
/// A transport that another section carried ought to go on (RFC 8829 §5.11). Chromium
/// discards it with the section that carried it, and answers with a new one.
pub(super) fn of_answer(
    config: &Config,
    said: &Said,
    before: Option<(&AgreedTransport, bool)>,
    restarted: bool,
    section: usize,
) -> Result<AgreedTransport, Mismatch> {
    let credentials = said.credentials().ok_or(Mismatch::NoTransport { section })?;
    let fingerprints = fingerprints(said);
    if fingerprints.is_empty() {
        return Err(Mismatch::NoTransport { section });
    }
    let tls_id = said.tls_id.clone();
    let goes_on =
        |before: &AgreedTransport| same_association(before, &fingerprints, tls_id.as_ref());
    let in_force =
        before.filter(|(before, moved)| bears_actpass(config) && !moved && goes_on(before));
    let role = role_of_answer(said.setup, in_force.map(|(before, _)| before.role), section)?;
    if let Some((before, moved)) = before {
        let same = credentials == before.credentials;
        if restarted && same {
            return Err(Mismatch::RestartIgnored { section });
        }
        let goes_on = goes_on(before);
        if !(moved || restarted || (same && goes_on)) {
            return Err(Mismatch::RestartNotOffered { section });
        }
        if !moved && goes_on && role != before.role {
            return Err(Mismatch::Setup { section });
        }
    }
    Ok(AgreedTransport { credentials, fingerprints, tls_id, role })
}

/// Whether an answer may say `actpass` where the roles are settled, as that of baresip to a later
/// offer does.
pub(super) fn bears_actpass(config: &Config) -> bool {
    config.policy != Policy::Strict
}

/// Whether what an offer has as a transport takes a new DTLS association: another identity, other
/// certificates, or another role (RFC 8842 §3.1).
pub(super) fn takes_new_dtls(before: &AgreedTransport, now: &AgreedTransport) -> bool {
    now.role != before.role || !same_association(before, &now.fingerprints, now.tls_id.as_ref())
}

/// Whether an answer gave a transport that is not the one of before, beyond new ICE credentials for
/// a restart that was asked for.
pub(super) fn is_new(before: &AgreedTransport, now: &AgreedTransport, restarted: bool) -> bool {
    let moved = before.credentials != now.credentials && !restarted;
    moved || !same_association(before, &now.fingerprints, now.tls_id.as_ref())
}

/// The fingerprints that prove something: those of MD2 and MD5 do not (RFC 8122 §5).
pub(super) fn fingerprints(said: &Said) -> Vec<Fingerprint<'static>> {
    said.fingerprints.iter().filter(|print| print.hash.is_allowed()).cloned().collect()
}

/// Whether the DTLS association of before is meant still (RFC 8842 §4): same identity, and same
/// certificates in whatever order.
fn same_association(
    before: &AgreedTransport,
    fingerprints: &[Fingerprint<'static>],
    tls_id: Option<&TlsId<'static>>,
) -> bool {
    // An answer has a tls-id only where the offer had one, so that its absence says nothing.
    before.tls_id.as_ref().zip(tls_id).is_none_or(|(before, now)| before == now)
        && before.fingerprints.len() == fingerprints.len()
        && fingerprints.iter().all(|print| before.fingerprints.contains(print))
}
