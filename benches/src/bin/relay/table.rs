//! The figures: medians with the least and the most, and ratios within a round.
use crate::{
    OURS,
    scenario::{Figure, Scenario},
    system::System,
};
use std::{collections::BTreeMap, fmt};

#[derive(Debug, Default)]
pub(crate) struct Table {
    /// In the order of the first round.
    rows: Vec<Row>,
    faults: Vec<String>,
}

#[derive(Debug)]
struct Row {
    scenario: Scenario,
    system: System,
    /// By round, for those that came to something.
    figures: BTreeMap<usize, Figure>,
}

impl Table {
    pub(crate) fn add(
        &mut self,
        round: usize,
        scenario: &Scenario,
        system: System,
        figure: Figure,
    ) {
        let scenario = *scenario;
        let same = |row: &&mut Row| row.scenario == scenario && row.system == system;
        match self.rows.iter_mut().find(same) {
            Some(row) => drop(row.figures.insert(round, figure)),
            None => {
                self.rows.push(Row {
                    scenario,
                    system,
                    figures: BTreeMap::from([(round, figure)]),
                });
            }
        }
    }

    /// Takes note of what could not be measured.
    pub(crate) fn failed(&mut self, what: String) {
        self.faults.push(what);
    }

    /// The figures of a system by round, to those of another.
    fn ratios(&self, row: &Row, to: System) -> Option<Spread> {
        let same = |other: &&Row| other.scenario == row.scenario && other.system == to;
        let other = self.rows.iter().find(same)?;
        let both =
            row.figures.iter().filter_map(|(round, one)| Some((one, other.figures.get(round)?)));
        Spread::of(both.map(|(one, other)| one.value() / other.value()).collect())
    }
}

/// Least, median and most.
struct Spread([f64; 3]);

impl Spread {
    fn of(mut values: Vec<f64>) -> Option<Self> {
        values.retain(|value| value.is_finite());
        values.sort_by(f64::total_cmp);
        Some(Self([*values.first()?, *values.get(values.len() / 2)?, *values.last()?]))
    }
}

impl fmt::Display for Spread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [least, median, most] = self.0;
        write!(f, "{median:.2} ({least:.2}-{most:.2})")
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "| what | who | µs of CPU, or % | to recv, send | to GSO | to coturn | n |")?;
        writeln!(f, "|---|---|---:|---:|---:|---:|---:|")?;
        let mut rows: Vec<&Row> = self.rows.iter().collect();
        rows.sort_by_key(|row| self.rows.iter().position(|other| other.scenario == row.scenario));
        for row in rows {
            let spread = Spread::of(row.figures.values().map(|figure| figure.value()).collect());
            let told = |spread: Option<Spread>| spread.map_or_else(String::new, |s| s.to_string());
            let is_ratio = matches!(row.figures.values().next(), Some(Figure::Micros(_)));
            let to = |system| is_ratio.then(|| self.ratios(row, system)).flatten();
            let who = if row.system == OURS {
                format!("**{}**", row.system.name())
            } else {
                row.system.name().to_owned()
            };
            writeln!(
                f,
                "| {} | {who} | {} | {} | {} | {} | {} |",
                row.scenario.name(),
                told(spread),
                told(to(System::Plain)),
                told(to(System::Segmented)),
                told(to(System::Coturn)),
                row.figures.len(),
            )?;
        }
        for fault in &self.faults {
            writeln!(f, "Failed: {fault}.")?;
        }
        Ok(())
    }
}
