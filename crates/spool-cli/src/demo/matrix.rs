//! Which NATs let whom connect with whom.
use crate::exit::Failure;

pub(crate) fn show() -> Result<(), Failure> {
    Ok(())
}
