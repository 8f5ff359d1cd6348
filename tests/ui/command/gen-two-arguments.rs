//! Arguments one by one, where they come as they are.

use qapi_core::qapi_command;

#[qapi_command(gen = false)]
fn run(arguments: serde_json::Map<String, serde_json::Value>, second: i64) {
    let _ = (arguments, second);
}

fn main() {}
