//! Simulators: UDP echo between pairs of hosts, beside the peers; ICE sessions through NATs; and
//! a world of 10,000 hosts.
mod echo;
mod ice;
mod ours;
mod peers;

use benches::Suite;

/// Hosts; each second one is a client of the one before.
const HOSTS: [u32; 3] = [2, 200, 800];
/// 800 hosts take turmoil 23 s a turn, and it is not the best with fewer either.
const TURMOIL_HOSTS_MAX: u32 = 200;
/// Echoes that one turn brings, of all clients together.
const ECHOES: u32 = 400;

fn main() {
    say_who_is_missing();
    let mut suite = Suite::default();
    for hosts in HOSTS {
        let (pairs, rounds) = (hosts / 2, ECHOES / (hosts / 2));
        let mut job = suite.job(format!("{ECHOES} echoes, {hosts} hosts"), rounds, ECHOES);
        job.by("nat-sim", ours::echo(pairs)).by("bach", peers::bach(pairs));
        if hosts <= TURMOIL_HOSTS_MAX {
            job.by("turmoil", peers::turmoil(pairs));
        }
        #[cfg(madsim)]
        job.by("madsim", peers::madsim(pairs));
    }
    suite.job("one echo each, 10,000 hosts", 1, 5_000).by("nat-sim", ours::echo(5_000));
    for (what, datagrams) in [("25 ICE sessions", 0), ("25 ICE sessions that last 10 s", 500)] {
        let hops = ice::sessions(datagrams);
        suite.job(format!("{what}, {hops} hops"), datagrams, hops).by("nat-sim", ice::sessions);
    }
    suite.run();
}

#[cfg_attr(not(madsim), expect(clippy::print_stderr, reason = "a peer that is left out is said"))]
fn say_who_is_missing() {
    #[cfg(not(madsim))]
    eprintln!("madsim is left out: it simulates only when built with RUSTFLAGS=\"--cfg madsim\"");
}
