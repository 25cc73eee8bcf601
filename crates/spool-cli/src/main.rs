//! The program `spool`.
//!
//! One file a subcommand, or a folder of them; `exit` holds the exit statuses, `status` what goes to
//! stderr, `lines` and `bytes` what goes through stdin and stdout, `exchange` how descriptions travel.
//! `address` is what flags take for one.
#![forbid(unsafe_code)]

mod address;
mod answer;
mod bytes;
mod connect;
mod demo;
mod exchange;
mod exit;
mod lines;
mod nat;
mod offer;
mod peer;
mod sdp;
mod shell;
mod sim;
mod status;
mod stun;
mod turn_check;
mod turn_server;

use clap::{CommandFactory, Parser, Subcommand, error::ErrorKind};
use exit::{Exit, Failure};
use std::process::ExitCode;

/// Connects two computers directly, through the NATs between them.
#[derive(Debug, Parser)]
#[command(name = "spool", version, arg_required_else_help = true, after_help = AFTER_HELP)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

const AFTER_HELP: &str = "Exit status: 0 done (offer, answer: was connected), 1 could not start \
                          (turn-check: something is wrong), 2 could not connect (stun, nat: no \
                          answer; turn-check: none there), 3 refused, 4 not the right one is there, \
                          5 no server, 6 partly done, 7 the other side is gone, 64 usage, \
                          130 interrupted.";

#[derive(Debug, Subcommand)]
enum Command {
    Send(peer::send::Args),
    Receive(peer::receive::Args),
    Pipe(peer::pipe::Args),
    Forward(peer::forward::Args),
    Connect(peer::connect::Args),
    Offer(offer::Args),
    Answer(answer::Args),
    Stun(stun::Args),
    Nat(nat::Args),
    TurnServer(Box<turn_server::Args>),
    TurnCheck(turn_check::Args),
    Sdp(sdp::Args),
    Sim(sim::Args),
    Demo(demo::Args),
    Completions(shell::Completions),
    Man(shell::Man),
}

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return usage(&error),
    };
    match run(cli.command).and_then(|()| lines::all_printed()) {
        Ok(()) => Exit::Done.into(),
        Err(failure) => {
            status::error(&failure);
            failure.exit().into()
        }
    }
}

fn run(command: Command) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(Failure::start("the runtime"))?;
    runtime.block_on(async {
        match command {
            Command::Send(args) => peer::send::run(args).await,
            Command::Receive(args) => peer::receive::run(args).await,
            Command::Pipe(args) => peer::pipe::run(args).await,
            Command::Forward(args) => peer::forward::run(args).await,
            Command::Connect(args) => peer::connect::run(args).await,
            Command::Offer(args) => offer::run(args).await,
            Command::Answer(args) => answer::run(args).await,
            Command::Demo(args) => demo::run(args).await,
            Command::Sim(args) => sim::run(&args),
            Command::Sdp(args) => sdp::run(&args),
            Command::Stun(args) => stun::run(args).await,
            Command::Nat(args) => nat::run(args).await,
            Command::TurnServer(args) => turn_server::run(*args).await,
            Command::TurnCheck(args) => turn_check::run(args).await,
            Command::Completions(args) => {
                shell::completions(&args, Cli::command());
                Ok(())
            }
            Command::Man(args) => shell::man(&args, Cli::command()),
        }
    })
}

/// Help and version are no errors; everything else that clap says is, and exits as such.
fn usage(error: &clap::Error) -> ExitCode {
    // the pipe to a pager may be closed by now
    let _ = error.print();
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => Exit::Done.into(),
        _ => Exit::Usage.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::Cli;
    use clap::CommandFactory as _;

    #[test]
    fn the_flags_make_sense_to_clap() {
        Cli::command().debug_assert();
    }
}
