//! The schema language's `coroutine`.

use qapi_core::qapi_command;

#[qapi_command(coroutine)]
fn run() {}

fn main() {}
