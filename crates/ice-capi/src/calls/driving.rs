//! What happens to an agent, and what it wants done.
use super::{command, with};
use crate::{
    Address, Agent, Output, State,
    config::Sockets,
    raw,
    status::{Fault, SocketFault, Status},
};
use ice_proto::IceAgent;
use sans_io::Path;
use std::net::IpAddr;

/// Most bytes of a datagram.
const DATAGRAM_MAX: usize = 65_535;
/// Most addresses in a row. A host has few.
const ADDRESSES_MAX: usize = 4096;

/// # Safety
/// `addresses` is null, or so many can be read there.
unsafe fn hosts(addresses: *const Address, len: usize) -> Result<Vec<IpAddr>, Fault> {
    // SAFETY: as the caller says.
    let addresses = unsafe { raw::slice(addresses, len, ADDRESSES_MAX) }?;
    addresses.iter().map(|address| Ok(address.to_rust()?.ip())).collect()
}

/// Starts to gather candidates at these addresses of the host, best first; ports do not count. Addresses
/// that have a socket are passed over.
///
/// # Safety
/// `agent` is null or an agent; `addresses` points to so many.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn spool_ice_gather(
    agent: *mut Agent,
    now: u64,
    addresses: *const Address,
    addresses_len: usize,
) -> Status {
    // SAFETY: as the caller says.
    let hosts = || unsafe { hosts(addresses, addresses_len) };
    // SAFETY: as the caller says.
    unsafe { with(agent, |agent| agent.gather(now, &hosts()?)) }
}

/// The host has these addresses by now, best first, and no others.
///
/// # Safety
/// As for `spool_ice_gather`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn spool_ice_network_changed(
    agent: *mut Agent,
    now: u64,
    addresses: *const Address,
    addresses_len: usize,
) -> Status {
    // SAFETY: as the caller says.
    let hosts = || unsafe { hosts(addresses, addresses_len) };
    // SAFETY: as the caller says.
    unsafe { with(agent, |agent| agent.network_changed(now, &hosts()?)) }
}

/// The socket that the agent asked for is open at this address, its port included.
///
/// # Safety
/// `agent` is null or an agent; `local` points to an address.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn spool_ice_socket_opened(
    agent: *mut Agent,
    now: u64,
    socket: u64,
    local: *const Address,
) -> Status {
    let opened = |agent: &mut Agent| {
        // SAFETY: as the caller says.
        let local = unsafe { raw::read(local) }?.to_rust()?;
        agent.socket(now, socket, Ok(local));
        Ok(())
    };
    // SAFETY: as the caller says.
    unsafe { with(agent, opened) }
}

/// The socket that the agent asked for was not opened, or is no more: `fault` is a `SpoolIceSocketFault`.
///
/// # Safety
/// `agent` is null or an agent.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn spool_ice_socket_failed(
    agent: *mut Agent,
    now: u64,
    socket: u64,
    fault: u32,
) -> Status {
    let failed = |agent: &mut Agent| {
        agent.socket(now, socket, Err(SocketFault::of(fault)?));
        Ok(())
    };
    // SAFETY: as the caller says.
    unsafe { with(agent, failed) }
}

/// Time has passed.
///
/// # Safety
/// `agent` is null or an agent.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn spool_ice_timeout(agent: *mut Agent, now: u64) -> Status {
    let timeout = |agent: &mut Agent| {
        agent.timeout(now);
        Ok(())
    };
    // SAFETY: as the caller says.
    unsafe { with(agent, timeout) }
}

/// A datagram arrived at the socket at `local` from `remote`. `output` says what it was, and is one of
/// `DELIVER`, which points into `bytes`, `TRANSMIT`, `TAKEN`, `UNCLAIMED` and `DROPPED`. Poll afterwards.
///
/// # Safety
/// `agent` is null or an agent; `local` and `remote` point to addresses, `bytes` to so many bytes, `output` to
/// room for an output.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn spool_ice_receive(
    agent: *mut Agent,
    now: u64,
    local: *const Address,
    remote: *const Address,
    bytes: *const u8,
    bytes_len: usize,
    output: *mut Output,
) -> Status {
    let receive = |agent: &mut Agent| {
        raw::can_write(output)?;
        // SAFETY: as the caller says.
        let (local, remote) = unsafe { (raw::read(local)?, raw::read(remote)?) };
        // SAFETY: as the caller says.
        let bytes = unsafe { raw::slice(bytes, bytes_len, DATAGRAM_MAX) }?;
        let path = Path::udp(local.to_rust()?, remote.to_rust()?);
        let received = agent.receive(now, path, bytes);
        // SAFETY: as the caller says.
        Ok(unsafe { raw::write(output, received) }?)
    };
    // SAFETY: as the caller says.
    unsafe { with(agent, receive) }
}

/// The next thing that the agent wants done or tells: to be called until it is `WAIT`, after each other call
/// that gives an agent something to do, and when the time of the last `WAIT` has come and was told.
///
/// # Safety
/// `agent` is null or an agent; `output` points to room for an output.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn spool_ice_poll(agent: *mut Agent, output: *mut Output) -> Status {
    let poll = |agent: &mut Agent| {
        raw::can_write(output)?;
        let next = agent.poll();
        // SAFETY: as the caller says.
        Ok(unsafe { raw::write(output, next) }?)
    };
    // SAFETY: as the caller says.
    unsafe { with(agent, poll) }
}

/// Data to the peer: `output` is a `TRANSMIT`, to be sent now. It may point to `data`.
///
/// # Safety
/// `agent` is null or an agent; `data` points to so many bytes, `output` to room for an output.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn spool_ice_send(
    agent: *mut Agent,
    now: u64,
    data: *const u8,
    data_len: usize,
    output: *mut Output,
) -> Status {
    let send = |agent: &mut Agent| {
        raw::can_write(output)?;
        // SAFETY: as the caller says.
        let data = unsafe { raw::slice(data, data_len, DATAGRAM_MAX) }?;
        let packet = agent.send(now, data)?;
        // SAFETY: as the caller says.
        Ok(unsafe { raw::write(output, packet) }?)
    };
    // SAFETY: as the caller says.
    unsafe { with(agent, send) }
}

/// How far the agent is: a `SpoolIceState`.
///
/// # Safety
/// `agent` is null or an agent; `state` points to room for a number.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn spool_ice_state(agent: *mut Agent, state: *mut u32) -> Status {
    let look = |agent: &mut Agent| {
        let seen = State::from(agent.look().0.state()) as u32;
        // SAFETY: as the caller says.
        Ok(unsafe { raw::write(state, seen) }?)
    };
    // SAFETY: as the caller says.
    unsafe { with(agent, look) }
}

/// Restarts ICE with the sockets that a `SpoolIceSockets` says: the peer is to be told the new local
/// parameters, and answers with new ones. Data goes on over the old path meanwhile.
///
/// # Safety
/// `agent` is null or an agent.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn spool_ice_restart(agent: *mut Agent, now: u64, sockets: u32) -> Status {
    let restart = |agent: &mut Agent| {
        let sockets = Sockets::of(sockets)?;
        let mut is_done = false;
        agent.command(now, |ice, now| is_done = ice.restart_from(now, sockets).is_some());
        if is_done { Ok(()) } else { Err(Status::Closed.into()) }
    };
    // SAFETY: as the caller says.
    unsafe { with(agent, restart) }
}

/// Ends everything. The peer hears of it if the agent is driven on, for six seconds at most, until `WAIT`
/// says `UINT64_MAX`; who cannot wait frees it.
///
/// # Safety
/// `agent` is null or an agent.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn spool_ice_close(agent: *mut Agent, now: u64) -> Status {
    // SAFETY: as the caller says.
    unsafe { command(agent, now, IceAgent::close) }
}
