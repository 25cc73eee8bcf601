//! Seeds from the operating system.
use thiserror::Error;

/// The operating system gave no randomness.
#[derive(Clone, Copy, Debug, Error)]
#[error("the operating system gives no random bytes: {0}")]
pub struct SeedError(#[from] getrandom::Error);

/// A seed that nobody can guess, for one machine.
///
/// ```
/// let (one, other) = (sans_io_std::seed()?, sans_io_std::seed()?);
/// assert_ne!(one, other);
/// # Ok::<(), sans_io_std::SeedError>(())
/// ```
pub fn seed() -> Result<[u8; 32], SeedError> {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed)?;
    Ok(seed)
}
