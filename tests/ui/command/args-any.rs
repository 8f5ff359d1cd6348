//! Boxed arguments of any type.

use qapi_core::qapi_command;

#[qapi_command(boxed)]
fn run(arguments: serde_json::Value) {
    let _ = arguments;
}

fn main() {}
