//! The order in which NAPTR records of relays are followed (RFC 5928 §3 step 4, RFC 3958).
use alloc::{sync::Arc, vec::Vec};
use sans_io::{LookupAnswer, Transport};

/// Where a record leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flag {
    /// To more NAPTR records.
    Again,
    /// To SRV records.
    Srv,
    /// To addresses.
    Address,
}

/// One record, for one transport.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Next {
    pub(super) transport: Transport,
    pub(super) flag: Flag,
    pub(super) name: Arc<str>,
}

/// Records by order and preference; those of the same rank by the application's preference, which
/// is the order of `transports`.
pub(super) fn in_order(answers: &[LookupAnswer], transports: &[Transport]) -> Vec<Next> {
    let mut ranked = Vec::new();
    for answer in answers {
        let LookupAnswer::Naptr { order, preference, flags, service, replacement } = answer else {
            continue;
        };
        let Some(flag) = flag(flags) else { continue };
        for (wish, transport) in transports.iter().enumerate() {
            if serves(service, *transport) {
                let name = replacement.clone();
                ranked.push((
                    (*order, *preference, wish),
                    Next { transport: *transport, flag, name },
                ));
            }
        }
    }
    ranked.sort_by_key(|(rank, _)| *rank);
    ranked.into_iter().map(|(_, next)| next).collect()
}

fn flag(flags: &str) -> Option<Flag> {
    if flags.is_empty() {
        Some(Flag::Again)
    } else if flags.eq_ignore_ascii_case("s") {
        Some(Flag::Srv)
    } else if flags.eq_ignore_ascii_case("a") {
        Some(Flag::Address)
    } else {
        None
    }
}

/// Whether `RELAY:turn.udp:…` names a transport.
fn serves(service: &str, transport: Transport) -> bool {
    let tag = match transport {
        Transport::Udp => "turn.udp",
        Transport::Tcp => "turn.tcp",
        Transport::Tls => "turn.tls",
    };
    let mut parts = service.split(':');
    parts.next().is_some_and(|service| service.eq_ignore_ascii_case("RELAY"))
        && parts.any(|part| part.eq_ignore_ascii_case(tag))
}
