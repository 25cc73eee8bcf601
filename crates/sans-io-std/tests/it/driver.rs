//! The driver keeps its side of the contract.
use sans_io::{
    Clock, Input, Instant, LookupId, LookupKind, LookupRequest, Machine, Outbox, Output, Path,
    SocketFault, SocketId, SocketRequest, Transmit, Verdict,
};
use sans_io_std::{Driver, Happening};
use std::{
    net::{SocketAddr, UdpSocket},
    time::Duration,
};

const PATIENCE: Duration = Duration::from_secs(20);

/// What the machine of these tests was told.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Told {
    Socket(SocketId, Result<SocketAddr, SocketFault>),
    Addresses(usize),
    Woken,
}

/// Asks for what it is told to ask for, tells what it was told, and sends back what begins with "back".
#[derive(Debug)]
struct Probe {
    clock: Clock,
    out: Outbox<Told>,
    wake: Option<Instant>,
}

impl Probe {
    fn new() -> Self {
        Self { clock: Clock::default(), out: Outbox::new(16), wake: None }
    }
}

impl Machine for Probe {
    type Event = Told;

    fn handle_input<'a>(&mut self, now: Instant, input: Input<'a>) -> Verdict<'a> {
        let now = self.clock.tick(now);
        if self.wake.is_some_and(|at| at <= now) {
            self.wake = None;
            self.out.event(Told::Woken);
        }
        match input {
            Input::Received { path, bytes, .. } if bytes.starts_with(b"back") => {
                Verdict::Send(sans_io::Packet::new(path, bytes).with_head(b">"))
            }
            Input::Received { path, bytes, .. } => Verdict::Deliver { path, bytes },
            Input::Socket { id, state } => {
                self.out.event(Told::Socket(id, state));
                Verdict::Consumed
            }
            Input::LookedUp { result, .. } => {
                self.out.event(Told::Addresses(result.map_or(0, <[_]>::len)));
                Verdict::Consumed
            }
            _ => Verdict::Consumed,
        }
    }

    fn poll_output(&mut self) -> Output<Told> {
        self.out.pop().unwrap_or(Output::Timeout(self.wake))
    }
}

fn loopback() -> SocketAddr {
    "127.0.0.1:0".parse().expect("an address")
}

/// The socket that a machine asked for.
fn opened(driver: &mut Driver<Probe>, id: SocketId) -> SocketAddr {
    driver.call(|probe, _| probe.out.socket(SocketRequest::Bind { id, local: loopback() }));
    match driver.wait(PATIENCE) {
        Some(Happening::Event(Told::Socket(opened, Ok(local)))) if opened == id => local,
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_arrives_is_delivered_or_sent_on_and_what_is_sent_leaves() {
    let mut driver = Driver::new(Probe::new());
    let local = opened(&mut driver, SocketId(1));
    let peer = UdpSocket::bind(loopback()).expect("a socket");
    peer.set_read_timeout(Some(PATIENCE)).expect("a time");
    let remote = peer.local_addr().expect("an address");
    let path = Path::udp(local, remote);

    peer.send_to(b"back", local).expect("sent");
    peer.send_to(b"data", local).expect("sent");
    let data = Happening::Data { path, bytes: b"data".to_vec() };
    assert_eq!(driver.wait(PATIENCE), Some(data));
    let out = Transmit::new(path, "out".into());
    driver.call(|probe, _| probe.out.transmit(out)).expect("there is room");

    let mut buffer = [0; 16];
    for expected in [&b">back"[..], b"out"] {
        let (len, from) = peer.recv_from(&mut buffer).expect("it comes");
        assert_eq!((&buffer[..len], from), (expected, local));
    }
}

#[test]
fn a_deadline_is_kept_and_a_wait_ends() {
    let mut driver = Driver::new(Probe::new());
    assert_eq!(driver.wait(Duration::from_millis(20)), None);
    let at = driver.now().saturating_add(Duration::from_millis(50));
    driver.call(|probe, _| probe.wake = Some(at));
    assert_eq!(driver.wait(PATIENCE), Some(Happening::Event(Told::Woken)));
    assert!(driver.now() >= at);
}

#[test]
fn a_port_in_use_and_a_stream_are_refused() {
    let mut driver = Driver::new(Probe::new());
    let taken = opened(&mut driver, SocketId(1));
    for (request, fault) in [
        (SocketRequest::Bind { id: SocketId(2), local: taken }, SocketFault::InUse),
        (SocketRequest::Listen { id: SocketId(2), local: taken }, SocketFault::Denied),
    ] {
        driver.call(|probe, _| probe.out.socket(request));
        let told = Happening::Event(Told::Socket(SocketId(2), Err(fault)));
        assert_eq!(driver.wait(PATIENCE), Some(told));
    }
}

#[test]
fn a_socket_that_is_closed_leaves_its_port_to_others() {
    let mut driver = Driver::new(Probe::new());
    let local = opened(&mut driver, SocketId(1));
    assert!(UdpSocket::bind(local).is_err());
    driver.call(|probe, _| probe.out.socket(SocketRequest::Close(SocketId(1))));
    let free = (0..200).any(|_| {
        driver.wait(Duration::from_millis(50));
        UdpSocket::bind(local).is_ok()
    });
    assert!(free, "its thread keeps it open");
}

#[test]
fn names_are_looked_up_and_other_records_are_not_there() {
    let mut driver = Driver::new(Probe::new());
    for (kind, least) in [(LookupKind::Address, 1), (LookupKind::Srv, 0)] {
        let request = LookupRequest { id: LookupId(7), kind, name: "localhost".into() };
        driver.call(|probe, _| probe.out.lookup(request));
        match driver.wait(PATIENCE) {
            Some(Happening::Event(Told::Addresses(found))) => assert!(found >= least),
            other => panic!("{other:?}"),
        }
    }
}
