//! What goes to stderr: lines for people, or events as JSON lines for programs.
use crate::exit::Failure;
use serde_json::{Value, json};
use std::io::{self, Write};

/// Says what happens, for people or for programs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Status {
    json: bool,
}

impl Status {
    pub(crate) fn new(json: bool) -> Self {
        Self { json }
    }

    /// Whether people read it.
    pub(crate) fn is_for_people(self) -> bool {
        !self.json
    }

    /// An event that only programs want.
    pub(crate) fn tell(self, name: &str, details: Value) {
        if self.json {
            self.event(name, details, "");
        }
    }

    /// A line that only people want.
    pub(crate) fn say(self, text: &str) {
        if !self.json {
            line(text);
        }
    }

    /// An event: `text` for people, `name` with the members of `details` for programs.
    pub(crate) fn event(self, name: &str, details: Value, text: &str) {
        if !self.json {
            return line(text);
        }
        let mut event = json!({ "event": name });
        if let (Some(event), Value::Object(details)) = (event.as_object_mut(), details) {
            event.extend(details);
        }
        line(&event.to_string());
    }
}

/// The last line of a run that failed.
pub(crate) fn error(failure: &Failure) {
    line(&format!("spool: {failure}"));
}

fn line(text: &str) {
    // a closed stderr is no reason to stop
    let _ = writeln!(io::stderr().lock(), "{text}");
}
