//! Firefox without a screen, driven by its Marionette protocol: JSON with its length in front.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::process::{LOOK, Running};
use crate::lab::{Lab, Node};
use crate::run::Failure;

/// How long the browser may take to start, and for one script.
const PATIENCE: Duration = Duration::from_secs(60);

/// Without a way to the internet, everything that calls home is only noise.
const PREFERENCES: &str = r#"user_pref("marionette.port", 0);
user_pref("app.normandy.enabled", false);
user_pref("app.update.disabledForTesting", true);
user_pref("datareporting.policy.dataSubmissionEnabled", false);
user_pref("media.gmp-manager.updateEnabled", false);
user_pref("network.captive-portal-service.enabled", false);
user_pref("network.connectivity-service.enabled", false);
user_pref("services.settings.server", "data:,");
user_pref("toolkit.telemetry.enabled", false);
"#;

/// A running browser with one empty page.
pub(super) struct Firefox {
    /// Dropped after the line, which would be a failure otherwise.
    running: Running,
    /// Carries bytes between here and the port, which only the node can reach.
    line: Running,
    /// Number of the last command.
    last: u64,
}

impl Firefox {
    /// Starts a browser on a node of the laboratory.
    pub(super) fn start(lab: &Lab, node: Node, dir: &Path) -> Result<Self, Failure> {
        let profile = dir.join("firefox");
        fs::create_dir_all(&profile)
            .and_then(|()| fs::write(profile.join("user.js"), PREFERENCES))
            .map_err(|error| format!("{}: {error}", profile.display()))?;
        let mut command = lab.command(node, "firefox-esr");
        command.args(["--headless", "--no-remote", "--marionette", "--profile"]);
        command.arg(&profile).arg("about:blank").env("HOME", &profile);
        let mut running = Running::start("firefox", dir, &mut command)?;
        let port = wait_for_port(&mut running, &profile.join("MarionetteActivePort"))?;
        let mut command = lab.command(node, "bash");
        let script = "exec 3<>/dev/tcp/127.0.0.1/$1; cat <&3 & exec cat >&3";
        command.args(["-c", script, "bash", &port]);
        let line = Running::start("marionette", dir, &mut command)?;
        let mut browser = Self { running, line, last: 0 };
        browser.command("WebDriver:NewSession", &json!({}))?;
        let patience = json!({ "script": PATIENCE.as_millis() as u64 });
        browser.command("WebDriver:SetTimeouts", &patience)?;
        Ok(browser)
    }

    /// Runs the body of an async function in the page and waits for what it returns.
    pub(super) fn run(&mut self, body: &str) -> Result<Value, Failure> {
        let script = format!("return (async () => {{\n{body}\n}})()");
        let arguments = json!({ "script": script, "args": [] });
        let mut answer = self.command("WebDriver:ExecuteScript", &arguments)?;
        Ok(answer["value"].take())
    }

    fn command(&mut self, method: &str, arguments: &Value) -> Result<Value, Failure> {
        self.last += 1;
        let command = json!([0, self.last, method, arguments]).to_string();
        self.line.write(format!("{}:{command}", command.len()).as_bytes())?;
        let beginning = format!("[1,{},", self.last);
        let answer = self.line.wait_until(method, PATIENCE, |output, _| {
            messages(output).find(|message| message.starts_with(&beginning)).map(str::to_owned)
        });
        let answer = answer.map_err(|failure| {
            let log = self.running.failure("the browser itself");
            Failure::Failed(format!("{failure}\n{log}"))
        })?;
        let read: Result<Value, _> = serde_json::from_str(&answer);
        match read {
            Ok(mut answer) if answer[2].is_null() => Ok(answer[3].take()),
            Ok(_) | Err(_) => Err(Failure::Failed(format!("the browser, {method}: {answer}"))),
        }
    }
}

/// The whole messages in what was received.
fn messages(mut output: &str) -> impl Iterator<Item = &str> {
    std::iter::from_fn(move || {
        let (length, rest) = output.split_once(':')?;
        let (message, rest) = rest.split_at_checked(length.parse().ok()?)?;
        output = rest;
        Some(message)
    })
}

/// The browser writes its port into a file of the profile.
fn wait_for_port(running: &mut Running, path: &Path) -> Result<String, Failure> {
    let end = Instant::now() + PATIENCE;
    while Instant::now() < end {
        match fs::read_to_string(path) {
            Ok(port) if !port.trim().is_empty() => return Ok(port.trim().to_owned()),
            Ok(_) | Err(_) => {}
        }
        // It is a failure when the browser has ended.
        running.look("its port", |_, _| None::<()>)?;
        std::thread::sleep(LOOK);
    }
    Err(running.failure(&format!("no port within {PATIENCE:?}")))
}

#[cfg(test)]
mod tests {
    use super::messages;

    #[test]
    fn messages_are_cut_by_their_length() {
        let all: Vec<&str> = messages("3:abc2:x:4:cut").collect();
        assert_eq!(all, ["abc", "x:"]);
    }
}
