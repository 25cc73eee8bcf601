//! What physics allows at 25 ms one way: reached.
use crate::support::{Meeting, configs, ms};
use core::time::Duration;

#[test]
fn one_host_each_meets_in_the_physical_bound() {
    let mut meeting = Meeting::on_internet(1, 0, configs());
    meeting.gathered();
    meeting.world.keep_log();
    meeting.meet();
    meeting.run(Duration::from_secs(10));
    let [controlling, controlled] = meeting.outcomes();
    assert_eq!(controlling.valid, Some(ms(50)));
    assert_eq!(controlling.selected, Some(ms(100)));
    assert_eq!(controlled.valid, Some(ms(50)));
    assert_eq!(controlled.selected, Some(ms(75)));
    // What is on its way when both have settled.
    meeting.world.run_for(ms(900));
    assert!(meeting.packets() <= 10, "{} packets", meeting.packets());
    assert_eq!(meeting.agree(), Some(true));
    assert!(meeting.exchange());
}

#[test]
fn idle_agents_ask_for_consent_and_send_nothing_else() {
    let mut meeting = Meeting::on_internet(2, 0, configs());
    meeting.meet();
    meeting.run(Duration::from_secs(10));
    meeting.world.run_for(Duration::from_secs(4));
    meeting.world.keep_log();
    let minutes = 20;
    let mut before = 0;
    for _ in 0..2 * minutes {
        meeting.world.run_for(Duration::from_secs(30));
        let sent = meeting.packets() - before;
        before += sent;
        assert!(sent <= 32, "{sent} packets in 30 s");
    }
    let most = 245 * 2 * minutes / 10;
    assert!((22 * 2 * minutes..=most).contains(&before), "{before} packets in {minutes} minutes");
    assert!(meeting.exchange());
}
