//! A machine that reads a stream of length-prefixed frames, and its twin that forgot to say where
//! frames end.
use crate::asker::address;
use sans_io::{
    DropReason, Frame, Input, Instant, MAX_FRAME, Machine, NextFrame, Output, Packet, Path,
    Transmit, Transport, Verdict,
    laws::{Law, Rng, Subject, check, cuts},
    next_frame,
};

/// Sends each frame back. A frame is one byte that says its length, and so many more.
struct Echo {
    framed: bool,
}

impl Machine for Echo {
    type Event = ();

    fn handle_input<'a>(&mut self, _: Instant, input: Input<'a>) -> Verdict<'a> {
        match input {
            Input::Received { path, bytes: bytes @ [len, body @ ..], .. } => {
                if body.len() == usize::from(*len) {
                    Verdict::Send(Packet::new(path, bytes))
                } else {
                    Verdict::Dropped(DropReason::Malformed)
                }
            }
            Input::Accepted { .. } | Input::Timeout => Verdict::Consumed,
            _ => Verdict::Unclaimed,
        }
    }

    fn poll_output(&mut self) -> Output<()> {
        Output::Timeout(None)
    }

    fn frame(&self, _: &Path, buffer: &[u8]) -> Frame {
        let whole = 1 + usize::from(buffer[0]);
        match buffer.len() {
            len if !self.framed => Frame::Whole(len),
            len if len < whole => Frame::Need(whole),
            _ => Frame::Whole(whole),
        }
    }
}

struct Echoing {
    framed: bool,
}

impl Subject for Echoing {
    type Machine = Echo;
    type Command = ();
    const DRAIN_MAX: usize = 1;
    const LATE_MAX: usize = 9;

    fn build(&self) -> Echo {
        Echo { framed: self.framed }
    }

    fn paths(&self) -> Vec<Path> {
        vec![Path::new(Transport::Tcp, address(1, 1), address(2, 2))]
    }

    fn bytes(&self, rng: &mut Rng, _: &[Transmit]) -> Vec<u8> {
        let len = rng.below(20) as u8;
        std::iter::once(len).chain((0..len).map(|_| rng.bits() as u8)).collect()
    }

    fn command(&self, _: &mut Rng) {}

    fn run(&self, _: &mut Echo, _: Instant, (): &()) -> Result<String, String> {
        Ok(String::new())
    }
}

#[test]
fn where_a_stream_is_cut_makes_no_difference() {
    let path = Echoing { framed: true }.paths()[0];
    let mut caught = 0;
    for seed in 0..200 {
        let mut rng = Rng::new(seed);
        let stream: Vec<u8> =
            (0..20).flat_map(|_| Echoing { framed: true }.bytes(&mut rng, &[])).collect();
        cuts(&Echoing { framed: true }, path, &stream, seed).unwrap();
        let unframed = cuts(&Echoing { framed: false }, path, &stream, seed);
        assert!(unframed.as_ref().err().is_none_or(|v| v.law == Law::CutsAreInvisible));
        caught += u32::from(unframed.is_err());
        check(&Echoing { framed: false }, seed, 50).unwrap(); // only law 12 catches it
    }
    assert!(caught > 190, "{caught} of 200");
}

#[test]
fn a_frame_is_held_to_its_bounds() {
    struct Says(Frame);
    impl Machine for Says {
        type Event = ();
        fn handle_input<'a>(&mut self, _: Instant, _: Input<'a>) -> Verdict<'a> {
            Verdict::Consumed
        }
        fn poll_output(&mut self) -> Output<()> {
            Output::Timeout(None)
        }
        fn frame(&self, _: &Path, _: &[u8]) -> Frame {
            self.0
        }
    }
    let path = Path::udp(address(1, 1), address(2, 2));
    let on_four = |frame| next_frame(&Says(frame), &path, b"abcd");
    assert_eq!(on_four(Frame::Whole(3)), NextFrame::Frame { frame: b"abc", rest: b"d" });
    assert_eq!(on_four(Frame::Whole(4)), NextFrame::Frame { frame: b"abcd", rest: b"" });
    assert_eq!(on_four(Frame::Need(5)), NextFrame::Need(5));
    assert_eq!(on_four(Frame::Need(MAX_FRAME)), NextFrame::Need(MAX_FRAME));
    for nonsense in [Frame::Whole(0), Frame::Whole(5), Frame::Need(4), Frame::Need(MAX_FRAME + 1)] {
        assert_eq!(on_four(nonsense), NextFrame::Broken, "{nonsense:?}");
    }
    assert_eq!(on_four(Frame::Broken), NextFrame::Broken);
    assert_eq!(next_frame(&Says(Frame::Whole(1)), &path, b""), NextFrame::Need(1));
}
