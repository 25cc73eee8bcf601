use super::*;

fn lane(link: Link) -> Lane {
    Lane::new(link, Stream::new(1, "test", "link"))
}

fn arrivals(lane: &mut Lane, count: u64, gap_ms: u64) -> Vec<Option<Instant>> {
    (0..count)
        .map(|n| match lane.pass(Instant::from_millis(n * gap_ms), 1000) {
            Passage::Out { at, .. } => Some(at),
            Passage::Lost { .. } => None,
        })
        .collect()
}

#[test]
fn a_perfect_link_delays_exactly() {
    let mut lane = lane(Link::after(Duration::from_millis(25)));
    let out = Passage::Out { at: Instant::from_millis(35), again: None, corrupt: false };
    assert_eq!(lane.pass(Instant::from_millis(10), 100), out);
}

#[test]
fn jitter_spreads_without_reordering() {
    let delay = Duration::from_millis(20);
    let mut lane = lane(Link::after(delay).with_jitter(Duration::from_millis(10)));
    let out = arrivals(&mut lane, 1000, 1);
    assert!(out.is_sorted());
    let late = |n: usize| out[n].unwrap().saturating_since(Instant::from_millis(n as u64));
    assert!((0..1000).all(|n| late(n) >= delay && late(n) <= Duration::from_millis(30)));
    assert!((0..1000).any(|n| late(n) > Duration::from_millis(29)));
}

#[test]
fn reordering_lets_later_packets_overtake() {
    let link = Link::default().with_reordering(Chance::percent(10), Duration::from_millis(5));
    assert!(!arrivals(&mut lane(link), 100, 1).is_sorted());
}

#[test]
fn independent_loss_is_as_frequent_as_asked() {
    let lost = arrivals(&mut lane(Link::default().with_loss(Chance::percent(30))), 10_000, 1);
    let lost = lost.iter().filter(|at| at.is_none()).count();
    assert!((2_850..3_150).contains(&lost), "{lost}");
}

#[test]
fn burst_loss_comes_in_runs() {
    let bursts =
        Bursts { enter: Chance::percent(1), leave: Chance::percent(10), loss: Chance::ALWAYS };
    let out = arrivals(&mut lane(Link::default().with_bursts(bursts)), 100_000, 1);
    let lost = out.iter().filter(|at| at.is_none()).count();
    let runs = out.windows(2).filter(|two| two[0].is_some() && two[1].is_none()).count();
    // A tenth of the time in the bad state's share 1/11, in runs of ten on average.
    assert!((8_000..10_200).contains(&lost), "{lost}");
    assert!((8..13).contains(&(lost / runs)), "{lost} in {runs}");
}

#[test]
fn a_rate_spaces_packets_and_a_full_queue_drops() {
    // 1000 bytes at 8 Mbit/s take 1 ms; 3000 bytes may wait.
    let mut lane = lane(Link::default().with_rate(8_000_000, 3_000));
    let out = arrivals(&mut lane, 5, 0);
    let ms = |n| Some(Instant::from_millis(n));
    assert_eq!(out, [ms(1), ms(2), ms(3), None, None]);
    assert!(matches!(lane.pass(Instant::from_millis(3), 1000), Passage::Out { .. }));
}

#[test]
fn packets_over_the_mtu_are_refused() {
    let mut lane = lane(Link::default().with_mtu(1280));
    assert!(matches!(lane.pass(Instant::ZERO, 1280), Passage::Out { .. }));
    let told = Some(IcmpFault::TooBig { mtu: 1280 });
    assert_eq!(lane.pass(Instant::ZERO, 1281), Passage::Lost { cause: DropCause::TooBig, told });
}

#[test]
fn duplicates_come_out_twice() {
    let mut lane = lane(Link::default().with_duplication(Chance::ALWAYS));
    assert!(matches!(lane.pass(Instant::ZERO, 1), Passage::Out { again: Some(_), .. }));
}

#[test]
fn a_link_that_changes_keeps_what_is_under_way_in_order() {
    let mut lane = lane(Link::after(Duration::from_millis(25)));
    let at = |passage| match passage {
        Passage::Out { at, .. } => at,
        Passage::Lost { cause, .. } => panic!("{}", cause.name()),
    };
    assert_eq!(at(lane.pass(Instant::from_millis(0), 100)), Instant::from_millis(25));
    lane.set(Link::after(Duration::from_millis(5)));
    assert_eq!(at(lane.pass(Instant::from_millis(10), 100)), Instant::from_millis(25));
    lane.set(Link::after(Duration::from_millis(5)).with_loss(Chance::ALWAYS));
    assert_eq!(
        lane.pass(Instant::from_millis(30), 100),
        Passage::Lost { cause: DropCause::LinkLoss, told: None }
    );
}
