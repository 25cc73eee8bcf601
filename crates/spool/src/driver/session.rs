//! The TLS of one connection, once its handshake is over: bytes in, bytes out, no socket.
use std::collections::VecDeque;
#[cfg(feature = "tls")]
use std::io::{IoSlice, Read as _, Write as _};

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

    /// What both ends have agreed to speak (RFC 7301), if they have.
    pub(super) fn protocol(&self) -> Option<&[u8]> {
        self.0.alpn_protocol()
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
        let written = self.write(parts);
        written.and_then(|()| self.send(out)).is_ok()
    }

    /// Has the parts encrypted as one, so that a message is one record if it fits one.
    fn write(&mut self, parts: [&[u8]; 3]) -> std::io::Result<()> {
        let mut slices = parts.map(IoSlice::new);
        let mut left = &mut slices[..];
        IoSlice::advance_slices(&mut left, 0); // over empty ones
        while !left.is_empty() {
            match self.0.writer().write_vectored(left)? {
                0 => return Err(std::io::ErrorKind::WriteZero.into()),
                n => IoSlice::advance_slices(&mut left, n),
            }
        }
        Ok(())
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

#[cfg(all(test, feature = "tls"))]
#[expect(clippy::unwrap_used, reason = "what a test builds on must hold, or the test fails")]
mod tests {
    use super::Session;
    use rustls::{ClientConfig, ClientConnection, Connection, RootCertStore, ServerConfig};
    use std::{collections::VecDeque, sync::Arc};

    /// Both ends of a connection whose handshake is over.
    fn connected() -> [Connection; 2] {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let key = rustls::pki_types::PrivateKeyDer::try_from(made.signing_key.serialize_der());
        let mut roots = RootCertStore::empty();
        roots.add(made.cert.der().clone()).unwrap();
        let client = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let server = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key.unwrap())
            .unwrap();
        let name = "localhost".try_into().unwrap();
        let client = ClientConnection::new(Arc::new(client), name).unwrap();
        let server = rustls::ServerConnection::new(Arc::new(server)).unwrap();
        let (mut client, mut server) = (Connection::from(client), Connection::from(server));
        while client.wants_write() || server.wants_write() {
            pass(&mut client, &mut server);
            pass(&mut server, &mut client);
        }
        [client, server]
    }

    fn pass(from: &mut Connection, to: &mut Connection) {
        let mut bytes = Vec::new();
        while from.wants_write() {
            from.write_tls(&mut bytes).unwrap();
        }
        let mut bytes = &bytes[..];
        while !bytes.is_empty() {
            to.read_tls(&mut bytes).unwrap();
            to.process_new_packets().unwrap();
        }
    }

    /// A record costs 22 bytes and a round of the cipher, and there are clients that take each for a
    /// message.
    #[test]
    fn a_message_is_one_record_whatever_it_is_made_of() {
        let [client, server] = connected();
        let (mut client, mut server) = (Session::new(client), Session::new(server));
        for message in [[&b"head"[..], b"payload", b"\0\0"], [b"", &[7; 16_000], b""]] {
            let mut out = VecDeque::new();
            assert!(server.seal(message, &mut out));
            let out = Vec::from(out);
            let len = usize::from(u16::from_be_bytes([out[3], out[4]]));
            assert_eq!(out.len(), 5 + len, "one record");
            let (mut plain, mut back) = (Vec::new(), VecDeque::new());
            client.open(&out, &mut plain, &mut back);
            assert_eq!(plain, message.concat());
        }
        // what no record can hold takes as many as it must
        let mut out = VecDeque::new();
        assert!(server.seal([b"head", &vec![7; 60_000], b"\0"], &mut out));
        let (mut plain, mut back) = (Vec::new(), VecDeque::new());
        client.open(out.make_contiguous(), &mut plain, &mut back);
        assert_eq!(plain.len(), 4 + 60_000 + 1);
    }
}
