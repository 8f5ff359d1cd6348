//! A command without a response that returns a value.

use qapi_core::qapi_command;

#[qapi_command(success_response = false)]
fn run() -> i64 {
    1
}

fn main() {}
