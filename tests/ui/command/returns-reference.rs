//! A returned value that is borrowed.

use qapi_core::qapi_command;

#[qapi_command]
fn run() -> &'static str {
    "done"
}

fn main() {}
