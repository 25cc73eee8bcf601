//! What is measured.
use crate::{
    Fault,
    client::Client,
    flows::{Flood, Flows},
    system::{Process, System},
};
use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::atomic::{AtomicU32, Ordering},
    thread,
    time::{Duration, Instant},
};

/// How long packets go around before they count, and then.
const WARM_UP: Duration = Duration::from_millis(200);
const TIME: Duration = Duration::from_millis(800);

/// Clients that log in at the same time.
const CLIENTS: u8 = 8;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scenario {
    /// So many flows with so many datagrams under way, of this size.
    Flows { count: usize, each: usize, size: usize },
    /// Clients that send as fast as they can.
    Flood { size: usize },
    /// Clients that come and go: log in, allocate, delete.
    Cycle,
}

/// One measurement.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Figure {
    /// Processor time of one packet, or of one cycle, in µs.
    Micros(f64),
    /// What was not passed on, in hundredths.
    Percent(f64),
}

impl Figure {
    pub(crate) const fn value(self) -> f64 {
        match self {
            Self::Micros(value) | Self::Percent(value) => value,
        }
    }
}

pub(crate) fn all() -> Vec<Scenario> {
    let mut all = Vec::new();
    for size in [160, 1200] {
        all.push(Scenario::Flows { count: 4, each: 64, size });
        all.push(Scenario::Flows { count: 100, each: 4, size });
        all.push(Scenario::Flood { size });
    }
    all.push(Scenario::Cycle);
    all
}

impl Scenario {
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Flows { count, each, size } => format!("{count} flows x {each}, {size} bytes"),
            Self::Flood { size } => format!("flood, {size} bytes: % lost"),
            Self::Cycle => "allocation cycle".to_owned(),
        }
    }

    /// The floors know no allocations.
    pub(crate) fn is_for(&self, system: System) -> bool {
        *self != Self::Cycle || system.is_server()
    }

    pub(crate) fn run(&self, system: System) -> Result<Figure, Fault> {
        let process = system.start()?;
        match *self {
            Self::Flows { count, each, size } => {
                let mut flows = Flows::new(system, count, each, size)?;
                flows.spin(WARM_UP)?;
                let before = process.busy()?;
                let passed = flows.spin(TIME)?;
                let busy = process.busy()?.saturating_sub(before);
                per(busy, passed)
            }
            Self::Flood { size } => {
                let mut flows = Flows::new(system, 4, 0, size)?;
                flows.flood(WARM_UP)?;
                let Flood { sent, arrived } = flows.flood(TIME)?;
                let lost = sent.saturating_sub(arrived);
                Ok(Figure::Percent(100.0 * float(lost) / float(sent.max(1))))
            }
            Self::Cycle => cycles(&process),
        }
    }
}

/// Counts of a second are far from where this is not exact.
#[expect(clippy::cast_precision_loss, reason = "see above")]
const fn float(count: u64) -> f64 {
    count as f64
}

fn per(busy: Duration, count: u64) -> Result<Figure, Fault> {
    if count == 0 {
        return Err("nothing was passed on".into());
    }
    Ok(Figure::Micros(busy.as_secs_f64() * 1e6 / float(count)))
}

/// Each cycle is from another address, for both servers look at how much one of them asks.
fn cycles(process: &Process) -> Result<Figure, Fault> {
    static CYCLES: AtomicU32 = AtomicU32::new(0);
    let cycle = |thread: u8| -> Result<(), Fault> {
        let n = CYCLES.fetch_add(1, Ordering::Relaxed);
        let network = (n / 100 % 250) as u8;
        let ip = Ipv4Addr::new(127, 20 + thread, network, 1 + (n % 100) as u8);
        let mut client = Client::new(SocketAddr::from((ip, 0)))?;
        client.allocate()?;
        client.close()
    };
    cycle(0)?;
    let before = process.busy()?;
    let until = Instant::now() + TIME;
    let counts = thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS)
            .map(|thread| {
                scope.spawn(move || {
                    let mut count = 0;
                    while Instant::now() < until {
                        cycle(thread).map_err(|fault| fault.to_string())?;
                        count += 1;
                    }
                    Ok::<u64, String>(count)
                })
            })
            .collect();
        let ended = clients.into_iter().map(thread::ScopedJoinHandle::join);
        ended
            .map(|count| count.unwrap_or_else(|_| Err("a client panicked".into())))
            .collect::<Vec<_>>()
    });
    let busy = process.busy()?.saturating_sub(before);
    let count = counts.into_iter().sum::<Result<u64, String>>()?;
    per(busy, count)
}
