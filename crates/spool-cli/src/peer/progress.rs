//! What is shown while files travel: a bar on a terminal, events for programs, lines for all else.
use super::path_in_words;
use crate::{exit::Failure, lines::Keyboard, status::Status};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;
use spool::Paths;
use spool_peer::{Event, Meter, printable};
use std::{
    fmt::Write,
    io::{self, IsTerminal},
    sync::Arc,
    time::Duration,
};
use tokio::{sync::mpsc, time::Instant};

/// How often the bar is drawn.
const DRAW_EVERY: Duration = Duration::from_millis(200);

/// How often programs are told.
const TELL_EVERY: Duration = Duration::from_secs(1);

/// After so long without a byte it is said what is waited for.
const STALLED: Duration = Duration::from_secs(5);

/// Shows how far a transfer is.
pub(super) struct Progress {
    meter: Arc<Meter>,
    events: mpsc::Receiver<Event>,
    paths: Paths,
    status: Status,
    bar: Option<ProgressBar>,
    /// Bytes at the last look, and since when.
    last: (u64, Instant),
    told: Instant,
    stalled: bool,
    paused: bool,
}

impl Progress {
    pub(super) fn new(
        meter: Arc<Meter>,
        events: mpsc::Receiver<Event>,
        paths: Paths,
        status: Status,
    ) -> Self {
        let bar = (status.is_for_people() && io::stderr().is_terminal()).then(bar);
        let now = Instant::now();
        let (last, told) = ((0, now), now);
        Self { meter, events, paths, status, bar, last, told, stalled: false, paused: false }
    }

    /// Shows it until the transfer is over and all events are told.
    pub(super) async fn run(mut self) {
        let mut draw = tokio::time::interval(DRAW_EVERY);
        loop {
            tokio::select! {
                event = self.events.recv() => match event {
                    Some(event) => self.tell(&event),
                    None => break,
                },
                _ = draw.tick() => self.draw(),
            }
        }
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }

    fn draw(&mut self) {
        let (done, total, now) = (self.meter.done(), self.meter.total(), Instant::now());
        if done != self.last.0 {
            self.last = (done, now);
            self.stalled = false;
        }
        if let Some(bar) = &self.bar {
            bar.set_length(total);
            bar.set_position(done);
            bar.set_message(path_in_words(&self.paths));
        }
        let is_over = done >= total;
        if now - self.last.1 > STALLED && !self.stalled && !self.paused && !is_over {
            self.stalled = true;
            let seconds = STALLED.as_secs();
            let text = format!(
                "  nothing has arrived for {seconds} seconds; waiting for the network or the other side"
            );
            self.say("stalled", json!({ "seconds": seconds }), &text);
        }
        if now - self.told >= TELL_EVERY && total > 0 {
            self.told = now;
            self.status.tell("progress", json!({ "done": done, "total": total }));
        }
    }

    fn tell(&mut self, event: &Event) {
        match event {
            Event::Resumed(bytes) => {
                let text = format!("  {} are there from before", size(*bytes));
                self.say("resumed", json!({ "bytes": bytes }), &text);
            }
            Event::File { path, hash } => {
                let hash = hash.map(|hash| hex(&hash));
                self.status.tell("file", json!({ "path": path, "blake3": hash }));
            }
            Event::Failed { path, why } => {
                let text = format!("  not sent: {}: {}", printable(path), printable(why));
                self.say("failed", json!({ "path": path, "reason": why }), &text);
            }
            Event::Paused(why) => {
                self.paused = true;
                self.say("paused", json!({ "reason": why }), &format!("  paused: {why}"));
            }
            Event::Continued => {
                self.paused = false;
                self.say("continued", json!({}), "  it goes on");
            }
            Event::Arrived(name) => {
                let text = format!("  received {}", printable(name));
                self.say("arrived", json!({ "name": name }), &text);
            }
            _ => {}
        }
    }

    /// A line that does not run into the bar.
    fn say(&self, name: &str, details: serde_json::Value, text: &str) {
        let say = || self.status.event(name, details, text);
        match &self.bar {
            Some(bar) => bar.suspend(say),
            None => say(),
        }
    }
}

fn bar() -> ProgressBar {
    let template = "{wide_bar} {bytes}/{total_bytes} {bytes_per_sec} {eta} left, {msg}";
    let style = ProgressStyle::with_template(template);
    let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(0).with_style(style.progress_chars("=> "))
}

/// Asks a person, who must be there.
pub(super) async fn ask(question: &str) -> Result<bool, Failure> {
    let keyboard = if io::stdin().is_terminal() { Keyboard::Stdin } else { Keyboard::Terminal };
    eprint(&format!("{question} [y/N] "));
    let answer = tokio::select! {
        answer = keyboard.line() => answer.map_err(|_no_terminal| {
            let text = "nobody can be asked here (--yes, or without --confirm)";
            Failure::Refused(text.into())
        })?,
        () = crate::exit::interrupted() => return Err(Failure::Interrupted),
    };
    let answer = answer.unwrap_or_default();
    Ok(matches!(&answer[..], b"y" | b"Y" | b"yes" | b"Yes"))
}

fn eprint(text: &str) {
    use std::io::Write as _;
    let mut err = io::stderr().lock();
    // a closed stderr has nobody to be asked
    let _ = err.write_all(text.as_bytes()).and_then(|()| err.flush());
}

/// Bytes for people.
pub(super) fn size(bytes: u64) -> String {
    indicatif::BinaryBytes(bytes).to_string()
}

fn hex(hash: &[u8; 32]) -> String {
    hash.iter().fold(String::new(), |mut text, byte| {
        // a string takes all that is written
        let _ = write!(text, "{byte:02x}");
        text
    })
}
