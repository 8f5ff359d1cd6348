//! A command that returns a reference.

use qapi_core::qapi_command;

#[qapi_command]
fn run() -> &'static str {
    "done"
}

fn main() {}
