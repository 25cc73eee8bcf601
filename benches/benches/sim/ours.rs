//! nat-sim: machines on hosts.
use crate::echo::{DELAY, PORT, SIZE, ping};
use bytes::Bytes;
use nat_sim::{Host, Link, World};
use sans_io::{Input, Instant, Machine, Output, Packet, Path, Transmit, Verdict};
use std::net::SocketAddr;

/// Sends back what it gets.
struct Server;

/// Has one packet under way, until it has done the rounds that it was allowed.
struct Client {
    path: Path,
    packet: [u8; SIZE],
    round: u32,
    allowed: u32,
    right: u32,
    is_idle: bool,
    out: Option<Transmit>,
}

impl Machine for Server {
    type Event = ();

    fn handle_input<'a>(&mut self, _: Instant, input: Input<'a>) -> Verdict<'a> {
        match input {
            Input::Received { path, bytes, .. } => Verdict::Send(Packet::new(path, bytes)),
            _ => Verdict::Consumed,
        }
    }

    fn poll_output(&mut self) -> Output<()> {
        Output::Timeout(None)
    }
}

impl Client {
    fn allow(&mut self, rounds: u32) {
        self.allowed += rounds;
        self.right = 0;
        if self.is_idle {
            self.go_on();
        }
    }

    fn go_on(&mut self) {
        self.is_idle = self.round == self.allowed;
        if !self.is_idle {
            self.packet = ping(self.round);
            self.round += 1;
            self.out = Some(Transmit::new(self.path, Bytes::copy_from_slice(&self.packet)));
        }
    }
}

impl Machine for Client {
    type Event = ();

    fn handle_input<'a>(&mut self, _: Instant, input: Input<'a>) -> Verdict<'a> {
        if let Input::Received { path, bytes, .. } = input {
            self.right += u32::from(path == self.path && bytes == self.packet);
            self.go_on();
        }
        Verdict::Consumed
    }

    fn poll_output(&mut self) -> Output<()> {
        self.out.take().map_or(Output::Timeout(None), Output::Transmit)
    }
}

/// A world in which each second host is a client of the one before.
pub(crate) fn echo(pairs: u32) -> impl FnMut(u32) -> u32 {
    let mut world = World::new(1);
    let mut add = || {
        let link = Link::after(DELAY / 2);
        let host = world.add_host(Host::on_internet().over(link)).expect("an address");
        (host, SocketAddr::new(world.address(host), PORT))
    };
    let hosts: Vec<_> = (0..pairs).map(|_| [add(), add()]).collect();
    let mut clients = Vec::new();
    for [server, client] in hosts {
        let machine = world.install(server.0, Server);
        world.open(machine, server.1).expect("a free port");
        let path = Path::udp(client.1, server.1);
        let packet = [0; SIZE];
        let (round, allowed, right, is_idle, out) = (0, 0, 0, true, None);
        let idle = Client { path, packet, round, allowed, right, is_idle, out };
        let machine = world.install(client.0, idle);
        world.open(machine, client.1).expect("a free port");
        clients.push(machine);
    }
    move |rounds| {
        for client in &clients {
            world.with(*client, |client: &mut Client, _| client.allow(rounds));
        }
        while world.step().is_some() {}
        clients.iter().map(|client| world.machine::<Client>(*client).right).sum()
    }
}
