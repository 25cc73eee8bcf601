//! Each law has a machine that breaks it and nothing else, or the checker would rot unnoticed.
use crate::asker::{Asking, Breaks};
use sans_io::laws::{Flood, Law, check};
use std::collections::BTreeSet;

const SEEDS: u64 = 200;
const INPUTS: usize = 120;

/// The laws that a machine is found to break, over many runs.
fn broken_by(breaks: Breaks) -> BTreeSet<Law> {
    (0..SEEDS).filter_map(|seed| Some(check(&Asking(breaks), seed, INPUTS).err()?.law)).collect()
}

/// Whether a flood leaves more behind the longer it lasts.
fn grows(breaks: Breaks) -> bool {
    let subject = Asking(breaks);
    let mut flood = Flood::new(&subject);
    flood.run(2_000);
    allocation_counter::measure(|| flood.run(6_000)).bytes_current > 8_192
}

#[test]
fn a_good_machine_keeps_the_laws() {
    for seed in 0..2 * SEEDS {
        check(&Asking(Breaks::Nothing), seed, INPUTS).unwrap();
    }
    assert!(!grows(Breaks::Nothing));
}

#[test]
fn each_broken_twin_is_caught_by_its_own_law_alone() {
    let twins = [
        (Breaks::Pure, Law::Pure),
        (Breaks::Ends, Law::Ends),
        (Breaks::RestIsRest, Law::RestIsRest),
        (Breaks::Forward, Law::Forward),
        (Breaks::EarlyIsHarmless, Law::EarlyIsHarmless),
        (Breaks::TimeNeverRunsBack, Law::TimeNeverRunsBack),
        (Breaks::LateDrains, Law::LateDrains),
        (Breaks::NoBytesPanic, Law::NoBytesPanic),
        (Breaks::ErrDidNothing, Law::ErrDidNothing),
    ];
    for (breaks, law) in twins {
        assert_eq!(broken_by(breaks), BTreeSet::from([law]), "{breaks:?}");
        // (A machine without end cannot be flooded: it never gives the drain back.)
        assert!(breaks == Breaks::Ends || breaks == Breaks::NoBytesPanic || !grows(breaks));
    }
}

#[test]
fn a_machine_that_hoards_is_caught_by_its_footprint_alone() {
    assert_eq!(broken_by(Breaks::Bounded), BTreeSet::new());
    assert!(grows(Breaks::Bounded));
}

#[test]
fn a_violation_names_its_law_and_its_seed() {
    let violation = (0..SEEDS)
        .find_map(|seed| check(&Asking(Breaks::Pure), seed, INPUTS).err())
        .expect("an impure machine is caught");
    let text = violation.to_string();
    assert!(text.starts_with("law Pure broken with seed "), "{text}");
}
