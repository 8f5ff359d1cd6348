//! A parameter that is no map, with `gen = false`.

use qapi_core::qapi_command;

#[qapi_command(gen = false)]
fn run(first: i64) {
    let _ = first;
}

fn main() {}
