//! Two agents, driven through the interface as a program in order does it.
use spool_ice::{Address, Agent, Config, Output, OutputKind, Status, calls};
use std::{
    ffi::{CStr, c_char},
    ptr,
};

/// Two agents and what they have sent each other.
pub(crate) struct World {
    pub(crate) agents: [*mut Agent; 2],
    pub(crate) now: u64,
    pub(crate) wire: Vec<(usize, Address, Address, Vec<u8>)>,
    pub(crate) output: Output,
}

pub(crate) fn nothing() -> Output {
    // SAFETY: it has numbers and pointers only, all of which may be zero.
    unsafe { std::mem::zeroed() }
}

/// Reads a text of an agent to its end.
pub(crate) fn read(text: *const c_char) -> Vec<u8> {
    // SAFETY: the interface says that it ends with a zero.
    if text.is_null() { Vec::new() } else { unsafe { CStr::from_ptr(text) }.to_bytes().to_vec() }
}

impl World {
    /// Two agents that ask no server, with seeds of the system.
    pub(crate) fn plain() -> Self {
        let mut this = Self::empty();
        for (role, agent) in (0..).zip(&mut this.agents) {
            // SAFETY: a configuration of zeros is one that is valid.
            let config = Config { role, ..unsafe { std::mem::zeroed() } };
            // SAFETY: both pointers lead to what they should.
            let status = unsafe { calls::spool_ice_new(&raw const config, agent) };
            assert_eq!(status, Status::Ok);
        }
        this
    }

    pub(crate) fn empty() -> Self {
        Self { agents: [ptr::null_mut(); 2], now: 0, wire: Vec::new(), output: nothing() }
    }

    /// Looks at all that an output says, as a driver does.
    pub(crate) fn take(&mut self, i: usize) {
        let output = self.output;
        assert!(output.kind <= OutputKind::Dropped as u32, "{output:?}");
        if output.bytes_len > 0 {
            // SAFETY: the interface says so.
            let bytes = unsafe { std::slice::from_raw_parts(output.bytes, output.bytes_len) };
            if output.kind == OutputKind::Transmit as u32 && self.wire.len() < 64 {
                self.wire.push((1 - i, output.remote, output.local, bytes.to_vec()));
            }
        }
        let text = read(output.text);
        assert_eq!(text.is_empty(), output.kind != OutputKind::Event as u32, "{output:?}");
    }

    pub(crate) fn drain(&mut self, i: usize) {
        for _ in 0..2000 {
            // SAFETY: an agent or null; there is room.
            let status = unsafe { calls::spool_ice_poll(self.agents[i], &raw mut self.output) };
            if status != Status::Ok {
                return assert!(self.agents[i].is_null(), "{status:?}");
            }
            self.take(i);
            if self.output.kind == OutputKind::Wait as u32 {
                return assert!(self.output.at > self.now, "{:?}", self.output);
            }
            if self.output.kind == OutputKind::Bind as u32 {
                let local = Address { port: 5000, ..self.output.local };
                let socket = self.output.socket;
                // SAFETY: an agent, and an address.
                let status = unsafe {
                    calls::spool_ice_socket_opened(
                        self.agents[i],
                        self.now,
                        socket,
                        &raw const local,
                    )
                };
                assert_eq!(status, Status::Ok);
            }
        }
        panic!("it has always more to say");
    }

    /// What a driver that is in order does next.
    pub(crate) fn go_on(&mut self) {
        for i in 0..2 {
            self.drain(i);
        }
        for (to, into, from, bytes) in std::mem::take(&mut self.wire) {
            self.receive(to, &into, &from, &bytes);
        }
        self.now += 20_000_000;
        for i in 0..2 {
            // SAFETY: an agent or null.
            let _ = unsafe { calls::spool_ice_timeout(self.agents[i], self.now) };
        }
    }

    pub(crate) fn receive(&mut self, to: usize, into: &Address, from: &Address, bytes: &[u8]) {
        // SAFETY: everything is there, or null.
        let status = unsafe {
            calls::spool_ice_receive(
                self.agents[to],
                self.now,
                into,
                from,
                bytes.as_ptr(),
                bytes.len(),
                &raw mut self.output,
            )
        };
        if status == Status::Ok {
            self.take(to);
        }
    }

    /// Tells both the parameters and candidates of each other.
    pub(crate) fn introduce(&mut self) {
        for i in 0..2 {
            let (one, other) = (self.agents[i], self.agents[1 - i]);
            // SAFETY: agents or null; the texts end with zeros.
            unsafe {
                let ufrag = read(calls::spool_ice_local_ufrag(other));
                let pwd = read(calls::spool_ice_local_pwd(other));
                let (ufrag_at, pwd_at) = (ufrag.as_ptr().cast(), pwd.as_ptr().cast());
                let _ = calls::spool_ice_set_remote(
                    one,
                    self.now,
                    ufrag_at,
                    ufrag.len(),
                    pwd_at,
                    pwd.len(),
                );
                let host = Address { family: 4, ..Address::default() };
                let host = Address {
                    ip: [192, 0, 2, i as u8 + 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
                    ..host
                };
                let _ = calls::spool_ice_gather(one, self.now, &raw const host, 1);
                for line in read(calls::spool_ice_local_candidates(other)).split(|b| *b == b'\n') {
                    let text = line.as_ptr().cast();
                    let _ = calls::spool_ice_add_remote_candidate(one, self.now, text, line.len());
                }
            }
        }
    }

    pub(crate) fn look(&self) {
        for agent in self.agents {
            // SAFETY: an agent or null.
            unsafe {
                for text in [
                    calls::spool_ice_explain(agent),
                    calls::spool_ice_local_candidates(agent),
                    calls::spool_ice_error(agent),
                ] {
                    assert_eq!(text.is_null(), agent.is_null());
                    read(text);
                }
            }
        }
    }
}

impl Drop for World {
    fn drop(&mut self) {
        for agent in self.agents {
            // SAFETY: an agent that nobody uses any more, or null.
            unsafe { calls::spool_ice_free(agent) };
        }
    }
}
