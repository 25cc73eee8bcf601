//! TLS, both sides: whom a client believes, and what a server puts up with (RFC 8489 §6.2.3).
use crate::{
    authority::{Authority, valid},
    machines::Seen,
    running::{Running, Told, bounded},
};
use rcgen::ExtendedKeyUsagePurpose;
use sans_io::{CertificateFault, Path, PathFault, SocketFault, SocketId, SocketRequest, Transport};
use spool::{Identity, Services, Trust, TurnService, driver::Sockets};
use std::{net::SocketAddr, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpSocket, TcpStream},
};

const LISTENER: SocketId = SocketId(1);
const CLIENT: SocketId = SocketId(2);

/// A driver that listens over TLS, and where.
fn listening(identity: Identity) -> (Running, SocketAddr) {
    let mut sockets = Sockets::default();
    let local = "127.0.0.1:0".parse().unwrap();
    let local = sockets.listen_tls(LISTENER, local, identity).unwrap();
    (Running::with_sockets(sockets, |_| ()), local)
}

/// A driver that connects over TLS to whoever is to be `name`.
fn connecting(services: Services, remote: SocketAddr, name: &str) -> Running {
    let mut sockets = Sockets::default();
    sockets.use_services(services);
    let server_name = Some(name.into());
    let (id, transport, local) = (CLIENT, Transport::Tls, None);
    Running::with_sockets(sockets, |probe| {
        probe.ask(SocketRequest::Connect { id, transport, local, remote, server_name });
    })
}

async fn refused(mut client: Running) -> SocketFault {
    match client.next().await {
        Told::Event(Seen::Socket(CLIENT, Err(fault))) => fault,
        other => panic!("{other:?}"),
    }
}

fn frame(body: &[u8]) -> Vec<u8> {
    [&(body.len() as u16).to_be_bytes()[..], body].concat()
}

#[tokio::test]
async fn frames_cross_both_ways_and_the_end_is_told() {
    let authority = Authority::new();
    let (mut server, remote) = listening(authority.identity("localhost"));
    let mut client = connecting(authority.services(), remote, "localhost");
    let local = client.bound().await;
    let path = Path::new(Transport::Tls, local, remote);
    let back = path.reversed();
    assert_eq!(server.next().await, Told::Event(Seen::Accepted(LISTENER, back)));
    client.with(move |cx| cx.machine.transmit(path, b"\0\x05there")).await;
    assert_eq!(server.next().await, Told::Bytes(back, frame(b"there")));
    server.with(move |cx| cx.machine.transmit(back, b"\0\x04back")).await;
    assert_eq!(client.next().await, Told::Bytes(path, frame(b"back")));
    client.with(|cx| cx.machine.ask(SocketRequest::Close(CLIENT))).await;
    assert_eq!(server.next().await, Told::Event(Seen::Failed(back, PathFault::Ended)));
}

/// Back through the same connection, which is read no further while it cannot be written.
#[tokio::test]
async fn megabytes_come_back_as_they_were_sent() {
    const FRAMES: usize = 2000;
    let authority = Authority::new();
    let (mut server, remote) = listening(authority.identity("localhost"));
    let mut client = connecting(authority.services(), remote, "localhost");
    let path = Path::new(Transport::Tls, client.bound().await, remote);
    let back = path.reversed();
    assert_eq!(server.next().await, Told::Event(Seen::Accepted(LISTENER, back)));
    server.with(move |cx| cx.machine.pipe_to = Some(back)).await;
    static BODY: [u8; 2002] = {
        let mut body = [7; 2002];
        (body[0], body[1]) = (7, 208);
        body
    };
    for sent in 0..FRAMES {
        client.with(move |cx| cx.machine.transmit(path, &BODY)).await;
        if sent % 50 == 49 {
            for _ in 0..50 {
                assert_eq!(client.next().await, Told::Bytes(path, BODY.to_vec()));
            }
        }
    }
    let stats = server.handle.call(|cx, _| cx.stats()).await.unwrap();
    assert_eq!((stats.would_block, stats.homeless, stats.refused), (0, 0, 0));
}

#[tokio::test]
async fn only_the_right_certificate_is_believed() {
    let authority = Authority::new();
    // one of another name, and one that only has the name
    let [stranger, impostor] = [Authority::named("stranger"), Authority::new()];
    let for_clients = |params: &mut rcgen::CertificateParams| {
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    };
    let cases = [
        (stranger.identity("localhost"), CertificateFault::Issuer),
        (impostor.identity("localhost"), CertificateFault::Issuer),
        (authority.identity("example.org"), CertificateFault::Name),
        (
            authority.identity_with("localhost", |params| valid(params, 2001, 2002)),
            CertificateFault::Expired,
        ),
        (
            authority.identity_with("localhost", |params| valid(params, 3001, 3002)),
            CertificateFault::NotYetValid,
        ),
        (authority.identity_with("localhost", for_clients), CertificateFault::Purpose),
        (
            authority.identity_with("localhost", |params| {
                params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
            }),
            CertificateFault::Purpose,
        ),
    ];
    for (identity, fault) in cases {
        let (mut server, remote) = listening(identity);
        let client = connecting(authority.services(), remote, "localhost");
        assert_eq!(refused(client).await, SocketFault::Untrusted(fault));
        // the machine heard of nobody
        server.with(|_| ()).await;
        assert!(server.told.try_recv().is_err());
    }
}

#[tokio::test]
async fn an_address_may_be_what_a_certificate_is_for() {
    let authority = Authority::new();
    let (_server, remote) = listening(authority.identity("127.0.0.1"));
    connecting(authority.services(), remote, "127.0.0.1").bound().await;
    let client = connecting(authority.services(), remote, "127.0.0.2");
    assert_eq!(refused(client).await, SocketFault::Untrusted(CertificateFault::Name));
    let client = connecting(authority.services(), remote, "no name");
    assert_eq!(refused(client).await, SocketFault::Untrusted(CertificateFault::Name));
}

#[tokio::test]
async fn what_speaks_no_tls_is_told_apart() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let remote = listener.local_addr().unwrap();
    for answer in [&b"HTTP/1.1 400 Bad Request\r\n\r\n"[..], b""] {
        let client = connecting(Services::default(), remote, "localhost");
        let (mut stream, _) = bounded(listener.accept()).await.unwrap();
        bounded(stream.read(&mut [0; 4096])).await.unwrap();
        bounded(stream.write_all(answer)).await.unwrap();
        drop(stream);
        assert_eq!(refused(client).await, SocketFault::Handshake);
    }
    // and one that says nothing at all
    let mut client = connecting(Services::default(), remote, "localhost");
    let (mut stream, _) = bounded(listener.accept()).await.unwrap();
    bounded(stream.read(&mut [0; 4096])).await.unwrap();
    tokio::time::pause();
    let told = client.told.recv().await.unwrap();
    let fault = Err(SocketFault::Handshake);
    assert_eq!(told, Told::Event(Seen::Socket(CLIENT, fault)));
}

#[test]
fn files_that_are_no_certificates_are_refused() {
    assert!(Trust::authorities(b"").is_err());
    assert!(Trust::authorities(b"-----BEGIN CERTIFICATE-----\nAAAA").is_err());
    let broken = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    assert!(Trust::authorities(broken).is_err());
    assert!(Identity::from_pem(b"", b"").is_err());
    assert!(Identity::from_pem(broken, b"").is_err());
}

/// Connects from an address of the loopback interface.
async fn connect_from(ip: [u8; 4], server: SocketAddr) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind((ip, 0).into()).unwrap();
    bounded(socket.connect(server)).await.unwrap()
}

#[tokio::test]
async fn slow_handshakes_keep_nobody_else_out_and_are_given_up() {
    let authority = Authority::new();
    let server = TurnService::builder()
        .listen("127.0.0.1:0".parse().unwrap())
        .listen_tls("127.0.0.1:0".parse().unwrap(), authority.identity("localhost"))
        .relay("127.0.0.1".parse().unwrap());
    let server = server.start().await.unwrap();
    let address = server.tls_listeners()[0];
    let mut slow = Vec::new();
    for _ in 0..40 {
        let mut stream = connect_from([127, 0, 0, 9], address).await;
        // the first bytes of a handshake, and never more
        let _ = stream.write_all(&[0x16, 3, 1, 2, 0, 1]).await;
        slow.push(stream);
    }
    // of one source there are 32 at a time
    for stream in &mut slow[32..] {
        let read = bounded(stream.read(&mut [0; 8])).await;
        assert!(read.is_err() || read.is_ok_and(|n| n == 0), "closed");
    }
    let target = spool::probe::ResolvedServer {
        transport: Transport::Tls,
        address,
        server_name: Some("localhost".into()),
    };
    let services = authority.services();
    bounded(spool::probe::query(&target, None, &services)).await.unwrap();
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(11)).await;
    for stream in &mut slow[..32] {
        let read = stream.read(&mut [0; 8]).await;
        assert!(read.is_err() || read.is_ok_and(|n| n == 0), "closed");
    }
    server.stop().await;
}

/// Stands before a server, and says of each of its connections that this client made it.
async fn balancer(server: SocketAddr) -> SocketAddr {
    const HEADER: &[u8] =
        b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xcb\0\x71\x09\x7f\0\0\x01\x0f\xa0\x0d\x96";
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            let mut onward = TcpStream::connect(server).await.unwrap();
            tokio::spawn(async move {
                onward.write_all(HEADER).await.unwrap();
                // either side may hang up
                let _ = tokio::io::copy_bidirectional(&mut client, &mut onward).await;
            });
        }
    });
    address
}

#[tokio::test]
async fn a_balancer_names_the_client_before_the_handshake() {
    let authority = Authority::new();
    let mut sockets = Sockets::default();
    sockets.believe_balancers(["127.0.0.1/32".parse().unwrap()]);
    let local = "127.0.0.1:0".parse().unwrap();
    let server = sockets.listen_tls(LISTENER, local, authority.identity("localhost")).unwrap();
    let mut running = Running::with_sockets(sockets, |_| ());
    let before = balancer(server).await;
    let mut client = connecting(authority.services(), before, "localhost");
    let path = Path::new(Transport::Tls, client.bound().await, before);
    let named = Path::new(Transport::Tls, server, "203.0.113.9:4000".parse().unwrap());
    assert_eq!(running.next().await, Told::Event(Seen::Accepted(LISTENER, named)));
    client.with(move |cx| cx.machine.transmit(path, b"\0\x05there")).await;
    assert_eq!(running.next().await, Told::Bytes(named, frame(b"there")));
    // another one of the same name would be taken for the first
    let mut second = connecting(authority.services(), before, "localhost");
    let other = Path::new(Transport::Tls, second.bound().await, before);
    let ended = second.next().await;
    assert!(matches!(ended, Told::Event(Seen::Failed(path, _)) if path == other), "{ended:?}");
    running.with(move |cx| cx.machine.transmit(named, b"\0\x04back")).await;
    assert_eq!(client.next().await, Told::Bytes(path, frame(b"back")));
}
