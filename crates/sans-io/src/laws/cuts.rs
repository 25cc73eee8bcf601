//! Law 12: where a stream is cut into reads makes no difference.
use super::{Law, Rng, Subject, Violation, log::Log};
use crate::{
    Input, Instant, Machine, NextFrame, Output, Path, SocketId, SocketRequest, next_frame,
};
use alloc::{format, vec::Vec};

/// Reads `stream` on `path` whole, then cut as `seed` says, and compares.
///
/// # Errors
/// The two differ.
pub fn cuts<S: Subject>(
    subject: &S,
    path: Path,
    stream: &[u8],
    seed: u64,
) -> Result<(), Violation> {
    let whole = read(subject, path, stream, |left| left);
    let mut rng = Rng::new(seed);
    let cut = read(subject, path, stream, |left| 1 + rng.below(left.min(9) as u64) as usize);
    match whole.differs(&cut) {
        None => Ok(()),
        Some(detail) => Err(Violation { law: Law::CutsAreInvisible, seed, detail }),
    }
}

/// Reads the stream in pieces of the sizes that `size` gives for what is left.
fn read<S: Subject>(
    subject: &S,
    path: Path,
    stream: &[u8],
    mut size: impl FnMut(usize) -> usize,
) -> Log {
    let mut machine = subject.build();
    let mut log = Log::default();
    let mut buffer: Vec<u8> = Vec::new();
    let mut left = stream;
    let now = Instant::ZERO;
    let accepted = machine.handle_input(now, Input::Accepted { listener: SocketId(0), path });
    log.note("verdict", format!("{accepted:?}"));
    while !left.is_empty() {
        let (piece, rest) = left.split_at(size(left.len()).min(left.len()));
        left = rest;
        buffer.extend_from_slice(piece);
        let mut unread = &buffer[..];
        loop {
            match next_frame(&machine, &path, unread) {
                NextFrame::Need(_) => break,
                NextFrame::Broken => return log,
                NextFrame::Frame { frame, rest } => {
                    unread = rest;
                    if offer::<S>(&mut machine, path, frame, &mut log) {
                        return log;
                    }
                }
            }
        }
        let used = buffer.len() - unread.len();
        buffer.drain(..used);
    }
    log
}

/// Offers one frame. Whether the machine hung up.
fn offer<S: Subject>(machine: &mut S::Machine, path: Path, frame: &[u8], log: &mut Log) -> bool {
    let verdict = machine.handle_input(Instant::ZERO, Input::received(path, frame));
    let verdict = format!("{verdict:?}");
    let mut hung_up = false;
    let rest = log.drain::<S>(machine, |output| {
        hung_up |= matches!(output, Output::Socket(SocketRequest::Hangup(p)) if *p == path);
    });
    debug_assert!(rest.is_ok(), "law 2 is checked elsewhere");
    log.note("verdict", verdict);
    hung_up
}
