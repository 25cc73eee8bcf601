use super::{Retransmit, RetransmitConfig, Retry};
use core::time::Duration;
use sans_io::Instant;

#[test]
fn whole_schedule_lasts_39_5_seconds() {
    assert_eq!(RetransmitConfig::default().total(), Duration::from_millis(39_500));
}

#[test]
fn longest_wait_caps_all_but_the_last() {
    let config =
        RetransmitConfig { max_wait: Duration::from_millis(1600), ..RetransmitConfig::default() };
    let waits = [1, 2, 3, 4, 6, 7].map(|n| config.wait(n).as_millis());
    assert_eq!(waits, [500, 1000, 1600, 1600, 1600, 8000]);
}

#[test]
fn late_call_sends_once() {
    let mut timer = Retransmit::new(Instant::ZERO, RetransmitConfig::default());
    let late = Instant::from_secs(10);
    assert_eq!(timer.poll(late), Retry::Send);
    assert_eq!(timer.poll(late), Retry::Wait);
    assert_eq!(timer.deadline(), Instant::from_secs(11));
}

#[test]
fn reliable_transport_waits_once() {
    let mut timer = Retransmit::reliable(Instant::ZERO, Duration::from_millis(39_500));
    assert_eq!(timer.poll(Instant::from_millis(39_499)), Retry::Wait);
    assert_eq!(timer.poll(Instant::from_millis(39_500)), Retry::GiveUp);
    assert_eq!(timer.sends(), 1);
}

#[test]
fn stopped_timer_only_waits() {
    let mut timer = Retransmit::new(Instant::ZERO, RetransmitConfig::default());
    timer.stop(Instant::from_secs(3));
    assert_eq!(timer.poll(Instant::from_secs(2)), Retry::Wait);
    assert_eq!(timer.poll(Instant::from_secs(3)), Retry::GiveUp);
}

#[test]
fn silly_numbers_do_no_harm() {
    let config = RetransmitConfig {
        rto: Duration::MAX,
        max_sends: u32::MAX,
        last_wait: u32::MAX,
        max_wait: Duration::MAX,
    };
    assert_eq!(config.wait(u32::MAX), Duration::MAX);
    let mut timer = Retransmit::new(Instant::FAR, config);
    assert_eq!(timer.poll(Instant::FAR), Retry::Send);
    assert_eq!(config.total(), Duration::MAX);
}

/// Otherwise a machine would send for ever at one moment.
#[test]
fn no_wait_is_nothing() {
    let none = RetransmitConfig {
        rto: Duration::ZERO,
        max_sends: u32::MAX,
        last_wait: 0,
        max_wait: Duration::ZERO,
    };
    let mut timer = Retransmit::new(Instant::ZERO, none);
    assert!(timer.deadline() > Instant::ZERO);
    assert_eq!(timer.poll(timer.deadline()), Retry::Send);
    assert_eq!(timer.poll(timer.last_sent()), Retry::Wait);
}
