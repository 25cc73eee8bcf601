//! A server that takes the tokens of an authorization server (RFC 7635 §7, §9).
use crate::{
    desk::{self, Answer, Desk, PEER, User, address, udp, users},
    net::{Net, config_of, secs},
};
use core::time::Duration;
use stun_proto::{
    AttributeType, Credentials, Message, Method, TokenContents, TokenKey,
    attribute::{AccessToken, Lifetime, ThirdPartyAuthorization},
};
use turn_proto::{ThirdParty, TurnClientConfig, TurnEvent, TurnFault, TurnServerConfig};

const SERVER: &str = "turn.example.org";
/// Since 1970, at machine time zero.
const ORIGIN: Duration = Duration::from_secs(1_700_000_000);
const MAC_KEY: &[u8] = b"twenty bytes of key.";

fn key() -> TokenKey {
    TokenKey::aes256(&[7; 32])
}

fn config() -> TurnServerConfig {
    let mut config = desk::config();
    let third_party = ThirdParty::new(SERVER, ORIGIN).with_key("north", key());
    config.users = users().with_third_party(third_party);
    config
}

/// Credentials with a token that was issued so long after machine time zero.
fn token(kid: &str, issued_s: u64, lifetime_s: u32) -> Credentials {
    let contents = TokenContents {
        mac_key: MAC_KEY.to_vec(),
        timestamp: (ORIGIN.as_secs() + issued_s) << 16,
        lifetime_s,
    };
    let nonce = *b"only one use";
    let sealed = key().seal(&contents, SERVER, nonce).unwrap();
    let token = AccessToken { nonce: &nonce, sealed: &sealed };
    Credentials::token(kid, token, MAC_KEY)
}

fn client(credentials: Credentials) -> TurnClientConfig {
    let mut config = config_of("7.7.7.7:1000");
    config.credentials = credentials;
    config
}

fn user(desk: &Desk, lifetime_s: u32) -> User {
    let mut user = User::alice();
    let issued = desk.now.as_nanos() / 1_000_000_000;
    user.login = stun_proto::LongTermClient::new(token("north", issued, lifetime_s));
    user
}

#[test]
fn client_with_a_token_is_served() {
    let mut net = Net::with(config());
    let client = net.idle_client(client(token("north", 50, 3600)));
    net.clients[client].allocate(net.now).unwrap();
    net.run(secs(1));
    assert!(matches!(net.take_events(client)[..], [TurnEvent::Allocated { .. }]));
    net.clients[client].bind_channel(net.now, address(PEER)).unwrap();
    net.run(secs(1));
    net.send(client, PEER, b"out");
    net.run(secs(1));
    assert_eq!(net.take_at_peers().len(), 1);
    // Only Allocate and Refresh show it, and all else is signed with its key.
    let shown = |method| {
        let sent = net.sent.iter().filter_map(|(_, flight)| Message::parse(&flight.bytes).ok());
        let of_method = sent.filter(move |message| {
            message.method() == method && message.class() == stun_proto::Class::Request
        });
        of_method.filter(|message| message.has(AttributeType::ACCESS_TOKEN)).count()
    };
    assert!(shown(Method::ALLOCATE) > 0);
    assert_eq!((shown(Method::CHANNEL_BIND), shown(Method::CREATE_PERMISSION)), (0, 0));
    // All is kept up as long as the token lasts, and no longer.
    net.run(secs(3400));
    net.send(client, PEER, b"late");
    net.run(secs(1));
    assert_eq!(net.take_at_peers().len(), 1);
    net.run(secs(400));
    assert_eq!(net.server.as_ref().unwrap().allocations(), 0);
    let events = net.take_events(client);
    assert!(events.iter().any(|event| matches!(event, TurnEvent::Lost { .. })), "{events:?}");
}

#[test]
fn first_answer_names_the_server_that_tokens_are_for() {
    for (config, named) in [(config(), Some(SERVER)), (desk::config(), None)] {
        let mut desk = Desk::with(config);
        let mut alice = User::alice();
        let request = alice.write(Method::ALLOCATE, udp);
        let answer = alice.send(&mut desk, &request).unwrap();
        assert_eq!(answer.code(), 401);
        let name = answer.get::<ThirdPartyAuthorization<'_>>().map(|name| name.0);
        assert_eq!(name, named);
        // Who has a password logs in as before.
        alice.allocate(&mut desk);
    }
}

/// Who has a nonce has read it. coturn's client reads no more than 100 bytes of an answer on a connection
/// for relayed TCP, where its first nonce is another connection's.
#[test]
fn stale_nonce_is_told_without_the_name_of_the_server() {
    let mut desk = Desk::with(config());
    let mut alice = User::alice();
    alice.allocate(&mut desk);
    let request = alice.write(Method::REFRESH, |_| {});
    let mut elsewhere = User::bob();
    elsewhere.path = sans_io::Path::udp(address(desk::LISTENER), address("7.7.7.7:1001"));
    let answer = elsewhere.send(&mut desk, &request).unwrap();
    assert_eq!((answer.code(), answer.0.len()), (438, 84));
    assert!(answer.get::<ThirdPartyAuthorization<'_>>().is_none());
}

#[test]
fn allocation_lasts_no_longer_than_its_token() {
    let mut desk = Desk::with(config());
    let mut alice = user(&desk, 300);
    let lifetime = |answer: &Answer| answer.get::<Lifetime>().unwrap().0;
    let answer = alice.ask(&mut desk, Method::ALLOCATE, udp);
    assert_eq!((answer.code(), lifetime(&answer)), (0, 305), "and five seconds for the clocks");
    desk.pass(100);
    let answer = alice.ask(&mut desk, Method::REFRESH, |request| request.push(&Lifetime(3600)));
    assert_eq!((answer.code(), lifetime(&answer)), (0, 205));
    // A new token takes its place.
    let mut renewed = user(&desk, 900);
    renewed.entropy = stun_proto::Entropy::new([77; 32]);
    let answer = renewed.ask(&mut desk, Method::REFRESH, |_| {});
    assert_eq!((answer.code(), lifetime(&answer)), (0, 600));
    desk.pass(206);
    assert_eq!(desk.server.allocations(), 1);
    assert_eq!(renewed.permit(&mut desk, &[address(PEER)]), 0);
    desk.pass(400);
    assert_eq!(desk.server.allocations(), 0);
}

#[test]
fn token_that_is_no_good_is_refused_with_401() {
    let wrong_key = {
        let contents =
            TokenContents { mac_key: MAC_KEY.to_vec(), timestamp: 0, lifetime_s: u32::MAX };
        let nonce = *b"only one use";
        let sealed = TokenKey::aes256(&[8; 32]).seal(&contents, SERVER, nonce).unwrap();
        let token = AccessToken { nonce: &nonce, sealed: &sealed };
        Credentials::token("north", token, MAC_KEY)
    };
    for credentials in [
        token("south", 50, 3600),
        token("alice", 50, 3600),
        token("north", 50_000, 3600),
        wrong_key,
    ] {
        let mut net = Net::with(config());
        let client = net.idle_client(client(credentials));
        net.clients[client].allocate(net.now).unwrap();
        net.run(secs(1));
        let fault = TurnFault::WrongCredentials;
        assert_eq!(net.take_events(client), [TurnEvent::Failed { fault }]);
    }
}

#[test]
fn token_is_unknown_where_nobody_asked_for_one() {
    let mut desk = Desk::new();
    let mut alice = User::alice();
    let answer = alice.ask(&mut desk, Method::ALLOCATE, |request| {
        udp(request);
        request.push(&AccessToken { nonce: b"only one use", sealed: b"x" });
    });
    assert_eq!(answer.code(), 420);
}

#[test]
fn session_of_one_client_is_not_anothers() {
    let mut desk = Desk::with(config());
    let mut alice = user(&desk, 300);
    alice.ask(&mut desk, Method::ALLOCATE, udp);
    // The key alone, without the token, is good for nothing elsewhere.
    let mut other = user(&desk, 300);
    other.path = sans_io::Path::udp(other.path.local(), address("7.7.7.9:1"));
    other.entropy = stun_proto::Entropy::new([78; 32]);
    let answer = other.ask(&mut desk, Method::CREATE_PERMISSION, |request| {
        request.push(&stun_proto::attribute::XorPeerAddress(address(PEER)));
    });
    assert_eq!(answer.code(), 401);
}
