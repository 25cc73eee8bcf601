//! Who gets which mailbox, what the other hears, and what is left.
use rendezvous_proto::{Closing, Config, RefusedClaim, Rendezvous, ToClient, ToServer};
use sans_io::{
    Input, Instant, Machine, Output, PacketMeta, Path, PathFault, SocketId, SocketRequest,
    Transport, Verdict,
};
use std::time::Duration;

/// A client at this address.
fn client(number: u8) -> Path {
    let local = ([192, 0, 2, 1], 443).into();
    Path::new(Transport::Tls, local, ([198, 51, 100, number], 5000).into())
}

const ALICE: fn() -> Path = || client(1);
const BOB: fn() -> Path = || client(2);
const EVE: fn() -> Path = || client(3);

/// A server, and what it has said to whom.
struct World {
    server: Rendezvous,
    now: Instant,
    said: Vec<(Path, Vec<u8>)>,
    hung_up: Vec<Path>,
}

impl World {
    fn new(config: Config) -> Self {
        let server = Rendezvous::new(config, [7; 32]);
        Self { server, now: Instant::from_secs(1), said: Vec::new(), hung_up: Vec::new() }
    }

    fn give(&mut self, input: Input<'_>) {
        let _: Verdict<'_> = self.server.handle_input(self.now, input);
        loop {
            match self.server.poll_output() {
                Output::Transmit(sent) => self.said.push((sent.path, sent.payload.to_vec())),
                Output::Socket(SocketRequest::Hangup(path)) => self.hung_up.push(path),
                Output::Timeout(_) => return,
                _ => {}
            }
        }
    }

    fn come(&mut self, path: Path) {
        self.give(Input::Accepted { listener: SocketId(0), path });
    }

    fn say(&mut self, path: Path, message: ToServer<'_>) {
        let (bytes, meta) = (message.encode(), PacketMeta::default());
        self.give(Input::Received { path, meta, bytes: &bytes });
    }

    /// The next thing that this client hears.
    fn hears(&mut self, path: Path, expected: ToClient<'_>) {
        let at = self.said.iter().position(|(to, _)| *to == path);
        let (_, bytes) = self.said.remove(at.unwrap_or_else(|| panic!("{expected:?} is not said")));
        assert_eq!(ToClient::decode(&bytes).unwrap(), expected);
    }

    /// Opens a mailbox; its number.
    fn open(&mut self, path: Path) -> u32 {
        self.come(path);
        self.say(path, ToServer::Open);
        let (_, bytes) = self.said.pop().unwrap();
        let ToClient::Opened(number) = ToClient::decode(&bytes).unwrap() else {
            panic!("{bytes:?}")
        };
        number
    }

    fn claim(&mut self, path: Path, number: u32) {
        self.come(path);
        self.say(path, ToServer::Claim(number));
    }

    fn wait(&mut self, seconds: u64) {
        self.now = self.now.saturating_add(Duration::from_secs(seconds));
        self.give(Input::Timeout);
    }

    fn nothing_is_left(&self) {
        assert_eq!(self.server.mailboxes(), 0);
        assert!(self.said.is_empty(), "{:?}", self.said);
    }
}

#[test]
fn what_one_puts_the_other_gets_also_what_was_there_before() {
    let mut world = World::new(Config::default());
    let number = world.open(ALICE());
    assert!((1..1000).contains(&number), "easily said: {number}");
    world.say(ALICE(), ToServer::Put(b"first"));
    world.say(ALICE(), ToServer::Put(b"second"));
    world.claim(BOB(), number);
    world.hears(BOB(), ToClient::Claimed);
    world.hears(BOB(), ToClient::Message(b"first"));
    world.hears(BOB(), ToClient::Message(b"second"));
    world.hears(ALICE(), ToClient::Joined);
    world.say(BOB(), ToServer::Put(b"hello"));
    world.hears(ALICE(), ToClient::Message(b"hello"));
    world.say(ALICE(), ToServer::Put(b"third"));
    world.hears(BOB(), ToClient::Message(b"third"));
    world.say(BOB(), ToServer::Close(Closing::Left));
    world.hears(ALICE(), ToClient::Closed(Closing::Left));
    world.nothing_is_left();
}

#[test]
fn a_third_finds_it_taken_and_a_guesser_finds_nothing() {
    let mut world = World::new(Config::default());
    let number = world.open(ALICE());
    world.claim(BOB(), number);
    world.hears(BOB(), ToClient::Claimed);
    world.hears(ALICE(), ToClient::Joined);
    world.claim(EVE(), number);
    world.hears(EVE(), ToClient::Refused(RefusedClaim::Taken));
    world.say(EVE(), ToServer::Claim(number + 1));
    world.hears(EVE(), ToClient::Refused(RefusedClaim::Unknown));
    world.say(EVE(), ToServer::Put(b"to whom?"));
    assert_eq!(world.hung_up, [EVE()]);
}

/// One wrong guess is all there is.
#[test]
fn a_guess_uses_the_mailbox_up_and_both_hear_of_it() {
    let mut world = World::new(Config::default());
    let number = world.open(ALICE());
    world.claim(EVE(), number);
    world.hears(EVE(), ToClient::Claimed);
    world.hears(ALICE(), ToClient::Joined);
    world.say(ALICE(), ToServer::Close(Closing::WrongSecret));
    world.hears(EVE(), ToClient::Closed(Closing::WrongSecret));
    world.nothing_is_left();
    world.claim(BOB(), number);
    world.hears(BOB(), ToClient::Refused(RefusedClaim::Unknown));
    // so does one who leaves without a word
    let number = world.open(client(4));
    world.claim(client(5), number);
    world.said.clear();
    world.give(Input::PathFailed { path: client(5), fault: PathFault::Reset });
    world.hears(client(4), ToClient::Closed(Closing::Left));
    world.nothing_is_left();
}

#[test]
fn two_who_know_a_name_meet_whoever_comes_first() {
    let mut world = World::new(Config::default());
    for path in [ALICE(), BOB()] {
        world.come(path);
        world.say(path, ToServer::Meet([9; 16]));
    }
    world.hears(ALICE(), ToClient::Opened(0));
    world.hears(BOB(), ToClient::Claimed);
    world.hears(ALICE(), ToClient::Joined);
    world.come(EVE());
    world.say(EVE(), ToServer::Meet([9; 16]));
    world.hears(EVE(), ToClient::Refused(RefusedClaim::Taken));
}

#[test]
fn it_takes_so_many_messages_and_lives_so_long() {
    let mut world = World::new(Config::default());
    let number = world.open(ALICE());
    world.claim(BOB(), number);
    for _ in 0..16 {
        world.say(ALICE(), ToServer::Put(b"a"));
        world.say(BOB(), ToServer::Put(b"b"));
    }
    world.said.clear();
    world.say(BOB(), ToServer::Put(b"one too many"));
    world.hears(ALICE(), ToClient::Closed(Closing::Full));
    world.hears(BOB(), ToClient::Closed(Closing::Full));
    world.nothing_is_left();
    world.open(client(4));
    world.wait(599);
    assert_eq!(world.server.mailboxes(), 1);
    world.wait(1);
    world.hears(client(4), ToClient::Closed(Closing::Expired));
    world.nothing_is_left();
    world.wait(30);
    assert_eq!(world.server.connections(), 0, "who says nothing more is sent away");
}

#[test]
fn one_source_may_try_so_often_and_others_all_the_same() {
    let mut world = World::new(Config::default());
    world.come(EVE());
    let mut tries = 0;
    loop {
        world.say(EVE(), ToServer::Claim(tries));
        let (_, bytes) = world.said.pop().unwrap();
        match ToClient::decode(&bytes).unwrap() {
            ToClient::Refused(RefusedClaim::Unknown) => tries += 1,
            ToClient::Refused(RefusedClaim::TooOften) => break,
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(tries, 30);
    world.open(BOB());
    world.wait(10);
    let mut more = 0;
    loop {
        world.come(EVE());
        world.say(EVE(), ToServer::Claim(2000));
        match ToClient::decode(&world.said.pop().unwrap().1).unwrap() {
            ToClient::Refused(RefusedClaim::Unknown) => more += 1,
            _ => break,
        }
    }
    assert_eq!(more, 10, "one a second");
}

#[test]
fn what_waits_is_bounded_for_all_together() {
    let mut config = Config::default();
    config.held_max = 150_000;
    let mut world = World::new(config);
    let long = vec![7; 60_000];
    for number in [1, 2] {
        world.open(client(number));
        world.say(client(number), ToServer::Put(&long));
    }
    world.open(client(3));
    world.say(client(3), ToServer::Put(&long));
    world.hears(client(3), ToClient::Closed(Closing::Full));
    assert_eq!(world.server.mailboxes(), 2);
    world.give(Input::PathFailed { path: client(1), fault: PathFault::Ended });
    world.open(client(4));
    world.say(client(4), ToServer::Put(&long));
    assert!(world.said.is_empty(), "there is room again");
}

#[test]
fn bytes_that_make_no_sense_end_the_connection() {
    let mut world = World::new(Config::default());
    let number = world.open(ALICE());
    world.claim(BOB(), number);
    world.said.clear();
    let meta = PacketMeta::default();
    world.give(Input::Received { path: BOB(), meta, bytes: &[99, 0, 0] });
    assert_eq!(world.hung_up, [BOB()]);
    world.hears(ALICE(), ToClient::Closed(Closing::Left));
    let datagram = Path::udp(([192, 0, 2, 1], 443).into(), ([198, 51, 100, 9], 1).into());
    world.come(datagram);
    assert_eq!(world.server.connections(), 1);
}
