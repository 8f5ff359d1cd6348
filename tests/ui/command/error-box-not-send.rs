//! A boxed error that may not move between threads.

use qapi_core::qapi_command;

use std::error::Error;

#[qapi_command]
fn start() -> Result<(), Box<dyn Error>> {
    Ok(())
}

fn main() {}
