//! Meeting without any server: a line each way, which people copy.
use crate::{exchange, exit::Failure, lines::Keyboard, status::Status};
use fast_qr::{ECL, QRBuilder};
use serde_json::json;
use spool_peer::{Invitation, Side};
use std::{
    io::{self, IsTerminal},
    path::PathBuf,
};

/// The flags.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Paste {
    /// Meet without a server: each side copies a line to the other
    #[arg(long = "paste", id = "paste")]
    pub(super) wanted: bool,
    /// Write our line to this file instead of showing it
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Read the other side's line from this file, waiting for it, instead of from the terminal
    #[arg(long = "in", value_name = "FILE")]
    from: Option<PathBuf>,
}

/// Whether stdin and stdout are for what the command is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Streams {
    /// They are free for the lines.
    Free,
    /// They carry data, so the lines go over the terminal.
    Data,
}

impl Paste {
    /// Shows our line, or writes it down.
    pub(super) fn tell(
        &self,
        ours: &Invitation,
        side: Side,
        command: &str,
        streams: Streams,
        status: Status,
    ) -> Result<(), Failure> {
        let line = ours.to_string();
        let then = match side {
            Side::Inviter => {
                format!("On the other computer, run this with the line:\n\n  {command} LINE\n")
            }
            Side::Guest => "Copy this line back to the other side:\n".to_owned(),
        };
        status.event("invitation", json!({ "line": line }), &then);
        match (&self.out, streams) {
            (Some(path), _) => exchange::to_file(&format!("{line}\n"), path)?,
            (None, Streams::Free) => crate::lines::print(line.as_bytes()),
            (None, Streams::Data) => status.say(&line),
        }
        if io::stderr().is_terminal() && self.out.is_none() {
            status.say(&qr(&line).unwrap_or_default());
        }
        Ok(())
    }

    /// Takes the other side's line. Who pastes may try again.
    pub(super) async fn hear(
        &self,
        streams: Streams,
        status: Status,
    ) -> Result<Invitation, Failure> {
        if let Some(path) = &self.from {
            let text = exchange::read_file(path).await?;
            let text = String::from_utf8_lossy(&text);
            return text.parse().map_err(|error| {
                Failure::Usage(format!("the line in {}: {error}", path.display()))
            });
        }
        status.say("Paste the line of the other side:");
        let keyboard = match streams {
            Streams::Free => Keyboard::Stdin,
            Streams::Data => Keyboard::Terminal,
        };
        loop {
            let line = tokio::select! {
                line = keyboard.line() => line.map_err(|error| {
                    let text = "the line of the other side cannot be read from the terminal";
                    Failure::Usage(format!("{text} ({error}): use --in FILE"))
                })?,
                () = crate::exit::interrupted() => return Err(Failure::Interrupted),
            };
            let Some(line) = line else {
                let text =
                    "stdin ended before the other side's line came; paste it, or use --in FILE";
                return Err(Failure::NotConnected(text.into()));
            };
            let line = String::from_utf8_lossy(&line);
            if line.trim().is_empty() {
                continue;
            }
            match line.parse() {
                Ok(invitation) => return Ok(invitation),
                Err(error) if io::stdin().is_terminal() => {
                    status.say(&format!("That is no such line: {error}. Paste it again:"));
                }
                Err(error) => return Err(Failure::Usage(format!("the line: {error}"))),
            }
        }
    }
}

/// The line as a picture for the camera of a phone, two rows of it in one of text.
fn qr(line: &str) -> Option<String> {
    let code = QRBuilder::new(line).ecl(ECL::L).build().ok()?;
    Some(code.to_str())
}
