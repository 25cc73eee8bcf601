//! ICE: two agents of one make, ours and the peers', in the same worlds of virtual time.
mod clock;
mod cost;
mod figures;
mod goals;
mod is;
mod link;
mod meet;
mod mux;
mod nat;
mod network;
mod options;
mod ours;
mod pair;
mod peer;
mod plan;
mod random;
mod rest;
mod rice;
mod rtc;
mod session;
mod tap;
mod weather;
mod who;

use options::{Options, Table};

#[expect(clippy::print_stdout, reason = "the tables are what this is for")]
fn main() {
    let mut whos = who::all();
    let Some(options) = Options::from_args() else {
        cost::suite(whos).run();
        return;
    };
    whos.retain(|who| options.wants(who.name));
    let seeds = options.seeds;
    for table in options.tables {
        match table {
            Table::Meet => meet::print(&whos, seeds),
            Table::Weather => weather::print(&whos, seeds),
            Table::Idle => rest::idle(&whos, seeds),
            Table::Farewell => rest::farewell(&whos, seeds),
            Table::Cost => cost::print(&whos),
            Table::Mux => mux::print(),
        }
        println!();
    }
}
