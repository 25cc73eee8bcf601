use super::{Due, Transactions};
use crate::{Retransmit, RetransmitConfig, TransactionId};
use bytes::Bytes;
use core::time::Duration;
use sans_io::{Instant, Path};

fn path() -> Path {
    Path::udp("192.0.2.1:9".parse().unwrap(), "192.0.2.2:3478".parse().unwrap())
}

fn start(pending: &mut Transactions<u8>, now: Instant, id: u8) -> bool {
    let timer = Retransmit::new(now, RetransmitConfig::default());
    let id = TransactionId([id; 12]);
    pending.start(id, path(), Bytes::from_static(b"x"), timer, 0).is_some()
}

#[test]
fn limit_and_double_ids_are_refused() {
    let mut pending = Transactions::new(2);
    assert!(start(&mut pending, Instant::ZERO, 1));
    assert!(!start(&mut pending, Instant::ZERO, 1));
    assert!(start(&mut pending, Instant::ZERO, 2));
    assert!(!start(&mut pending, Instant::ZERO, 3));
    pending.remove(TransactionId([1; 12])).unwrap();
    assert!(start(&mut pending, Instant::ZERO, 3));
    assert_eq!(pending.len(), 2);
}

#[test]
fn unanswered_request_goes_out_seven_times_and_times_out() {
    let mut pending = Transactions::new(2);
    assert!(start(&mut pending, Instant::ZERO, 1));
    let mut resent = 0;
    while let Some(at) = pending.next() {
        match pending.due(at) {
            Some(Due::Resend(transmit)) => {
                assert_eq!(transmit.path, path());
                resent += 1;
            }
            Some(Due::TimedOut(id, _)) => {
                assert_eq!(id, TransactionId([1; 12]));
                assert_eq!(at, Instant::from_millis(39_500));
            }
            None => panic!("the deadline was for nothing"),
        }
    }
    assert_eq!(resent, 6);
    assert!(pending.is_empty());
}

#[test]
fn round_trip_is_known_of_a_single_send_only() {
    let mut pending = Transactions::new(2);
    assert!(start(&mut pending, Instant::ZERO, 1));
    let id = TransactionId([1; 12]);
    let now = Instant::from_millis(80);
    assert_eq!(pending.get(id).unwrap().rtt(now), Some(Duration::from_millis(80)));
    assert!(pending.due(Instant::from_millis(500)).is_some());
    assert_eq!(pending.get(id).unwrap().rtt(now), None);
}

#[test]
fn stopped_request_is_not_sent_again() {
    let mut pending = Transactions::new(2);
    assert!(start(&mut pending, Instant::ZERO, 1));
    pending.stop(TransactionId([1; 12]), Instant::from_secs(2));
    assert_eq!(pending.next(), Some(Instant::from_secs(2)));
    assert!(pending.due(Instant::from_secs(1)).is_none());
    assert!(matches!(pending.due(Instant::from_secs(2)), Some(Due::TimedOut(..))));
}
