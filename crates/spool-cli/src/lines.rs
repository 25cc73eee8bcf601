//! stdin and stdout as lines.
//!
//! stdin is read by a thread of its own: a read cannot be called off, and a runtime would wait for
//! it when it ends. A stdout that nobody reads any more (`spool answer | head -1`) is no error: what
//! would be printed is dropped from then on.
use std::io::{self, BufRead, IsTerminal, Write};
use tokio::sync::{Mutex, mpsc};

/// The longest line taken from stdin: what one UDP datagram can carry.
const LINE_MAX: usize = 65_507;

/// Lines read ahead of those who want them.
const LINES_AHEAD: usize = 64;

/// The lines of stdin, without their ends.
#[derive(Debug)]
pub(crate) struct Lines(mpsc::Receiver<Vec<u8>>);

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
    pub(crate) async fn next(&mut self) -> Option<Vec<u8>> {
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
        match self {
            Self::Stdin => Ok(STDIN.lock().await.get_or_insert_with(Lines::stdin).next().await),
            Self::Terminal => {
                let mut lines = TERMINAL.lock().await;
                let lines = match &mut *lines {
                    Some(lines) => lines,
                    none => none.insert(Lines::terminal()?),
                };
                Ok(lines.next().await)
            }
        }
    }
}

/// A line without its end, or `None` at the end of the input. What is longer than a datagram comes
/// in pieces.
fn read_line(input: &mut impl BufRead) -> io::Result<Option<Vec<u8>>> {
    let mut line = Vec::new();
    loop {
        let available = input.fill_buf()?;
        if available.is_empty() {
            return Ok((!line.is_empty()).then_some(line));
        }
        let room = LINE_MAX - line.len();
        let window = &available[..available.len().min(room)];
        if let Some(end) = window.iter().position(|byte| *byte == b'\n') {
            line.extend_from_slice(&window[..end]);
            input.consume(end + 1);
            if line.last() == Some(&b'\r') {
                line.pop();
            }
            return Ok(Some(line));
        }
        let taken = window.len();
        line.extend_from_slice(window);
        input.consume(taken);
        if line.len() == LINE_MAX {
            return Ok(Some(line));
        }
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

/// Prints bytes and the end of the line to stdout at once.
pub(crate) fn print(bytes: &[u8]) {
    let mut out = io::stdout().lock();
    // nobody reads any more: see the head of this file
    let _ = out.write_all(bytes).and_then(|()| out.write_all(b"\n")).and_then(|()| out.flush());
}

#[cfg(test)]
mod tests {
    use super::{LINE_MAX, read_line};
    use std::io::BufReader;

    fn lines(input: &[u8]) -> Vec<Vec<u8>> {
        // a small buffer, so that lines straddle it
        let mut input = BufReader::with_capacity(3, input);
        std::iter::from_fn(|| read_line(&mut input).unwrap()).collect()
    }

    #[test]
    fn ends_of_lines_are_taken_off() {
        assert_eq!(lines(b"one\ntwo\r\n\nlast"), [&b"one"[..], b"two", b"", b"last"]);
        assert!(lines(b"").is_empty());
    }

    #[test]
    fn what_is_longer_than_a_datagram_comes_in_pieces() {
        let long = vec![b'x'; LINE_MAX + 10];
        let lengths: Vec<_> = lines(&long).iter().map(Vec::len).collect();
        assert_eq!(lengths, [LINE_MAX, 10]);
    }
}
