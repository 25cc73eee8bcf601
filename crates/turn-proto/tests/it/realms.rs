//! Several sets of users at one server, and several servers with one key for nonces.
use crate::desk::{self, Desk, User, address, udp};
use core::time::Duration;
use sans_io::Path;
use stun_proto::{Method, attribute::Realm};
use turn_proto::{ConfigError, NonceKey, TurnRealm, TurnServerConfig, Users};

const OTHER: &str = "9.9.9.1:3479";

/// Alice has another password where the other realm is asked for.
fn config() -> TurnServerConfig {
    let users = Users::new("other").with("alice", "looking-glass").unwrap();
    let mut config = desk::config().with_listener(address(OTHER));
    config.realms.push(TurnRealm { users, listeners: vec![address(OTHER)] });
    config
}

fn other(mut user: User) -> User {
    user.path = Path::udp(address(OTHER), user.path.remote());
    user
}

#[test]
fn each_listener_asks_for_users_of_its_realm() {
    let mut desk = Desk::with(config());
    let mut told = |user: &mut User| {
        let request = user.write(Method::ALLOCATE, udp);
        let answer = user.send(&mut desk, &request).unwrap();
        answer.get::<Realm<'_>>().unwrap().0.to_owned()
    };
    assert_eq!(told(&mut User::alice()), "turn");
    assert_eq!(told(&mut other(User::alice())), "other");
    User::alice().allocate(&mut desk);
    other(User::new("alice", "looking-glass", "7.7.7.7:1000")).allocate(&mut desk);
    for mut wrong in [User::new("alice", "looking-glass", "7.7.7.8:1"), other(User::alice())] {
        assert_eq!(wrong.ask(&mut desk, Method::ALLOCATE, udp).code(), 401);
    }
}

#[test]
fn one_name_in_two_realms_is_two_users() {
    let mut config = config();
    config.max_allocations_per_user = 1;
    let mut desk = Desk::with(config);
    User::alice().allocate(&mut desk);
    other(User::new("alice", "looking-glass", "7.7.7.8:1000")).allocate(&mut desk);
    let mut second = other(User::new("alice", "looking-glass", "7.7.7.9:1000"));
    assert_eq!(second.ask(&mut desk, Method::ALLOCATE, udp).code(), 486);
}

#[test]
fn users_of_each_realm_are_replaced_by_themselves() {
    let mut desk = Desk::with(config());
    let users = Users::new("other").with("carol", "coral").unwrap();
    assert!(desk.server.set_users(users).is_ok());
    User::alice().allocate(&mut desk);
    other(User::new("carol", "coral", "7.7.7.9:1000")).allocate(&mut desk);
    assert!(desk.server.set_users(Users::new("third")).is_err());
}

#[test]
fn realms_that_cannot_be_told_apart_are_refused() {
    let fault = |users: &str, listener: &str| {
        let mut config = config();
        let listeners = vec![address(listener)];
        config.realms.push(TurnRealm { users: Users::new(users), listeners });
        config.realms.swap(0, 1);
        turn_proto::TurnServer::new(config, sans_io::SocketIds::root(), [0; 32]).unwrap_err()
    };
    assert_eq!(fault("turn", desk::LISTENER), ConfigError::TwoRealms("turn".into()));
    assert_eq!(fault("third", OTHER), ConfigError::TwoRealms(OTHER.into()));
    let realm = "third".to_owned();
    let nowhere = ConfigError::RealmNowhere { realm, listener: address("9.9.9.9:1") };
    assert_eq!(fault("third", "9.9.9.9:1"), nowhere);
}

/// A balancer may send the requests of one client to one server after the other. Each started at
/// another time, which is zero for its machine.
#[test]
fn servers_with_one_key_take_the_nonces_of_each_other() {
    let server = |key: u8, started_s: u64| {
        let mut config = desk::config();
        let unix_time_at_zero = Duration::from_secs(started_s);
        config.nonce_key = NonceKey::Shared { key: [key; 32], unix_time_at_zero };
        let mut desk = Desk::with(config);
        desk.now = sans_io::Instant::from_secs(1_000_000 - started_s);
        desk
    };
    let mut alice = User::alice();
    let mut one = server(1, 500_000);
    alice.allocate(&mut one);
    let refresh = alice.write(Method::ALLOCATE, udp);
    let code = |desk: &mut Desk| alice.send(desk, &refresh).unwrap().code();
    assert_eq!(code(&mut server(1, 900_000)), 0, "the nonce is good there at once");
    assert_eq!(code(&mut server(2, 900_000)), 438, "another key");
    assert_eq!(code(&mut Desk::new()), 438, "a key of its own");
    assert!(
        !format!("{:?}", NonceKey::Shared { key: [7; 32], unix_time_at_zero: Duration::ZERO })
            .contains('7')
    );
}
