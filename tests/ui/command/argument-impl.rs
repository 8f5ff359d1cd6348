//! An argument of an `impl` type.

use qapi_core::qapi_command;

#[qapi_command]
fn run(text: impl AsRef<str>) {
    let _ = text;
}

fn main() {}
