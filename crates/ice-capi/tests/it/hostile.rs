//! Callers who err: any functions in any order with any arguments end in a status, and nothing breaks.
use crate::world::{World, nothing, read};
use proptest::{collection::vec, prelude::*};
use spool_ice::{Address, Config, Status, TurnServer, calls};
use std::ptr;

/// Draws choices from random bytes, and zeros when they have run out.
struct Draw<'a>(&'a [u8]);

impl Draw<'_> {
    fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        *first
    }

    fn number(&mut self) -> u32 {
        match self.byte() {
            255 => u32::MAX,
            254 => u32::from_le_bytes([self.byte(), self.byte(), self.byte(), self.byte()]),
            small => u32::from(small) % 14,
        }
    }

    fn bytes(&mut self) -> Vec<u8> {
        let len = usize::from(self.byte()) % 64;
        (0..len).map(|_| self.byte()).collect()
    }

    fn address(&mut self) -> Address {
        let family = [4, 4, 4, 6, 0, self.byte()][usize::from(self.byte()) % 6];
        let mut ip = [0; 16];
        ip[..4].copy_from_slice(&[192, 0, 2, self.byte() % 4]);
        if family == 6 {
            ip = [self.byte(); 16];
        }
        Address { family, port: 5000 + u16::from(self.byte() % 3), scope: 0, ip }
    }

    /// Mostly the pointer; now and then none, or a crooked one.
    fn pointer<T>(&mut self, pointer: *const T) -> *const T {
        match self.byte() {
            0 => ptr::null(),
            1 => pointer.wrapping_byte_add(1),
            _ => pointer,
        }
    }

    /// Mostly what is there; now and then nothing, or more than can be.
    fn len(&mut self, len: usize) -> usize {
        match self.byte() {
            0 => 0,
            1 => usize::MAX,
            2 => usize::MAX / 2,
            _ => len,
        }
    }

    /// A text that could be one, or is none.
    fn text(&mut self) -> Vec<u8> {
        const TEXTS: [&str; 8] = [
            "candidate:1 1 udp 2130706431 192.0.2.1 5000 typ host",
            "a=candidate:1 1 udp 2130706431 192.0.2.2 5001 typ host ufrag abcd\r\n",
            "candidate:1 1 tcp 2130706431 192.0.2.1 9 typ host tcptype active",
            "candidate:1 1 udp 1 a.local 5000 typ host",
            "abcd",
            "abcdefghijklmnopqrstuv",
            "zyxwvutsrqponmlkjihgfedcba",
            "",
        ];
        match usize::from(self.byte()) % 10 {
            8 => self.bytes(),
            9 => vec![b'a'; 5000],
            known => TEXTS[known].as_bytes().to_vec(),
        }
    }
}

/// Two agents of some configuration, where it is one.
fn world(draw: &mut Draw<'_>) -> World {
    let mut this = World::empty();
    for i in 0..2 {
        let account = draw.text();
        let turn = TurnServer {
            address: draw.address(),
            username: draw.pointer(account.as_ptr()).cast(),
            username_len: account.len(),
            password: account.as_ptr().cast(),
            password_len: draw.len(account.len()),
        };
        let stun = draw.address();
        let seed = [draw.byte(); 32];
        let config = Config {
            role: if draw.byte() == 0 { draw.number() } else { i },
            policy: u32::from(draw.byte() == 0),
            restarts: draw.number() % 3,
            seed: seed.as_ptr(),
            stun_servers: draw.pointer(&raw const stun),
            stun_servers_len: usize::from(draw.byte() % 2),
            turn_servers: draw.pointer(&raw const turn),
            turn_servers_len: usize::from(draw.byte() % 5 == 1),
        };
        // SAFETY: what is there is there; the rest is refused.
        let status = unsafe {
            calls::spool_ice_new(draw.pointer(&raw const config), &raw mut this.agents[i as usize])
        };
        assert_eq!(status == Status::Ok, !this.agents[i as usize].is_null());
    }
    this
}

/// Any call, with arguments that are right, wrong, or not there.
fn call(world: &mut World, draw: &mut Draw<'_>) -> Status {
    let i = usize::from(draw.byte()) % 2;
    let agent = draw.pointer(world.agents[i]).cast_mut();
    // One that is not there is not to be shifted to where none is.
    let agent = if world.agents[i].is_null() { ptr::null_mut() } else { agent };
    let now = if draw.byte() == 0 { 0 } else { world.now };
    let (address, other) = (draw.address(), draw.address());
    let bytes = draw.bytes();
    // One byte is left out, so that a crooked pointer stays inside.
    let bytes_len = draw.len(bytes.len().saturating_sub(1));
    let (text, more) = (draw.text(), draw.text());
    let mut number = 0;
    let output = draw.pointer(&raw const world.output).cast_mut();
    // SAFETY: each pointer leads to as much as its length says, or is null, crooked, or has a length that
    // cannot be: those are refused.
    unsafe {
        match draw.byte() % 16 {
            0 => calls::spool_ice_gather(agent, now, draw.pointer(&raw const address), draw.len(1)),
            1 => calls::spool_ice_network_changed(
                agent,
                now,
                draw.pointer(&raw const address),
                draw.len(1),
            ),
            2 => {
                let local = draw.pointer(&raw const address);
                calls::spool_ice_socket_opened(agent, now, draw.number().into(), local)
            }
            3 => calls::spool_ice_socket_failed(agent, now, draw.number().into(), draw.number()),
            4 => calls::spool_ice_timeout(agent, u64::from(draw.number()) << (draw.byte() % 33)),
            5 | 6 => {
                let status = if draw.byte().is_multiple_of(2) {
                    let (to, from) = (&raw const address, &raw const other);
                    let (to, from) = (draw.pointer(to), draw.pointer(from));
                    let bytes = draw.pointer(bytes.as_ptr());
                    calls::spool_ice_receive(agent, now, to, from, bytes, bytes_len, output)
                } else {
                    let bytes = draw.pointer(bytes.as_ptr());
                    calls::spool_ice_send(agent, now, bytes, bytes_len, output)
                };
                if status == Status::Ok {
                    world.take(i);
                }
                status
            }
            7 => calls::spool_ice_set_remote(
                agent,
                now,
                text.as_ptr().cast(),
                draw.len(text.len()),
                more.as_ptr().cast(),
                draw.len(more.len()),
            ),
            8 => calls::spool_ice_add_remote_candidate(
                agent,
                now,
                text.as_ptr().cast(),
                draw.len(text.len()),
            ),
            9 => calls::spool_ice_restart(agent, now, draw.number()),
            10 => calls::spool_ice_close(agent, now),
            11 => calls::spool_ice_set_remote_pacing(agent, now, draw.number()),
            12 => calls::spool_ice_end_of_remote_candidates(agent, now),
            13 => calls::spool_ice_description_sent(agent, now),
            14 => calls::spool_ice_state(agent, draw.pointer(&raw const number).cast_mut()),
            _ => calls::spool_ice_local_pacing(agent, &raw mut number),
        }
    }
}

proptest! {
    #[test]
    fn any_calls_with_any_arguments_end_in_a_status(bytes in vec(any::<u8>(), 0..3000)) {
        let mut draw = Draw(&bytes);
        let mut world = world(&mut draw);
        while !draw.0.is_empty() {
            match draw.byte() % 8 {
                0 => world.introduce(),
                1..=3 => world.go_on(),
                4 => world.look(),
                _ => {
                    let status = call(&mut world, &mut draw);
                    prop_assert_ne!(status, Status::Panicked);
                }
            }
        }
    }

    #[test]
    fn any_text_of_an_address_is_read_or_refused(text in ".{0,80}") {
        let mut address = Address::default();
        // SAFETY: the text is as long as it is, and there is room.
        let status = unsafe {
            calls::spool_ice_address_parse(text.as_ptr().cast(), text.len(), &raw mut address)
        };
        prop_assert_eq!(status == Status::Ok, address.family != 0);
    }
}

#[test]
fn addresses_are_written_as_they_are_read_and_never_past_the_end() {
    for text in ["192.0.2.1:5000", "[2001:db8::1]:443", "[fe80::1%3]:9"] {
        let mut address = Address::default();
        let mut written = [b'x'; spool_ice::ADDRESS_TEXT_MAX];
        let room = written.as_mut_ptr().cast();
        // SAFETY: what is given is as long as is said.
        unsafe {
            let at = text.as_ptr().cast();
            assert_eq!(
                calls::spool_ice_address_parse(at, text.len(), &raw mut address),
                Status::Ok
            );
            let short = calls::spool_ice_address_text(&raw const address, room, text.len());
            assert_eq!(short, Status::BadLength);
            assert_eq!(written, [b'x'; 64]);
            let room = written.as_mut_ptr().cast();
            let fits = calls::spool_ice_address_text(&raw const address, room, text.len() + 1);
            assert_eq!(fits, Status::Ok);
        }
        assert_eq!(&written[..=text.len()], [text.as_bytes(), &[0]].concat());
        assert_eq!(written[text.len() + 1], b'x');
    }
}

#[test]
fn what_is_wrong_has_its_own_number_and_says_so_in_words() {
    let world = World::plain();
    let agent = world.agents[0];
    assert!(!agent.is_null());
    let long = "x".repeat(70_000);
    // SAFETY: all pointers lead to what is said, or are null.
    unsafe {
        let add = |text: &str| {
            calls::spool_ice_add_remote_candidate(agent, 0, text.as_ptr().cast(), text.len())
        };
        let said = || String::from_utf8(read(calls::spool_ice_error(agent))).expect("UTF-8");
        assert_eq!(add("candidate:no"), Status::BadText);
        assert!(said().starts_with("not a candidate"), "{}", said());
        assert_eq!(add("candidate:1 1 udp 1 a.local 5000 typ host"), Status::Unsupported);
        assert_eq!(said(), "the address is a name");
        assert_eq!(add(&long), Status::BadLength);
        let mut output = nothing();
        let send = |len, output| calls::spool_ice_send(agent, 0, long.as_ptr().cast(), len, output);
        assert_eq!(send(5, &raw mut output), Status::NotConnected);
        assert_eq!(send(70_000, &raw mut output), Status::BadLength);
        assert_eq!(send(5, ptr::null_mut()), Status::BadPointer);
        assert_eq!(calls::spool_ice_restart(agent, 0, 2), Status::BadValue);
        let (short, good) = ("abc", "abcdefghijklmnopqrstuv");
        let set = |ufrag: &str| {
            let (ufrag, ufrag_len) = (ufrag.as_ptr().cast(), ufrag.len());
            calls::spool_ice_set_remote(agent, 0, ufrag, ufrag_len, good.as_ptr().cast(), 22)
        };
        assert_eq!((set(short), set(good)), (Status::BadText, Status::Ok));
        assert_eq!(calls::spool_ice_close(agent, 0), Status::Ok);
        assert_eq!(calls::spool_ice_restart(agent, 0, 0), Status::Closed);
        assert_eq!(said(), "the agent was closed");
    }
    for number in 0..=12 {
        let text = read(calls::spool_ice_status_text(number));
        assert_ne!(text, b"this is not a status", "{number}");
    }
    assert_eq!(read(calls::spool_ice_status_text(13)), b"this is not a status");
    world.look();
}
