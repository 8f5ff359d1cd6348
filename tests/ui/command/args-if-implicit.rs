//! A conditional argument.

use qapi_core::qapi_command;

#[qapi_command]
fn run(#[cfg(test)] one: i64) {
    let _ = one;
}

fn main() {}
