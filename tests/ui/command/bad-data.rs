//! A list as `data`.

use qapi_core::qapi_command;

#[qapi_command(gen = false, data = [])]
fn run(arguments: serde_json::Map<String, serde_json::Value>) {
    let _ = arguments;
}

fn main() {}
