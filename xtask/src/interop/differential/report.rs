//! Counts the kinds of differences, and says which of them are faults of ours.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use super::facts::Facts;
use super::judge::{Comparison, Difference, Place, compare};
use super::rules::{self, Rule, Side};
use crate::run::Failure;

/// One offer between one browser and us.
pub(super) struct Exchange {
    pub(super) browser: &'static str,
    pub(super) theirs: Facts,
    pub(super) ours: Facts,
}

/// A kind of difference.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Kind {
    browser: &'static str,
    facet: super::facts::Facet,
    difference: Difference,
    rule: Option<&'static Rule>,
}

/// How often a kind was seen.
#[derive(Default)]
struct Seen {
    count: usize,
    /// How often no browser agreed with us.
    alone: usize,
    /// An offer in which it was seen; one without agreement if there is one.
    example: usize,
}

impl Seen {
    fn count(&mut self, number: usize, alone: bool) {
        self.count += 1;
        self.alone += usize::from(alone);
        if self.count == 1 || (self.alone == 1 && alone) {
            self.example = number;
        }
    }
}

/// All that was seen.
#[derive(Default)]
pub(super) struct Report {
    offers: usize,
    /// Those that a browser and we answered.
    answered: usize,
    compared: usize,
    agreed: usize,
    kinds: BTreeMap<Kind, Seen>,
}

impl Report {
    /// Takes one offer with its answers.
    pub(super) fn add(&mut self, number: usize, offer: &str, exchanges: &[Exchange]) {
        self.offers += 1;
        let both =
            |one: &Exchange| !one.theirs.sections.is_empty() && !one.ours.sections.is_empty();
        self.answered += usize::from(exchanges.iter().any(both));
        let all: Vec<BTreeMap<Place, Comparison>> =
            exchanges.iter().map(|exchange| compare(&exchange.ours, &exchange.theirs)).collect();
        let agrees =
            |place: &Place| all.iter().any(|one| one.get(place) == Some(&Comparison::Same));
        let mut places: Vec<&Place> = all.iter().flat_map(BTreeMap::keys).collect();
        places.sort_unstable();
        places.dedup();
        self.compared += places.len();
        self.agreed += places.into_iter().filter(|place| agrees(place)).count();
        for (exchange, comparisons) in exchanges.iter().zip(&all) {
            for (place, comparison) in comparisons {
                let Comparison::Differs(differences) = comparison else { continue };
                let alone = !agrees(place);
                for difference in differences {
                    let difference = difference.clone();
                    let rule = rules::find(place.1, &difference, offer);
                    let kind = Kind { browser: exchange.browser, facet: place.1, difference, rule };
                    self.kinds.entry(kind).or_default().count(number, alone);
                }
            }
        }
    }

    /// Prints the kinds, most frequent first. It is a failure to be alone where no text decides for
    /// us, and to be against a text.
    pub(super) fn finish(self, dir: &Path) -> Result<String, Failure> {
        let mut kinds: Vec<(&Kind, &Seen)> = self.kinds.iter().collect();
        kinds.sort_by_key(|(_, seen)| std::cmp::Reverse((seen.alone > 0, seen.count)));
        let (mut list, mut bad) = (String::new(), 0);
        for (Kind { browser, facet, difference, rule }, seen) in kinds {
            let Difference { ours, theirs } = difference;
            let side = rule.map(|rule| rule.side);
            let decided = side == Some(Side::Ours);
            let fault = side == Some(Side::Theirs) || (seen.alone > 0 && !decided);
            bad += usize::from(fault);
            let mark = if fault { "!" } else { " " };
            let Seen { count, alone, example } = seen;
            let _never = writeln!(
                list,
                "{mark} {count:4} ({alone:3} alone) {browser:8} {}: ours {ours}; theirs {theirs} \
                 [{example:03}]",
                facet.name()
            );
            if let Some(rule) = rule {
                let side = match rule.side {
                    Side::Ours => "ours",
                    Side::Theirs => "theirs",
                };
                let _never = writeln!(list, "       the text: {side}, {}", rule.text);
            }
        }
        print!("{list}");
        let path = dir.join("differences.txt");
        std::fs::write(&path, &list).map_err(|error| format!("{}: {error}", path.display()))?;
        let facts = format!(
            "{} offers, {} answered, {} of {} facets as one browser at least, {} kinds of differences",
            self.offers,
            self.answered,
            self.agreed,
            self.compared,
            self.kinds.len()
        );
        // Where all refuse, nothing was compared.
        if 10 * self.answered < 9 * self.offers {
            return Err(Failure::Failed(format!("{facts}: too few answered")));
        }
        if bad == 0 {
            return Ok(facts);
        }
        Err(Failure::Failed(format!("{facts}; {bad} kinds are not decided for us (marked !)")))
    }
}
