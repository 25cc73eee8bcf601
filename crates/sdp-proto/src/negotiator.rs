//! Offers and answers: what two sides agree on, and how they change it (RFC 3264, RFC 8829).

mod agreement;
mod bundle;
mod bundle_answer;
mod capability;
mod commands;
mod config;
mod create_answer;
mod create_offer;
mod custom;
mod direct;
mod encoding;
mod evaluation;
mod explain;
mod extension;
mod extensions;
mod facts;
mod feedback;
mod formats;
mod kind;
mod lip_sync;
mod matching;
mod media_capabilities;
mod message;
mod mismatch;
mod numbering;
mod numbers;
mod origin;
mod other_media;
mod own_ice;
mod receive_answer;
mod receive_offer;
mod relay;
mod restrictions;
mod rollback;
mod section_draft;
mod side_terms;
mod simulcast;
mod simulcast_answer;
mod slots;
mod state;
mod transceiver;
mod transport;
mod unstated;
mod writer;

pub use agreement::{AgreedCodec, AgreedSection, AgreedTransport, Agreement, DataTerms, DtlsRole};
pub use capability::{Capabilities, Codec};
pub use config::{BundlePolicy, Bundling, Config, Pausing, RtcpMuxPolicy, UnstatedH264};
pub use custom::Custom;
pub use direct::{Carriage, Direct, DirectTransport, Protection};
pub use encoding::{Encoding, SimulcastStream};
pub use explain::{Explanation, Reason, Subject};
pub use extension::Extension;
pub use kind::Kind;
pub use message::{Description, DescriptionKind, Event, Glare, Input, Output, Verdict};
pub use mismatch::{CommandError, Mismatch};
pub use origin::OriginFault;
pub use other_media::OtherMedia;
pub use restrictions::{Bound, Measure, Restrictions};
pub use side_terms::SideTerms;
pub use state::SignalingState;
pub use transceiver::{Transceiver, TransceiverId};

use alloc::borrow::Cow;
use alloc::collections::VecDeque;
use alloc::vec::Vec;

use create_answer::AnswerCreator;
use create_offer::LocalOffer;
use receive_answer::AnswerReceiver;
use receive_offer::ReceivedOffer;
use transceiver::Transceivers;
use writer::Candidates;

use crate::text::Token;
use crate::{AcceptError, IceCredentials, Session};

/// One side of an exchange of offers and answers.
///
/// A state machine without sockets, time or randomness. The application adds
/// [`Transceiver`]s and calls [`offer`](Self::offer); what the peer sends goes into
/// [`handle_input`](Self::handle_input); [`poll_output`](Self::poll_output) gives descriptions to
/// send and events until it says [`Output::Rest`]. An offer of the peer can be looked at with
/// [`judgement`](Self::judgement) and rejected section by section before it is answered, and
/// [`explain`](Self::explain) says why everything came out as it did.
///
/// A description that does not fit changes nothing, and neither does a command that fails. An
/// open offer can be taken back by [`rollback`](Self::rollback), after which sections, mids,
/// payload types and extension ids are those of before. A clone is a fork: where several peers answer
/// one offer, as with SIP, each answer goes into a clone of its own.
///
/// ```
/// use sdp_proto::attribute::{Fingerprint, IcePwd, IceUfrag};
/// use sdp_proto::negotiator::*;
/// use sdp_proto::IceCredentials;
///
/// let side = |id, ufrag: &'static str| -> Result<Negotiator, sdp_proto::text::TextError> {
///     let pwd = IcePwd::new("asd88fgpdd777uzjYhagZg")?;
///     let credentials = IceCredentials { ufrag: IceUfrag::new(ufrag)?, pwd };
///     let mut config = Config::new(id, credentials, [Fingerprint::sha256([7; 32])]);
///     config.audio.codecs = vec![Codec::opus(), Codec::pcmu()];
///     Ok(Negotiator::new(config))
/// };
/// /// What a side has to send.
/// fn sent(side: &mut Negotiator) -> Option<Vec<u8>> {
///     loop {
///         match side.poll_output() {
///             Output::Description(d) => return Some(d.session.to_bytes().into_owned()),
///             Output::Event(_) => {}
///             Output::Rest => return None,
///         }
///     }
/// }
///
/// let (mut caller, mut callee) = (side(1, "8hhY")?, side(2, "9uB6")?);
/// caller.add(Transceiver::new(Kind::Audio))?;
/// caller.add(Transceiver::new(Kind::Data))?;
/// caller.offer()?;
/// let offer = sent(&mut caller).ok_or("no offer")?;
///
/// let verdict = callee.handle_input(Input::Offer { text: &offer, glare: Glare::Yield });
/// assert_eq!(verdict, Verdict::Consumed);
/// callee.reject(1)?;
/// callee.answer()?;
/// let answer = sent(&mut callee).ok_or("no answer")?;
///
/// assert_eq!(caller.handle_input(Input::Answer(&answer)), Verdict::Consumed);
/// let agreed = caller.agreement().sections();
/// assert_eq!(agreed[0].codecs[0].local.payload_type, 111);
/// assert!(!agreed[1].live);
/// assert!(callee.explain().iter().any(|line| line.reason == Reason::RejectedHere));
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Negotiator {
    config: Config,
    /// The ICE credentials to use from the next description on.
    credentials: IceCredentials<'static>,
    transceivers: Transceivers,
    candidates: Candidates,
    /// What the last final answer settled.
    agreement: Agreement,
    exchange: Exchange,
    /// Number of the last description of this side.
    version: u64,
    /// Whether the application was told that an offer is due.
    told: bool,
    outputs: VecDeque<Output>,
}

/// The open offer, and what a provisional answer makes of it.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Exchange {
    None,
    Local { offer: LocalOffer, provisional: Option<Agreement> },
    Remote { offered: ReceivedOffer, provisional: Option<Agreement> },
    Closed,
}

impl Negotiator {
    /// A negotiator that has agreed on nothing.
    pub fn new(config: Config) -> Self {
        Self {
            credentials: config.credentials.clone(),
            config,
            transceivers: Transceivers::default(),
            candidates: Candidates::new(),
            agreement: Agreement::default(),
            exchange: Exchange::None,
            version: 0,
            told: false,
            outputs: VecDeque::new(),
        }
    }

    /// Takes what the peer sends. Never panics, whatever the bytes; time and memory are linear
    /// in their length for a given configuration.
    pub fn handle_input(&mut self, input: Input<'_>) -> Verdict {
        let done = match input {
            _ if self.is_backlogged() => Err(Mismatch::Backlog),
            Input::Offer { text, .. } if self.is_repeated(text) => {
                self.repeat_answer();
                Ok(())
            }
            Input::Offer { text, glare } => match (&self.exchange, glare) {
                (Exchange::Local { .. }, Glare::Report) => return Verdict::Glare,
                _ => self.take_offer(text),
            },
            Input::ProvisionalAnswer(text) => self.take_answer(text, true),
            Input::Answer(text) => self.take_answer(text, false),
            Input::Rollback => self.take_rollback(),
        };
        match done {
            Ok(()) => Verdict::Consumed,
            Err(mismatch) => Verdict::Refused(mismatch),
        }
    }

    /// The next thing that the negotiator wants. Call until [`Output::Rest`].
    pub fn poll_output(&mut self) -> Output {
        self.outputs.pop_front().unwrap_or(Output::Rest)
    }

    /// Where the exchange of descriptions stands.
    pub const fn state(&self) -> SignalingState {
        match &self.exchange {
            Exchange::None => SignalingState::Stable,
            Exchange::Local { provisional: None, .. } => SignalingState::HaveLocalOffer,
            Exchange::Local { provisional: Some(_), .. } => SignalingState::HaveRemotePranswer,
            Exchange::Remote { provisional: None, .. } => SignalingState::HaveRemoteOffer,
            Exchange::Remote { provisional: Some(_), .. } => SignalingState::HaveLocalPranswer,
            Exchange::Closed => SignalingState::Closed,
        }
    }

    /// What is agreed: by the provisional answer if there is one, else by the last final one.
    pub const fn agreement(&self) -> &Agreement {
        match &self.exchange {
            Exchange::Local { provisional: Some(agreement), .. }
            | Exchange::Remote { provisional: Some(agreement), .. } => agreement,
            Exchange::None
            | Exchange::Local { .. }
            | Exchange::Remote { .. }
            | Exchange::Closed => &self.agreement,
        }
    }

    /// The offer of the peer that waits for an answer.
    pub const fn offered(&self) -> Option<&Session<'static>> {
        match &self.exchange {
            Exchange::Remote { offered, .. } => Some(&offered.session),
            Exchange::None | Exchange::Local { .. } | Exchange::Closed => None,
        }
    }

    /// What would be agreed if the offer of the peer were answered now: one entry a section, in
    /// order. A section that would be rejected is not live.
    pub fn judgement(&self) -> Result<Vec<AgreedSection>, CommandError> {
        let plan = self.plan()?;
        Ok(plan.sections.into_iter().map(|section| section.agreed).collect())
    }

    /// Why each section, codec, extension and simulcast stream is kept or dropped: in the offer
    /// that is open, if there is one, else in what was agreed last.
    pub fn explain(&self) -> Vec<Explanation> {
        match &self.exchange {
            Exchange::Local { offer, provisional: None } => offer.reserved.explanations.clone(),
            Exchange::Remote { provisional: None, .. } => {
                self.plan().map_or(Vec::new(), |plan| plan.explanations)
            }
            Exchange::None
            | Exchange::Local { .. }
            | Exchange::Remote { .. }
            | Exchange::Closed => self.agreement().explanations.clone(),
        }
    }

    /// Whether this is the offer that was answered last, sent again because the answer was lost.
    /// It is no new one, so that it does not cross an own one either.
    fn is_repeated(&self, text: &[u8]) -> bool {
        let waits = matches!(self.exchange, Exchange::None | Exchange::Local { .. });
        let last = self.agreement.remote.as_ref().filter(|_| self.agreement.answered && waits);
        last.is_some_and(|last| *last.to_bytes() == *text)
    }

    fn repeat_answer(&mut self) {
        if let Some(local) = self.agreement.local.clone() {
            self.send(DescriptionKind::Answer, local);
        }
    }

    fn take_offer(&mut self, text: &[u8]) -> Result<(), Mismatch> {
        match &self.exchange {
            Exchange::None
            | Exchange::Local { .. }
            | Exchange::Remote { provisional: None, .. } => {}
            Exchange::Remote { provisional: Some(_), .. } | Exchange::Closed => {
                return Err(Mismatch::State { state: self.state() });
            }
        }
        let session = self.parse(text)?;
        // All that can fail comes before the own offer is given up.
        let mut transceivers = self.transceivers.clone();
        self.agreement.drop_implicit(&mut transceivers);
        let offered =
            receive_offer::receive(&self.config, &self.agreement, &mut transceivers, session)?;
        let creator = AnswerCreator {
            config: &self.config,
            transceivers: &transceivers,
            agreement: &self.agreement,
            credentials: &self.credentials,
            offered: &offered,
        };
        let mids = creator.mids();
        let named = |carriers: Vec<usize>| -> Vec<Token<'static>> {
            carriers.into_iter().filter_map(|index| mids.get(index).cloned()).collect()
        };
        let (restarts, new_dtls) = (named(creator.restarts()), named(creator.new_dtls()));
        let fault = self.origin_fault(&offered.session);
        if matches!(self.exchange, Exchange::Local { .. }) {
            self.outputs.push_back(Output::Event(Event::RolledBack));
        }
        self.transceivers = transceivers;
        self.exchange = Exchange::Remote { offered, provisional: None };
        self.event(Event::State(self.state()));
        self.event(Event::Offered);
        self.outputs.extend(fault.map(|fault| Output::Event(Event::Origin(fault))));
        for mid in restarts {
            self.event(Event::IceRestart { mid });
        }
        for mid in new_dtls {
            self.event(Event::NewDtls { mid });
        }
        Ok(())
    }

    fn take_answer(&mut self, text: &[u8], provisional: bool) -> Result<(), Mismatch> {
        let Exchange::Local { offer, .. } = &self.exchange else {
            return Err(Mismatch::State { state: self.state() });
        };
        let session = self.parse(text)?;
        let answer = AnswerReceiver { config: &self.config, agreement: &self.agreement, offer };
        let agreement = answer.apply(&session)?;
        let moved = answer.new_transports(self.agreement(), &agreement);
        let open = AnswerReceiver::open_roles(&session, &agreement);
        let fault = self.origin_fault(&session);
        self.settle(agreement, provisional);
        self.outputs.extend(fault.map(|fault| Output::Event(Event::Origin(fault))));
        for mid in moved {
            self.event(Event::NewTransport { mid });
        }
        for mid in open {
            self.event(Event::RoleLeftOpen { mid });
        }
        Ok(())
    }

    /// What is odd about the origin of a description of the peer, given its last one that settled
    /// things.
    fn origin_fault(&self, session: &Session<'_>) -> Option<OriginFault> {
        origin::fault(self.agreement.remote.as_ref()?, session)
    }

    fn take_rollback(&mut self) -> Result<(), Mismatch> {
        match &self.exchange {
            Exchange::Remote { .. } => {
                self.roll_back();
                Ok(())
            }
            Exchange::None | Exchange::Local { .. } | Exchange::Closed => {
                Err(Mismatch::State { state: self.state() })
            }
        }
    }

    fn parse(&self, text: &[u8]) -> Result<Session<'static>, Mismatch> {
        let parsed = Session::parse_with(Cow::Borrowed(text), self.config.limits);
        let session = parsed.map_err(AcceptError::from)?;
        session.check(self.config.policy).map_err(AcceptError::from)?;
        Ok(session.into_owned())
    }

    fn is_backlogged(&self) -> bool {
        self.outputs.len() >= self.config.outputs_max
    }

    fn send(&mut self, kind: DescriptionKind, session: Session<'static>) {
        self.outputs.push_back(Output::Description(Description { kind, session }));
    }

    fn event(&mut self, event: Event) {
        self.outputs.push_back(Output::Event(event));
    }
}

#[cfg(test)]
mod tests;
