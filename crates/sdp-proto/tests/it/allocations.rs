//! How much memory is taken, counted by an allocator: for a usual description, and in proportion
//! to the input for any shape of it.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use sdp_proto::{Limits, Policy, Session};

use crate::hostile;
use crate::webrtc::CHROME_OFFER;

struct Counting;

thread_local! {
    static COUNT: Cell<usize> = const { Cell::new(0) };
    static BYTES: Cell<usize> = const { Cell::new(0) };
}

#[expect(unsafe_code, reason = "an allocator cannot be written without; it only counts")]
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        COUNT.set(COUNT.get() + 1);
        BYTES.set(BYTES.get() + layout.size());
        // SAFETY: the caller's promises are passed on as they are.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        // SAFETY: the caller's promises are passed on as they are.
        unsafe { System.dealloc(ptr, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Allocations and bytes that `work` asks for on this thread.
fn cost<T>(work: impl FnOnce() -> T) -> (usize, usize) {
    let (count, bytes) = (COUNT.get(), BYTES.get());
    let result = work();
    let cost = (COUNT.get() - count, BYTES.get() - bytes);
    drop(result);
    cost
}

#[test]
fn a_chrome_offer_is_parsed_with_two_allocations() {
    let (count, bytes) = cost(|| Session::parse(CHROME_OFFER.as_bytes()).unwrap());
    assert!(count <= 2, "{count} allocations");
    assert!(bytes <= CHROME_OFFER.len(), "{bytes} bytes");
}

#[test]
fn reading_typed_attributes_and_printing_allocate_nothing() {
    let session = Session::parse(CHROME_OFFER.as_bytes()).unwrap();
    let (count, _) = cost(|| {
        let media = session.media().flat_map(|media| media.attributes());
        media.filter(|attribute| attribute.typed().is_ok()).count()
    });
    assert_eq!(count, 0);
    let (count, _) = cost(|| session.to_bytes().len());
    assert_eq!(count, 0);
}

#[test]
fn memory_grows_in_proportion_to_the_input_whatever_its_shape() {
    for (name, shape) in hostile::SHAPES {
        let spend = |size| {
            let text = shape(size);
            let text = text.as_slice();
            let (_, bytes) = cost(|| {
                let session = Session::parse_with(text.into(), Limits::unlimited()).unwrap();
                let refused = Policy::ALL.map(|policy| session.check(policy).is_err());
                (session.diagnostics().len(), refused, session)
            });
            (bytes, text.len())
        };
        let (small, large) = (spend(20_000), spend(40_000));
        let growth = large.0 * 10 / small.0.max(1);
        assert!(
            growth <= 23,
            "{name}: {} bytes for {}, {} for {}",
            small.0,
            small.1,
            large.0,
            large.1
        );
    }
}

#[test]
fn the_default_limits_bound_the_memory_of_a_parse() {
    for (name, shape) in hostile::SHAPES {
        let text = shape(250_000);
        let (_, bytes) = cost(|| Session::parse(&text));
        // A line takes 12 bytes. Room is made for as many as are guessed, and once more for as many
        // as there are.
        let guess = text.len() / 24 + 8;
        let lines = text
            .split(|byte| matches!(byte, b'\n' | b'\r'))
            .count()
            .min(Limits::default().lines_max);
        assert!(bytes <= 12 * (guess + lines) + 1024, "{name}: {bytes}");
    }
}
