//! The schema language's word for what Rust says itself.

use qapi_core::qapi_command;

#[qapi_command(coroutine)]
fn run() {}

fn main() {}
