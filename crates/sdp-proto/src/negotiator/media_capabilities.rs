//! What a side could do, told to who asks outside of any session, as with OPTIONS of SIP (RFC 3264
//! §9).

use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use super::config::Config;
use super::create_offer::layout;
use super::direct::Carriage;
use super::explain::ExplanationLog;
use super::formats::Wishes;
use super::kind::Kind;
use super::numbers::Numbers;
use super::section_draft::line;
use super::writer::formats;
use crate::attribute::{MaxMessageSize, SctpPort};
use crate::field::{Connection, MediaLine, Origin};
use crate::{Builder, Session, WriteError};

impl Config {
    /// A description of each kind of media that this side has codecs for, and of data channels over
    /// ICE: the formats, and ports of 0, so that nothing is offered by it. `session_id` is random and
    /// no other session has it; media would travel by `carriage`.
    ///
    /// ```
    /// use sdp_proto::attribute::{Fingerprint, IcePwd, IceUfrag};
    /// use sdp_proto::IceCredentials;
    /// use sdp_proto::negotiator::{Carriage, Codec, Config};
    ///
    /// let pwd = IcePwd::new("asd88fgpdd777uzjYhagZg")?;
    /// let credentials = IceCredentials { ufrag: IceUfrag::new("8hhY")?, pwd };
    /// let mut config = Config::new(1, credentials, [Fingerprint::sha256([7; 32])]);
    /// config.audio.codecs.push(Codec::pcmu());
    /// let able = config.media_capabilities(2, Carriage::Plain)?;
    /// assert!(able.to_string().contains("m=audio 0 RTP/AVP 0\r\n"));
    /// # Ok::<(), Box<dyn core::error::Error>>(())
    /// ```
    pub fn media_capabilities(
        &self,
        session_id: u64,
        carriage: Carriage,
    ) -> Result<Session<'static>, WriteError> {
        let mut builder = Builder::new(&Origin::anonymous(session_id, 1))?;
        let mut types = Numbers::default();
        let of_kind =
            [(Kind::Audio, &self.audio), (Kind::Video, &self.video), (Kind::Text, &self.text)];
        for (kind, able) in of_kind.into_iter().filter(|(_, able)| !able.codecs.is_empty()) {
            let wishes = Wishes { kind, codecs: &able.codecs, held: &[], ordered: true };
            let mut log = ExplanationLog { section: 0, lines: &mut Vec::new() };
            let layout = layout(&wishes, false, &mut types, &BTreeSet::new(), &mut log);
            let proto = carriage.protocol(&able.codecs)?;
            let line = MediaLine { proto, ..line(kind, &layout.formats)? };
            builder.media(&line)?.connection(&Connection::UNKNOWN)?;
            formats(&mut builder, &layout.written())?;
        }
        if carriage.is_ice() {
            builder.media(&line(Kind::Data, &[])?)?.connection(&Connection::UNKNOWN)?;
            let (port, size): (SctpPort, MaxMessageSize) = (self.sctp_port, self.max_message_size);
            builder.attribute(&port)?.attribute(&size)?;
        }
        builder.finish()
    }
}
