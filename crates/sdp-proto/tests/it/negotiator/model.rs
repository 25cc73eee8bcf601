//! Two sides, random operations, descriptions that get lost, offers that cross.

mod world;

use super::*;
use proptest::collection::vec;
use proptest::prelude::*;
use sdp_proto::attribute::Direction;
use world::{Peer, World};

/// What happens next to one of the sides.
#[derive(Clone, Debug)]
enum Step {
    /// A wish for a section; whether an offered one may serve it, and which encodings it sends and
    /// asks for.
    Add {
        kind: Kind,
        shares: bool,
        sends: usize,
        receives: usize,
    },
    Direction(usize, Direction),
    Bundling(usize, Bundling),
    Stop(usize),
    Restart(u16),
    /// Credentials of its own for a transport, or none.
    Own(usize, Option<u16>),
    Offer,
    Resend,
    /// Takes an open offer back, and tells the other side if it was an own one.
    Rollback,
    Reject(usize),
    Accept(usize),
    Provisional,
    Answer,
    /// The oldest description on its way to this side arrives, or gets lost.
    Deliver,
    Lose,
}

fn kind() -> impl Strategy<Value = Kind> {
    prop_oneof![2 => Just(Kind::Audio), 2 => Just(Kind::Video), 2 => Just(Kind::Data), 1 => Just(Kind::Other)]
}

/// One of a kind; the application serves fax.
fn transceiver(kind: Kind) -> Transceiver {
    let fax = || OtherMedia::new("image", "udptl", ["t38"]).unwrap();
    Transceiver { other: (kind == Kind::Other).then(fax), ..Transceiver::new(kind) }
}

fn direction() -> impl Strategy<Value = Direction> {
    prop_oneof![
        Just(Direction::SendRecv),
        Just(Direction::SendOnly),
        Just(Direction::RecvOnly),
        Just(Direction::Inactive),
    ]
}

fn bundling() -> impl Strategy<Value = Bundling> {
    prop_oneof![Just(Bundling::Member), Just(Bundling::Tag), Just(Bundling::Apart)]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (kind(), any::<bool>(), 0_usize..4, 0_usize..4)
            .prop_map(|(kind, shares, sends, receives)| Step::Add { kind, shares, sends, receives }),
        1 => (0_usize..6, direction()).prop_map(|(which, way)| Step::Direction(which, way)),
        1 => (0_usize..6, bundling()).prop_map(|(which, part)| Step::Bundling(which, part)),
        2 => (0_usize..6).prop_map(Step::Stop),
        1 => any::<u16>().prop_map(Step::Restart),
        1 => (0_usize..6, any::<Option<u16>>()).prop_map(|(which, own)| Step::Own(which, own)),
        4 => Just(Step::Offer),
        1 => Just(Step::Resend),
        1 => Just(Step::Rollback),
        1 => (0_usize..6).prop_map(Step::Reject),
        1 => (0_usize..6).prop_map(Step::Accept),
        1 => Just(Step::Provisional),
        4 => Just(Step::Answer),
        6 => Just(Step::Deliver),
        1 => Just(Step::Lose),
    ]
}

fn policy() -> impl Strategy<Value = BundlePolicy> {
    prop_oneof![
        Just(BundlePolicy::Balanced),
        Just(BundlePolicy::MaxCompat),
        Just(BundlePolicy::MaxBundle),
        Just(BundlePolicy::Without),
    ]
}

/// How a side is set up: its BUNDLE policy, DTLS role, and which of some codecs and header
/// extensions it has, in which order.
#[derive(Clone, Debug)]
struct Setting {
    bundle: BundlePolicy,
    passive: bool,
    allow_mixed: bool,
    audio: Vec<usize>,
    video: Vec<usize>,
    extensions: Vec<usize>,
}

fn setting() -> impl Strategy<Value = Setting> {
    let some = |count: usize| {
        let all: Vec<usize> = (0..count).collect();
        prop::sample::subsequence(all, 1..=count).prop_shuffle()
    };
    (policy(), any::<bool>(), any::<bool>(), some(4), some(5), some(4)).prop_map(
        |(bundle, passive, allow_mixed, audio, video, extensions)| Setting {
            bundle,
            passive,
            allow_mixed,
            audio,
            video,
            extensions,
        },
    )
}

impl Setting {
    fn config(&self, id: u8) -> Config {
        let mut config = config(id);
        let events = config.audio.codecs[2].clone();
        let baseline = "packetization-mode=0;profile-level-id=42e01f";
        let other = Codec { parameters: baseline.parse().ok(), ..Codec::h264() };
        let audio = [Codec::opus().with_redundancy(), Codec::pcmu(), Codec::pcma(), events];
        let video =
            [Codec::vp8(), Codec::h264(), Codec::vp9(), other, Codec::vp8().with_redundancy()];
        let extension = |uri| Extension::new(uri).unwrap();
        let extensions =
            [Extension::mid(), Extension::rid(), extension("urn:x"), extension("urn:y")];
        let chosen =
            |which: &[usize], all: &[Codec]| which.iter().map(|at| all[*at].clone()).collect();
        config.audio.codecs = chosen(&self.audio, &audio);
        // Events alone make no section.
        config.audio.codecs.push(Codec::pcma());
        config.video.codecs = chosen(&self.video, &video);
        let extensions: Vec<_> = self.extensions.iter().map(|at| extensions[*at].clone()).collect();
        config.audio.extensions.clone_from(&extensions);
        config.video.extensions = extensions;
        config.bundle = self.bundle;
        config.allow_mixed = self.allow_mixed;
        if self.passive {
            config.setup = sdp_proto::attribute::Setup::Passive;
        }
        config
    }
}

/// Fewer cases than usual, as each is long; `PROPTEST_CASES` asks for more.
fn cases() -> ProptestConfig {
    let asked = std::env::var_os("PROPTEST_CASES").is_some();
    if asked { ProptestConfig::default() } else { ProptestConfig::with_cases(96) }
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn two_sides_end_stable_and_agree_whatever_happens_on_the_way(
        settings in [setting(), setting()],
        steps in vec((0_usize..2, step()), 0..60),
    ) {
        let mut world = World::new(&settings);
        for (at, step) in &steps {
            world.step(*at, step);
        }
        world.ends();
    }

    #[test]
    fn each_fork_of_an_offer_ends_stable_whatever_becomes_of_the_others(
        settings in [setting(), setting(), setting()],
        wishes in vec(step(), 0..12),
        forks in vec(vec((0_usize..2, step()), 0..30), 2..4),
    ) {
        let [caller, first, second] = settings;
        let mut calling = World::new(&[caller, first]);
        for step in &wishes {
            calling.step(0, step);
        }
        // The offer that is out, if there is none another one, reaches all of them.
        calling.step(0, &Step::Offer);
        for (number, steps) in forks.iter().enumerate() {
            let mut fork = calling.clone();
            if number > 0 {
                let mut other = Peer::new(number as u8 + 2, &second, Glare::Report);
                other.inbox = std::mem::take(&mut fork.peers[1].inbox);
                fork.peers[1] = other;
            }
            let before = format!("{:?}", fork.peers[0].side);
            for (at, step) in steps {
                fork.step(*at, step);
            }
            fork.ends();
            prop_assert_eq!(&before, &format!("{:?}", calling.peers[0].side));
        }
    }

    #[test]
    fn a_rollback_restores_every_byte(
        settings in [setting(), setting()],
        steps in vec((0_usize..2, step()), 0..40),
        at in 0_usize..2,
        wishes in vec(kind(), 0..4),
        glare in any::<bool>(),
    ) {
        let mut world = World::new(&settings);
        for (at, step) in &steps {
            world.step(*at, step);
        }
        prop_assume!(world.finish() && !world.torn);
        let other = 1 - at;
        for kind in wishes {
            let _ = world.peers[other].side.add(transceiver(kind));
        }
        let [a, b] = [at, other].map(|at| format!("{:?}", world.peers[at].side.agreement()));
        let own: Vec<_> = world.peers[at].side.transceivers().map(|(id, w)| (id, w.clone())).collect();
        world.peers[other].side.offer().unwrap();
        let text = said(&mut world.peers[other].side);
        let crossing = glare.then(|| offer(&mut world.peers[at].side));
        let input = Input::Offer { text: text.as_bytes(), glare: Glare::Yield };
        prop_assert_eq!(world.peers[at].side.handle_input(input), Verdict::Consumed);
        let _ = world.peers[at].side.provisional_answer();
        for peer in &mut world.peers {
            peer.side.rollback().unwrap();
        }
        let again = [at, other].map(|at| format!("{:?}", world.peers[at].side.agreement()));
        prop_assert_eq!([a, b], again);
        let now: Vec<_> = world.peers[at].side.transceivers().map(|(id, w)| (id, w.clone())).collect();
        prop_assert_eq!(own, now);
        // What would be offered now is what was offered then.
        drain(&mut world.peers[other].side);
        let rest = |text: &str| text.split_once("s=-").unwrap().1.to_owned();
        prop_assert_eq!(rest(&offer(&mut world.peers[other].side)), rest(&text));
        if let Some(crossing) = crossing {
            drain(&mut world.peers[at].side);
            prop_assert_eq!(rest(&offer(&mut world.peers[at].side)), rest(&crossing));
        }
    }

    #[test]
    fn any_bytes_are_borne_in_any_state(
        noise in vec(any::<u8>(), 0..200),
        edits in vec((any::<prop::sample::Index>(), any::<prop::sample::Index>()), 0..4),
        answered in any::<bool>(),
    ) {
        let (mut a, mut b) = (side_with(1, &[Kind::Audio, Kind::Video, Kind::Data]), side(2));
        let text = offer(&mut a);
        let text = if answered { answer(&mut b, &text) } else { text };
        let mut lines: Vec<&str> = text.lines().collect();
        for (from, to) in edits {
            let line = lines.remove(from.index(lines.len()));
            lines.insert(to.index(lines.len() + 1), line);
        }
        let shuffled = lines.join("\r\n") + "\r\n";
        let before = format!("{a:?}");
        for bytes in [&noise[..], shuffled.as_bytes()] {
            let input = if answered {
                Input::Answer(bytes)
            } else {
                Input::Offer { text: bytes, glare: Glare::Yield }
            };
            let verdict = a.handle_input(input);
            if verdict != Verdict::Consumed {
                prop_assert_eq!(&format!("{a:?}"), &before);
                continue;
            }
            if a.answer().is_ok() {
                drain(&mut a);
            }
            break;
        }
    }
}
