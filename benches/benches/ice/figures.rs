//! Numbers of many runs as cells of a table.
use core::{fmt, time::Duration};

/// Values of runs, some of which gave none.
#[derive(Clone, Debug)]
pub(crate) struct Sample {
    values: Vec<u64>,
    runs: usize,
}

impl Sample {
    pub(crate) fn new(values: impl IntoIterator<Item = Option<u64>>) -> Self {
        let (mut there, mut runs) = (Vec::new(), 0);
        for value in values {
            there.extend(value);
            runs += 1;
        }
        there.sort_unstable();
        Self { values: there, runs }
    }

    pub(crate) fn millis(values: impl IntoIterator<Item = Option<Duration>>) -> Self {
        Self::new(values.into_iter().map(|value| Some(value?.as_millis() as u64)))
    }

    pub(crate) const fn runs(&self) -> usize {
        self.runs
    }

    /// Runs that gave a value.
    pub(crate) fn count(&self) -> usize {
        self.values.len()
    }

    /// The value that so many of the runs do not exceed; those without one are last. `None`: it is
    /// one of them.
    pub(crate) fn percentile(&self, percent: usize) -> Option<u64> {
        let rank = (self.runs * percent).div_ceil(100).max(1);
        self.values.get(rank - 1).copied()
    }

    pub(crate) fn max(&self) -> Option<u64> {
        self.values.last().copied()
    }

    #[expect(clippy::cast_precision_loss, reason = "it is printed with one digit")]
    pub(crate) fn mean(&self) -> f64 {
        self.values.iter().sum::<u64>() as f64 / self.values.len().max(1) as f64
    }
}

/// The median and the value that 95 % do not exceed, or one of them where they are the same.
impl fmt::Display for Sample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (p50, p95) = (self.percentile(50), self.percentile(95));
        if p50 == p95 {
            write!(f, "{}", cell(p50))
        } else {
            write!(f, "{}/{}", cell(p50), cell(p95))
        }
    }
}

pub(crate) fn cell(value: Option<u64>) -> String {
    value.map_or_else(|| "never".to_owned(), |value| value.to_string())
}
