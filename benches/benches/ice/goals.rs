//! What is aimed at, and by how much it is missed.
use crate::figures::{Sample, cell};

/// The cell that says whether goals are met.
#[derive(Clone, Debug, Default)]
pub(crate) struct Verdict {
    asked: bool,
    missed: Vec<String>,
}

impl Verdict {
    /// The value is there and no more than this.
    pub(crate) fn at_most(&mut self, what: &str, value: Option<u64>, most: u64) -> &mut Self {
        self.asked = true;
        if value.is_none_or(|value| value > most) {
            self.missed.push(format!("{what} {} > {most}", cell(value)));
        }
        self
    }

    /// The same for what is no whole number.
    pub(crate) fn real_at_most(&mut self, what: &str, mean: f64, most: f64) -> &mut Self {
        self.asked = true;
        if mean > most {
            self.missed.push(format!("{what} {mean:.1} > {most}"));
        }
        self
    }

    /// At least this many of a thousand.
    pub(crate) fn share(&mut self, what: &str, count: usize, of: usize, least: usize) -> &mut Self {
        self.asked = true;
        if count * 1000 < of * least {
            self.missed.push(format!("{what} {count} of {of}"));
        }
        self
    }

    pub(crate) fn cell(&self) -> String {
        match (self.asked, self.missed.is_empty()) {
            (false, _) => String::new(),
            (true, true) => "met".to_owned(),
            (true, false) => format!("**missed**: {}", self.missed.join(", ")),
        }
    }
}

/// Milliseconds until a first check is answered, a nomination is answered, and the controlled side
/// has settled; packets until then.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Meeting {
    pub(crate) first_valid: Option<u64>,
    pub(crate) acknowledged: u64,
    pub(crate) controlled: u64,
    pub(crate) packets: Option<u64>,
}

impl Meeting {
    /// Of the 95th percentile.
    pub(crate) fn judge(&self, measured: &[Sample; 4], verdict: &mut Verdict) {
        let [first_valid, acknowledged, controlled, packets] =
            [0, 1, 2, 3].map(|i| measured[i].percentile(95));
        if let Some(most) = self.first_valid {
            verdict.at_most("first valid", first_valid, most);
        }
        verdict.at_most("acknowledged", acknowledged, self.acknowledged);
        verdict.at_most("controlled", controlled, self.controlled);
        if let Some(most) = self.packets {
            verdict.at_most("packets", packets, most);
        }
    }
}
