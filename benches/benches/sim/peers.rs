//! The peers: tasks that wait for sockets.
use crate::echo::{DELAY, PORT, Rounds, SIZE};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

fn address(number: u32, port: u16) -> SocketAddr {
    SocketAddr::new(Ipv4Addr::from_bits(0x0A00_0001 + number).into(), port)
}

const ANY: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), PORT);

/// turmoil moves in ticks, here as long as the delay, which suits it best.
pub(crate) fn turmoil(pairs: u32) -> impl FnMut(u32) -> u32 {
    use turmoil::{Builder, net::UdpSocket};
    let mut sim = Builder::new()
        .tick_duration(DELAY)
        .min_message_latency(DELAY)
        .max_message_latency(DELAY)
        .simulation_duration(core::time::Duration::MAX)
        .rng_seed(1)
        .build();
    let rounds = Rounds::new();
    for pair in 0..pairs {
        let (server, client) = (address(2 * pair, PORT), address(2 * pair + 1, PORT));
        sim.host(server.ip(), || async {
            let socket = UdpSocket::bind(ANY).await?;
            let mut buffer = [0; SIZE];
            loop {
                let (len, from) = socket.recv_from(&mut buffer).await?;
                socket.send_to(&buffer[..len], from).await?;
            }
        });
        let rounds = rounds.clone();
        sim.host(client.ip(), move || {
            let mut client = rounds.client();
            async move {
                let socket = UdpSocket::bind(ANY).await?;
                let mut answer = [0; SIZE];
                loop {
                    socket.send_to(&client.packet().await, server).await.expect(OPEN);
                    socket.recv_from(&mut answer).await.expect(OPEN);
                    client.take(&answer);
                }
            }
        });
    }
    move |count| {
        rounds.allow(count);
        while rounds.echoes() < count * pairs {
            sim.step().expect("hosts that do not fail");
        }
        rounds.echoes()
    }
}

pub(crate) fn bach(pairs: u32) -> impl FnMut(u32) -> u32 {
    use bach::{
        environment::{default::Runtime, net::queue::Fixed},
        ext::{GroupExt, SpawnExt},
        net::UdpSocket,
    };
    let network = Fixed::default().with_net_latency(DELAY);
    let mut runtime = Runtime::new().with_seed(1).with_net_queues(Some(Box::new(network)));
    let rounds = Rounds::new();
    let clients = rounds.clone();
    runtime.run(move || {
        for pair in 0..pairs {
            async {
                let socket = UdpSocket::bind(ANY).await.expect(OPEN);
                let mut buffer = [0; SIZE];
                loop {
                    let (len, from) = socket.recv_from(&mut buffer).await.expect(OPEN);
                    socket.send_to(&buffer[..len], from).await.expect(OPEN);
                }
            }
            .group(format!("server-{pair}"))
            .spawn();
            let mut client = clients.client();
            async move {
                let socket = UdpSocket::bind(ANY).await.expect(OPEN);
                let server = format!("server-{pair}:{PORT}");
                let server = bach::net::try_lookup(server).expect("the name of a group");
                let mut answer = [0; SIZE];
                loop {
                    socket.send_to(&client.packet().await, server).await.expect(OPEN);
                    socket.recv_from(&mut answer).await.expect(OPEN);
                    client.take(&answer);
                }
            }
            .group(format!("client-{pair}"))
            .spawn();
        }
    });
    move |count| {
        let rounds = rounds.clone();
        runtime.block_on(async move {
            rounds.allow(count);
            rounds.reach(count * pairs).await
        })
    }
}

#[cfg(madsim)]
pub(crate) fn madsim(pairs: u32) -> impl FnMut(u32) -> u32 {
    use core::time::Duration;
    use madsim::{Config, net::UdpSocket, runtime::Runtime};
    let mut config = Config::default();
    config.net.send_latency = DELAY..DELAY + Duration::from_nanos(1);
    let runtime = Runtime::with_seed_and_config(1, config);
    let rounds = Rounds::new();
    for pair in 0..pairs {
        let (server, client) = (address(2 * pair, PORT), address(2 * pair + 1, PORT));
        runtime.create_node().ip(server.ip()).build().spawn(async move {
            let socket = UdpSocket::bind(server).await.expect(OPEN);
            let mut buffer = [0; SIZE];
            loop {
                let (len, from) = socket.recv_from(&mut buffer).await.expect(OPEN);
                socket.send_to(from, &buffer[..len]).await.expect(OPEN);
            }
        });
        let (node, local) = (runtime.create_node().ip(client.ip()).build(), client);
        let mut client = rounds.client();
        node.spawn(async move {
            let socket = UdpSocket::bind(local).await.expect(OPEN);
            let mut answer = [0; SIZE];
            loop {
                socket.send_to(server, &client.packet().await).await.expect(OPEN);
                socket.recv_from(&mut answer).await.expect(OPEN);
                client.take(&answer);
            }
        });
    }
    // Servers before clients: what comes too early is lost.
    runtime.block_on(async { madsim::time::sleep(DELAY).await });
    move |count| {
        runtime.block_on(async {
            rounds.allow(count);
            rounds.reach(count * pairs).await
        })
    }
}

const OPEN: &str = "an open socket";
