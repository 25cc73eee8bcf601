//! Counts the kinds of differences, and says which of them no text decides for us.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use super::Passage;
use super::facts::{Facts, Stage};
use super::judge::{Comparison, Difference, compare};
use super::rules::{self, Rule, Side};
use crate::run::Failure;

/// All that was seen.
pub(super) struct Report {
    dir: PathBuf,
    calls: usize,
    /// Those in which both gateways brought an answer back.
    answered: usize,
    compared: usize,
    same: usize,
    kinds: BTreeMap<Kind, Seen>,
}

/// A kind of difference.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Kind {
    stage: Stage,
    difference: Difference,
    rule: Option<&'static Rule>,
}

struct Seen {
    count: usize,
    example: String,
}

impl Report {
    pub(super) fn new(dir: &Path) -> Self {
        let kinds = BTreeMap::new();
        Self { dir: dir.into(), calls: 0, answered: 0, compared: 0, same: 0, kinds }
    }

    /// Keeps what was said in a call.
    pub(super) fn note(
        &mut self,
        name: &str,
        offer: &str,
        ours: &Passage,
        theirs: &Passage,
    ) -> Result<(), Failure> {
        self.calls += 1;
        self.answered += usize::from(ours.answered.is_ok() && theirs.answered.is_ok());
        let mut text = format!("-- offer\n{offer}");
        for (who, passage) in [("we", ours), ("rtpengine", theirs)] {
            let Passage { offered, callee, answered } = passage;
            for (what, said) in [("offer", offered), ("callee", callee), ("answer", answered)] {
                let said = said.as_ref().map_or_else(|why| format!("no: {why}\n"), Clone::clone);
                let _never = writeln!(text, "-- {who}, {what}\n{said}");
            }
        }
        let path = self.dir.join(format!("{name}.txt"));
        std::fs::write(&path, text)
            .map_err(|error| Failure::Failed(format!("{}: {error}", path.display())))
    }

    /// Takes what both made of one description.
    pub(super) fn add(
        &mut self,
        name: &str,
        offer: &str,
        stage: Stage,
        ours: &Facts,
        theirs: &Facts,
    ) {
        let Comparison { compared, same, differences } = compare(ours, theirs);
        self.compared += compared;
        self.same += same;
        for difference in differences {
            let rule = rules::find(stage, &difference, offer);
            let seen = self.kinds.entry(Kind { stage, difference, rule });
            let example = name.to_owned();
            seen.or_insert(Seen { count: 0, example }).count += 1;
        }
    }

    /// Prints the kinds. It is a failure where no text decides, and where one is against us.
    pub(super) fn finish(self) -> Result<String, Failure> {
        let (mut list, mut bad) = (String::new(), 0);
        for (Kind { stage, difference, rule }, Seen { count, example }) in &self.kinds {
            let Difference { facet, ours, theirs } = difference;
            let fault = rule.is_none_or(|rule| rule.side == Side::Theirs);
            bad += usize::from(fault);
            let mark = if fault { "!" } else { " " };
            let (stage, facet) = (stage.name(), facet.name());
            let _never = writeln!(
                list,
                "{mark} {count:4} {stage}, {facet}: ours {ours}; theirs {theirs} [{example}]"
            );
            if let Some(rule) = rule {
                let _never = writeln!(list, "       {}, {}", rule.side.name(), rule.text);
            }
        }
        let used = |rule: &&Rule| self.kinds.keys().any(|kind| kind.rule == Some(*rule));
        for rule in rules::all().filter(|rule| !used(rule)) {
            let _never = writeln!(list, "  not met: {}, {}", rule.facet.name(), rule.text);
        }
        print!("{list}");
        let path = self.dir.join("differences.txt");
        std::fs::write(&path, &list).map_err(|error| format!("{}: {error}", path.display()))?;
        let facts = format!(
            "{} calls, {} answered through both, {} of {} facets the same, {} kinds of differences",
            self.calls,
            self.answered,
            self.same,
            self.compared,
            self.kinds.len()
        );
        // Where nobody answers, nothing was compared.
        if 2 * self.answered < self.calls {
            return Err(Failure::Failed(format!("{facts}: too few answered")));
        }
        match bad {
            0 => Ok(facts),
            _ => Err(Failure::Failed(format!("{facts}; {bad} are not decided for us (marked !)"))),
        }
    }
}
