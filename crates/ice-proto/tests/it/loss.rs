//! Lost packets cost little, and never everything.
use crate::support::{Meeting, configs, ms, percentile};
use core::time::Duration;

/// First valid and acknowledged on the controlling side, and selected on the controlled side, of
/// so many meetings at so much loss.
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
    let p95 = runs(30, 1000).map(|mut times| percentile(&mut times, 95));
    let bounds = [ms(200), ms(310), ms(240)];
    assert!(p95.iter().zip(bounds).all(|(time, bound)| *time <= bound), "{p95:?}");
}

#[test]
fn at_10_percent_loss_half_of_the_runs_do_not_notice() {
    let times = runs(10, 1000);
    let p50 = times.clone().map(|mut times| percentile(&mut times, 50));
    assert_eq!(p50, [ms(50), ms(100), ms(75)]);
    let p95 = times.map(|mut times| percentile(&mut times, 95));
    let bounds = [ms(100), ms(200), ms(150)];
    assert!(p95.iter().zip(bounds).all(|(time, bound)| *time <= bound), "{p95:?}");
}

/// Six or seven requests in a row are lost now and then, and then consent is (RFC 7675 §5.1).
#[test]
fn at_10_percent_loss_consent_keeps_nearly_all_pairs_for_ten_minutes() {
    let mut lost = Vec::new();
    for seed in 0..60 {
        let mut meeting = Meeting::on_internet(seed, 10, configs());
        meeting.meet();
        meeting.run(Duration::from_secs(60));
        meeting.world.run_for(Duration::from_secs(600));
        match meeting.agree() {
            Some(agrees) => assert!(agrees, "seed {seed}"),
            None => lost.push(seed),
        }
    }
    assert!(lost.len() <= 2, "{lost:?}");
}
