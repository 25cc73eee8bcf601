//! The figures: medians with the least and the most, and ratios within a round.
use crate::{
    OURS,
    scenario::{Figure, Scenario},
    system::System,
};
use std::fmt;

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
    figures: Vec<Figure>,
}

impl Table {
    pub(crate) fn add(&mut self, scenario: &Scenario, system: &System, figure: Figure) {
        let (scenario, system) = (*scenario, *system);
        let same = |row: &&mut Row| row.scenario == scenario && row.system == system;
        match self.rows.iter_mut().find(same) {
            Some(row) => row.figures.push(figure),
            None => self.rows.push(Row { scenario, system, figures: vec![figure] }),
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
        let pairs = row.figures.iter().zip(&other.figures);
        Spread::of(pairs.map(|(one, other)| one.value() / other.value()).collect())
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
            let spread = Spread::of(row.figures.iter().map(|figure| figure.value()).collect());
            let told = |spread: Option<Spread>| spread.map_or_else(String::new, |s| s.to_string());
            let is_ratio = matches!(row.figures.first(), Some(Figure::Micros(_)));
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
