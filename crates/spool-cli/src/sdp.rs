//! `spool sdp`: checks, prints, compares and explains descriptions (RFC 8866).
mod answer;
mod diff;
mod drawing;
mod explain;
mod lint;

use crate::{exit::Failure, lines};
use sdp_proto::{Code, Diagnostic, Limits, Session};
use std::{
    borrow::Cow,
    fs::File,
    io::{self, Read, Write},
    path::{Path, PathBuf},
};

/// Checks, prints, compares and explains session descriptions
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Args {
    #[command(subcommand)]
    task: Task,
}

const AFTER_HELP: &str = "\
A FILE that is `-` is stdin. Exit status: 0 done, and lint: all accepted, diff: no difference; \
1 a file cannot be read, is beyond the limits or is no SDP at all, and lint: one is refused, diff: they differ; \
64 usage.";

#[derive(Debug, clap::Subcommand)]
enum Task {
    Lint(lint::Args),
    /// Parse, and print unmodified, byte for byte
    Print(One),
    /// Print in the canonical spelling: CRLF, the order of the grammar, single spaces
    Fmt(One),
    Diff(diff::Args),
    /// Print without what tells who and where, for a bug report
    Anonymise(One),
    /// Tell what it means for connecting
    Explain(One),
    Answer(answer::Args),
}

#[derive(Debug, clap::Args)]
struct One {
    /// A description; `-` is stdin
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

impl One {
    fn session(&self) -> Result<Session<'static>, Failure> {
        description(&self.file)
    }

    fn rewritten(
        &self,
        rewrite: impl FnOnce(&Session<'static>) -> Result<Session<'static>, sdp_proto::LimitError>,
    ) -> Result<(), Failure> {
        let session = rewrite(&self.session()?).map_err(|error| beyond(&self.file, &error))?;
        emit(&session.to_bytes())
    }
}

pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    match &args.task {
        Task::Lint(args) => lint::run(args),
        Task::Print(one) => emit(&session(&one.file)?.to_bytes()),
        Task::Fmt(one) => one.rewritten(Session::normalised),
        Task::Anonymise(one) => one.rewritten(Session::anonymised),
        Task::Answer(args) => answer::run(args),
        Task::Diff(args) => diff::run(args),
        Task::Explain(one) => {
            lines::print_foreign(explain::explain(&one.session()?).trim_end().as_bytes());
            Ok(())
        }
    }
}

/// Well over what the limits of a description allow, so that they can say how long it is.
const LENGTH_MAX: u64 = 16 << 20;

/// The name of a file in messages.
fn name(path: &Path) -> Cow<'_, str> {
    if is_stdin(path) { Cow::Borrowed("stdin") } else { path.to_string_lossy() }
}

fn is_stdin(path: &Path) -> bool {
    path == Path::new("-")
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    let read = || {
        let mut source: Box<dyn Read> =
            if is_stdin(path) { Box::new(io::stdin()) } else { Box::new(File::open(path)?) };
        let mut text = Vec::new();
        source.by_ref().take(LENGTH_MAX).read_to_end(&mut text)?;
        if source.read(&mut [0])? > 0 {
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, "longer than any description"));
        }
        Ok(text)
    };
    read().map_err(Failure::start(name(path)))
}

fn session(path: &Path) -> Result<Session<'static>, Failure> {
    let text = Cow::Owned(read(path)?);
    Session::parse_with(text, Limits::default()).map_err(|error| beyond(path, &error))
}

/// A text with at least one line of SDP in it: of any other next to nothing would be left, or
/// there would be nothing to say about it.
fn description(path: &Path) -> Result<Session<'static>, Failure> {
    let session = session(path)?;
    no_other_text(&session, path)?;
    Ok(session)
}

fn no_other_text(session: &Session<'_>, path: &Path) -> Result<(), Failure> {
    match session.diagnostics().into_iter().find(is_hopeless) {
        Some(finding) => {
            let (what, advice) = (finding.code.message(), finding.code.suggestion());
            Err(Failure::NotStarted(format!("{}: {what}; {advice}", name(path))))
        }
        None => Ok(()),
    }
}

/// Whether a text is no description at all.
const fn is_hopeless(finding: &Diagnostic) -> bool {
    matches!(finding.code, Code::Empty | Code::NotSdp)
}

fn beyond(path: &Path, error: &sdp_proto::LimitError) -> Failure {
    Failure::NotStarted(format!("{}: {error}", name(path)))
}

/// stdin can be read once.
fn stdin_once<'p>(paths: impl IntoIterator<Item = &'p PathBuf>) -> Result<(), Failure> {
    match paths.into_iter().filter(|path| is_stdin(path)).count() {
        0 | 1 => Ok(()),
        _ => Err(Failure::Usage("`-` stands for stdin, which can be read once only".to_owned())),
    }
}

/// Writes these bytes to stdout and no others.
fn emit(bytes: &[u8]) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        // nobody reads any more, which is their right
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other.map_err(Failure::start("stdout")),
    }
}
