//! QUIC over a connection: whatever path ICE has chosen, quinn sees one peer.
use crate::agents::{HOST, bounded, builder, meet};
use quinn::{
    ClientConfig, Endpoint, EndpointConfig, ServerConfig, TokioRuntime,
    crypto::rustls::{QuicClientConfig, QuicServerConfig},
};
use rustls::{RootCertStore, pki_types::PrivateKeyDer};
use spool::{CandidatePolicy, Connection, QuicSocket, TurnService};
use std::sync::Arc;

/// Both ends of a QUIC connection, the one that accepts first.
async fn quic(server: Connection, client: Connection) -> [(Endpoint, quinn::Connection); 2] {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let made = rcgen::generate_simple_self_signed(["peer".to_owned()]).unwrap();
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(made.cert.der().clone()).unwrap();
    let accepting = rustls::ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    let connecting = rustls::ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let accepting =
        ServerConfig::with_crypto(Arc::new(QuicServerConfig::try_from(accepting).unwrap()));
    let connecting = ClientConfig::new(Arc::new(QuicClientConfig::try_from(connecting).unwrap()));
    let endpoint = |connection: Connection, config| {
        let mut plain = EndpointConfig::default();
        plain.grease_quic_bit(false);
        let socket = Arc::new(connection.into_quic());
        let runtime = Arc::new(TokioRuntime);
        Endpoint::new_with_abstract_socket(plain, config, socket, runtime).unwrap()
    };
    let (server, client) = (endpoint(server, Some(accepting)), endpoint(client, None));
    let connect = client.connect_with(connecting, QuicSocket::PEER, "peer").unwrap();
    let accept = async { server.accept().await.unwrap().await.unwrap() };
    let (accepted, connected) = bounded(async { tokio::join!(accept, connect) }).await;
    [(server, accepted), (client, connected.unwrap())]
}

/// A stream that is echoed comes back as it was.
async fn echo(bytes: usize, server: Connection, client: Connection) {
    let [(_server, accepted), (_client, connected)] = quic(server, client).await;
    let echo = async {
        let (mut send, mut recv) = accepted.accept_bi().await.unwrap();
        while let Some(chunk) = recv.read_chunk(1 << 16, true).await.unwrap() {
            send.write_chunk(chunk.bytes).await.unwrap();
        }
        send.finish().unwrap();
        send.stopped().await.unwrap();
    };
    let sent: Vec<u8> = (0..bytes).map(|n| (n / 7) as u8).collect();
    let ask = async {
        let (mut send, mut recv) = connected.open_bi().await.unwrap();
        let write = async {
            send.write_all(&sent).await.unwrap();
            send.finish().unwrap();
        };
        tokio::join!(write, recv.read_to_end(bytes)).1.unwrap()
    };
    let ((), back) = bounded(async { tokio::join!(echo, ask) }).await;
    assert!(back == sent, "{} of {bytes} bytes", back.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_cross_a_direct_path() {
    let (alice, bob) = meet(builder(), builder()).await;
    echo(3_000_000, alice, bob).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_cross_a_relay() {
    let server = TurnService::builder()
        .listen((HOST, 0).into())
        .relay(HOST)
        .user("alice", "wonderland")
        .allow_peer("127.0.0.0/8".parse().unwrap())
        .start()
        .await
        .unwrap();
    let address = server.listeners()[0].to_string();
    let relayed = || builder().turn(&address, "alice", "wonderland").policy(CandidatePolicy::Relay);
    let (alice, bob) = meet(relayed(), relayed()).await;
    assert!(!alice.is_direct());
    echo(1_000_000, alice, bob).await;
}

#[tokio::test]
async fn one_task_sends_while_another_receives() {
    let (alice, bob) = meet(builder(), builder()).await;
    let (sender, _kept) = alice.split();
    let (_kept, mut receiver) = bob.split();
    let send = async {
        for number in 0..200_u32 {
            sender.send(&number.to_be_bytes()).await.unwrap();
        }
    };
    let receive = async {
        let mut numbers = Vec::new();
        while numbers.len() < 200 {
            let datagram = receiver.recv().await.unwrap();
            numbers.push(u32::from_be_bytes(datagram[..].try_into().unwrap()));
        }
        numbers
    };
    let ((), numbers) = bounded(async { tokio::join!(send, receive) }).await;
    assert!(numbers.into_iter().eq(0..200));
}

#[tokio::test]
async fn parameters_do_without_descriptions() {
    use spool::Role;
    let (mut alice, mut bob) = (builder().build().await.unwrap(), builder().build().await.unwrap());
    bob.gather(Role::Controlled).unwrap();
    let (ours, theirs) = (alice.local_parameters().await.unwrap(), bob.local_parameters().await);
    alice.set_remote_parameters(theirs.unwrap()).await.unwrap();
    bob.set_remote_parameters(ours).await.unwrap();
    let (alice, bob) = bounded(async { tokio::join!(alice.connected(), bob.connected()) }).await;
    let (alice, mut bob) = (alice.unwrap(), bob.unwrap());
    alice.send(b"hello").await.unwrap();
    assert_eq!(&bounded(bob.recv()).await.unwrap()[..], b"hello");
}

#[tokio::test]
async fn whoever_watches_sees_the_path_go() {
    let (alice, bob) = meet(builder(), builder()).await;
    let mut paths = bob.paths();
    assert!(paths.is_direct());
    let (local, remote) = (paths.local(), paths.remote());
    let watch = async { paths.changed_from(local, remote).await };
    bounded(async { tokio::join!(bob.close(), watch) }).await.1.unwrap_err();
    drop(alice);
}
