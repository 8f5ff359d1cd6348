//! An argument in upper case.

use qapi_core::qapi_command;

#[qapi_command]
fn run(#[qapi(name = "Arg")] arg: i64) {
    let _ = arg;
}

fn main() {}
