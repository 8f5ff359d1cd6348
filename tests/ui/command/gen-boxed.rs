//! `boxed` and `gen = false`.

use qapi_core::qapi_command;

#[qapi_command(gen = false, boxed)]
fn run(arguments: serde_json::Map<String, serde_json::Value>) {
    let _ = arguments;
}

fn main() {}
