//! An argument with a reserved name.

use qapi_core::qapi_command;

#[qapi_command]
fn run(has_first: bool) {
    let _ = has_first;
}

fn main() {}
