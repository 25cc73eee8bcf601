//! What a description may cost: upper bounds on bytes, lines, attributes and sections.

/// Bounds that [`Session::parse_with`](crate::Session::parse_with) holds a description to.
///
/// The defaults leave about an order of magnitude over the largest descriptions seen in the
/// wild (18 kB, 618 lines, 146 attributes and 25 formats in one section, 17 sections).
/// A parse takes 12 bytes of memory a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes in the whole description. Default 256 KiB; values above 2 GiB count as 2 GiB.
    pub bytes_max: usize,
    /// Bytes in one line without its line end. Default 16 KiB: a line with a certificate or an
    /// identity assertion fits, a body without line ends does not.
    pub line_bytes_max: usize,
    /// Lines, blank and stray ones included. Default 16,384: a parse then takes 192 KiB at most,
    /// also of a text that is all line ends.
    pub lines_max: usize,
    /// Attributes in one section, or in the session part. Default 1,024.
    pub attributes_max: usize,
    /// Media sections. Default 256, twice what a large conference bridge sends.
    pub media_max: usize,
    /// Formats in one `m=` line. Default 128, the number of RTP payload types.
    pub formats_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            bytes_max: 256 * 1024,
            line_bytes_max: 16 * 1024,
            lines_max: 16 * 1024,
            attributes_max: 1024,
            media_max: 256,
            formats_max: 128,
        }
    }
}

impl Limits {
    /// Bounds that refuse nothing that fits the document model (2 GiB).
    ///
    /// For trusted input only, such as a test bench.
    pub const fn unlimited() -> Self {
        Self {
            bytes_max: ADDRESSABLE,
            line_bytes_max: ADDRESSABLE,
            lines_max: usize::MAX,
            attributes_max: usize::MAX,
            media_max: usize::MAX,
            formats_max: usize::MAX,
        }
    }

    /// `bytes_max`, never more than the document model can address.
    pub(crate) fn bytes_bound(&self) -> usize {
        self.bytes_max.min(ADDRESSABLE)
    }
}

/// Half of `u32`: the other half of the address space belongs to edited text.
const ADDRESSABLE: usize = (u32::MAX / 2) as usize;

/// Why a description was not even taken apart: it is larger than its [`Limits`] allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LimitError {
    /// More bytes than [`Limits::bytes_max`].
    #[error("the description has {bytes} bytes, more than the limit of {max}")]
    Bytes {
        /// Size of the description.
        bytes: usize,
        /// The limit.
        max: usize,
    },
    /// A line with more bytes than [`Limits::line_bytes_max`].
    #[error("line {line} has {bytes} bytes, more than the limit of {max}")]
    LineBytes {
        /// Line number, from 1.
        line: u32,
        /// Size of the line.
        bytes: usize,
        /// The limit.
        max: usize,
    },
    /// More lines than [`Limits::lines_max`].
    #[error("more than {max} lines")]
    Lines {
        /// The limit.
        max: usize,
    },
    /// More attributes in a section than [`Limits::attributes_max`].
    #[error("line {line}: more than {max} attributes in one section")]
    Attributes {
        /// The first line over the limit, from 1.
        line: u32,
        /// The limit.
        max: usize,
    },
    /// More `m=` lines than [`Limits::media_max`].
    #[error("line {line}: more than {max} media sections")]
    Media {
        /// The first line over the limit, from 1.
        line: u32,
        /// The limit.
        max: usize,
    },
    /// More formats in an `m=` line than [`Limits::formats_max`].
    #[error("line {line}: more than {max} formats in one m= line")]
    Formats {
        /// The line, from 1.
        line: u32,
        /// The limit.
        max: usize,
    },
}
