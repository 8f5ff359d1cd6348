//! An exception where there is no rule to break.

use qapi_core::qapi_command;

#[qapi_command(returns_exception)]
fn run() -> qapi_core::Result<()> {
    Ok(())
}

fn main() {}
