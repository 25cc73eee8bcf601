//! A restart, told in texts.
use crate::world::{World, read};
use spool_ice::{State, Status, calls};

/// Drives both until they have settled.
fn settle(world: &mut World) {
    for _ in 0..200 {
        world.go_on();
        let mut states = [0; 2];
        for (agent, state) in world.agents.iter().zip(&mut states) {
            // SAFETY: an agent, and room for a number.
            assert_eq!(unsafe { calls::spool_ice_state(*agent, state) }, Status::Ok);
        }
        if states == [State::Completed as u32; 2] {
            return;
        }
    }
    world.look();
    panic!("they do not settle");
}

#[test]
fn a_restart_takes_new_texts_and_refuses_candidates_of_before() {
    let mut world = World::plain();
    world.introduce();
    world.go_on();
    world.introduce();
    settle(&mut world);
    let [one, other] = world.agents;
    // SAFETY: agents, whose texts end with zeros.
    let texts = || unsafe {
        (read(calls::spool_ice_local_ufrag(one)), read(calls::spool_ice_local_candidates(one)))
    };
    let (former, candidate) = texts();
    assert!(candidate.ends_with(&[b" ufrag ", &*former, b"\n"].concat()));

    // SAFETY: an agent.
    assert_eq!(unsafe { calls::spool_ice_restart(one, world.now, 0) }, Status::Ok);
    world.go_on();
    assert_ne!(texts().0, former);
    world.introduce();
    // Now the other one has new texts too.
    world.introduce();
    settle(&mut world);
    let line = candidate.trim_ascii_end();
    // SAFETY: an agent and a text.
    let late = unsafe {
        calls::spool_ice_add_remote_candidate(other, world.now, line.as_ptr().cast(), line.len())
    };
    assert_eq!(late, Status::Refused);

    let data = b"after the restart";
    // SAFETY: all pointers lead to what is said.
    let sent = unsafe {
        let output = &raw mut world.output;
        calls::spool_ice_send(one, world.now, data.as_ptr(), data.len(), output)
    };
    assert_eq!(sent, Status::Ok);
    // Nothing was put before it, so it was not copied.
    assert_eq!(world.output.bytes, data.as_ptr());
}
