//! An error without a text.

use qapi_core::qapi_command;

#[qapi_command]
fn start() -> Result<(), ()> {
    Ok(())
}

fn main() {}
