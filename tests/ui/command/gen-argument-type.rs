//! An argument with a type, where they come as they are.

use qapi_core::qapi_command;

#[qapi_command(gen = false)]
fn run(first: i64) {
    let _ = first;
}

fn main() {}
