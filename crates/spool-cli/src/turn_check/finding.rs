//! What was found out about a server: good or bad, in words and as JSON.
use serde_json::{Value, json};
use std::fmt;

/// How good it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Grade {
    /// As it should be.
    Good,
    /// Worth knowing.
    Note,
    /// To be mended.
    Fault,
}

impl Grade {
    fn word(self) -> &'static str {
        match self {
            Self::Good => "ok",
            Self::Note => "note",
            Self::Fault => "fault",
        }
    }
}

/// One thing.
#[derive(Clone, Debug)]
pub(super) struct Finding {
    /// What was looked at, for programs.
    pub(super) check: &'static str,
    pub(super) grade: Grade,
    pub(super) text: String,
    /// What to do about it.
    pub(super) advice: Option<&'static str>,
    /// What was measured, for programs.
    pub(super) figures: Value,
}

impl Finding {
    pub(super) fn good(check: &'static str, text: impl Into<String>) -> Self {
        let (grade, text) = (Grade::Good, text.into());
        Self { check, grade, text, advice: None, figures: Value::Null }
    }

    pub(super) fn note(check: &'static str, text: impl Into<String>, advice: &'static str) -> Self {
        let advice = (!advice.is_empty()).then_some(advice);
        Self { grade: Grade::Note, advice, ..Self::good(check, text) }
    }

    pub(super) fn fault(
        check: &'static str,
        text: impl Into<String>,
        advice: &'static str,
    ) -> Self {
        Self { grade: Grade::Fault, advice: Some(advice), ..Self::good(check, text) }
    }

    pub(super) fn with_figures(mut self, figures: Value) -> Self {
        self.figures = figures;
        self
    }

    pub(super) fn to_json(&self) -> Value {
        json!({
            "check": self.check,
            "grade": self.grade.word(),
            "text": self.text,
            "advice": self.advice,
            "figures": self.figures,
        })
    }
}

/// A line, and one of advice.
impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // what a server says is somebody else's text
        let text = self.text.replace(char::is_control, "\u{fffd}");
        write!(f, "  {:5}  {:12} {text}", self.grade.word(), self.check)?;
        match self.advice {
            Some(advice) => write!(f, "\n         -> {advice}"),
            None => Ok(()),
        }
    }
}
