//! Pipes and forwarded ports between two programs.
use crate::{
    pair::{Place, noise},
    program::{PATIENCE, Running},
};
use std::{
    fs::File,
    io::{Read, Write},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream, UdpSocket},
    process::{Child, Stdio},
    thread,
    time::{Duration, Instant},
};

/// Two ends of a pipe, whose lines went over files.
fn pipe(place: &Place, input: [Stdio; 2], output: [Stdio; 2]) -> [Child; 2] {
    let [left_in, right_in] = input;
    let [left_out, right_out] = output;
    let (to, back) = (place.text("to-line"), place.text("back-line"));
    let flags = ["pipe", "--loopback", "--paste"];
    let mut left = place.spool(&[&flags[..], &["--out", &to, "--in", &back]].concat());
    let mut right = place.spool(&[&flags[..], &["--in", &to, "--out", &back]].concat());
    left.stdin(left_in).stdout(left_out).stderr(Stdio::null());
    right.stdin(right_in).stdout(right_out).stderr(Stdio::null());
    // who comes reads the line of who invites, which is not there yet
    right.arg("--join");
    [left.spawn().unwrap(), right.spawn().unwrap()]
}

#[test]
fn a_pipe_carries_bytes_both_ways_and_each_way_ends_by_itself() {
    let place = Place::new();
    let (there, back) = (noise(5_000_001), b"\0binary\nand short".to_vec());
    place.write("there", &there);
    let file = |name: &str| Stdio::from(File::open(place.path(name)).unwrap());
    let [mut left, mut right] =
        pipe(&place, [file("there"), Stdio::piped()], [Stdio::piped(), Stdio::piped()]);
    // the whole of one direction, up to its end, while the other has not begun
    let mut received = Vec::new();
    right.stdout.take().unwrap().read_to_end(&mut received).unwrap();
    assert!(received == there, "{} bytes", received.len());
    assert!(left.try_wait().unwrap().is_none() && right.try_wait().unwrap().is_none());
    right.stdin.take().unwrap().write_all(&back).unwrap();
    let mut received = Vec::new();
    left.stdout.take().unwrap().read_to_end(&mut received).unwrap();
    assert_eq!(received, back);
    assert_eq!((left.wait().unwrap().code(), right.wait().unwrap().code()), (Some(0), Some(0)));
}

/// `spool pipe | head -c 10` ends, and so does the other side that has more to say.
#[test]
fn a_reader_that_has_enough_ends_the_pipe() {
    let place = Place::new();
    let endless = Stdio::from(File::open("/dev/zero").unwrap());
    let [mut left, mut right] =
        pipe(&place, [endless, Stdio::null()], [Stdio::null(), Stdio::piped()]);
    let mut first = [7; 10];
    right.stdout.take().unwrap().read_exact(&mut first).unwrap();
    assert_eq!(first, [0; 10]);
    let enough = Instant::now();
    assert_eq!((left.wait().unwrap().code(), right.wait().unwrap().code()), (Some(0), Some(0)));
    // by hearing each other, and not by waiting ten seconds for a last word
    assert!(enough.elapsed() < Duration::from_secs(9), "{:?}", enough.elapsed());
}

/// The two ends of a forward, and where it listens.
fn forward(place: &Place, target: &str) -> ([Running; 2], SocketAddr) {
    let [forward, connect] = place.meet(&["forward", target], &["connect", "--json"]);
    let listening: serde_json::Value =
        serde_json::from_str(&connect.said("\"listening\"")).unwrap();
    let address = listening["address"].as_str().unwrap().parse().unwrap();
    ([forward, connect], address)
}

#[test]
fn tcp_connections_are_forwarded_each_with_both_its_ends() {
    let place = Place::new();
    let target = TcpListener::bind("127.0.0.1:0").unwrap();
    let (sides, address) = forward(&place, &target.local_addr().unwrap().to_string());
    assert!(address.ip().is_loopback());
    // says all back, in capitals, once it has heard the end
    let server = thread::spawn(move || {
        for _ in 0..3 {
            let (mut stream, _) = target.accept().unwrap();
            thread::spawn(move || {
                let mut heard = String::new();
                stream.read_to_string(&mut heard).unwrap();
                stream.write_all(heard.to_uppercase().as_bytes()).unwrap();
            });
        }
    });
    let mut clients: Vec<_> = (0..3).map(|_| TcpStream::connect(address).unwrap()).collect();
    for (number, client) in clients.iter_mut().enumerate() {
        client.set_read_timeout(Some(PATIENCE)).unwrap();
        write!(client, "client {number} {}", "x".repeat(300_000)).unwrap();
        client.shutdown(Shutdown::Write).unwrap();
    }
    for (number, client) in clients.iter_mut().enumerate() {
        let mut heard = String::new();
        client.read_to_string(&mut heard).unwrap();
        assert_eq!(heard, format!("CLIENT {number} {}", "X".repeat(300_000)));
    }
    server.join().unwrap();
    end(sides);
}

#[test]
fn a_port_where_nobody_is_closes_the_connection() {
    let place = Place::new();
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let (sides, address) = forward(&place, &free.to_string());
    let mut client = TcpStream::connect(address).unwrap();
    client.set_read_timeout(Some(PATIENCE)).unwrap();
    let read = client.read(&mut [0; 10]);
    assert!(
        matches!(read, Ok(0))
            || read.is_err_and(|e| e.kind() == std::io::ErrorKind::ConnectionReset)
    );
    sides[0].said("failed");
    end(sides);
}

#[test]
fn datagrams_are_forwarded_and_find_their_way_back() {
    let place = Place::new();
    let target = UdpSocket::bind("127.0.0.1:0").unwrap();
    target.set_read_timeout(Some(PATIENCE)).unwrap();
    let (sides, address) = forward(&place, &format!("{}/udp", target.local_addr().unwrap()));
    let clients: Vec<_> = (0..3)
        .map(|_| {
            let client = UdpSocket::bind("127.0.0.1:0").unwrap();
            client.set_read_timeout(Some(PATIENCE)).unwrap();
            client.connect(address).unwrap();
            client
        })
        .collect();
    for (number, client) in clients.iter().enumerate() {
        client.send(&[number as u8; 900]).unwrap();
        let mut buffer = [0; 2000];
        let (len, from) = target.recv_from(&mut buffer).unwrap();
        assert_eq!((len, buffer[0]), (900, number as u8));
        target.send_to(&[number as u8 + 100; 50], from).unwrap();
    }
    for (number, client) in clients.iter().enumerate() {
        let mut buffer = [0; 2000];
        assert_eq!(client.recv(&mut buffer).unwrap(), 50);
        assert_eq!(buffer[0], number as u8 + 100);
    }
    end(sides);
}

/// One side is ended, and the other ends with it, at once and without fault.
fn end([forward, connect]: [Running; 2]) {
    let status =
        std::process::Command::new("kill").args(["-TERM", &connect.id().to_string()]).status();
    assert!(status.unwrap().success());
    let (connect, forward) = (connect.ended(), forward.ended());
    assert_eq!((connect.code(), forward.code()), (Some(0), Some(0)), "{connect:?} {forward:?}");
}
