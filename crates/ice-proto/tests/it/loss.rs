//! Lost packets cost little, and never everything.
use crate::support::{Meeting, configs, percentile};
use core::time::Duration;

/// Runs so many meetings at so much loss; gives first valid and acknowledged on the controlling
/// side, and selected on the controlled side, each sorted.
fn runs(loss_percent: u32, count: u64) -> [Vec<Duration>; 3] {
    let mut times = [const { Vec::new() }; 3];
    for seed in 0..count {
        let mut meeting = Meeting::on_internet(seed, loss_percent, configs());
        meeting.meet();
        meeting.run(Duration::from_secs(60));
        let [controlling, controlled] = meeting.outcomes();
        assert_eq!(meeting.agree(), Some(true), "seed {seed}: {controlling:?} {controlled:?}");
        times[0].push(controlling.valid.unwrap());
        times[1].push(controlling.selected.unwrap());
        times[2].push(controlled.selected.unwrap());
    }
    times
}

#[test]
fn at_30_percent_loss_every_run_ends_and_few_are_slow() {
    let [mut valid, mut acknowledged, mut usable] = runs(30, 500);
    let p95 = [&mut valid, &mut acknowledged, &mut usable].map(|times| percentile(times, 95));
    let p50 = [&mut valid, &mut acknowledged, &mut usable].map(|times| percentile(times, 50));
    panic!("{p50:?} {p95:?} max {:?}", [valid.last(), acknowledged.last(), usable.last()]);
}
