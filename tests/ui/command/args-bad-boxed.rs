//! A flag with a value.

use qapi_core::qapi_command;

#[qapi_command(boxed = "true")]
fn run(info: i64) {
    let _ = info;
}

fn main() {}
