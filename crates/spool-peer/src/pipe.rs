//! Bytes both ways, each direction with an end of its own.
use crate::{Link, LinkError, Side, error::Goodbye};
use bytes::{Bytes, BytesMut};
use quinn::{RecvStream, SendStream};
use std::io;
use thiserror::Error;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::tcp::{OwnedReadHalf, OwnedWriteHalf},
};

/// What is read at once.
const BLOCK: usize = 256 * 1024;

/// Says which stream it is, for QUIC shows a stream to the other end with its first byte.
const PIPE: u8 = b'p';

/// What is to be sent, block by block.
pub trait Input: Send {
    /// The next block; `None` at the end. May be called off without losing any.
    fn next(&mut self) -> impl Future<Output = io::Result<Option<Bytes>>> + Send;
}

/// Where what is received goes.
pub trait Output: Send {
    /// Takes the next block. [`io::ErrorKind::BrokenPipe`] says that nobody wants more.
    fn put(&mut self, block: Bytes) -> impl Future<Output = io::Result<()>> + Send;

    /// Nothing more will come. It waits until all is written.
    fn end(&mut self) -> impl Future<Output = io::Result<()>> + Send;
}

/// How many bytes went each way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Piped {
    /// To the other side.
    pub sent: u64,
    /// From it.
    pub received: u64,
}

/// Why a pipe broke.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum PipeError {
    /// The connection is gone.
    #[error(transparent)]
    Link(#[from] LinkError),
    /// What is to be sent cannot be read.
    #[error("cannot read what is to be sent: {0}")]
    Input(#[source] io::Error),
    /// What was received cannot be written.
    #[error("cannot write what was received: {0}")]
    Output(#[source] io::Error),
}

impl Link {
    /// Carries bytes both ways until both directions have ended: what is read from `input` to the other
    /// side, and what comes from there to `output`. The end of one says nothing of the other.
    pub async fn pipe(self, input: impl Input, output: impl Output) -> Result<Piped, PipeError> {
        let result = self.pipe_both(input, output).await;
        let goodbye = if result.is_ok() { Goodbye::Done } else { Goodbye::Failed };
        self.close(goodbye, "").await;
        result
    }

    async fn pipe_both(&self, input: impl Input, output: impl Output) -> Result<Piped, PipeError> {
        let (mut send, mut recv) = match self.side() {
            Side::Guest => self.connection.open_bi().await.map_err(LinkError::from)?,
            Side::Inviter => self.connection.accept_bi().await.map_err(LinkError::from)?,
        };
        match self.side() {
            Side::Guest => send.write_all(&[PIPE]).await.map_err(LinkError::from)?,
            Side::Inviter => {
                let mut kind = [0];
                recv.read_exact(&mut kind).await.map_err(LinkError::from)?;
            }
        }
        let (sent, received) =
            tokio::try_join!(copy_out(input, &mut send), copy_in(&mut recv, output))?;
        Ok(Piped { sent, received })
    }
}

/// Sends until the end of the input or until nobody reads there, and waits until all of it has arrived.
async fn copy_out(input: impl Input, send: &mut SendStream) -> Result<u64, PipeError> {
    let mut total = 0;
    // beside the writing, for QUIC does not wake a writer that waits for room when the reader has enough
    let mut over = std::pin::pin!(send.stopped());
    tokio::select! {
        written = write_all(input, send, &mut total) => {
            written?;
            over.await.map_err(broken)?;
        }
        stopped = &mut over => {
            stopped.map_err(broken)?;
        }
    }
    // what nobody wants takes no more room from what is still to be said; what has arrived stays
    let _ = send.reset(0_u32.into());
    Ok(total)
}

/// Sends until the end of the input.
async fn write_all(
    mut input: impl Input,
    send: &mut SendStream,
    total: &mut u64,
) -> Result<(), PipeError> {
    while let Some(block) = input.next().await.map_err(PipeError::Input)? {
        *total += block.len() as u64;
        match send.write_chunk(block).await {
            Ok(()) => {}
            Err(quinn::WriteError::Stopped(_)) => return Ok(()),
            Err(error) => return Err(LinkError::from(error).into()),
        }
    }
    // that it is finished or stopped already is the same to us
    let _ = send.finish();
    Ok(())
}

fn broken(error: quinn::StoppedError) -> PipeError {
    LinkError::from(error).into()
}

/// Receives until the other side ends.
async fn copy_in(recv: &mut RecvStream, mut output: impl Output) -> Result<u64, PipeError> {
    let mut total = 0;
    let enough = |error: &io::Error| {
        matches!(error.kind(), io::ErrorKind::BrokenPipe | io::ErrorKind::NotConnected)
    };
    while let Some(chunk) = recv.read_chunk(BLOCK, true).await.map_err(LinkError::from)? {
        let len = chunk.bytes.len() as u64;
        if let Err(error) = output.put(chunk.bytes).await {
            // whoever reads has read enough, which the other side is told
            let _ = recv.stop(0_u32.into());
            return if enough(&error) { Ok(total) } else { Err(PipeError::Output(error)) };
        }
        total += len;
    }
    match output.end().await {
        Err(error) if !enough(&error) => Err(PipeError::Output(error)),
        _ => Ok(total),
    }
}

/// One direction of a TCP connection.
struct Reading(OwnedReadHalf, BytesMut);

impl Input for Reading {
    async fn next(&mut self) -> io::Result<Option<Bytes>> {
        self.1.reserve(BLOCK / 4);
        let read = self.0.read_buf(&mut self.1).await?;
        Ok((read > 0).then(|| self.1.split().freeze()))
    }
}

impl Output for OwnedWriteHalf {
    async fn put(&mut self, block: Bytes) -> io::Result<()> {
        self.write_all(&block).await
    }

    async fn end(&mut self) -> io::Result<()> {
        self.shutdown().await
    }
}

/// Joins a TCP connection and a stream until both directions have ended.
pub(crate) async fn join(
    tcp: tokio::net::TcpStream,
    (mut send, mut recv): (SendStream, RecvStream),
) -> Result<Piped, PipeError> {
    let (input, output) = tcp.into_split();
    let input = Reading(input, BytesMut::new());
    let (sent, received) =
        tokio::try_join!(copy_out(input, &mut send), copy_in(&mut recv, output))?;
    Ok(Piped { sent, received })
}
