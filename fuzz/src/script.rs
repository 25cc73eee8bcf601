//! The bytes of the fuzzer, read as one decision after the other.
use arbitrary::{Arbitrary, Unstructured};

/// Decisions. When the bytes have run out, each is the first of its choices, and
/// [`is_empty`](Self::is_empty) ends the run.
#[derive(Debug)]
pub(crate) struct Script<'a>(Unstructured<'a>);

impl<'a> Script<'a> {
    /// Reads decisions from `data`.
    pub(crate) fn new(data: &'a [u8]) -> Self {
        Self(Unstructured::new(data))
    }

    /// The same decisions once more, from here.
    #[must_use]
    pub(crate) fn fork(&self) -> Self {
        Self::new(self.0.peek_bytes(self.0.len()).unwrap_or_default())
    }

    /// Whether the bytes have run out.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// A number below `end`, which is at least one. Takes one byte, or two where `end` is above
    /// 256.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        self.0.int_in_range(0..=end.max(1) - 1).unwrap_or(0)
    }

    /// Yes or no.
    pub(crate) fn flag(&mut self) -> bool {
        self.below(2) == 1
    }

    /// Yes, once in `times`.
    pub(crate) fn one_in(&mut self, times: usize) -> bool {
        self.below(times) == times - 1
    }

    /// One of the choices.
    pub(crate) fn pick<'c, T>(&mut self, choices: &'c [T]) -> Option<&'c T> {
        choices.get(self.below(choices.len()))
    }

    /// One of the choices, of which there is at least one.
    pub(crate) fn choose<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())]
    }

    /// A number, or an array of numbers.
    pub(crate) fn number<T: Arbitrary<'a> + Default>(&mut self) -> T {
        T::arbitrary(&mut self.0).unwrap_or_default()
    }

    /// Up to `max` bytes; fewer where fewer are left.
    pub(crate) fn bytes(&mut self, max: usize) -> &'a [u8] {
        let len = self.below(max + 1).min(self.0.len());
        self.0.bytes(len).unwrap_or_default()
    }

    /// Text out of up to `max` bytes: as much of them as is UTF-8.
    pub(crate) fn text(&mut self, max: usize) -> &'a str {
        let bytes = self.bytes(max);
        match core::str::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) => core::str::from_utf8(&bytes[..error.valid_up_to()]).unwrap_or_default(),
        }
    }

    /// All that is left.
    pub(crate) fn rest(&mut self) -> &'a [u8] {
        let len = self.0.len();
        self.0.bytes(len).unwrap_or_default()
    }
}
