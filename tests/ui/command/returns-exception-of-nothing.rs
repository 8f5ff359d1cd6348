//! `returns_exception` of a command that returns nothing.

use qapi_core::qapi_command;

#[qapi_command(returns_exception)]
fn run() -> qapi_core::Result<()> {
    Ok(())
}

fn main() {}
