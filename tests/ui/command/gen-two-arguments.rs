//! Two arguments with `gen = false`.

use qapi_core::qapi_command;

#[qapi_command(gen = false)]
fn run(arguments: serde_json::Map<String, serde_json::Value>, second: i64) {
    let _ = (arguments, second);
}

fn main() {}
