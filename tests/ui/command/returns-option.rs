//! A command that returns an `Option`.

use qapi_core::qapi_command;

#[qapi_command]
fn run() -> Option<i64> {
    None
}

fn main() {}
