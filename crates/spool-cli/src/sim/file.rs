//! A scenario file: read, run, told.
mod run;
mod telling;

use super::{Args, session::Broken};
use crate::{exit::Failure, lines};
use nat_sim::{Scenario, World};
use std::{
    fs::File,
    io::{self, BufWriter, Read, Write},
    path::Path,
};

/// No scenario that a person wrote is longer; what is longer is not one.
const LENGTH_MAX: u64 = 1 << 20;

/// Rows of a drawing, after which browsers become slow.
const ROWS_MAX: usize = 3_000;

/// Runs a scenario, and tells what became of it.
pub(super) fn show(args: &Args, path: &Path) -> Result<(), Failure> {
    let name = path.display();
    let text = read(path).map_err(Failure::start(path.display()))?;
    let wrong = |what: String| Failure::Usage(format!("{name}: {what}"));
    let mut scenario: Scenario =
        text.parse().map_err(|error: nat_sim::ScenarioError| wrong(error.to_string()))?;
    scenario.seed = args.seed.unwrap_or(scenario.seed);
    let plan = run::Plan::of(&scenario, &text).map_err(wrong)?;
    // before the run, so that a typing error does not cost one
    let [mut pcap, mut html] = [create(args.pcap.as_deref())?, create(args.html.as_deref())?];
    let logs = pcap.is_some() || html.is_some();
    let done = run::run(&scenario, &plan, logs)
        .map_err(|error: Broken| Failure::NotStarted(format!("{name}: {error}")))?;
    let out = if args.json { done.json(&scenario).to_string() } else { done.text(&scenario) };
    lines::print(out.trim_end().as_bytes());
    if let (Some(file), Some(path)) = (&mut pcap, &args.pcap) {
        let written = done.world.write_pcapng(file).and_then(|()| file.flush());
        written.map_err(Failure::start(path.display()))?;
    }
    if let (Some(file), Some(path)) = (&mut html, &args.html) {
        let page = page(&done.text(&scenario), &scenario, &done.world);
        let written = file.write_all(page.as_bytes()).and_then(|()| file.flush());
        written.map_err(Failure::start(path.display()))?;
    }
    match done.unconnected() {
        Some((a, b)) => Err(Failure::NotConnected(format!("{a} and {b} could not connect"))),
        None => Ok(()),
    }
}

fn read(path: &Path) -> io::Result<String> {
    let mut source: Box<dyn Read> =
        if path == Path::new("-") { Box::new(io::stdin()) } else { Box::new(File::open(path)?) };
    let mut text = String::new();
    source.by_ref().take(LENGTH_MAX).read_to_string(&mut text)?;
    if source.read(&mut [0])? > 0 {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, "longer than any scenario"));
    }
    Ok(text)
}

fn create(path: Option<&Path>) -> Result<Option<BufWriter<File>>, Failure> {
    let Some(path) = path else { return Ok(None) };
    let file = File::create(path).map_err(Failure::start(path.display()))?;
    Ok(Some(BufWriter::new(file)))
}

/// A page with what was told, the packets and the scenario, that loads nothing.
fn page(told: &str, scenario: &Scenario, world: &World) -> String {
    let told = escape(told);
    let scenario = escape(&scenario.to_string());
    let drawing = world.sequence_diagram(ROWS_MAX);
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>spool sim</title>\n\
         <style>body {{ font-family: sans-serif; margin: 2em }}</style>\n\
         <pre>{told}</pre>\n{drawing}<h2>The scenario</h2>\n<pre>{scenario}</pre>\n</html>\n"
    )
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
