//! A client's struct of unknown arguments.

use qapi_core::qapi_command;

#[qapi_command(gen = false, client)]
fn run(arguments: serde_json::Map<String, serde_json::Value>) {
    let _ = arguments;
}

fn main() {}
