//! Boxed arguments whose type is no struct.

use qapi_core::qapi_command;

#[qapi_command(boxed)]
fn run(text: String) {
    let _ = text;
}

fn main() {}
