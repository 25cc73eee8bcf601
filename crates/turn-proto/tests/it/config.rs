//! A server that cannot work does not start.
use crate::desk::{self, address};
use core::time::Duration;
use sans_io::SocketIds;
use turn_proto::{ConfigError, RelayAddress, TurnServer, TurnServerConfig, Users};

fn start(change: impl FnOnce(&mut TurnServerConfig)) -> Result<TurnServer, ConfigError> {
    let mut config = desk::config();
    change(&mut config);
    TurnServer::new(config, SocketIds::root(), [0; 32])
}

#[test]
fn a_configuration_that_cannot_work_is_refused() {
    type Change = fn(&mut TurnServerConfig);
    let cases: [(Change, &str); 15] = [
        (|c| c.users = Users::new(""), "Realm"),
        (|c| c.users = Users::new("x".repeat(128)), "Realm"),
        (|c| c.listeners.clear(), "NoListener"),
        (|c| c.relays.clear(), "NoRelay"),
        (|c| c.relays.push(RelayAddress::new([9, 9, 9, 2].into())), "TwoRelays(9.9.9.2)"),
        (|c| c.listeners.push(address("0.0.0.0:3478")), "Unspecified"),
        (|c| c.relays = vec![RelayAddress::new([0; 4].into())], "Unspecified"),
        (
            |c| c.relays[0] = c.relays[0].advertised_as("2a00::1".parse().unwrap()),
            "Advertised(9.9.9.2, 2a00::1)",
        ),
        (|c| c.relay_ports = 1023..=2000, "Ports"),
        (|c| c.relay_ports = core::ops::RangeInclusive::new(60_000, 50_000), "Ports"),
        (|c| c.relay_ports = 50_000..=50_000, "TooFewPorts { allocations: 4096, ports: 2 }"),
        (|c| c.max_allocations = 0, "Zero(\"max_allocations\")"),
        (|c| c.max_queue = 0, "Zero(\"max_queue\")"),
        (|c| c.nonce_lifetime = Duration::from_millis(999), "Zero(\"nonce_lifetime\")"),
        (|c| c.default_lifetime = Duration::from_secs(3601), "Lifetimes"),
    ];
    for (change, error) in cases {
        assert_eq!(format!("{:?}", start(change).unwrap_err()), error);
    }
    assert!(start(|_| {}).is_ok());
}
