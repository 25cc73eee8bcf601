//! `spool stun` as a case runs it.

use std::path::Path;
use std::time::Duration;

use super::process::Running;
use super::{install, json};
use crate::lab::{Lab, Node};
use crate::run::Failure;

/// What it says and how it ends.
#[derive(Debug)]
pub(crate) struct Asked {
    running: Running,
    code: Option<i32>,
}

impl Asked {
    /// Asks from behind the NAT of side A, with `--json` and these arguments.
    pub(crate) fn run(lab: &Lab, dir: &Path, name: &str, args: &[&str]) -> Result<Self, Failure> {
        let mut command = lab.command(Node::HostA, &install::spool().to_string_lossy());
        let mut running = Running::start(name, dir, command.args(["stun", "--json"]).args(args))?;
        let code = running.wait(Duration::from_secs(30))?.code();
        Ok(Self { running, code })
    }

    /// The object that it printed, if it was told its address.
    pub(crate) fn answer(&self) -> Result<String, Failure> {
        let said = self.running.output();
        match (self.code, json::string(&said, "mapped")) {
            (Some(0), Some(_)) => Ok(said),
            _ => Err(self.running.failure("was told no address")),
        }
    }

    /// Whether it ended without an address, and its one line on standard error has these words.
    pub(crate) fn expect_words(&self, words: &str) -> Result<(), Failure> {
        let errors = self.running.errors();
        let right = self.code == Some(2) && errors.lines().count() == 1 && errors.contains(words);
        if right { Ok(()) } else { Err(self.running.failure(&format!("does not say: {words}"))) }
    }

    /// The answer, with a string of that name and value in it.
    pub(crate) fn expect(&self, name: &str, value: &str) -> Result<String, Failure> {
        let said = self.answer()?;
        if json::string(&said, name) == Some(value) || json::word(&said, name) == Some(value) {
            return Ok(said);
        }
        Err(self.running.failure(&format!("{name} is not {value}")))
    }
}
