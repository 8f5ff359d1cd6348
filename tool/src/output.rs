//! Standard output.

use std::io::{self, Write};

use crate::status::{Failure, Result};

/// Writes `bytes` to standard output at once.
///
/// # Errors
/// [`Failure::Output`]
pub(crate) fn write_stdout(bytes: &[u8]) -> Result {
    let mut out = io::stdout().lock();
    out.write_all(bytes).and_then(|()| out.flush()).map_err(Failure::Output)
}
