//! The error texts of this crate.

use qapi_core::Error;

pub(crate) fn machine_panicked() -> Error {
    Error::generic("The machine has failed: its code panicked")
}
