//! Inside a mux: what cannot be seen, or not soon enough, from outside.
use super::{
    SessionId,
    routes::{Claimed, PathKey, Proof, Routes, Ufrag},
};
use crate::{IceConfig, IceCredentials, IceSession, ids::HostId};
use alloc::{string::String, vec::Vec};
use core::cell::RefCell;
use sans_io::{Instant, Slab};
use stun_proto::{Entropy, SeededState};

fn routes() -> Routes {
    Routes::new(SeededState::new([1; 16]))
}

fn ids() -> [SessionId; 2] {
    let mut slab = Slab::default();
    [(); 2].map(|()| SessionId(slab.insert(())))
}

fn path() -> PathKey {
    PathKey::new(HostId(1), "203.0.113.1:6000".parse().unwrap())
}

#[test]
fn each_part_of_a_path_makes_it_another_one() {
    let key = |host, remote: &str| PathKey::new(HostId(host), remote.parse().unwrap());
    let all = [
        key(1, "203.0.113.1:6000"),
        key(2, "203.0.113.1:6000"),
        key(1, "203.0.113.2:6000"),
        key(1, "203.0.113.1:6001"),
        key(1, "[2001:db8::1]:6000"),
        key(1, "[fe80::1%2]:6000"),
        key(1, "[fe80::1%3]:6000"),
    ];
    for (at, one) in all.iter().enumerate() {
        assert!(all[at + 1..].iter().all(|other| one != other), "{at}");
    }
}

#[test]
fn a_username_fragment_that_is_taken_is_chosen_again() {
    let fresh = IceSession::of_valid(&IceConfig::default(), [7; 32]);
    let first = fresh.local_credentials().ufrag.clone();
    let asked = RefCell::new(Vec::new());
    let is_taken = |ufrag: &str| {
        asked.borrow_mut().push(String::from(ufrag));
        *ufrag == *first
    };
    let other = IceSession::of_valid_unlike(&IceConfig::default(), [7; 32], is_taken);
    assert_eq!(asked.borrow().len(), 2);
    assert_eq!(asked.borrow()[0], *first);
    assert_eq!(asked.borrow()[1], *other.local_credentials().ufrag);
    assert_ne!(first, other.local_credentials().ufrag);
    // The next generation keeps away from what is taken as well.
    let mut entropy = Entropy::new([9; 32]);
    let one = IceCredentials::unlike(&mut entropy, |_| false);
    let two = IceCredentials::unlike(&mut Entropy::new([9; 32]), |ufrag| *ufrag == *one.ufrag);
    assert_ne!(one.ufrag, two.ufrag);
}

#[test]
fn only_names_of_our_length_are_looked_up() {
    let known = Ufrag::of(b"abcdefgh");
    assert!(known.is_some());
    assert_eq!(Ufrag::addressed_by(b"abcdefgh:peer"), known);
    assert_eq!(Ufrag::addressed_by(b"abcdefgh:"), known);
    for name in [&b"abcdefgh"[..], b"abcdefghi:peer", b"abcdefg:peer", b"", b":", b"abc:defgh:p"] {
        assert_eq!(Ufrag::addressed_by(name), None, "{name:?}");
    }
}

#[test]
fn a_path_changes_hands_by_a_first_answer_or_after_silence() {
    let ([one, two], at) = (ids(), Instant::from_secs);
    let mut routes = routes();
    assert_eq!(routes.claim(at(0), path(), one, Proof::Heard), Claimed::First);
    assert_eq!(routes.claim(at(1), path(), two, Proof::Heard), Claimed::Refused(one));
    assert_eq!(routes.hear(at(30), path()), Some(one));
    assert_eq!(routes.claim(at(2), path(), two, Proof::Answered), Claimed::From(one));
    assert_eq!(routes.hear(at(30), path()), Some(two));
    // Each sign of its peer keeps it.
    assert_eq!(routes.claim(at(9), path(), two, Proof::Heard), Claimed::Again);
    assert_eq!(routes.claim(at(21), path(), one, Proof::Heard), Claimed::Refused(two));
    assert_eq!(routes.claim(at(22), path(), one, Proof::Heard), Claimed::From(two));
    routes.release(path(), two);
    assert_eq!(routes.hear(at(30), path()), Some(one));
    routes.release(path(), one);
    assert_eq!(routes.hear(at(30), path()), None);
}
