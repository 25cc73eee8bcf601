//! A running `spool` whose pipes are read line by line. Nothing waits longer than [`PATIENCE`].
use std::{
    io::{BufRead, BufReader, Read, Write},
    process::{Child, ChildStdin, Command, ExitStatus, Stdio},
    sync::mpsc::{Receiver, RecvTimeoutError, channel},
    thread,
    time::Duration,
};

/// How long any single thing may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(5);

/// How long a program may say nothing before its end: a disk that others use too has to take files.
const ENDS_WITHIN: Duration = Duration::from_secs(60);

/// The program with its arguments, not started yet.
pub(crate) fn spool(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_spool"));
    command.args(args);
    command
}

/// How a program ended, and what it had said by then that nobody has taken.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) status: ExitStatus,
    pub(crate) out: Vec<String>,
    pub(crate) err: Vec<String>,
}

impl Ended {
    pub(crate) fn code(&self) -> Option<i32> {
        self.status.code()
    }

    pub(crate) fn last_line(&self) -> &str {
        self.err.last().map_or("", String::as_str)
    }
}

/// A running program; killed when the test is over.
pub(crate) struct Running {
    child: Child,
    input: Option<ChildStdin>,
    out: Option<Receiver<String>>,
    err: Receiver<String>,
}

impl Running {
    pub(crate) fn start(args: &[&str]) -> Self {
        Self::start_command(spool(args))
    }

    pub(crate) fn start_command(mut command: Command) -> Self {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        Self::watch(command.spawn().unwrap())
    }

    /// Reads what it has pipes for.
    pub(crate) fn watch(mut child: Child) -> Self {
        let input = child.stdin.take();
        let out = child.stdout.take().map(lines);
        let err = child.stderr.take().map_or_else(|| channel().1, lines);
        Self { child, input, out, err }
    }

    /// The next line of stdout.
    pub(crate) fn line(&self) -> String {
        self.out.as_ref().unwrap().recv_timeout(PATIENCE).unwrap()
    }

    /// The lines of stdout up to an empty one.
    pub(crate) fn description(&self) -> Vec<String> {
        let mut lines = Vec::new();
        loop {
            match self.line() {
                line if line.is_empty() => return lines,
                line => lines.push(line),
            }
        }
    }

    /// The first line of stderr from here on that contains `text`.
    pub(crate) fn said(&self, text: &str) -> String {
        loop {
            let line = self.err.recv_timeout(PATIENCE).unwrap_or_else(|_| panic!("no {text}"));
            if line.contains(text) {
                return line;
            }
        }
    }

    /// Writes lines to stdin.
    pub(crate) fn say<S: AsRef<str>>(&mut self, lines: &[S]) {
        let text = lines.iter().map(AsRef::as_ref).collect::<Vec<_>>().join("\n") + "\n";
        self.input.as_mut().unwrap().write_all(text.as_bytes()).unwrap();
    }

    /// Writes bytes to stdin.
    pub(crate) fn say_bytes(&mut self, bytes: &[u8]) {
        self.input.as_mut().unwrap().write_all(bytes).unwrap();
    }

    /// Stops reading stdout.
    pub(crate) fn close_output(&mut self) {
        self.out = None;
    }

    /// Ends stdin.
    pub(crate) fn end_input(&mut self) {
        self.input = None;
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Ctrl-C.
    #[cfg(unix)]
    pub(crate) fn interrupt(&self) {
        let mut kill = Command::new("kill");
        assert!(kill.args(["-INT", &self.id().to_string()]).status().unwrap().success());
    }

    /// Waits for the end of the program.
    pub(crate) fn ended(self) -> Ended {
        self.ended_within(ENDS_WITHIN)
    }

    /// Waits for the end of a program that says nothing for so long.
    fn ended_within(mut self, patience: Duration) -> Ended {
        let rest = |lines: Option<&Receiver<String>>| {
            lines.map(|lines| drain(lines, patience)).unwrap_or_default()
        };
        let (out, err) = (rest(self.out.as_ref()), rest(Some(&self.err)));
        // both pipes are closed, so the program is gone or going
        Ended { status: self.child.wait().unwrap(), out, err }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // it may have ended by itself
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs a program that is to end by itself, with nothing on stdin.
pub(crate) fn run(args: &[&str]) -> Ended {
    let mut running = Running::start(args);
    running.end_input();
    running.ended()
}

/// Runs a program that takes its time.
pub(crate) fn run_patiently(args: &[&str]) -> Ended {
    let mut running = Running::start(args);
    running.end_input();
    running.ended_within(6 * PATIENCE)
}

fn lines(pipe: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, receiver) = channel();
    thread::spawn(move || {
        for line in BufReader::new(pipe).lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                break;
            }
        }
    });
    receiver
}

fn drain(lines: &Receiver<String>, patience: Duration) -> Vec<String> {
    let mut rest = Vec::new();
    loop {
        match lines.recv_timeout(patience) {
            Ok(line) => rest.push(line),
            Err(RecvTimeoutError::Disconnected) => return rest,
            Err(RecvTimeoutError::Timeout) => panic!("it does not end; it said {rest:?}"),
        }
    }
}
