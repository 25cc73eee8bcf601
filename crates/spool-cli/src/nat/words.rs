//! A report on a NAT, for people and for programs.
use serde_json::json;
use spool::probe::{BindingLifetime, Filtering, Mapping, NatReport};

/// The report and what follows from it.
pub(super) fn in_words(report: &NatReport) -> String {
    let mut lines = vec![seen(report)];
    let mut line = |name: &str, value: &str| lines.push(format!("{name:<11} {value}"));
    if report.mapping != Mapping::None {
        line("Mapping", mapping(report.mapping));
        let kept = report.keeps_port();
        line("Port", if kept { "the inner one is kept" } else { "another than inside" });
    }
    line("Filtering", filtering(report.filtering));
    if let Some(hairpin) = report.hairpin {
        let (yes, can) = if hairpin { ("yes", "can") } else { ("no", "cannot") };
        line("Hairpin", &format!("{yes}: two behind it {can} meet at their outer addresses"));
    }
    if let Some(lasting) = report.lifetime {
        line("Lifetime", &lifetime(lasting));
    }
    if let Some(class) = class(report) {
        line("RFC 3489", &format!("would call it: {class}"));
    }
    if report.other.is_none() {
        lines.push(String::new());
        lines.push(NO_OTHER.into());
    }
    lines.push(String::new());
    lines.push(meaning(report).into());
    lines.join("\n")
}

const NO_OTHER: &str = "\
The server has no second address (no OTHER-ADDRESS, RFC 5780), so how a NAT gives out
ports and whom it lets in stays unknown. `spool turn-server --behaviour` has one.";

fn seen(report: &NatReport) -> String {
    match report.mapped {
        Some(mapped) if report.mapping != Mapping::None => {
            format!("Behind a NAT: {} appears as {mapped}.", report.local)
        }
        _ => format!("No NAT: {} is what the server sees.", report.local),
    }
}

fn mapping(mapping: Mapping) -> &'static str {
    match mapping {
        Mapping::None => "none",
        Mapping::EndpointIndependent => "endpoint-independent: one outer port for all destinations",
        Mapping::AddressDependent => "address-dependent: another outer port for each address",
        Mapping::AddressAndPortDependent => {
            "address- and port-dependent: another outer port for each destination"
        }
        Mapping::Unknown => "unknown",
    }
}

fn filtering(filtering: Filtering) -> &'static str {
    match filtering {
        Filtering::EndpointIndependent => "endpoint-independent: lets everybody in",
        Filtering::AddressDependent => {
            "address-dependent: lets in what comes from contacted addresses"
        }
        Filtering::AddressAndPortDependent => {
            "address- and port-dependent: lets in only what answers"
        }
        Filtering::Unknown => "unknown",
    }
}

fn lifetime(lifetime: BindingLifetime) -> String {
    match lifetime {
        BindingLifetime::Between(there, gone) => {
            format!(
                "an idle binding is there after {} s, gone after {} s",
                there.as_secs(),
                gone.as_secs()
            )
        }
        BindingLifetime::Under(gone) => {
            format!("an idle binding is gone after {} s", gone.as_secs())
        }
        BindingLifetime::Over(there) => {
            format!("an idle binding is still there after {} s", there.as_secs())
        }
        BindingLifetime::Unknown => {
            "unknown: the server does not honour RESPONSE-PORT, or stopped answering".into()
        }
    }
}

/// What RFC 3489 §5 would call it, if that has a name for it.
fn class(report: &NatReport) -> Option<&'static str> {
    Some(match (report.mapping, report.filtering) {
        (Mapping::None, Filtering::EndpointIndependent) => "open internet",
        (Mapping::None, Filtering::AddressDependent | Filtering::AddressAndPortDependent) => {
            "symmetric UDP firewall"
        }
        (Mapping::EndpointIndependent, Filtering::EndpointIndependent) => "full cone",
        (Mapping::EndpointIndependent, Filtering::AddressDependent) => "restricted cone",
        (Mapping::EndpointIndependent, Filtering::AddressAndPortDependent) => {
            "port-restricted cone"
        }
        (Mapping::AddressDependent | Mapping::AddressAndPortDependent, _) => "symmetric",
        (Mapping::Unknown, _) | (_, Filtering::Unknown) => return None,
    })
}

/// What it means for connecting.
fn meaning(report: &NatReport) -> &'static str {
    use Filtering as F;
    use Mapping as M;
    match (report.mapping, report.filtering) {
        (M::None, F::EndpointIndependent) => "Others reach this computer directly.",
        (M::EndpointIndependent, F::EndpointIndependent) => {
            "Others reach this computer at the address above while the binding is kept alive, even \
             from\nbehind a symmetric NAT."
        }
        (M::None | M::EndpointIndependent, F::AddressDependent) => {
            "Direct connections work with nearly everybody, once both sides have sent, as ICE does."
        }
        (M::None | M::EndpointIndependent, F::AddressAndPortDependent) => {
            "Direct connections work, once both sides have sent, as ICE does, with everybody but \
             those behind\na symmetric NAT: with them it takes a relay (--turn)."
        }
        (M::AddressDependent | M::AddressAndPortDependent, _) => {
            "What others are told of this computer's port is of no use to them. Direct connections \
             work with\nthose who let in everybody, or everybody at an address that they sent to; \
             with all others it\ntakes a relay (--turn)."
        }
        (M::Unknown, _) | (_, F::Unknown) => {
            "UDP gets through. Whether direct connections work shows when they are tried; have a \
             relay at\nhand (--turn)."
        }
    }
}

/// The report as an object with the words of RFC 4787.
pub(super) fn as_json(report: &NatReport) -> serde_json::Value {
    let text = |address: Option<std::net::SocketAddr>| address.map(|a| a.to_string());
    let mapping = match report.mapping {
        Mapping::None => "none",
        Mapping::EndpointIndependent => "endpoint-independent",
        Mapping::AddressDependent => "address-dependent",
        Mapping::AddressAndPortDependent => "address-and-port-dependent",
        Mapping::Unknown => "unknown",
    };
    let filtering = match report.filtering {
        Filtering::EndpointIndependent => "endpoint-independent",
        Filtering::AddressDependent => "address-dependent",
        Filtering::AddressAndPortDependent => "address-and-port-dependent",
        Filtering::Unknown => "unknown",
    };
    let lifetime = report.lifetime.map(|lifetime| {
        let (there, gone) = match lifetime {
            BindingLifetime::Between(there, gone) => (Some(there), Some(gone)),
            BindingLifetime::Under(gone) => (None, Some(gone)),
            BindingLifetime::Over(there) => (Some(there), None),
            BindingLifetime::Unknown => (None, None),
        };
        json!({ "there_s": there.map(|t| t.as_secs()), "gone_s": gone.map(|t| t.as_secs()) })
    });
    json!({
        "local": report.local.to_string(),
        "mapped": text(report.mapped),
        "other": text(report.other),
        "mapping": mapping,
        "filtering": filtering,
        "keeps_port": report.keeps_port(),
        "hairpin": report.hairpin,
        "lifetime": lifetime,
        "class": class(report),
    })
}

#[cfg(test)]
mod tests {
    use super::{as_json, in_words};
    use spool::probe::{BindingLifetime, Filtering, Mapping, NatReport};
    use std::time::Duration;

    fn report(mapping: Mapping, filtering: Filtering) -> NatReport {
        NatReport {
            local: "10.0.0.2:5000".parse().unwrap(),
            mapped: "192.0.2.1:5000".parse().ok(),
            mapped_other: None,
            other: "198.51.100.2:3479".parse().ok(),
            mapping,
            filtering,
            hairpin: Some(false),
            lifetime: None,
        }
    }

    #[test]
    fn classes_have_the_names_of_rfc_3489() {
        use Filtering::{
            AddressAndPortDependent as ByPort, AddressDependent as ByAddress,
            EndpointIndependent as All,
        };
        let symmetric = Mapping::AddressAndPortDependent;
        for (mapping, filtering, name) in [
            (Mapping::None, All, "open internet"),
            (Mapping::None, ByPort, "symmetric UDP firewall"),
            (Mapping::EndpointIndependent, All, "full cone"),
            (Mapping::EndpointIndependent, ByAddress, "restricted cone"),
            (Mapping::EndpointIndependent, ByPort, "port-restricted cone"),
            (Mapping::AddressDependent, All, "symmetric"),
            (symmetric, ByPort, "symmetric"),
            (symmetric, Filtering::Unknown, "symmetric"),
        ] {
            let report = report(mapping, filtering);
            assert_eq!(as_json(&report)["class"], name, "{mapping:?} {filtering:?}");
            assert!(in_words(&report).contains(name), "{mapping:?} {filtering:?}");
        }
    }

    #[test]
    fn what_is_not_known_has_no_name() {
        for report in [
            report(Mapping::Unknown, Filtering::EndpointIndependent),
            report(Mapping::EndpointIndependent, Filtering::Unknown),
            report(Mapping::None, Filtering::Unknown),
        ] {
            assert!(as_json(&report)["class"].is_null(), "{report:?}");
            assert!(!in_words(&report).contains("RFC 3489"), "{report:?}");
        }
    }

    #[test]
    fn lifetimes_say_what_was_tried() {
        let secs = Duration::from_secs;
        let mut report = report(Mapping::EndpointIndependent, Filtering::AddressAndPortDependent);
        for (lifetime, there, gone) in [
            (BindingLifetime::Between(secs(30), secs(60)), Some(30), Some(60)),
            (BindingLifetime::Under(secs(15)), None, Some(15)),
            (BindingLifetime::Over(secs(600)), Some(600), None),
            (BindingLifetime::Unknown, None, None),
        ] {
            report.lifetime = Some(lifetime);
            let told = as_json(&report);
            assert_eq!(told["lifetime"]["there_s"].as_u64(), there);
            assert_eq!(told["lifetime"]["gone_s"].as_u64(), gone);
            let words = in_words(&report);
            for seconds in [there, gone].into_iter().flatten() {
                assert!(words.contains(&format!("{seconds} s")), "{words}");
            }
        }
    }
}
