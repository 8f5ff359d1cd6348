//! An error that does not convert.

use qapi_core::qapi_command;

struct DiskError;

#[qapi_command]
fn eject(disk: &str) -> Result<(), DiskError> {
    Ok(())
}

fn main() {}
