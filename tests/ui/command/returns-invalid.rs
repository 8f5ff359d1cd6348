//! A command that returns what QAPI does not have.

use qapi_core::qapi_command;

struct Other;

#[qapi_command]
fn run() -> Result<Other, String> {
    Err(String::new())
}

fn main() {}
