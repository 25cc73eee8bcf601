//! The functions of the interface. Times are nanoseconds since an origin that the caller picks once; a time
//! that is earlier than the newest that was told counts as that.
mod driving;
mod parameters;

pub use driving::*;
pub use parameters::*;

use crate::{
    ABI_VERSION, Address, Agent, Config, raw,
    status::{Fault, Status},
};
use ice_proto::IceAgent;
use std::{
    ffi::c_char,
    panic::{AssertUnwindSafe, catch_unwind},
    ptr,
};

/// Most bytes of a text that is read: a candidate takes a hundred.
const TEXT_MAX: usize = 4096;

/// Does something with an agent. A panic is kept from the caller, and breaks the agent for good.
///
/// # Safety
/// `agent` is null, or an agent that was made and not freed, and that nobody else uses now.
unsafe fn with(agent: *mut Agent, act: impl FnOnce(&mut Agent) -> Result<(), Fault>) -> Status {
    // SAFETY: as the caller says.
    let agent = match unsafe { raw::borrow(agent) } {
        Ok(agent) if agent.is_broken => return Status::Panicked,
        Ok(agent) => agent,
        Err(status) => return status,
    };
    match catch_unwind(AssertUnwindSafe(|| act(agent))) {
        Ok(Ok(())) => Status::Ok,
        Ok(Err(fault)) => {
            agent.texts.error.set(fault.text);
            fault.status
        }
        Err(_) => {
            agent.is_broken = true;
            agent.texts.error.set(Status::text_of(Status::Panicked as u32).to_string_lossy());
            Status::Panicked
        }
    }
}

/// A command that cannot fail.
///
/// # Safety
/// As for [`with`].
unsafe fn command(
    agent: *mut Agent,
    now: u64,
    act: impl FnOnce(&mut IceAgent, sans_io::Instant),
) -> Status {
    let act = |agent: &mut Agent| {
        agent.command(now, act);
        Ok(())
    };
    // SAFETY: as the caller says.
    unsafe { with(agent, act) }
}

/// The version of the interface that this library has. A program that was compiled with a header of another
/// `SPOOL_ICE_ABI_VERSION` must not use it.
#[unsafe(no_mangle)]
pub const extern "C" fn spool_ice_abi_version() -> u32 {
    ABI_VERSION
}

/// What a `SpoolIceStatus` says, in words that stay for good.
#[unsafe(no_mangle)]
pub extern "C" fn spool_ice_status_text(status: u32) -> *const c_char {
    Status::text_of(status).as_ptr()
}

/// Reads `192.0.2.1:5000`, `[2001:db8::1]:5000`, or an address without a port, which is 0 then.
///
/// # Safety
/// `text` points to `text_len` bytes, `address` to room for an address.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn spool_ice_address_parse(
    text: *const c_char,
    text_len: usize,
    address: *mut Address,
) -> Status {
    // SAFETY: as the caller says; a byte is a byte.
    let read = unsafe { raw::slice(text.cast::<u8>(), text_len, TEXT_MAX) };
    match read.and_then(Address::parse) {
        // SAFETY: as the caller says.
        Ok(parsed) => unsafe { raw::write(address, parsed) }.err().unwrap_or(Status::Ok),
        Err(status) => status,
    }
}

/// Writes an address with its port and a zero at the end. `SPOOL_ICE_ADDRESS_TEXT_MAX` bytes are always
/// enough; with less it may be `SPOOL_ICE_STATUS_BAD_LENGTH`.
///
/// # Safety
/// `address` points to an address, `text` to room for `text_len` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn spool_ice_address_text(
    address: *const Address,
    text: *mut c_char,
    text_len: usize,
) -> Status {
    // SAFETY: as the caller says.
    let address = match unsafe { raw::read(address) }.map(Address::to_rust) {
        Ok(Ok(address)) => address.to_string(),
        Ok(Err(fault)) => return fault.status,
        Err(status) => return status,
    };
    if let Err(status) = raw::can_write(text) {
        return status;
    }
    if address.len() >= text_len {
        return Status::BadLength;
    }
    for (at, byte) in address.bytes().chain([0]).enumerate() {
        // SAFETY: there is room for `text_len` bytes, and the text with its zero has no more.
        unsafe { text.cast::<u8>().add(at).write(byte) };
    }
    Status::Ok
}

/// Makes an agent that does nothing yet. It is to be freed with `spool_ice_free`. Where that fails `*agent`
/// is null.
///
/// # Safety
/// `config` points to a configuration each pointer of which is null or points to as much as the length beside
/// it says; `agent` to room for a pointer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn spool_ice_new(config: *const Config, agent: *mut *mut Agent) -> Status {
    // SAFETY: as the caller says.
    if let Err(status) = unsafe { raw::write(agent, ptr::null_mut()) } {
        return status;
    }
    let make = || {
        // SAFETY: as the caller says.
        let (config, seed) = unsafe { raw::read(config)?.to_rust() }?;
        Agent::new(config, seed).map(Box::new)
    };
    match catch_unwind(AssertUnwindSafe(make)) {
        Ok(Ok(made)) => {
            // SAFETY: as the caller says; it was written to before.
            unsafe { raw::write(agent, Box::into_raw(made)) }.err().unwrap_or(Status::Ok)
        }
        Ok(Err(fault)) => fault.status,
        Err(_) => Status::Panicked,
    }
}

/// Frees an agent, with all that it has lent. Null is passed over. The peer is told nothing: close it before.
///
/// # Safety
/// `agent` is null, or an agent that was made and not freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn spool_ice_free(agent: *mut Agent) {
    if !agent.is_null() && agent.is_aligned() {
        // SAFETY: it came from `Box::into_raw` in `spool_ice_new`, and the caller gives it back once.
        let agent = unsafe { Box::from_raw(agent) };
        // What panicked once may do so again.
        let _ = catch_unwind(AssertUnwindSafe(|| drop(agent)));
    }
}

/// What the last call with this agent that failed has to say, in words; empty if none has. Null: there is no
/// agent.
///
/// # Safety
/// `agent` is null, or an agent.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn spool_ice_error(agent: *const Agent) -> *const c_char {
    // SAFETY: as the caller says; nothing is changed.
    match unsafe { raw::borrow(agent.cast_mut()) } {
        Ok(agent) => agent.texts.error.as_ptr(),
        Err(_) => ptr::null(),
    }
}

#[cfg(test)]
mod tests {
    use super::{spool_ice_error, spool_ice_free, spool_ice_local_ufrag, spool_ice_new, with};
    use crate::{Config, Status};
    use std::{ffi::CStr, ptr};

    #[test]
    fn a_panic_stays_inside_and_the_agent_can_only_be_freed() {
        let config = Config {
            role: 0,
            policy: 0,
            restarts: 0,
            seed: ptr::null(),
            stun_servers: ptr::null(),
            stun_servers_len: 0,
            turn_servers: ptr::null(),
            turn_servers_len: 0,
        };
        let mut agent = ptr::null_mut();
        // SAFETY: both point to what they should.
        assert_eq!(unsafe { spool_ice_new(&raw const config, &raw mut agent) }, Status::Ok);
        // SAFETY: it is an agent, and freed at the end.
        unsafe {
            assert_eq!(with(agent, |_| panic!("a bug")), Status::Panicked);
            assert_eq!(with(agent, |_| Ok(())), Status::Panicked);
            assert!(spool_ice_local_ufrag(agent).is_null());
            let said = CStr::from_ptr(spool_ice_error(agent)).to_str();
            assert!(said.is_ok_and(|said| said.starts_with("a bug of this library")), "{said:?}");
            spool_ice_free(agent);
        }
    }
}
