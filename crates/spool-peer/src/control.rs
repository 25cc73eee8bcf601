//! The control stream: messages both ways, each read whole by a task of its own, so that whoever waits
//! for one may stop waiting without losing half of it.
use crate::{
    error::LinkError,
    message::{Malformed, Message},
};
use quinn::{RecvStream, SendStream};
use tokio::sync::mpsc;

/// Messages read ahead of those who want them.
const AHEAD: usize = 16;

/// Both directions of the control stream.
#[derive(Debug)]
pub(crate) struct Control {
    send: SendStream,
    inbox: mpsc::Receiver<Result<Message, LinkError>>,
}

impl Control {
    pub(crate) fn new(send: SendStream, recv: RecvStream) -> Self {
        let (sender, inbox) = mpsc::channel(AHEAD);
        tokio::spawn(read(recv, sender));
        // what is said here comes before the data
        let _ = send.set_priority(1);
        Self { send, inbox }
    }

    /// Says something.
    pub(crate) async fn tell(&mut self, message: &Message) -> Result<(), LinkError> {
        self.send.write_all(&message.encode()).await.map_err(LinkError::from)
    }

    /// Says nothing more, and waits until all that was said has arrived.
    pub(crate) async fn finish(&mut self) {
        // a connection that is gone has nobody who could hear it
        let _ = self.send.finish();
        let _ = self.send.stopped().await;
    }

    /// What the other side says next. May be called off.
    pub(crate) async fn hear(&mut self) -> Result<Message, LinkError> {
        match self.inbox.recv().await {
            Some(heard) => heard,
            None => Err(LinkError::Silent),
        }
    }
}

async fn read(mut recv: RecvStream, sender: mpsc::Sender<Result<Message, LinkError>>) {
    loop {
        let message = match next(&mut recv).await {
            Ok(Some(message)) => Ok(message),
            Ok(None) => continue,
            Err(error) => Err(error),
        };
        let over = message.is_err();
        if sender.send(message).await.is_err() || over {
            return;
        }
    }
}

async fn next(recv: &mut RecvStream) -> Result<Option<Message>, LinkError> {
    let mut head = [0; 4];
    recv.read_exact(&mut head).await?;
    let malformed = |Malformed| LinkError::Protocol("a message that makes no sense");
    let mut message = vec![0; Message::length(head).map_err(malformed)?];
    recv.read_exact(&mut message).await?;
    Message::decode(&message).map_err(malformed)
}
