//! An error that stays on its thread.

use std::fmt;
use std::rc::Rc;

use qapi_core::qapi_command;

#[derive(Debug)]
struct DiskError(Rc<str>);

impl fmt::Display for DiskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for DiskError {}

#[qapi_command]
fn eject(disk: &str) -> Result<(), DiskError> {
    Ok(())
}

fn main() {}
