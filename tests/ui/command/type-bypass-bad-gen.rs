//! `gen = true`.

use qapi_core::qapi_command;

#[qapi_command(gen = true)]
fn run(first: i64) {
    let _ = first;
}

fn main() {}
