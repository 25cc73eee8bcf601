//! What an operator changes while a server runs, and what it tells.
use crate::{authority::Authority, running::bounded};
use sans_io::Transport;
use spool::{
    Accounts, PeerPolicy, Services, TurnService, TurnServiceBuilder,
    probe::{self, Credentials, ProbeError},
};
use std::net::SocketAddr;

fn builder() -> TurnServiceBuilder {
    TurnService::builder()
        .listen("127.0.0.1:0".parse().unwrap())
        .relay("127.0.0.1".parse().unwrap())
        .user("alice", "wonderland")
        .secure_stun(true)
}

/// Asks who one is, with a password or a certificate in mind.
async fn ask(
    transport: Transport,
    address: SocketAddr,
    password: &str,
    services: &Services,
) -> Result<(), ProbeError> {
    let server_name = (transport == Transport::Tls).then(|| "localhost".into());
    let target = probe::ResolvedServer { transport, address, server_name };
    let credentials = Credentials::new("alice", password).unwrap();
    bounded(probe::query(&target, Some(credentials), services)).await.map(|_| ())
}

#[tokio::test]
async fn other_accounts_hold_from_the_next_request_on() {
    let server = builder().start().await.unwrap();
    let address = server.listeners()[0];
    let services = Services::default();
    let works = async |password| ask(Transport::Udp, address, password, &services).await.is_ok();
    assert!(works("wonderland").await && !works("glass").await);
    let control = server.control();
    let accounts = Accounts::new().password("alice", "glass");
    bounded(control.set_accounts(&accounts)).await.unwrap();
    assert!(!works("wonderland").await && works("glass").await);
    // what is of no use changes nothing
    let broken = Accounts::new().password("alice", "\u{0}x");
    assert!(bounded(control.set_accounts(&broken)).await.is_err());
    assert!(works("glass").await);
    bounded(control.set_peers(PeerPolicy::global_only())).await.unwrap();
    bounded(control.drain()).await.unwrap();
    let snapshot = bounded(control.snapshot()).await.unwrap();
    assert!(snapshot.draining && snapshot.allocations == 0 && snapshot.sockets.received > 4);
    server.stop().await;
}

#[tokio::test]
async fn a_new_certificate_is_shown_to_who_comes_next() {
    let (old, new) = (Authority::new(), Authority::named("new"));
    let identity = old.identity("localhost");
    let server = builder().listen_tls("127.0.0.1:0".parse().unwrap(), identity.clone());
    let server = server.start().await.unwrap();
    let address = server.tls_listeners()[0];
    let believed = async |authority: &Authority| {
        ask(Transport::Tls, address, "wonderland", &authority.services()).await.is_ok()
    };
    assert!(believed(&old).await && !believed(&new).await);
    identity.replace_with(&new.identity("localhost"));
    assert!(believed(&new).await && !believed(&old).await);
    server.stop().await;
}

/// One address that cannot be listened on, of all that there are, is no reason not to start.
#[tokio::test]
async fn everywhere_means_both_families_where_there_are_both() {
    let server = TurnService::builder()
        .listen("0.0.0.0:0".parse().unwrap())
        .listen("[::]:0".parse().unwrap())
        .start()
        .await
        .unwrap();
    let here = spool::interfaces::list(true).unwrap();
    assert_eq!(server.listeners().len() + server.skipped().len(), here.len());
    assert!(server.skipped().is_empty(), "{:?}", server.skipped());
    server.stop().await;
}
