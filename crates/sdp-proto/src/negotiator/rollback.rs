//! The two ways out of an exchange: settled by an answer, or taken back whole (RFC 8829 §5.7,
//! §5.11).

use alloc::collections::BTreeSet;

use super::message::Event;
use super::transceiver::TransceiverId;
use super::{Agreement, Exchange, Negotiator};
use crate::text::Token;

impl Negotiator {
    /// Returns to what was agreed before the open offer. All that the offer brought lives in the
    /// exchange, so dropping that restores sections, mids, payload types and extension ids; what
    /// is left are the transceivers that the offer made and nobody touched.
    pub(super) fn roll_back(&mut self) {
        self.exchange = Exchange::None;
        self.agreement.drop_implicit(&mut self.transceivers);
        self.event(Event::RolledBack);
        self.event(Event::State(self.state()));
        self.told = false;
        self.remind();
    }

    /// Takes what an answer settled: for the time being, or for good.
    pub(super) fn settle(&mut self, settled: Agreement, provisional: bool) {
        if provisional {
            match &mut self.exchange {
                Exchange::Local { provisional, .. } | Exchange::Remote { provisional, .. } => {
                    *provisional = Some(settled);
                }
                Exchange::None | Exchange::Closed => {}
            }
        } else {
            let exchange = core::mem::replace(&mut self.exchange, Exchange::None);
            let before = core::mem::replace(&mut self.agreement, settled);
            self.forget(&exchange, &before);
        }
        self.event(Event::State(self.state()));
        self.event(Event::Negotiated { provisional });
        if !provisional {
            self.told = false;
            self.remind();
        }
    }

    /// Drops what no section needs any more: transceivers whose section was rejected or went to
    /// another, or that were stopped, and candidates of sections that are gone.
    fn forget(&mut self, exchange: &Exchange, before: &Agreement) {
        let mut tried: BTreeSet<TransceiverId> = match exchange {
            Exchange::Local { offer, .. } => {
                offer.sections.iter().filter_map(|section| section.transceiver).collect()
            }
            Exchange::Remote { offered, .. } => {
                offered.decisions.iter().filter_map(|decision| decision.transceiver).collect()
            }
            Exchange::None | Exchange::Closed => BTreeSet::new(),
        };
        let served = before.sections.iter().filter(|section| section.live);
        tried.extend(served.filter_map(|section| section.transceiver));
        let live = self.agreement.sections.iter().filter(|section| section.live);
        let placed: BTreeSet<TransceiverId> =
            live.clone().filter_map(|section| section.transceiver).collect();
        self.transceivers.retain(|entry| {
            placed.contains(&entry.id) || !(entry.stopped || tried.contains(&entry.id))
        });
        for id in placed {
            if let Some(entry) = self.transceivers.get_mut(id) {
                entry.implicit = false;
                entry.instead_of = None;
            }
        }
        let mids: BTreeSet<&Token<'_>> = live.map(|section| &section.mid).collect();
        self.candidates.retain(|mid, _| mid.as_ref().is_none_or(|mid| mids.contains(mid)));
    }
}
