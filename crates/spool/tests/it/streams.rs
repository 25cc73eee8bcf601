//! The driver with connections.
use crate::{
    machines::{Probe, Seen},
    running::{Running, Told, bounded},
};
use sans_io::{Path, PathFault, SocketFault, SocketId, SocketRequest, Transport};
use std::net::SocketAddr;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

const LISTENER: SocketId = SocketId(1);

fn listen(probe: &mut Probe) {
    let local = "127.0.0.1:0".parse().unwrap();
    probe.ask(SocketRequest::Listen { id: LISTENER, local });
}

fn connect_to(remote: SocketAddr, transport: Transport) -> impl FnOnce(&mut Probe) {
    move |probe| {
        let id = SocketId(2);
        probe.ask(SocketRequest::Connect { id, transport, local: None, remote, server_name: None });
    }
}

/// A client of the machine's listener, and the path as the machine sees it.
async fn client(run: &mut Running, listener: SocketAddr) -> (TcpStream, Path) {
    let client = bounded(TcpStream::connect(listener)).await.unwrap();
    client.set_nodelay(true).unwrap();
    let path = Path::new(Transport::Tcp, listener, client.local_addr().unwrap());
    assert_eq!(run.next().await, Told::Event(Seen::Accepted(LISTENER, path)));
    (client, path)
}

fn frame(body: &[u8]) -> Vec<u8> {
    [&(body.len() as u16).to_be_bytes()[..], body].concat()
}

#[tokio::test]
async fn frames_arrive_whole_wherever_the_stream_is_cut() {
    let mut run = Running::start(listen);
    let listener = run.bound().await;
    let (mut client, path) = client(&mut run, listener).await;
    let frames: Vec<_> = [&b"one"[..], b"", b"three", &[7; 3000]].map(frame).into();
    for piece in frames.concat().chunks(5) {
        bounded(client.write_all(piece)).await.unwrap();
        tokio::task::yield_now().await;
    }
    for frame in frames {
        assert_eq!(run.next().await, Told::Bytes(path, frame));
    }
}

#[tokio::test]
async fn a_machine_connects_and_speaks() {
    let peer = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let remote = peer.local_addr().unwrap();
    let mut run = Running::start(connect_to(remote, Transport::Tcp));
    let local = run.bound().await;
    let (mut stream, from) = bounded(peer.accept()).await.unwrap();
    assert_eq!(from, local);
    let path = Path::new(Transport::Tcp, local, remote);
    run.with(move |cx| cx.machine.transmit(path, b"hello")).await;
    let mut heard = [0; 5];
    bounded(stream.read_exact(&mut heard)).await.unwrap();
    assert_eq!(&heard, b"hello");
    bounded(stream.write_all(&frame(b"hi"))).await.unwrap();
    assert_eq!(run.next().await, Told::Bytes(path, frame(b"hi")));
    run.with(|cx| cx.machine.ask(SocketRequest::Close(SocketId(2)))).await;
    assert_eq!(bounded(stream.read(&mut heard)).await.unwrap(), 0, "closed");
}

#[tokio::test]
async fn what_cannot_be_connected_is_told_why() {
    let peer = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let remote = peer.local_addr().unwrap();
    // TLS without a name to check proves nothing
    let mut run = Running::start(connect_to(remote, Transport::Tls));
    let unavailable = Seen::Socket(SocketId(2), Err(SocketFault::Unavailable));
    assert_eq!(run.next().await, Told::Event(unavailable));
    drop(peer);
    let mut run = Running::start(connect_to(remote, Transport::Tcp));
    let refused = Seen::Socket(SocketId(2), Err(SocketFault::Refused));
    assert_eq!(run.next().await, Told::Event(refused));
}

#[tokio::test]
async fn the_end_of_a_stream_is_told_after_its_frames() {
    let mut run = Running::start(listen);
    let listener = run.bound().await;
    let (mut client, path) = client(&mut run, listener).await;
    bounded(client.write_all(&[&frame(b"last")[..], &[0, 9, 1]].concat())).await.unwrap();
    drop(client);
    assert_eq!(run.next().await, Told::Bytes(path, frame(b"last")));
    assert_eq!(run.next().await, Told::Event(Seen::Failed(path, PathFault::Ended)));
}

#[tokio::test]
async fn a_frame_that_makes_no_sense_ends_the_stream() {
    let mut run = Running::start(listen);
    let listener = run.bound().await;
    let (mut client, path) = client(&mut run, listener).await;
    bounded(client.write_all(&[0xFF; 4])).await.unwrap();
    assert_eq!(run.next().await, Told::Event(Seen::Failed(path, PathFault::Reset)));
    assert_eq!(bounded(client.read(&mut [0; 8])).await.unwrap_or(0), 0, "closed");
}

#[tokio::test]
async fn a_connection_that_the_machine_does_not_take_is_closed() {
    let mut run = Running::start(|probe| {
        probe.shy = true;
        listen(probe);
    });
    let listener = run.bound().await;
    let mut client = bounded(TcpStream::connect(listener)).await.unwrap();
    assert_eq!(bounded(client.read(&mut [0; 8])).await.unwrap_or(0), 0);
}

#[tokio::test]
async fn a_fast_writer_waits_for_a_slow_reader_and_loses_nothing() {
    const FRAMES: usize = 4000;
    let mut run = Running::start(listen);
    let listener = run.bound().await;
    let (mut reader, onwards) = client(&mut run, listener).await;
    let (mut writer, _) = client(&mut run, listener).await;
    run.with(move |cx| cx.machine.pipe_to = Some(onwards)).await;
    let frames = |n: usize| frame(&[n as u8; 4000]);
    let writing = tokio::spawn(async move {
        for n in 0..FRAMES {
            writer.write_all(&frames(n)).await.unwrap();
        }
        writer
    });
    // sixteen megabytes are more than all the buffers on the way hold, so the writer stands still
    for _ in 0..200 {
        run.with(|_| ()).await;
    }
    assert!(!writing.is_finished());
    let mut heard = vec![0; 4002];
    for n in 0..FRAMES {
        bounded(reader.read_exact(&mut heard)).await.unwrap();
        assert_eq!(heard, frames(n), "frame {n}");
    }
    bounded(writing).await.unwrap();
    let stats = run.handle.call(|cx, _| cx.stats()).await.unwrap();
    assert_eq!((stats.would_block, stats.homeless, stats.refused), (0, 0, 0));
}
