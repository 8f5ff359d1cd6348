//! An argument that is a mutable reference.

use qapi_core::qapi_command;

#[qapi_command]
fn run(text: &mut String) {
    let _ = text;
}

fn main() {}
