//! SDP (RFC 8866): byte-exact documents, typed attributes, diagnostics.
//!
//! # What SDP is
//!
//! Two programs that want to send each other media or data first have to say what they can do and
//! where they can be reached. The Session Description Protocol is the text in which they say it:
//!
//! ```text
//! v=0                                                  this is SDP
//! o=- 4962303333179871722 1 IN IP4 0.0.0.0             who describes, and which version this is
//! s=-                                                  a name, here none
//! t=0 0                                                from when to when: always
//! m=application 9 UDP/DTLS/SCTP webrtc-datachannel     a section: what is sent, by which protocol
//! c=IN IP4 0.0.0.0                                     to which address (here: ICE will find out)
//! a=mid:0                                              attributes: everything else
//! a=ice-ufrag:8hhY
//! a=ice-pwd:asd88fgpdd777uzjYhagZg
//! a=candidate:1 1 udp 2130706431 192.0.2.1 50000 typ host
//! ```
//!
//! # What offer and answer are
//!
//! One side writes such a text as an *offer*: these sections, in this order, with everything that I
//! can do. The other one replies with an *answer* (RFC 3264): for each section of the offer one in
//! the same place, which keeps what both can do, or has port 0 and so rejects it. From then on both
//! know the same: which codec has which number, who sends, whom to encrypt for. How the texts travel
//! is not SDP's business: a web server, SIP, or a person who copies and pastes.
//!
//! The first exchange is easy; the later ones are where implementations break. To add a camera, to
//! put a call on hold or to change networks, either side offers anew, and the new offer has to
//! repeat the old sections in their places, with their names and numbers, and to use the places
//! of dead ones again. Both may offer at once, so that one has to take its offer back whole. Rules for
//! that (RFC 8829, which calls the whole JSEP) are what [`Negotiator`] is for.
//!
//! # When to care
//!
//! As soon as two sides are not the same program. Browsers, SIP phones, cameras and media servers
//! all speak SDP, each with its own habits, and most trouble between them is a line that one side
//! writes and the other does not expect. When both sides are one's own, SDP is still a convenient
//! envelope for ICE candidates and credentials, as it is for `spool` here.
//!
//! A data channel and nothing else, settled once, needs no more than [`DataChannel`]. With media, or
//! with anything that changes during a call, take the [`Negotiator`]. To look at descriptions,
//! to log them or to repair them, [`Session`] is enough.
//!
//! # How it relates to ICE, STUN, TURN and NAT
//!
//! SDP carries no packet of media. It carries what **ICE** needs from the other side before the
//! first packet: candidates (addresses at which the peer might be reached), a user name fragment
//! and a password, so that **STUN** checks between the candidates can be authenticated. Candidates
//! of type `srflx` exist because a **NAT** rewrites addresses and a STUN server can tell the
//! outside one; candidates of type `relay` are addresses at a **TURN** server, for when nothing
//! direct gets through. The certificate fingerprint (`a=fingerprint`) ties the DTLS handshake that
//! follows to the description, so whoever carries the description must be trusted with it.
//!
//! This crate knows nothing of sockets or time, and none of the other crates. `ice-proto` and
//! `spool` take candidates and credentials from it.
//!
//! # The shape of it
//!
//! - [`Session`] is the document. A parse is one pass that records where lines lie; everything
//!   else is read from the text on demand. An unmodified document prints as the bytes that were
//!   parsed; an edit touches one line.
//! - [`Media`] is one section, with getters that know what the session part is the default for.
//! - [`attribute`] has a type for each attribute, [`field`] for the other lines, [`text`] for
//!   text that is safe to write.
//! - [`Diagnostic`]s say what is wrong, where and by which rule. A [`Policy`] is a filter over
//!   them: [`Strict`](Policy::Strict) for conformance, [`Compat`](Policy::Compat) for peers,
//!   [`Camera`](Policy::Camera) for RTSP.
//! - [`Builder`] writes a description from nothing, [`DataChannel`] the offer and the answer of a
//!   data channel, [`Fragment`] reads and writes what is trickled afterwards.
//! - [`Negotiator`] makes and answers offers for audio, video, text and data channels: codecs,
//!   directions, BUNDLE, restarts, rollback, and an account of why everything came out so. It bears
//!   SIP phones where [`Direct`](negotiator::Direct) says so, and carries what one peer says over
//!   to another. The examples `offer_answer`, `sfu` and `gateway` show whole exchanges.
//! - [`codec`] puts the RTP formats of a section together, types the parameters of the usual
//!   codecs and compares them.
//! - [`Session::normalised`] gives the canonical spelling, [`Session::anonymised`] a copy that is
//!   fit for a bug report, [`Session::check_whip_offer`] and its kin the rules of WHIP
//!   and WHEP.
//! - [`Limits`] bound what a description may cost. All work is linear in its length, refusing
//!   included.
//!
//! # Who it was tried with
//!
//! `cargo xtask interop` has the [`Negotiator`] offer to these peers and answer them, live:
//!
//! | peer | how its media travels | besides |
//! |---|---|---|
//! | Chromium, Firefox | ICE and DTLS | BUNDLE, simulcast, data, restarts, glare, rollback |
//! | baresip 1.0 | in clear, SDES, best effort, DTLS | hold, no offer at first, early answers, forks |
//! | linphone 5.1 | in clear, SDES, DTLS | hold, no offer at first, T.140 with redundancy, forks |
//! | twinkle 1.10 | in clear | hold by direction and by `0.0.0.0`, no offer at first, forks |
//! | rtpengine 10.5 | as a gateway, beside ours | each difference is decided by the text |
//!
//! # Example
//!
//! ```
//! use sdp_proto::attribute::{Candidate, Fingerprint, IcePwd, IceUfrag};
//! use sdp_proto::{DataChannel, IceCredentials, Policy, Session};
//!
//! // What the peer sent.
//! let offer = b"v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\n\
//!     m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\na=mid:0\r\n\
//!     a=ice-ufrag:9uB6\r\na=ice-pwd:YH75Fviy6338Vbrhrlp8Yh\r\na=setup:actpass\r\n\
//!     a=candidate:1 1 udp 2130706431 192.0.2.1 50000 typ host\r\na=sctp-port:5000\r\n";
//! let offer = Session::accept(offer, Policy::Compat)?;
//! let media = offer.data_channel().ok_or("no data channel")?;
//! let credentials = media.ice_credentials()?.ok_or("no ICE")?;
//! assert_eq!(credentials.ufrag.as_str(), "9uB6");
//! let candidates: Vec<Candidate<'_>> = media.candidates().collect::<Result<_, _>>()?;
//! assert_eq!(candidates[0].port, 50_000);
//!
//! // What to reply.
//! let own = IceCredentials {
//!     ufrag: IceUfrag::new("8hhY")?,
//!     pwd: IcePwd::new("asd88fgpdd777uzjYhagZg")?,
//! };
//! let mut side = DataChannel::new(4711, own, [Fingerprint::sha256([7; 32])]);
//! side.candidates.push("1 1 udp 2130706431 198.51.100.7 40000 typ host".parse()?);
//! let answer = side.answer(&offer)?;
//! assert!(answer.to_string().contains("a=setup:active\r\n"));
//! # Ok::<(), Box<dyn core::error::Error>>(())
//! ```
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

mod anonymise;
pub mod attribute;
mod build;
mod bytes;
mod check;
pub mod codec;
mod data_channel;
mod diagnostic;
mod document;
mod edit;
pub mod field;
mod fragment;
mod limits;
mod line;
mod media;
pub mod negotiator;
mod normalise;
mod policy;
mod scan;
mod section;
mod session;
pub mod text;
mod value;
mod whip;
mod write;

pub use build::Builder;
pub use check::AcceptError;
pub use data_channel::{AnswerError, DataChannel};
pub use diagnostic::{Code, Diagnostic, Refusal, Severity, ValueError};
pub use edit::Part;
pub use fragment::Fragment;
pub use limits::{LimitError, Limits};
pub use line::{Kind, Line};
pub use media::{IceCredentials, Media};
pub use negotiator::Negotiator;
pub use policy::{Policy, UnknownPolicy};
pub use section::{AttributeLine, Section};
pub use session::Session;
pub use whip::WhipError;
pub use write::WriteError;
