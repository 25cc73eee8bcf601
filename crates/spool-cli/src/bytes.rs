//! stdin and stdout as blocks of bytes, each on a thread of its own: a read or a write of a pipe cannot be
//! called off, and a runtime would wait for it when it ends.
use ::bytes::Bytes;
use spool_peer::{Input, Output};
use std::{
    fs::File,
    io::{self, Read, Write},
};
use tokio::sync::{mpsc, oneshot};

/// Bytes of a block: more than a pipe of any system holds.
const BLOCK: usize = 256 * 1024;

/// Blocks that may wait: two megabytes.
const BLOCKS_MAX: usize = 8;

/// What comes on stdin.
#[derive(Debug)]
pub(crate) struct Stdin(mpsc::Receiver<io::Result<Bytes>>);

/// Starts to read stdin.
pub(crate) fn stdin() -> Stdin {
    let (sender, blocks) = mpsc::channel(BLOCKS_MAX);
    std::thread::spawn(move || {
        let mut input = match raw(&io::stdin()) {
            Ok(input) => input,
            Err(error) => return drop(sender.blocking_send(Err(error))),
        };
        let mut block = vec![0; BLOCK];
        loop {
            let read = match input.read(&mut block) {
                Ok(0) => return,
                Ok(read) => Ok(Bytes::copy_from_slice(&block[..read])),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => Err(error),
            };
            let over = read.is_err();
            if sender.blocking_send(read).is_err() || over {
                return;
            }
        }
    });
    Stdin(blocks)
}

impl Input for Stdin {
    async fn next(&mut self) -> io::Result<Option<Bytes>> {
        self.0.recv().await.transpose()
    }
}

/// What goes to stdout.
#[derive(Debug)]
pub(crate) struct Stdout {
    blocks: Option<mpsc::Sender<Bytes>>,
    /// Told when all is written, or nothing more can be.
    done: Option<oneshot::Receiver<io::Result<()>>>,
}

/// Starts to write stdout.
pub(crate) fn stdout() -> Stdout {
    let (sender, mut blocks) = mpsc::channel::<Bytes>(BLOCKS_MAX);
    let (finished, done) = oneshot::channel();
    std::thread::spawn(move || {
        let mut write = || {
            let mut output = raw(&io::stdout())?;
            while let Some(block) = blocks.blocking_recv() {
                output.write_all(&block)?;
            }
            Ok(())
        };
        let written = write();
        // closed before it is told why, so that who puts more finds out
        drop(blocks);
        let _ = finished.send(written);
    });
    Stdout { blocks: Some(sender), done: Some(done) }
}

impl Output for Stdout {
    async fn put(&mut self, block: Bytes) -> io::Result<()> {
        let sent = match &self.blocks {
            Some(blocks) => blocks.send(block).await.is_ok(),
            None => false,
        };
        if sent { Ok(()) } else { self.end().await.and(Err(io::ErrorKind::BrokenPipe.into())) }
    }

    async fn end(&mut self) -> io::Result<()> {
        self.blocks = None;
        let Some(done) = self.done.take() else { return Ok(()) };
        let written = done.await.unwrap_or_else(|_| Err(io::ErrorKind::BrokenPipe.into()));
        written.and_then(|()| close_stdout())
    }
}

/// Lets go of stdout, so that whoever reads it sees its end although the program goes on.
fn close_stdout() -> io::Result<()> {
    #[cfg(unix)]
    rustix::stdio::dup2_stdout(File::options().write(true).open("/dev/null")?)?;
    Ok(())
}

/// The file below, without the buffers of the standard library.
#[cfg(unix)]
fn raw(stream: &impl std::os::fd::AsFd) -> io::Result<File> {
    Ok(stream.as_fd().try_clone_to_owned()?.into())
}

#[cfg(windows)]
fn raw(stream: &impl std::os::windows::io::AsHandle) -> io::Result<File> {
    Ok(stream.as_handle().try_clone_to_owned()?.into())
}
