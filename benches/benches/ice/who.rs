//! Who takes part, and with which settings.
use crate::{
    cost::{self, Meter},
    is::Is,
    ours::Ours,
    peer::Peer,
    plan::Plan,
    rice::Rice,
    rtc::{self, Rtc},
    session::{self, Outcome},
};
use core::time::Duration;
use ice_proto::Profile;

/// What of the goals is for whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Ours,
    /// Ours, to the letter of RFC 8445.
    OursStrict,
    Theirs,
}

pub(crate) struct Who {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    play: Box<dyn Fn(&Plan) -> Outcome>,
    pub(crate) meter: Box<dyn Fn() -> Meter>,
    pub(crate) once: Box<dyn FnMut(()) -> bool>,
}

impl Who {
    fn new<P: Peer + 'static>(name: &'static str, kind: Kind, settings: P::Settings) -> Self {
        Self {
            name,
            kind,
            play: Box::new(move |plan| session::play::<P>(settings, plan)),
            meter: Box::new(move || cost::meter::<P>(settings)),
            once: Box::new(cost::once::<P>(settings)),
        }
    }

    pub(crate) fn play(&self, plan: &Plan) -> Outcome {
        (self.play)(plan)
    }
}

pub(crate) fn all() -> Vec<Who> {
    vec![
        Who::new::<Ours>("ice-proto", Kind::Ours, Profile::Responsive),
        Who::new::<Ours>("ice-proto, strict", Kind::OursStrict, Profile::Strict),
        Who::new::<Is>("is", Kind::Theirs, None),
        Who::new::<Is>("is, Ta 5 ms", Kind::Theirs, Some(Duration::from_millis(5))),
        Who::new::<Rice>("rice-proto", Kind::Theirs, ()),
        Who::new::<Rtc>("rtc-ice", Kind::Theirs, rtc::Settings::Default),
        Who::new::<Rtc>("rtc-ice, fast", Kind::Theirs, rtc::Settings::Fast),
    ]
}
