//! The BLAKE3 tree of a file, by pieces that each prove themselves: a piece is a subtree, and the roots of
//! the pieces make the hash of the file, the same that `b3sum` prints.
use blake3::{
    Hasher,
    hazmat::{ChainingValue, HasherExt, Mode, merge_subtrees_non_root, merge_subtrees_root},
};

/// Bytes of a piece; the last one of a file is shorter. A power of two, so that it is a subtree.
pub(crate) const PIECE: u64 = 1 << 20;

/// What proves a piece.
pub(crate) type Proof = ChainingValue;

/// How many pieces a file of this size has. An empty one has none.
pub(crate) const fn pieces(size: u64) -> u64 {
    size.div_ceil(PIECE)
}

/// How long this piece of a file of this size is.
pub(crate) fn piece_len(size: u64, number: u64) -> u64 {
    size.saturating_sub(number.saturating_mul(PIECE)).min(PIECE)
}

/// The proof of a piece of a file of this size. The only piece of a file is proved by its hash.
pub(crate) fn prove(size: u64, number: u64, piece: &[u8]) -> Proof {
    if size <= PIECE {
        return *blake3::hash(piece).as_bytes();
    }
    let mut hasher = Hasher::new();
    hasher.set_input_offset(number * PIECE);
    hasher.update(piece);
    hasher.finalize_non_root()
}

/// Joins the proofs of the pieces, in their order, to the hash of the file. It keeps one for each bit
/// of their number.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tree {
    stack: Vec<Proof>,
    count: u64,
}

impl Tree {
    pub(crate) fn push(&mut self, proof: Proof) {
        // not before: the last join of all is that of the root
        while self.stack.len() as u32 > self.count.count_ones() {
            self.join();
        }
        self.stack.push(proof);
        self.count += 1;
    }

    fn join(&mut self) {
        if let (Some(right), Some(left)) = (self.stack.pop(), self.stack.pop()) {
            self.stack.push(merge_subtrees_non_root(&left, &right, Mode::Hash));
        }
    }

    /// Pieces so far.
    #[cfg(test)]
    pub(crate) fn count(&self) -> u64 {
        self.count
    }

    /// The hash of the file whose pieces these are.
    pub(crate) fn hash(mut self) -> [u8; 32] {
        while self.stack.len() > 2 {
            self.join();
        }
        match self.stack[..] {
            [left, right] => *merge_subtrees_root(&left, &right, Mode::Hash).as_bytes(),
            [only] => only,
            _ => *blake3::hash(&[]).as_bytes(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{PIECE, Tree, piece_len, pieces, prove};

    #[test]
    fn the_pieces_make_the_hash_that_the_whole_has() {
        let piece = PIECE as usize;
        let all: Vec<u8> = (0..9 * piece + 5).map(|n| (n / 3 + n / 1021) as u8).collect();
        let sizes = [0, 1, 1024, piece - 1, piece, piece + 1, 2 * piece, 3 * piece, 5 * piece + 7];
        for size in sizes.into_iter().chain([8 * piece, 9 * piece + 5]) {
            let (whole, size) = (&all[..size], size as u64);
            let mut tree = Tree::default();
            let mut at = 0;
            for number in 0..pieces(size) {
                let len = piece_len(size, number) as usize;
                tree.push(prove(size, number, &whole[at..at + len]));
                at += len;
            }
            assert_eq!((at, tree.count()), (whole.len(), pieces(size)));
            assert_eq!(tree.hash(), *blake3::hash(whole).as_bytes(), "{size}");
        }
    }

    #[test]
    fn another_byte_or_another_place_has_another_proof() {
        let piece = vec![7; PIECE as usize];
        let mut other = piece.clone();
        other[PIECE as usize / 2] = 8;
        assert_ne!(prove(3 * PIECE, 1, &piece), prove(3 * PIECE, 1, &other));
        assert_ne!(prove(3 * PIECE, 1, &piece), prove(3 * PIECE, 0, &piece));
    }
}
