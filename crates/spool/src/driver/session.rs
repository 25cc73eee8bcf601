//! The TLS of one connection, once its handshake is over: bytes in, bytes out, no socket.
use std::collections::VecDeque;
#[cfg(feature = "tls")]
use std::io::{Read as _, Write as _};

/// Keeps no data: what it is given comes out on the other side at once.
#[cfg(feature = "tls")]
#[derive(Debug)]
pub(super) struct Session(Box<rustls::Connection>);

/// What became of encrypted bytes.
#[derive(Debug, PartialEq, Eq)]
#[cfg_attr(not(feature = "tls"), expect(dead_code, reason = "there are no such bytes"))]
pub(super) enum Opened {
    /// They were read.
    Read,
    /// They were read, and the other side says that no more will come.
    Ended,
    /// They make no sense.
    Broken,
}

#[cfg(feature = "tls")]
impl Session {
    pub(super) fn new(mut connection: rustls::Connection) -> Self {
        // the backlog of the stream is the one bound: what does not fit there is not given to us
        connection.set_buffer_limit(None);
        Self(Box::new(connection))
    }

    /// Decrypts what was read from the socket to the end of `plain`. What is to be said to that, by
    /// TLS itself, goes to the end of `out`.
    pub(super) fn open(
        &mut self,
        mut sealed: &[u8],
        plain: &mut Vec<u8>,
        out: &mut VecDeque<u8>,
    ) -> Opened {
        while !sealed.is_empty() {
            let opened =
                self.0.read_tls(&mut sealed).is_ok() && self.0.process_new_packets().is_ok();
            let read = self.0.reader().read_to_end(plain);
            // an alert, if it made no sense
            let _never_fails = self.send(out);
            match read {
                _ if !opened => return Opened::Broken,
                Ok(_) => return Opened::Ended,
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
                Err(_) => return Opened::Broken,
            }
        }
        Opened::Read
    }

    /// Decrypts what came with the handshake.
    pub(super) fn open_first(&mut self, plain: &mut Vec<u8>, out: &mut VecDeque<u8>) -> Opened {
        let read = self.0.reader().read_to_end(plain);
        let _never_fails = self.send(out);
        if read.is_ok() { Opened::Ended } else { Opened::Read }
    }

    /// Encrypts the parts of a message to the end of `out`. False: the connection is broken.
    pub(super) fn seal(&mut self, parts: [&[u8]; 3], out: &mut VecDeque<u8>) -> bool {
        let written = parts.iter().try_for_each(|part| self.0.writer().write_all(part));
        written.and_then(|()| self.send(out)).is_ok()
    }

    /// Says that no more will come.
    pub(super) fn end(&mut self, out: &mut VecDeque<u8>) {
        self.0.send_close_notify();
        let _never_fails = self.send(out);
    }

    fn send(&mut self, out: &mut VecDeque<u8>) -> std::io::Result<()> {
        while self.0.wants_write() {
            self.0.write_tls(out)?;
        }
        Ok(())
    }
}

/// Without the feature `tls` there is none.
#[cfg(not(feature = "tls"))]
#[derive(Debug)]
pub(super) enum Session {}

#[cfg(not(feature = "tls"))]
impl Session {
    pub(super) fn open(&mut self, _: &[u8], _: &mut Vec<u8>, _: &mut VecDeque<u8>) -> Opened {
        match *self {}
    }

    pub(super) fn open_first(&mut self, _: &mut Vec<u8>, _: &mut VecDeque<u8>) -> Opened {
        match *self {}
    }

    pub(super) fn seal(&mut self, _: [&[u8]; 3], _: &mut VecDeque<u8>) -> bool {
        match *self {}
    }

    pub(super) fn end(&mut self, _: &mut VecDeque<u8>) {
        match *self {}
    }
}
