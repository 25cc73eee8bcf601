//! What a packet takes on its way through a driver.
use crate::{machines::Probe, running::Running};
use spool::driver::Sockets;
use std::{
    net::{SocketAddr, UdpSocket},
    time::Instant,
};
use tokio::runtime::Runtime;

/// As many in a row as leave in more than one batch.
const BURST: usize = 50;

fn socket() -> (UdpSocket, SocketAddr) {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_nonblocking(true).unwrap();
    let address = socket.local_addr().unwrap();
    (socket, address)
}

/// Sends a burst through the driver and waits for all of it.
fn pass(runtime: &Runtime, from: &UdpSocket, through: SocketAddr, to: &UdpSocket) {
    let began = Instant::now();
    let mut buffer = [0; 100];
    for _ in 0..BURST {
        from.send_to(b"payload", through).unwrap();
    }
    runtime.block_on(async {
        let mut arrived = 0;
        while arrived < BURST {
            while to.recv(&mut buffer).is_ok() {
                arrived += 1;
            }
            assert!(began.elapsed().as_secs() < 5, "{arrived} of {BURST}");
            tokio::task::yield_now().await;
        }
    });
}

/// A server forwards millions of them in a second, and the memory of one is nobody's business.
#[test]
fn a_packet_takes_no_memory() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let ((from, _), (to, remote)) = (socket(), socket());
    let (running, local) = runtime.block_on(async {
        let mut sockets = Sockets::default();
        sockets.report_class();
        let mut running = Running::with_sockets(sockets, |probe: &mut Probe| {
            probe.bind(0, "127.0.0.1:0");
            probe.forward_to = Some(remote);
        });
        let local = running.bound().await;
        (running, local)
    });
    // buffers grow to their size
    pass(&runtime, &from, local, &to);
    pass(&runtime, &from, local, &to);
    let taken = allocation_counter::measure(|| {
        for _ in 0..10 {
            pass(&runtime, &from, local, &to);
        }
    });
    // one for each time that the test waits
    assert!(taken.count_total <= 10, "{taken:?} for {} packets", 10 * BURST);
    runtime.block_on(async {
        let stats = running.handle.call(|cx, _| cx.stats()).await.unwrap();
        assert!(stats.sends < stats.sent, "they leave in batches: {stats:?}");
    });
}
