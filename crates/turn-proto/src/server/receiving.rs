//! What arrives, and who takes it: a client's data, its requests, a peer's datagrams (RFC 8656 §5).
use super::TurnServer;
use sans_io::{
    DropReason, Input, Instant, Machine, Output, PacketMeta, Path, SocketRequest, Transport,
    Verdict,
};
use stun_proto::{
    AttributeType, Class, Message, MessageType, Method,
    attribute::{Code, ErrorCode, UnknownAttributes, XorMappedAddress},
};

impl TurnServer {
    pub(super) fn receive<'a>(
        &mut self,
        now: Instant,
        path: Path,
        meta: PacketMeta,
        bytes: &'a [u8],
    ) -> Verdict<'a> {
        if path.transport().is_stream()
            && let Some((id, end)) = self.peer_connections.find(&path)
        {
            return self.relay_stream(now, id, end, bytes);
        }
        if !self.addressing.listeners.contains(&path.local()) {
            let relayed =
                path.transport() == Transport::Udp && self.addressing.is_relayed(path.local());
            return if relayed {
                self.relay_from_peer(now, path, meta, bytes)
            } else {
                Verdict::Unclaimed
            };
        }
        let verdict = match bytes {
            [first, ..] if self.channels.begins(*first) => {
                self.relay_channel_data(now, path, meta, bytes)
            }
            _ => match Message::parse(bytes) {
                Ok(message) if self.secure_binding || message.method() != Method::BINDING => {
                    self.receive_message(now, path, meta, &message)
                }
                Ok(_) => self.receive_binding(now, path, bytes, DropReason::Unexpected),
                Err(_) => self.receive_binding(now, path, bytes, DropReason::Malformed),
            },
        };
        if path.transport().is_stream() && verdict == Verdict::Dropped(DropReason::Malformed) {
            self.out.socket(SocketRequest::Hangup(path));
            self.disconnect(path);
        }
        verdict
    }

    pub(super) fn receive_message<'a>(
        &mut self,
        now: Instant,
        path: Path,
        meta: PacketMeta,
        message: &Message<'a>,
    ) -> Verdict<'a> {
        match (message.class(), message.method()) {
            (Class::Indication, Method::SEND) => self.relay_send(now, path, meta, message),
            (Class::Indication, Method::BINDING) => Verdict::Consumed,
            (
                Class::Request,
                Method::BINDING
                | Method::ALLOCATE
                | Method::REFRESH
                | Method::CREATE_PERMISSION
                | Method::CHANNEL_BIND,
            ) => self.receive_request(now, path, message),
            (Class::Request, Method::CONNECT | Method::CONNECTION_BIND) if self.relays_tcp => {
                self.receive_request(now, path, message)
            }
            (Class::Request | Class::Indication, _) => self.drops.refuse(DropReason::Unsupported),
            (Class::Success | Class::Error, _) => self.drops.refuse(DropReason::Unexpected),
        }
    }

    /// A request that takes a user (RFC 8489 §6.3, §9.2.4).
    pub(super) fn receive_request(
        &mut self,
        now: Instant,
        path: Path,
        message: &Message<'_>,
    ) -> Verdict<'static> {
        if !self.out.has_room() {
            return self.drops.refuse(DropReason::Exhausted);
        }
        let identity = match self.identify(now, path, message) {
            Ok(identity) => identity,
            Err(None) => return Verdict::Consumed,
            Err(Some(reason)) => return self.drops.refuse(reason),
        };
        let unknown: UnknownAttributes = message
            .unknown_required_to(|kind| self.understands(path, message.method(), kind))
            .collect();
        if !unknown.is_empty() {
            let kind = MessageType::error(message.method());
            return self.reply(path, &identity, kind, message.transaction_id(), |reply| {
                reply.push(&ErrorCode::from(Code::UNKNOWN_ATTRIBUTE));
                reply.push(&unknown);
            });
        }
        if message.malformed().is_some() {
            return self.refuse(path, &identity, message, Code::BAD_REQUEST);
        }
        match message.method() {
            Method::BINDING => self.accept(path, &identity, message, |reply| {
                reply.push(&XorMappedAddress(path.remote()));
            }),
            Method::ALLOCATE => self.allocate(now, path, identity, message),
            Method::REFRESH => self.refresh(now, path, &identity, message),
            Method::CONNECT => self.connect_peer(now, path, identity, message),
            Method::CONNECTION_BIND => self.bind_connection(path, &identity, message),
            Method::CREATE_PERMISSION => self.create_permission(now, path, &identity, message),
            _ => self.channel_bind(now, path, &identity, message),
        }
    }

    /// What is not TURN: Binding requests, also those of RFC 3489, and what is neither.
    pub(super) fn receive_binding<'a>(
        &mut self,
        now: Instant,
        path: Path,
        bytes: &'a [u8],
        otherwise: DropReason,
    ) -> Verdict<'a> {
        if !self.out.has_room() {
            return self.drops.refuse(DropReason::Exhausted);
        }
        let verdict = match self.binding.handle_input(now, Input::received(path, bytes)) {
            Verdict::Dropped(reason) => self.drops.refuse(reason),
            Verdict::Unclaimed => self.drops.refuse(otherwise),
            verdict => verdict,
        };
        while let Output::Transmit(answer) = self.binding.poll_output() {
            self.queue(answer.path, answer.payload);
        }
        verdict
    }

    /// Whether this server knows a comprehension-required attribute.
    pub(super) fn understands(&self, path: Path, method: Method, kind: AttributeType) -> bool {
        const DISCOVERY: [AttributeType; 3] =
            [AttributeType::CHANGE_REQUEST, AttributeType::PADDING, AttributeType::RESPONSE_PORT];
        // Where tokens are not offered they are unknown (RFC 7635 §7).
        kind.is_known()
            && (kind != AttributeType::ACCESS_TOKEN || self.realms.takes_tokens(path))
            && !(method == Method::BINDING && DISCOVERY.contains(&kind))
            && (self.can_set_dont_fragment || kind != AttributeType::DONT_FRAGMENT)
    }
}
