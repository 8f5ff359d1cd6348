//! A command whose error type does not convert into the framework's.

use qapi_core::qapi_command;

struct Failure;

#[qapi_command]
fn run() -> Result<(), Failure> {
    Err(Failure)
}

fn main() {}
