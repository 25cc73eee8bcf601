//! When a request is sent again, and how long its answer counts (RFC 8489 §6.2.1).
use core::time::Duration;
use sans_io::Instant;

/// How often a request is sent, the first time included (Rc).
const SENDS_MAX: u32 = 7;
/// The last wait, in RTOs (Rm).
const LAST_WAIT: u32 = 16;
/// How long a whole transaction takes, in RTOs: 1 + 2 + 4 + 8 + 16 + 32, and the last wait.
const LIFE: u32 = 63 + LAST_WAIT;
/// No RTO is smaller (RFC 8445 §14.3).
pub(crate) const RTO_MIN: Duration = Duration::from_millis(500);

/// The schedule of one request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Schedule {
    started: Instant,
    sends: u32,
    /// Doubles with every retransmission.
    rto: Duration,
    until: Instant,
    repeats: bool,
    next: Instant,
}

/// What a schedule says when its time has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fired {
    Again,
    Over,
}

impl Schedule {
    /// A request that is sent now, and again until it is answered: after 0.5, 1.5, 3.5, 7.5, 15.5
    /// and 31.5 s at an RTO of 500 ms, and given up after 39.5 s.
    pub(crate) fn repeated(now: Instant, rto: Duration) -> Self {
        let until = now.saturating_add(rto * LIFE);
        let next = now.saturating_add(rto);
        Self { started: now, sends: 1, rto, until, repeats: true, next }
    }

    /// A request that is sent once, whose answer counts for `life`.
    pub(crate) fn once(now: Instant, life: Duration) -> Self {
        let until = now.saturating_add(life);
        Self { started: now, sends: 1, rto: life, until, repeats: false, next: until }
    }

    /// When it was sent first.
    pub(crate) const fn started(&self) -> Instant {
        self.started
    }

    /// When [`fire`](Self::fire) is due.
    pub(crate) const fn next(&self) -> Instant {
        self.next
    }

    /// Whether it is sent again.
    pub(crate) const fn repeats(&self) -> bool {
        self.repeats
    }

    /// Sends it no more, but waits its time for an answer (RFC 8445 §7.3.1.4).
    pub(crate) const fn cancel(&mut self) {
        self.repeats = false;
        self.next = self.until;
    }

    /// Its time has come.
    pub(crate) fn fire(&mut self, now: Instant) -> Fired {
        if !self.repeats || self.sends >= SENDS_MAX || now >= self.until {
            return Fired::Over;
        }
        self.sends += 1;
        self.rto *= 2;
        self.next = if self.sends == SENDS_MAX {
            self.until
        } else {
            // Counted from when it was due, unless the wake-up came so late that this is past.
            let planned = self.next.saturating_add(self.rto);
            let planned = if planned > now { planned } else { now.saturating_add(self.rto) };
            planned.min(self.until)
        };
        Fired::Again
    }

    /// The round trip that an answer now shows; `None` where it is not clear which transmission was
    /// answered (Karn's rule).
    pub(crate) fn rtt(&self, now: Instant) -> Option<Duration> {
        (self.sends == 1).then(|| now.saturating_since(self.started))
    }
}

#[cfg(test)]
mod tests {
    use super::{Fired, RTO_MIN, Schedule};
    use alloc::vec::Vec;
    use core::time::Duration;
    use sans_io::Instant;

    /// When it was due, in ms, up to its end.
    fn run(mut schedule: Schedule) -> Vec<u64> {
        let mut seen = Vec::new();
        loop {
            let at = schedule.next();
            seen.push(at.as_millis());
            if schedule.fire(at) == Fired::Over {
                return seen;
            }
        }
    }

    #[test]
    fn the_schedule_of_rfc_8489_holds() {
        let times = run(Schedule::repeated(Instant::ZERO, RTO_MIN));
        assert_eq!(times, [500, 1500, 3500, 7500, 15_500, 31_500, 39_500]);
    }

    #[test]
    fn a_cancelled_request_is_not_repeated_but_waits_its_time() {
        let mut schedule = Schedule::repeated(Instant::from_millis(100), RTO_MIN);
        schedule.cancel();
        assert_eq!(run(schedule), [39_600]);
    }

    #[test]
    fn a_request_that_is_sent_once_ends_with_its_life() {
        let life = Duration::from_secs(5);
        assert_eq!(run(Schedule::once(Instant::from_secs(1), life)), [6000]);
    }

    #[test]
    fn a_late_wake_up_sends_once_and_goes_on() {
        let mut schedule = Schedule::repeated(Instant::ZERO, RTO_MIN);
        let late = Instant::from_millis(9_000);
        assert_eq!(schedule.fire(late), Fired::Again);
        assert!(schedule.next() > late);
        assert_eq!(schedule.fire(Instant::from_secs(60)), Fired::Over);
    }

    #[test]
    fn only_an_answer_to_a_single_transmission_measures_the_round_trip() {
        let mut schedule = Schedule::repeated(Instant::from_millis(100), RTO_MIN);
        let at = Instant::from_millis(150);
        assert_eq!(schedule.rtt(at), Some(Duration::from_millis(50)));
        schedule.fire(schedule.next());
        assert_eq!(schedule.rtt(at), None);
    }
}
