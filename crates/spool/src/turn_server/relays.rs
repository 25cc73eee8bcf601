//! Which addresses are relayed from, and how they are known outside.
use super::ServeError;
use std::net::{IpAddr, SocketAddr};
use turn_proto::{PeerPolicy, RelayAddress};

/// Those that are wanted, else one of each family that is listened on: a public one rather than a
/// private one, and loopback only where there is nothing else. Each is tried once, so that a wrong
/// one is told now and not to each client.
pub(super) fn choose(
    wanted: &[IpAddr],
    listeners: &[SocketAddr],
) -> Result<Vec<IpAddr>, ServeError> {
    let relays = if wanted.is_empty() { best(listeners) } else { wanted.to_vec() };
    for address in &relays {
        std::net::UdpSocket::bind((*address, 0))
            .map_err(|source| ServeError::Relay { address: *address, source })?;
    }
    Ok(relays)
}

fn best(listeners: &[SocketAddr]) -> Vec<IpAddr> {
    let public = PeerPolicy::global_only();
    let mut all: Vec<IpAddr> = listeners.iter().map(SocketAddr::ip).collect();
    if all.iter().any(|ip| !ip.is_loopback()) {
        all.retain(|ip| !ip.is_loopback());
    }
    // the order of the system among equals
    all.sort_by_key(|ip| !public.allows(*ip));
    let of_family = |v4: bool| all.iter().copied().find(|ip| ip.is_ipv4() == v4);
    of_family(true).into_iter().chain(of_family(false)).collect()
}

/// How they are known outside.
pub(super) fn advertise(
    bound: &[IpAddr],
    external: &[(IpAddr, Option<IpAddr>)],
) -> Result<Vec<RelayAddress>, ServeError> {
    let mut relays: Vec<_> = bound.iter().copied().map(RelayAddress::new).collect();
    for (outside, inside) in external {
        let is_meant = |relay: &&mut RelayAddress| match inside {
            Some(inside) => relay.bound() == *inside,
            None => relay.bound().is_ipv4() == outside.is_ipv4(),
        };
        let mut meant = relays.iter_mut().filter(is_meant);
        match (meant.next(), meant.next()) {
            (Some(relay), None) => *relay = relay.advertised_as(*outside),
            _ => return Err(ServeError::External(*outside)),
        }
    }
    Ok(relays)
}

#[cfg(test)]
mod tests {
    use super::{advertise, best};
    use std::net::{IpAddr, SocketAddr};

    fn ips(texts: &[&str]) -> Vec<IpAddr> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    fn chosen(listeners: &[&str]) -> Vec<IpAddr> {
        let listeners: Vec<_> =
            ips(listeners).into_iter().map(|ip| SocketAddr::new(ip, 1)).collect();
        best(&listeners)
    }

    #[test]
    fn a_public_address_is_relayed_from_rather_than_the_first() {
        let all = ["172.17.0.1", "10.9.0.1", "198.45.1.1", "fd00::1", "2a00::1", "127.0.0.1"];
        assert_eq!(chosen(&all), ips(&["198.45.1.1", "2a00::1"]));
        assert_eq!(chosen(&["172.17.0.1", "10.9.0.1"]), ips(&["172.17.0.1"]));
    }

    #[test]
    fn loopback_is_relayed_from_where_there_is_nothing_else() {
        assert_eq!(chosen(&["10.0.0.1", "127.0.0.1", "::1"]), ips(&["10.0.0.1"]));
        assert_eq!(chosen(&["127.0.0.1", "::1"]), ips(&["127.0.0.1", "::1"]));
    }

    #[test]
    fn an_external_address_is_of_one_relay() {
        let bound = ips(&["10.0.0.1", "10.0.0.2", "fd00::1"]);
        let ip = |text: &str| text.parse::<IpAddr>().unwrap();
        let relays =
            advertise(&bound, &[(ip("1.2.3.4"), Some(ip("10.0.0.2"))), (ip("2a00::1"), None)]);
        let told: Vec<_> =
            relays.unwrap().iter().map(turn_proto::RelayAddress::advertised).collect();
        assert_eq!(told, ips(&["10.0.0.1", "1.2.3.4", "2a00::1"]));
        assert!(advertise(&bound, &[(ip("1.2.3.4"), None)]).is_err(), "which of the two?");
        assert!(advertise(&bound, &[(ip("1.2.3.4"), Some(ip("10.0.0.9")))]).is_err());
        assert!(advertise(&bound[..2], &[(ip("2a00::1"), None)]).is_err());
    }
}
