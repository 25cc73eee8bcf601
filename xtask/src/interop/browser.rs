//! Chromium without a screen, driven through the pipe of its DevTools protocol: no port is opened.

use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

use super::process::Running;
use crate::lab::{Lab, Node};
use crate::run::Failure;

/// How long the browser may take to start, and for one script.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running browser with one empty page.
pub(super) struct Browser {
    running: Running,
    /// Number of the last command.
    last: u64,
    /// The page, once there is one.
    page: Option<String>,
}

impl Browser {
    /// Starts a browser on a node of the laboratory.
    pub(super) fn start(lab: &Lab, node: Node, dir: &Path) -> Result<Self, Failure> {
        let mut command = lab.command(node, "sh");
        // Commands come in by descriptor 3, and answers go out by 4.
        command.args(["-c", "exec \"$@\" 3<&0 4>&1 </dev/null >&2", "sh", "chromium"]);
        command.args(["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run"]);
        // Without a way to the internet, everything that calls home is only noise.
        command.args(["--disable-background-networking", "--disable-component-update"]);
        command.args(["--disable-sync", "--disable-quic", "--enable-logging=stderr"]);
        command.arg(format!("--user-data-dir={}", dir.join("profile").display()));
        command.arg("--remote-debugging-pipe");
        let running = Running::start("chromium", dir, &mut command)?;
        let mut browser = Self { running, last: 0, page: None };
        let target = browser.command("Target.createTarget", &json!({ "url": "about:blank" }))?;
        let attach = json!({ "targetId": target["targetId"], "flatten": true });
        let attached = browser.command("Target.attachToTarget", &attach)?;
        browser.page = attached["sessionId"].as_str().map(str::to_owned);
        Ok(browser)
    }

    /// Runs the body of an async function in the page and waits for what it returns.
    pub(super) fn run(&mut self, body: &str) -> Result<Value, Failure> {
        let expression = format!("(async () => {{\n{body}\n}})()");
        let arguments =
            json!({ "expression": expression, "awaitPromise": true, "returnByValue": true });
        let mut answer = self.command("Runtime.evaluate", &arguments)?;
        if let Some(thrown) = answer.get("exceptionDetails") {
            let text = thrown["exception"]["description"].as_str().map(str::to_owned);
            let text = text.unwrap_or_else(|| thrown.to_string());
            return Err(Failure::Failed(format!("the browser: {text}")));
        }
        Ok(answer["result"]["value"].take())
    }

    fn command(&mut self, method: &str, arguments: &Value) -> Result<Value, Failure> {
        self.last += 1;
        let mut command = json!({ "id": self.last, "method": method, "params": arguments });
        if let Some(page) = &self.page {
            command["sessionId"] = page.as_str().into();
        }
        self.running.write(format!("{command}\0").as_bytes())?;
        let beginning = format!("{{\"id\":{},", self.last);
        let answer = self.running.wait_until(method, PATIENCE, |output, _| {
            let (whole, _) = output.rsplit_once('\0')?;
            let answer = whole.split('\0').find(|message| message.starts_with(&beginning))?;
            Some(answer.to_owned())
        })?;
        let read: Result<Value, _> = serde_json::from_str(&answer);
        match read {
            Ok(mut answer) if answer.get("result").is_some() => Ok(answer["result"].take()),
            Ok(_) | Err(_) => Err(Failure::Failed(format!("the browser, {method}: {answer}"))),
        }
    }
}
