//! Words that parameters do not accept.

use qapi_core::qapi_command;

#[qapi_command(default = 3)]
fn run(#[qapi(status)] one: i64) {
    let _ = one;
}

fn main() {}
