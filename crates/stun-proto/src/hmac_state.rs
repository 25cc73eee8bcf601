//! HMAC (RFC 2104) with the two blocks of the key hashed in advance.
//!
//! Straight on the compression functions: messages are so short that the buffers of the `hmac`
//! crate, made for input that comes in pieces, take a fifth of the time. The tests hold this to
//! that crate.
use core::marker::PhantomData;
use sha1::{Digest, Sha1};
use sha2::Sha256;

#[cfg(test)]
mod tests;

const BLOCK_LEN: usize = 64;
const INNER_PAD: u8 = 0x36;
const OUTER_PAD: u8 = 0x5C;
/// What follows the last byte of what is hashed (FIPS 180-4 §5.1.1).
const END: u8 = 0x80;
/// The length in bits, at the end of the last block.
const LENGTH_LEN: usize = 8;
/// The first bytes of what is hashed, which need not be where the rest is.
pub(crate) const HEAD_LEN: usize = 4;

/// What fits into so many blocks is copied and hashed at once, with what ends it: nearly all messages
/// are so short.
const SHORT_BLOCKS: usize = 2;

pub(crate) type Block = [u8; BLOCK_LEN];

/// A hash of `W` words of 32 bits over blocks of 64 bytes.
pub(crate) trait BlockHash<const W: usize> {
    /// FIPS 180-4 §5.3.
    const START: [u32; W];

    /// Hashes blocks.
    fn compress(state: &mut [u32; W], blocks: &[Block]);

    /// Hashes a key that is longer than a block.
    fn shorten(key: &[u8], out: &mut Block);
}

impl BlockHash<5> for Sha1 {
    const START: [u32; 5] = [0x6745_2301, 0xEFCD_AB89, 0x98BA_DCFE, 0x1032_5476, 0xC3D2_E1F0];

    #[inline]
    fn compress(state: &mut [u32; 5], blocks: &[Block]) {
        sha1::block_api::compress(state, blocks);
    }

    fn shorten(key: &[u8], out: &mut Block) {
        out[..20].copy_from_slice(&Self::digest(key));
    }
}

impl BlockHash<8> for Sha256 {
    const START: [u32; 8] = [
        0x6A09_E667,
        0xBB67_AE85,
        0x3C6E_F372,
        0xA54F_F53A,
        0x510E_527F,
        0x9B05_688C,
        0x1F83_D9AB,
        0x5BE0_CD19,
    ];

    #[inline]
    fn compress(state: &mut [u32; 8], blocks: &[Block]) {
        sha2::block_api::compress256(state, blocks);
    }

    fn shorten(key: &[u8], out: &mut Block) {
        out[..32].copy_from_slice(&Self::digest(key));
    }
}

/// A key, ready for any number of messages.
pub(crate) struct HmacState<H, const W: usize> {
    inner: [u32; W],
    outer: [u32; W],
    hash: PhantomData<H>,
}

impl<H, const W: usize> Clone for HmacState<H, W> {
    fn clone(&self) -> Self {
        Self { inner: self.inner, outer: self.outer, hash: PhantomData }
    }
}

impl<H: BlockHash<W>, const W: usize> HmacState<H, W> {
    pub(crate) fn new(key: &[u8]) -> Self {
        Self::of(&Self::block(key))
    }

    /// A key as the one block that it is hashed as.
    pub(crate) fn block(key: &[u8]) -> Block {
        let mut block = [0; BLOCK_LEN];
        match block.get_mut(..key.len()) {
            Some(room) => room.copy_from_slice(key),
            None => H::shorten(key, &mut block),
        }
        block
    }

    /// The key of this [`block`](Self::block).
    pub(crate) fn of(block: &Block) -> Self {
        let padded = |pad: u8| {
            let mut state = H::START;
            H::compress(&mut state, &[block.map(|byte| byte ^ pad)]);
            state
        };
        Self { inner: padded(INNER_PAD), outer: padded(OUTER_PAD), hash: PhantomData }
    }

    /// The MAC of `head` and `rest`.
    #[inline]
    pub(crate) fn mac(&self, head: [u8; HEAD_LEN], rest: &[u8]) -> [[u8; 4]; W] {
        let mut state = self.inner;
        let mut blocks = [[0; BLOCK_LEN]; SHORT_BLOCKS + 1];
        let room = blocks.as_flattened_mut();
        room[..HEAD_LEN].copy_from_slice(&head);
        let filled = if rest.len() <= SHORT_BLOCKS * BLOCK_LEN - HEAD_LEN {
            room[HEAD_LEN..HEAD_LEN + rest.len()].copy_from_slice(rest);
            HEAD_LEN + rest.len()
        } else {
            let (first, rest) = rest.split_at(BLOCK_LEN - HEAD_LEN);
            room[HEAD_LEN..BLOCK_LEN].copy_from_slice(first);
            H::compress(&mut state, &blocks[..1]);
            let (whole, rest) = rest.as_chunks();
            H::compress(&mut state, whole);
            blocks[0] = [0; BLOCK_LEN];
            blocks[0][..rest.len()].copy_from_slice(rest);
            rest.len()
        };
        blocks.as_flattened_mut()[filled] = END;
        let count = (filled + 1 + LENGTH_LEN).div_ceil(BLOCK_LEN);
        set_length(&mut blocks[count - 1], BLOCK_LEN + HEAD_LEN + rest.len());
        H::compress(&mut state, &blocks[..count]);
        self.finish(state)
    }

    /// Hashes the inner hash with the outer half of the key.
    #[inline]
    fn finish(&self, inner: [u32; W]) -> [[u8; 4]; W] {
        let mut block = [0; BLOCK_LEN];
        for (bytes, word) in block.as_chunks_mut().0.iter_mut().zip(inner) {
            *bytes = word.to_be_bytes();
        }
        block[4 * W] = END;
        set_length(&mut block, BLOCK_LEN + 4 * W);
        let mut state = self.outer;
        H::compress(&mut state, &[block]);
        state.map(u32::to_be_bytes)
    }
}

/// Writes the length of all that is hashed, given in bytes, where the last block has it.
#[inline]
fn set_length(block: &mut Block, len: usize) {
    block[BLOCK_LEN - LENGTH_LEN..].copy_from_slice(&(8 * len as u64).to_be_bytes());
}
