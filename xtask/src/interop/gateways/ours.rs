//! Our gateway: two legs without codecs of their own, as the example `gateway` of `sdp-proto` has it.

use std::collections::BTreeMap;

use sdp_proto::IceCredentials;
use sdp_proto::attribute::{Crypto, Direction, Fingerprint, IcePwd, IceUfrag};
use sdp_proto::negotiator::{
    AgreedSection, BundlePolicy, Carriage, CommandError, Config, Direct, Glare, Input, Kind,
    Negotiator, Output, RtcpMuxPolicy, Transceiver, TransceiverId, Verdict,
};
use sdp_proto::text::TextError;

use super::{Callee, Gateway};
use crate::run::Failure;

/// A call through it.
pub(super) struct Ours {
    near: Negotiator,
    far: Negotiator,
    carriage: Carriage,
    pairs: BTreeMap<TransceiverId, TransceiverId>,
}

impl Ours {
    pub(super) fn new(callee: Callee) -> Result<Self, Failure> {
        let failed = |error: String| Failure::Failed(format!("our gateway: {error}"));
        let phone = || leg(1, to_phones).map_err(failed);
        let browser = || leg(2, |_| Ok(())).map_err(failed);
        let (near, far, carriage) = match callee {
            Callee::Browser => (phone()?, browser()?, Carriage::Ice),
            Callee::Phone(security) => (browser()?, phone()?, security.carriage()),
        };
        Ok(Self { near, far, carriage, pairs: BTreeMap::new() })
    }
}

impl Gateway for Ours {
    fn offer(&mut self, offer: &str) -> Result<String, String> {
        take(&mut self.near, Input::Offer { text: offer.as_bytes(), glare: Glare::Report })?;
        let wishes = self.near.relayed().map_err(|error| error.to_string())?;
        for (index, wish) in wishes.into_iter().enumerate() {
            let (Some(id), Some(wish)) = (self.near.serving(index), wish) else { continue };
            let wish = match self.carriage {
                Carriage::Ice => wish,
                // No phone has data channels, and few have `RTP/AVPF`.
                _ if wish.kind == Kind::Data => continue,
                carriage => Transceiver { carriage, ..wish.without_feedback() },
            };
            let far = self.far.add(wish).map_err(|error| error.to_string())?;
            self.pairs.insert(id, far);
        }
        if self.pairs.is_empty() {
            return Err("nothing that the other end has".to_owned());
        }
        self.far.offer().map_err(|error| error.to_string())?;
        said(&mut self.far)
    }

    fn answer(&mut self, answer: &str) -> Result<String, String> {
        take(&mut self.far, Input::Answer(answer.as_bytes()))?;
        let count = self.near.judgement().map_err(|error| error.to_string())?.len();
        let mut rejected = Vec::new();
        for index in 0..count {
            let Some(id) = self.near.serving(index) else { continue };
            let far = self.pairs.get(&id).copied();
            let mut agreed = self.far.agreement().sections().iter();
            let agreed = agreed.find(|section| far.is_some() && section.transceiver == far);
            match agreed.and_then(AgreedSection::relayed) {
                Some(wish) => {
                    self.near.update(id, |own| *own = wish).map_err(|error| error.to_string())?;
                }
                None => rejected.push((index, id)),
            }
        }
        // The last one first, so that the first one knows who goes with it.
        for (index, id) in rejected.into_iter().rev() {
            self.turn_down(index, id).map_err(|error| error.to_string())?;
        }
        self.near.answer().map_err(|error| error.to_string())?;
        said(&mut self.near)
    }
}

impl Ours {
    /// Rejects a section that the callee has rejected. One whose transport others use stays, without
    /// media: they would go with it (RFC 8829 §5.3.1).
    fn turn_down(&mut self, index: usize, id: TransceiverId) -> Result<(), CommandError> {
        let wish = self.near.relayed()?.into_iter().nth(index).flatten();
        let Some(wish) = wish.filter(|wish| wish.kind != Kind::Data) else {
            return self.near.reject(index);
        };
        self.near.update(id, |own| *own = wish.with_direction(Direction::Inactive))?;
        let kept = self.others_live(index)?;
        self.near.reject(index)?;
        if self.others_live(index)? < kept { self.near.accept(index) } else { Ok(()) }
    }

    /// How many other sections the answer for the caller would have in use.
    fn others_live(&self, index: usize) -> Result<usize, CommandError> {
        let judged = self.near.judgement()?;
        let others = judged.iter().enumerate().filter(|(other, _)| *other != index);
        Ok(others.filter(|(_, section)| section.live).count())
    }
}

/// What a leg with phones is: it knows what phones know, and no BUNDLE.
fn to_phones(config: &mut Config) -> Result<(), TextError> {
    let crypto = Crypto {
        tag: 1,
        suite: "AES_CM_128_HMAC_SHA1_80".parse()?,
        keys: "inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz".parse()?,
        session: None,
    };
    config.direct = Direct { plain: true, dtls: true, crypto: vec![crypto] };
    config.rtcp_mux = RtcpMuxPolicy::Negotiate;
    config.bundle = BundlePolicy::Without;
    Ok(())
}

fn leg(
    id: u8,
    change: impl FnOnce(&mut Config) -> Result<(), TextError>,
) -> Result<Negotiator, String> {
    let ufrag = IceUfrag::new("gate").map_err(|error| error.to_string())?;
    let pwd = IcePwd::new("gateasd88fgpdd777uzjYhagZg").map_err(|error| error.to_string())?;
    let fingerprint = Fingerprint::sha256([id; 32]);
    let mut config = Config::new(id.into(), IceCredentials { ufrag, pwd }, [fingerprint]);
    change(&mut config).map_err(|error| error.to_string())?;
    let mut side = Negotiator::new(config);
    let candidate = "1 1 udp 2130706431 127.0.0.1 6000 typ host";
    let candidate = candidate.parse().map_err(|_| "our candidate".to_owned())?;
    side.set_candidates(None, vec![candidate], true).map_err(|error| error.to_string())?;
    Ok(side)
}

fn take(side: &mut Negotiator, input: Input<'_>) -> Result<(), String> {
    match side.handle_input(input) {
        Verdict::Consumed => Ok(()),
        other => Err(format!("{other:?}")),
    }
}

/// What a side has to send.
fn said(side: &mut Negotiator) -> Result<String, String> {
    let mut text = None;
    loop {
        match side.poll_output() {
            Output::Description(description) => text = Some(description.session.to_string()),
            Output::Event(_) => {}
            Output::Rest => return text.ok_or_else(|| "nothing to say".to_owned()),
        }
    }
}
