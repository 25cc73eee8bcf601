//! `spool demo`: all of it on this computer, then what it does where there is none of it.
use crate::exit::Failure;

mod live;
mod matrix;

/// Shows it all on this computer: a STUN and TURN server, two agents, and which NATs let whom
/// connect with whom
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Leave out the simulated NATs
    #[arg(long)]
    no_matrix: bool,
}

pub(crate) async fn run(args: Args) -> Result<(), Failure> {
    live::show().await?;
    if !args.no_matrix {
        matrix::show()?;
    }
    Ok(())
}
