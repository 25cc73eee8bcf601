//! `spool completions` and `spool man`: what shells and readers of manuals want to be told of the flags.
use crate::{exit::Failure, lines};
use clap::Command;
use clap_complete::Shell;
use std::path::PathBuf;

/// Prints what a shell needs to complete `spool` and its flags
///
/// For bash: spool completions bash > /etc/bash_completion.d/spool; for zsh into a file _spool on the
/// fpath, for fish into ~/.config/fish/completions/spool.fish.
#[derive(Debug, clap::Args)]
pub(crate) struct Completions {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

/// Prints the manual page of spool, or writes a page for each command
#[derive(Debug, clap::Args)]
pub(crate) struct Man {
    /// Write the pages into this folder: spool.1, spool-send.1 and so on
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// Prints the script for a shell.
pub(crate) fn completions(args: &Completions, mut command: Command) {
    let mut script = Vec::new();
    let name = command.get_name().to_owned();
    clap_complete::generate(args.shell, &mut command, name, &mut script);
    lines::print(&script);
}

/// Prints one page, or writes all.
pub(crate) fn man(args: &Man, command: Command) -> Result<(), Failure> {
    if let Some(dir) = &args.out {
        return clap_mangen::generate_to(command, dir)
            .map_err(Failure::start(format!("--out {}", dir.display())));
    }
    let mut page = Vec::new();
    clap_mangen::Man::new(command).render(&mut page).map_err(Failure::start("the page"))?;
    lines::print(&page);
    Ok(())
}
