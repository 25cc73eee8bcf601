//! A STUN server with no more than Binding.
use sans_io::{Input, Instant, Machine, Output, Packet, Verdict};
use stun_proto::{Message, MessageBuilder, MessageType, Method, attribute::XorMappedAddress};

/// Answers every request with the address it came from.
pub(crate) struct Reflector;

impl Machine for Reflector {
    type Event = core::convert::Infallible;

    fn handle_input<'a>(&mut self, _: Instant, input: Input<'a>) -> Verdict<'a> {
        let Input::Received { path, bytes, .. } = input else { return Verdict::Consumed };
        let Ok(request) = Message::parse(bytes) else { return Verdict::Unclaimed };
        let mut buffer = [0; 44];
        let kind = MessageType::success(Method::BINDING);
        let response = MessageBuilder::new(&mut buffer, kind, request.transaction_id())
            .with(&XorMappedAddress(path.remote()))
            .finish()
            .unwrap();
        Verdict::Send(Packet::new(path, &[]).with_head(response))
    }

    fn poll_output(&mut self) -> Output<Self::Event> {
        Output::Timeout(None)
    }
}
