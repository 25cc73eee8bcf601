//! The log of a server: a line an event, written by a thread of its own, so that whoever collects it
//! can hold up neither clients nor signals.
use std::{
    fmt::{self, Write as _},
    io::{self, Write as _},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant, SystemTime},
};

/// Lines that may wait for the thread; what is more is counted, and told in the next line.
const LINES_MAX: usize = 4096;

/// Bytes of lines that are written at once.
const WRITE_MAX: usize = 64 * 1024;

/// How long the end of the program waits for the last lines to be written.
const LAST_LINES_WITHIN: Duration = Duration::from_millis(500);

/// Where lines go.
#[derive(Debug)]
pub(super) struct Log {
    lines: SyncSender<Line>,
    lost: Arc<AtomicU64>,
    thread: JoinHandle<()>,
}

enum Line {
    /// For whoever started the program.
    Out(String),
    /// For the log.
    Err(String),
    /// No more come.
    Last,
}

impl Log {
    /// Starts the thread.
    pub(super) fn start() -> io::Result<Self> {
        let (lines, receiver) = sync_channel(LINES_MAX);
        let lost = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&lost);
        let thread = thread::Builder::new().name("log".to_owned());
        let thread = thread.spawn(move || write(&receiver, &counted))?;
        Ok(Self { lines, lost, thread })
    }

    /// What is printed at the start.
    pub(super) fn print(&self, text: String) {
        self.put(Line::Out(text));
    }

    /// A line of the log.
    pub(super) fn say(&self, entry: Entry) {
        self.put(Line::Err(entry.0));
    }

    /// Lines that nobody took in time.
    pub(super) fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }

    fn put(&self, line: Line) {
        if self.lines.try_send(line).is_err() {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Waits for the last lines, but not for ever: nobody may read them.
    pub(super) async fn end(&self) {
        if self.lines.try_send(Line::Last).is_err() {
            return; // nobody has read any for thousands of lines
        }
        let until = Instant::now() + LAST_LINES_WITHIN;
        while !self.thread.is_finished() && Instant::now() < until {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }
}

fn write(lines: &Receiver<Line>, lost: &AtomicU64) {
    let mut told = 0;
    let mut text = String::new();
    while let Ok(mut line) = lines.recv() {
        // many lines in one go; what is printed keeps its place between them
        text.clear();
        loop {
            match line {
                Line::Err(entry) => {
                    text.push_str(&entry);
                    text.push('\n');
                }
                Line::Out(print) => {
                    log(&mut text, lost, &mut told);
                    // a closed pipe is no reason to stop
                    let _ = writeln!(io::stdout().lock(), "{print}");
                }
                Line::Last => return log(&mut text, lost, &mut told),
            }
            match lines.try_recv() {
                Ok(next) if text.len() < WRITE_MAX => line = next,
                Ok(next) => {
                    log(&mut text, lost, &mut told);
                    line = next;
                }
                Err(_none) => break,
            }
        }
        log(&mut text, lost, &mut told);
    }
}

/// Writes what is there, with how many are not.
fn log(text: &mut String, lost: &AtomicU64, told: &mut u64) {
    if text.is_empty() {
        return;
    }
    let lost = lost.load(Ordering::Relaxed);
    let missing = lost - *told;
    *told = lost;
    if missing > 0 {
        let Entry(note) = Entry::new("lines-lost").with("count", missing);
        text.insert_str(0, &(note + "\n"));
    }
    let _ = io::stderr().lock().write_all(text.as_bytes());
    text.clear();
}

/// One line: when, what, and details as `name=value`.
#[derive(Clone, Debug)]
#[must_use = "it is not written yet"]
pub(super) struct Entry(String);

impl Entry {
    pub(super) fn new(what: &str) -> Self {
        Self(format!("{} {what}", Timestamp(SystemTime::now())))
    }

    /// Adds a detail. What others may have chosen cannot look like another detail or line.
    pub(super) fn with(mut self, name: &str, value: impl fmt::Display) -> Self {
        let value = value.to_string();
        let plain = |c: char| c.is_ascii_graphic() && !matches!(c, '"' | '=' | '\\');
        // writing to a string does not fail
        let _ = if !value.is_empty() && value.chars().all(plain) {
            write!(self.0, " {name}={value}")
        } else {
            write!(self.0, " {name}={value:?}")
        };
        self
    }
}

/// RFC 3339, in UTC, to the millisecond.
struct Timestamp(SystemTime);

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let since = self.0.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let (days, second) = (since.as_secs() / 86_400, since.as_secs() % 86_400);
        // the calendar repeats every 400 years; a year that begins in March ends with its leap day
        let day = days + 719_468;
        let (era, day) = (day / 146_097, day % 146_097);
        let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
        let day = day - (365 * year + year / 4 - year / 100);
        let month = (5 * day + 2) / 153;
        let day = day - (153 * month + 2) / 5 + 1;
        let (month, year) = if month < 10 { (month + 3, year) } else { (month - 9, year + 1) };
        let (hour, minute) = (second / 3600, second / 60 % 60);
        let (second, ms) = (second % 60, since.subsec_millis());
        let year = era * 400 + year;
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{ms:03}Z")
    }
}

#[cfg(test)]
mod tests {
    use super::{Entry, Timestamp};
    use std::time::{Duration, SystemTime};

    #[test]
    fn times_are_those_of_the_calendar() {
        let at = |ms| Timestamp(SystemTime::UNIX_EPOCH + Duration::from_millis(ms)).to_string();
        // `date -u -d @… +%FT%TZ`
        assert_eq!(at(0), "1970-01-01T00:00:00.000Z");
        assert_eq!(at(951_782_400_000), "2000-02-29T00:00:00.000Z");
        assert_eq!(at(1_709_251_199_999), "2024-02-29T23:59:59.999Z");
        assert_eq!(at(4_107_542_399_000), "2100-02-28T23:59:59.000Z");
        assert_eq!(at(4_107_542_400_000), "2100-03-01T00:00:00.000Z");
    }

    #[test]
    fn a_name_cannot_pass_for_a_line_of_its_own() {
        let Entry(line) = Entry::new("x").with("user", "eve\n2026 deleted user=bob").with("n", 1);
        assert!(line.ends_with("x user=\"eve\\n2026 deleted user=bob\" n=1"), "{line}");
        assert_eq!(line.lines().count(), 1);
    }
}
