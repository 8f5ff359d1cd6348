//! A returned value that may be absent.

use qapi_core::qapi_command;

#[qapi_command]
fn run() -> Option<i64> {
    None
}

fn main() {}
