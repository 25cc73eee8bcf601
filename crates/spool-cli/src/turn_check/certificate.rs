//! The certificate of a server over TLS: whose it is, until when, and whether clients believe it.
use super::finding::Finding;
use sans_io::CertificateFault;
use serde_json::json;
use spool::{
    Services,
    probe::{self, ProbeError, ResolvedServer, ShownCertificate},
};
use std::net::IpAddr;
use x509_parser::{
    extensions::GeneralName,
    prelude::{FromDer as _, X509Certificate},
    time::ASN1Time,
};

/// A renewal that works has been made by then: certificates of ninety days are renewed after sixty.
const SOON_DAYS: i64 = 14;

/// Looks at it, if the server speaks TLS at all.
pub(super) async fn look(server: &ResolvedServer, services: &Services) -> Vec<Finding> {
    let by_address = server.address.ip().to_string();
    let name = server.server_name.as_deref().unwrap_or(&by_address);
    match probe::certificate(server.address, name, services).await {
        Ok(shown) => judge(name, &shown),
        // told with everything else that cannot be reached
        Err(ProbeError::NoAnswer | ProbeError::PortClosed | ProbeError::NoRoute(_)) => Vec::new(),
        Err(error) => {
            let advice = "have TLS 1.2 or 1.3 there, or name the right port";
            vec![Finding::fault("certificate", error.to_string(), advice)]
        }
    }
}

fn judge(name: &str, shown: &ShownCertificate) -> Vec<Finding> {
    let der = shown.chain.first().map(Vec::as_slice).unwrap_or_default();
    let Ok((_, certificate)) = X509Certificate::from_der(der) else {
        let advice = "install a certificate in PEM format of X.509 version 3";
        return vec![Finding::fault("certificate", "it cannot be read", advice)];
    };
    let ends = certificate.validity().not_after;
    let left = ends.timestamp() - ASN1Time::now().timestamp();
    let days = left.div_euclid(86_400);
    let names = names(&certificate);
    let figures = json!({
        "names": names,
        "issuer": certificate.issuer().to_string(),
        "chain": shown.chain.len(),
        "expires": ends.timestamp(),
        "days_left": days,
    });
    let facts = format!(
        "for {}, by {}, {} in the chain, {days} days left",
        names.join(" and "),
        certificate.issuer(),
        shown.chain.len(),
    );
    let finding = match shown.fault {
        Some(fault) => {
            let alone = shown.chain.len() == 1 && certificate.issuer() != certificate.subject();
            let (what, advice) = explain(fault, alone);
            Finding::fault("certificate", format!("{what} ({name}): {facts}"), advice)
        }
        None if days < SOON_DAYS => {
            Finding::note("certificate", facts, "renew it, and look why that is not done by itself")
        }
        None => Finding::good("certificate", facts),
    };
    vec![finding.with_figures(figures)]
}

/// What is wrong, and what helps. `alone`: only its own certificate came.
fn explain(fault: CertificateFault, alone: bool) -> (&'static str, &'static str) {
    match fault {
        CertificateFault::Issuer if alone => (
            "the authorities in between are missing, or nobody trusts them",
            "give the server the full chain (fullchain.pem), not its own certificate alone",
        ),
        CertificateFault::Issuer => (
            "no authority that is trusted here has signed it",
            "get one from an authority that browsers trust, or name yours with --ca FILE",
        ),
        CertificateFault::Name => {
            ("it is for another name", "hand out the name that it is for, or get one for this name")
        }
        CertificateFault::Expired => {
            ("it has expired", "renew it, and have the server read it again (SIGHUP)")
        }
        CertificateFault::NotYetValid => {
            ("it is not valid yet", "look at the clocks of the server and of this computer")
        }
        CertificateFault::Revoked => ("it was revoked", "get another one"),
        CertificateFault::Purpose => {
            ("it is not one for servers", "get one for server authentication, without CA:TRUE")
        }
        CertificateFault::Malformed => (
            "it is made or signed in a way that is not known here",
            "get one with an ECDSA or RSA key and SHA-256",
        ),
    }
}

/// What it is for.
fn names(certificate: &X509Certificate<'_>) -> Vec<String> {
    let Ok(Some(names)) = certificate.subject_alternative_name() else { return Vec::new() };
    let name = |name: &GeneralName<'_>| match name {
        GeneralName::DNSName(name) => Some((*name).to_owned()),
        GeneralName::IPAddress(bytes) => match bytes.len() {
            4 => <[u8; 4]>::try_from(*bytes).ok().map(|ip| IpAddr::from(ip).to_string()),
            _ => <[u8; 16]>::try_from(*bytes).ok().map(|ip| IpAddr::from(ip).to_string()),
        },
        _ => None,
    };
    names.value.general_names.iter().filter_map(name).collect()
}
