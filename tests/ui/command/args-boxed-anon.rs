//! Boxed arguments with a second parameter.

use qapi_core::qapi_command;

#[qapi_command(boxed)]
fn run(one: i64, two: i64) {
    let _ = (one, two);
}

fn main() {}
