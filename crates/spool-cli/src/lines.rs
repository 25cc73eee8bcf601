//! stdin and stdout as lines.
//!
//! stdin is read by a thread of its own: a read cannot be called off, and a runtime would wait for
//! it when it ends. A stdout that nobody reads any more (`spool answer | head -1`) is no error: what
//! would be printed is dropped from then on. One that takes no more, for its disk is full, is an error
//! at the end of the program.
use crate::exit::Failure;
use std::{
    io::{self, BufRead, IsTerminal, Write},
    sync::OnceLock,
};
use tokio::sync::{Mutex, mpsc};

/// The longest line taken from stdin: what one UDP datagram can carry.
pub(crate) const LINE_MAX: usize = 65_507;

/// Lines read ahead of those who want them.
const LINES_AHEAD: usize = 64;

/// The lines of stdin, without their ends.
#[derive(Debug)]
pub(crate) struct Lines(mpsc::Receiver<Line>);

/// What came until the end of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Line {
    /// The line.
    Whole(Vec<u8>),
    /// More than [`LINE_MAX`] bytes, so many, of which none is kept.
    TooLong(u64),
}

impl Line {
    /// The line, if it was not too long.
    pub(crate) fn whole(self) -> Option<Vec<u8>> {
        match self {
            Self::Whole(line) => Some(line),
            Self::TooLong(_) => None,
        }
    }
}

impl Lines {
    /// Starts to read stdin.
    pub(crate) fn stdin() -> Self {
        Self::read(|| io::stdin().lock())
    }

    /// Starts to read what is typed, whatever stdin is.
    fn terminal() -> io::Result<Self> {
        let name = if cfg!(windows) { "CONIN$" } else { "/dev/tty" };
        let terminal = std::fs::File::open(name)?;
        Ok(Self::read(|| io::BufReader::new(terminal)))
    }

    fn read<R: BufRead>(open: impl FnOnce() -> R + Send + 'static) -> Self {
        let (sender, receiver) = mpsc::channel(LINES_AHEAD);
        std::thread::spawn(move || {
            let mut input = open();
            while let Ok(Some(line)) = read_line(&mut input) {
                if sender.blocking_send(line).is_err() {
                    break;
                }
            }
        });
        Self(receiver)
    }

    /// The next line; `None` after the last.
    pub(crate) async fn next(&mut self) -> Option<Line> {
        self.0.recv().await
    }
}

/// Where a person answers questions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Keyboard {
    /// On stdin.
    Stdin,
    /// On the terminal, for stdin carries something else.
    Terminal,
}

impl Keyboard {
    /// The next line; `None` after the last. All who ask share the lines, for one that was read ahead
    /// for the first question may answer the second.
    pub(crate) async fn line(self) -> io::Result<Option<Vec<u8>>> {
        static STDIN: Mutex<Option<Lines>> = Mutex::const_new(None);
        static TERMINAL: Mutex<Option<Lines>> = Mutex::const_new(None);
        let line = match self {
            Self::Stdin => STDIN.lock().await.get_or_insert_with(Lines::stdin).next().await,
            Self::Terminal => {
                let mut lines = TERMINAL.lock().await;
                let lines = match &mut *lines {
                    Some(lines) => lines,
                    none => none.insert(Lines::terminal()?),
                };
                lines.next().await
            }
        };
        // no question has an answer of that length
        Ok(line.map(|line| line.whole().unwrap_or_default()))
    }
}

/// A line without its end, or `None` at the end of the input.
fn read_line(input: &mut impl BufRead) -> io::Result<Option<Line>> {
    let (mut line, mut len) = (Vec::new(), 0_u64);
    loop {
        let available = input.fill_buf()?;
        let end = available.iter().position(|byte| *byte == b'\n');
        let part = &available[..end.unwrap_or(available.len())];
        // one more than fits, for a carriage return that does not count
        line.extend_from_slice(&part[..part.len().min(LINE_MAX + 1 - line.len())]);
        len += part.len() as u64;
        let (taken, over) = (part.len() + usize::from(end.is_some()), available.is_empty());
        input.consume(taken);
        if end.is_none() && !over {
            continue;
        }
        if over && len == 0 {
            return Ok(None);
        }
        if end.is_some() && line.len() as u64 == len && line.last() == Some(&b'\r') {
            line.pop();
            len -= 1;
        }
        let whole = len <= LINE_MAX as u64;
        return Ok(Some(if whole { Line::Whole(line) } else { Line::TooLong(len) }));
    }
}

/// Prints what the peer sent as a line. A terminal gets no control characters: they could do
/// anything to it.
pub(crate) fn print_foreign(bytes: &[u8]) {
    if !io::stdout().is_terminal() {
        return print(bytes);
    }
    let text = String::from_utf8_lossy(bytes);
    print(text.replace(is_unsafe, "\u{fffd}").as_bytes());
}

/// Whether a terminal may take it for a command.
fn is_unsafe(c: char) -> bool {
    c.is_control() && c != '\t' && c != '\n'
}

/// Why stdout took no more, if anybody wanted it to.
static FAULT: OnceLock<io::Error> = OnceLock::new();

/// Prints bytes and the end of the line to stdout at once.
pub(crate) fn print(bytes: &[u8]) {
    let mut out = io::stdout().lock();
    let printed =
        out.write_all(bytes).and_then(|()| out.write_all(b"\n")).and_then(|()| out.flush());
    if let Err(error) = printed
        && error.kind() != io::ErrorKind::BrokenPipe
    {
        let _ = FAULT.set(error);
    }
}

/// Whether all that was printed was written, as far as anybody read it.
pub(crate) fn all_printed() -> Result<(), Failure> {
    match FAULT.get() {
        None => Ok(()),
        Some(error) => Err(Failure::NotStarted(format!("cannot write the output: {error}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::{LINE_MAX, Line, read_line};
    use std::io::BufReader;

    fn lines(input: &[u8]) -> Vec<Line> {
        // a small buffer, so that lines straddle it
        let mut input = BufReader::with_capacity(3, input);
        std::iter::from_fn(|| read_line(&mut input).unwrap()).collect()
    }

    fn whole(line: &[u8]) -> Line {
        Line::Whole(line.to_vec())
    }

    #[test]
    fn ends_of_lines_are_taken_off() {
        let read = lines(b"one\ntwo\r\n\nlast");
        assert_eq!(read, [whole(b"one"), whole(b"two"), whole(b""), whole(b"last")]);
        assert!(lines(b"").is_empty());
    }

    #[test]
    fn what_is_longer_than_a_datagram_is_told_and_what_follows_is_read() {
        let longest = vec![b'x'; LINE_MAX];
        for (more, expected) in [
            (&b"\r\nnext"[..], whole(&longest)),
            (b"x\nnext", Line::TooLong(LINE_MAX as u64 + 1)),
            (b"xx\r\nnext", Line::TooLong(LINE_MAX as u64 + 3)),
        ] {
            let read = lines(&[&longest[..], more].concat());
            assert_eq!(read, [expected, whole(b"next")], "{}", String::from_utf8_lossy(more));
        }
    }
}
