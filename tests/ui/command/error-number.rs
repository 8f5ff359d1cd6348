//! A number as the error.

use qapi_core::qapi_command;

#[qapi_command]
fn start() -> std::result::Result<(), i32> {
    Ok(())
}

fn main() {}
