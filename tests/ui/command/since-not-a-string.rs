//! A version that is a number.

use qapi_core::qapi_command;

#[qapi_command(since = 2.12)]
fn run(#[qapi(since = 3)] one: i64) {
    let _ = one;
}

fn main() {}
