//! What both agents are told of each other, in texts, and what an agent says of itself.
use super::{TEXT_MAX, command, with};
use crate::{
    Agent,
    agent::{Text, Texts, candidate_text},
    raw,
    status::{Fault, Status},
};
use ice_proto::IceAgent;
use std::{ffi::c_char, ptr, time::Duration};

/// Writes down what is seen of an agent and lends the text; null where there is no agent, or none that works.
///
/// # Safety
/// As for [`with`].
unsafe fn text_of(
    agent: *mut Agent,
    kept_in: impl FnOnce(&mut Texts) -> &mut Text,
    seen: impl FnOnce(&IceAgent) -> String,
) -> *const c_char {
    let mut text = ptr::null();
    let write = |agent: &mut Agent| {
        let (ice, texts) = agent.look();
        let kept = kept_in(texts);
        kept.set(seen(ice));
        text = kept.as_ptr();
        Ok(())
    };
    // SAFETY: as the caller says.
    match unsafe { with(agent, write) } {
        Status::Ok => text,
        _ => ptr::null(),
    }
}

/// # Safety
/// `text` is null, or `len` bytes can be read there.
unsafe fn text<'a>(text: *const c_char, len: usize) -> Result<&'a str, Fault> {
    // SAFETY: as the caller says; a byte is a byte.
    let bytes = unsafe { raw::slice(text.cast::<u8>(), len, TEXT_MAX) }?;
    str::from_utf8(bytes).map_err(|error| Fault::new(Status::BadText, error))
}

/// The user name fragment that the peer is to be told (`a=ice-ufrag`). Null: there is no agent that works.
///
/// # Safety
/// `agent` is null or an agent.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn spool_ice_local_ufrag(agent: *mut Agent) -> *const c_char {
    let seen = |ice: &IceAgent| ice.local_credentials().ufrag.to_string();
    // SAFETY: as the caller says.
    unsafe { text_of(agent, |texts| &mut texts.ufrag, seen) }
}

/// The password that the peer is to be told (`a=ice-pwd`). Null: there is no agent that works.
///
/// # Safety
/// `agent` is null or an agent.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn spool_ice_local_pwd(agent: *mut Agent) -> *const c_char {
    let seen = |ice: &IceAgent| ice.local_credentials().pwd.to_string();
    // SAFETY: as the caller says.
    unsafe { text_of(agent, |texts| &mut texts.pwd, seen) }
}

/// The local candidates so far, each a line in the form of `a=candidate` without the `a=`. Each is told as an
/// event as well. Null: there is no agent that works.
///
/// # Safety
/// `agent` is null or an agent.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn spool_ice_local_candidates(agent: *mut Agent) -> *const c_char {
    let seen = |ice: &IceAgent| {
        let ufrag = &ice.local_credentials().ufrag;
        ice.local_candidates().map(|local| candidate_text(local, ufrag) + "\n").collect()
    };
    // SAFETY: as the caller says.
    unsafe { text_of(agent, |texts| &mut texts.candidates, seen) }
}

/// What the agent has tried, and what that comes to, in words for people. Null: there is no agent that works.
///
/// # Safety
/// `agent` is null or an agent.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn spool_ice_explain(agent: *mut Agent) -> *const c_char {
    let seen = |ice: &IceAgent| ice.explain().to_string();
    // SAFETY: as the caller says.
    unsafe { text_of(agent, |texts| &mut texts.explanation, seen) }
}

/// How often this agent proposes to send checks (`a=ice-pacing`), in milliseconds.
///
/// # Safety
/// `agent` is null or an agent; `pacing_ms` points to room for a number.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn spool_ice_local_pacing(agent: *mut Agent, pacing_ms: *mut u32) -> Status {
    let look = |agent: &mut Agent| {
        let seen = u32::try_from(agent.look().0.local_pacing().as_millis()).unwrap_or(u32::MAX);
        // SAFETY: as the caller says.
        Ok(unsafe { raw::write(pacing_ms, seen) }?)
    };
    // SAFETY: as the caller says.
    unsafe { with(agent, look) }
}

/// The parameters of the peer (`a=ice-ufrag`, `a=ice-pwd`). Others than before mean that it has restarted.
///
/// # Safety
/// `agent` is null or an agent; the texts point to so many bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn spool_ice_set_remote(
    agent: *mut Agent,
    now: u64,
    ufrag: *const c_char,
    ufrag_len: usize,
    pwd: *const c_char,
    pwd_len: usize,
) -> Status {
    let set = |agent: &mut Agent| {
        // SAFETY: as the caller says.
        let (ufrag, pwd) = unsafe { (text(ufrag, ufrag_len)?, text(pwd, pwd_len)?) };
        agent.set_remote(now, ufrag, pwd)
    };
    // SAFETY: as the caller says.
    unsafe { with(agent, set) }
}

/// How often the peer proposes to send checks (`a=ice-pacing`), in milliseconds; 0: it proposes nothing, which
/// is 50 ms.
///
/// # Safety
/// `agent` is null or an agent.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn spool_ice_set_remote_pacing(
    agent: *mut Agent,
    now: u64,
    pacing_ms: u32,
) -> Status {
    let pacing = (pacing_ms != 0).then(|| Duration::from_millis(pacing_ms.into()));
    // SAFETY: as the caller says.
    unsafe { command(agent, now, |ice, now| ice.set_remote_pacing(now, pacing)) }
}

/// A candidate of the peer: `candidate:…`, with `a=` before it or not. One that this agent cannot use is
/// `SPOOL_ICE_STATUS_UNSUPPORTED` and is to be passed over. One that names its generation (`ufrag …`) is
/// refused where that is not the newest.
///
/// # Safety
/// `agent` is null or an agent; `candidate` points to so many bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn spool_ice_add_remote_candidate(
    agent: *mut Agent,
    now: u64,
    candidate: *const c_char,
    candidate_len: usize,
) -> Status {
    let add = |agent: &mut Agent| {
        // SAFETY: as the caller says.
        let candidate = unsafe { text(candidate, candidate_len) }?;
        agent.add_remote_candidate(now, candidate)
    };
    // SAFETY: as the caller says.
    unsafe { with(agent, add) }
}

/// The peer has told all its candidates.
///
/// # Safety
/// `agent` is null or an agent.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn spool_ice_end_of_remote_candidates(agent: *mut Agent, now: u64) -> Status {
    // SAFETY: as the caller says.
    unsafe { command(agent, now, IceAgent::end_of_remote_candidates) }
}

/// The peer is being sent the local parameters, and the candidates that are known. Who answers says so.
///
/// # Safety
/// `agent` is null or an agent.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn spool_ice_description_sent(agent: *mut Agent, now: u64) -> Status {
    // SAFETY: as the caller says.
    unsafe { command(agent, now, IceAgent::description_sent) }
}
