//! Writing a Binding request (RFC 8489 §6.1, §9.1.2, §9.2.3).
use super::{Auth, ClientConfig, Pending, RequestId, StunClient, timer};
use crate::{
    Attempt, Attribute, AttributeType, LongTermClient, MessageBuilder, MessageType, Method,
    TransactionId, WriteError,
    attribute::{ChangeRequest, Padding, ResponsePort, Software, Username},
};
use bytes::Bytes;
use sans_io::{Instant, Path, Transmit};

/// Room for a request: user name, realm and nonce at their longest, and a full PADDING.
const MAX_REQUEST: usize = 8192;
/// The longest PADDING, so that the request fills one Ethernet frame and a bit.
const MAX_PADDING: usize = 2048;

/// What to ask. Everything but the path is for RFC 5780 and otherwise left as
/// [`new`](Self::new) has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct BindingRequest {
    /// From where, to where.
    pub path: Path,
    /// From where the answer is to come.
    pub change: ChangeRequest,
    /// To which port of ours the answer is to go.
    pub response_port: Option<u16>,
    /// How many bytes of padding to add, up to 2048.
    pub padding: u16,
}

impl BindingRequest {
    /// A plain request.
    pub const fn new(path: Path) -> Self {
        let change = ChangeRequest { change_ip: false, change_port: false };
        Self { path, change, response_port: None, padding: 0 }
    }

    /// Whether its answer may come on this path.
    pub(super) fn expects(&self, path: &Path) -> bool {
        let from = self.path.remote() == path.remote() || self.change != ChangeRequest::default();
        let to = self.path.local() == path.local() || self.response_port.is_some();
        from && to && self.path.transport() == path.transport()
    }
}

/// What in a configuration can never be sent.
pub(super) fn config_fault(config: &ClientConfig) -> Option<WriteError> {
    let software = config.software.as_deref().map(Software);
    let username = match &config.auth {
        Auth::None => None,
        Auth::ShortTerm { username, .. } => Some(Username(username)),
        Auth::LongTerm(credentials) => Some(Username(credentials.username())),
    };
    if software.is_some_and(|software| !software.is_valid()) {
        return Some(WriteError::Invalid(AttributeType::SOFTWARE));
    }
    username
        .is_some_and(|username| !username.is_valid())
        .then_some(WriteError::Invalid(AttributeType::USERNAME))
}

/// Why a request was not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum RequestError {
    /// Too many requests wait already.
    #[error("too many requests are waiting")]
    TooMany,
    /// It cannot be written: the user name, SOFTWARE or the padding is too long.
    #[error(transparent)]
    Write(#[from] WriteError),
}

impl StunClient {
    /// Sends a Binding request. An event tells what became of it.
    pub fn request(
        &mut self,
        now: Instant,
        ask: BindingRequest,
    ) -> Result<RequestId, RequestError> {
        let now = self.advance(now);
        if self.transactions.len() >= self.config.max_requests || !self.outputs.has_room() {
            return Err(RequestError::TooMany);
        }
        if let Some(fault) = self.fault {
            return Err(RequestError::Write(fault));
        }
        if usize::from(ask.padding) > MAX_PADDING {
            return Err(RequestError::Write(WriteError::Invalid(AttributeType::PADDING)));
        }
        let request = RequestId(self.next_request);
        let pending = Pending {
            request,
            ask,
            attempt: Attempt::default(),
            violated: false,
            redirects: [None; super::MAX_REDIRECTS],
        };
        let transmit = self.send(now, pending)?;
        self.next_request += 1;
        self.transmit(transmit);
        Ok(request)
    }

    /// Begins a transaction.
    pub(super) fn send(
        &mut self,
        now: Instant,
        mut pending: Pending,
    ) -> Result<Transmit, RequestError> {
        let path = pending.ask.path;
        let id = self.next_id;
        let (payload, attempt) = self.write(id, &pending)?;
        pending.attempt = attempt;
        let timer = timer(self, now, &path);
        self.next_id = self.entropy.transaction_id();
        self.transactions.start(id, path, payload, timer, pending).ok_or(RequestError::TooMany)
    }

    fn write(
        &mut self,
        id: TransactionId,
        pending: &Pending,
    ) -> Result<(Bytes, Attempt), WriteError> {
        let ask = &pending.ask;
        let mut buffer = [0; MAX_REQUEST];
        let padding = [0; MAX_PADDING];
        let kind = MessageType::request(Method::BINDING);
        let mut builder = MessageBuilder::new(&mut buffer, kind, id)
            .with_some(self.config.software.as_deref().map(Software).as_ref())
            .with_some(ask.response_port.map(ResponsePort).as_ref());
        if ask.change != ChangeRequest::default() {
            builder.push(&ask.change);
        }
        if let Some(padding) = padding.get(..usize::from(ask.padding)).filter(|p| !p.is_empty()) {
            builder.push(&Padding(padding));
        }
        let mut attempt = pending.attempt;
        let signed = match &self.config.auth {
            Auth::None => builder.unsigned(),
            Auth::ShortTerm { username, key, integrity } => {
                let learnt = self.servers.get(&ask.path.remote()).and_then(|s| s.short_term);
                let builder = builder.with(&Username(username));
                match integrity.or(learnt) {
                    Some(integrity) => builder.sign(key, integrity),
                    None => builder.sign_both(key),
                }
            }
            Auth::LongTerm(credentials) => {
                let credentials = credentials.clone();
                let server = self.server(ask.path.remote());
                let long_term =
                    server.long_term.get_or_insert_with(|| LongTermClient::new(credentials));
                let signed;
                (signed, attempt) = long_term.sign(builder, attempt);
                signed
            }
        };
        let bytes = if self.config.fingerprint {
            signed.fingerprint().finish()?
        } else {
            signed.finish()?
        };
        Ok((Bytes::copy_from_slice(bytes), attempt))
    }
}
