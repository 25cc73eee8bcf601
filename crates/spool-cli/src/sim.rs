//! `spool sim`: scenarios, populations and NAT models in the simulator.
use crate::{exit::Failure, lines};
use nat_sim::{Nat, Outcome, Preset, conformance};
use serde_json::json;
use std::path::PathBuf;

mod file;
mod population;
mod session;

/// Connects hosts in a simulated network, in virtual time: same seed, same run
#[derive(Debug, clap::Args)]
#[command(
    after_long_help = AFTER_LONG_HELP,
    group(clap::ArgGroup::new("what").required(true).args(["file", "list", "conformance", "population"])),
)]
pub(crate) struct Args {
    /// A scenario to run; `-` is stdin
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    /// List the NATs that a scenario can name
    #[arg(long)]
    list: bool,
    /// Try a NAT on each requirement of RFC 4787, 5382, 5508 and 7857
    #[arg(long, value_name = "PRESET")]
    conformance: Option<Preset>,
    /// Connect pairs of hosts drawn from a model of who is behind which NAT
    #[arg(long)]
    population: bool,
    /// How many pairs
    #[arg(long, value_name = "N", default_value_t = 10_000,
          conflicts_with_all = ["file", "list", "conformance"],
          value_parser = clap::value_parser!(u64).range(1..=10_000_000))]
    pairs: u64,
    /// The seed of all randomness (that of the scenario, or 0; with --population 1)
    #[arg(long, value_name = "S", conflicts_with_all = ["list", "conformance"])]
    seed: Option<u64>,
    /// Write all packets there as pcapng, with the reasons of drops as comments
    #[arg(long, value_name = "OUT", conflicts_with_all = ["list", "conformance", "population"])]
    pcap: Option<PathBuf>,
    /// Draw the packets there as a page that needs nothing else
    #[arg(long, value_name = "OUT", conflicts_with_all = ["list", "conformance", "population"])]
    html: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

const AFTER_LONG_HELP: &str = "\
Scenarios are text, one statement a line, from # to the end of a line a comment:

  seed 7
  duration 10s                    stop then; without it, when all is settled
  nat home linux delay 8ms loss 1%
  nat cell mobile-carrier lifetime=30s
  host alice behind home
  host bob behind cell dual-stack
  host server on internet runs turn
  connect alice bob               alice offers, bob answers
  at 5s reboot home

A NAT may change its preset: mapping, filtering = endpoint, address or address-and-port; ports =
preserving, random, contiguous or block/SIZE; lifetime = TIME; hairpin = none, inside or outside;
input = drop, reject or accept; prefix = PREFIX, which makes it a NAT64. Places are `on internet` or
`behind NAT`, with `address IP`, `dual-stack`, and what the link is like: `delay TIME`, `jitter TIME`,
`loss 1%`, `duplicate 1%`, `corrupt 1%`, `bursts 1%/10%/80%`, `reorder 1%/10ms`,
`rate BITS-A-SECOND/QUEUE-BYTES`, `hops ROUTERS`, `mtu BYTES`, `black-hole BYTES`. What can happen:
`reboot NAT`, `rebind NAT`, `roam HOST PLACE`, `cut A B`, `mend A B`, `down A`, `up A`, `link A …`,
`clock HOST ahead TIME` and `clock HOST back TIME`.

A host runs `agent`, `stun`, `turn` or nothing. Whom `connect` names runs an agent; without any
`connect`, every pair of hosts that run one connects. Agents ask every stun and turn server there is.

The population is a model, not data. Its classes and their sources are in the documentation of
nat_sim::Population: Ford, Srisuresh and Kegel, USENIX 2005; Hätönen et al., IMC 2010; Richter et
al., IMC 2016. Each pair has a STUN and TURN server over UDP and IPv4, and 50 ms to bring a description.

Exit status: 0 done, and whoever was to connect did; 1 a file cannot be read or written; 2 somebody
could not connect; 64 the command or the scenario makes no sense.";

pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    if args.list {
        list(args.json);
        return Ok(());
    }
    if let Some(preset) = args.conformance {
        return report(preset, args.json);
    }
    match &args.file {
        Some(file) => file::show(args, file),
        None => population::show(args.pairs, args.seed.unwrap_or(1), args.json),
    }
}

fn list(as_json: bool) {
    if as_json {
        let all: Vec<_> = Preset::ALL
            .iter()
            .map(|preset| json!({ "name": preset.name(), "text": preset.text() }))
            .collect();
        return lines::print(json!(all).to_string().as_bytes());
    }
    for preset in Preset::ALL {
        lines::print(format!("{:<22}{}", preset.name(), preset.text()).as_bytes());
    }
}

fn report(preset: Preset, as_json: bool) -> Result<(), Failure> {
    let report = conformance(&Nat::of(preset))
        .map_err(|error| Failure::NotStarted(format!("the simulation: {error}")))?;
    let count =
        |outcome| report.findings.iter().filter(|finding| finding.outcome == outcome).count();
    if as_json {
        let findings: Vec<_> = report
            .findings
            .iter()
            .map(|finding| {
                json!({
                    "requirement": finding.requirement,
                    "level": format!("{:?}", finding.level).to_uppercase(),
                    "text": finding.text,
                    "outcome": word(finding.outcome),
                })
            })
            .collect();
        let report = json!({ "preset": preset.name(), "findings": findings });
        lines::print(report.to_string().as_bytes());
        return Ok(());
    }
    lines::print(format!("{preset}: {}\n\n{report}", preset.text()).as_bytes());
    let [met, failed, other] = [Outcome::Met, Outcome::Failed, Outcome::NotApplicable].map(count);
    let beyond = count(Outcome::NotModelled);
    lines::print(
        format!("{met} met, {failed} failed, {other} not applicable, {beyond} not modelled")
            .as_bytes(),
    );
    Ok(())
}

const fn word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Met => "met",
        Outcome::Failed => "failed",
        Outcome::NotApplicable => "not applicable",
        Outcome::NotModelled => "not modelled",
    }
}
